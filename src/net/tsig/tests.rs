use super::*;
use crate::net::dns_update::encode;
use crate::types::{Secret, Update};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp(1_795_321_800);

fn signer(secret: &str) -> Signer {
    let key = TsigKey {
        name: "Acme-Key.example".into(),
        algorithm: "hmac-sha256".into(),
        secret: Secret::new(secret),
    };
    Signer::new(&key).map_err(drop).unwrap()
}

fn request() -> Vec<u8> {
    let update = Update {
        zone: "example.org",
        name: "_acme-challenge.example.org",
        value: "value",
        ttl: Some(60),
        key: None,
    };
    encode(7, &update).unwrap()
}

/// A reply as a server signs it: the request's signature goes before.
fn reply(signer: &Signer, mac: &[u8]) -> Vec<u8> {
    let mut reply = vec![0, 7, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let mut before = Vec::new();
    words(&[u16::try_from(mac.len()).unwrap()], &mut before);
    before.extend(mac);
    let time: [u8; 6] = NOW.0.to_be_bytes()[2..].try_into().unwrap();
    let signed = [before, reply.clone(), signer.variables(time, FUDGE, 0, b"")].concat();
    let own = hmac::sign(&signer.key, &signed);
    // The record is the same but for the signature.
    let unsigned = signer.sign(&mut reply, NOW);
    let at = reply
        .windows(unsigned.len())
        .position(|w| w == unsigned)
        .unwrap();
    reply[at..at + unsigned.len()].copy_from_slice(own.as_ref());
    reply
}

#[test]
fn a_reply_is_bound_to_its_request_and_key() {
    let (ours, other) = (signer("b3Vycw=="), signer("dGhlaXJz"));
    let mut message = request();
    let mac = ours.sign(&mut message, NOW);
    assert_eq!(message[11], 1);
    let good = reply(&ours, &mac);
    assert_eq!(ours.verify(&good, &mac), Ok(()));
    assert_eq!(ours.verify(&good, b"another request"), Err(Fault::Forged));
    assert_eq!(ours.verify(&reply(&other, &mac), &mac), Err(Fault::Forged));
    assert_eq!(ours.verify(&good[..12], &mac), Err(Fault::Unsigned));
    for error in [
        (16, Fault::BadSig),
        (17, Fault::BadKey),
        (18, Fault::BadTime),
    ] {
        let mut bad = good.clone();
        let at = bad.len() - 3;
        bad[at] = error.0;
        assert_eq!(ours.verify(&bad, &mac), Err(error.1));
    }
}

#[test]
fn keys_that_cannot_be_used_are_told() {
    let key = |name: &str, algorithm: &str, secret: &str| {
        let key = TsigKey {
            name: name.into(),
            algorithm: algorithm.into(),
            secret: Secret::new(secret),
        };
        Signer::new(&key).err().unwrap_or_default()
    };
    assert_eq!(key("k", "hmac-sha1", "eA=="), "");
    assert!(key("k", "hmac-md5", "eA==").contains("hmac-sha256"));
    assert!(key("k", "hmac-sha512", "x!").contains("base64"));
    assert!(key("a..b", "hmac-sha512", "eA==").contains("name"));
}

proptest! {
    /// Whatever is changed or cut off, no reply passes that is not the one that was signed.
    #[test]
    fn nothing_else_passes(at in 0usize..200, change in 1u8.., cut in 0usize..200) {
        let ours = signer("b3Vycw==");
        let mac = ours.sign(&mut request(), NOW);
        let good = reply(&ours, &mac);
        let mut bad = good.clone();
        let at = at % bad.len();
        bad[at] ^= change;
        if ours.verify(&bad, &mac).is_ok() {
            let begin = 12 + ours.name.len();
            // Letters of a name may have either case (RFC 4343).
            let named = (12..begin).contains(&at) || (begin + 10..begin + 23).contains(&at);
            let case = named && bad.eq_ignore_ascii_case(&good);
            // The header's id is compared elsewhere; class and TTL say nothing.
            let idle = at < 2 || (begin + 2..begin + 8).contains(&at);
            prop_assert!(case || idle, "byte {at}");
        }
        let short = cut % good.len();
        prop_assert!(ours.verify(&good[..short], &mac).is_err());
        prop_assert!(ours.verify(&bad[..short.min(bad.len())], &mac).is_err());
    }

    #[test]
    fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let ours = signer("b3Vycw==");
        prop_assert!(ours.verify(&bytes, b"mac").is_err());
        let _ = super::super::dns_update::decode(7, &bytes);
    }
}
