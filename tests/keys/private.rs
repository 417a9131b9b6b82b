//! Private keys, requests and account keys.

use crate::openssl::{Folder, P256, P521, RSA_8192, names};
use crate::tools;
use certkeeper::keys::{AccountKey, KeyError, PrivateKey, base64url};
use certkeeper::types::KeyType;
use certkeeper::x509::to_pem;

/// OpenSSL finds this signature to be the key's.
fn assert_signature(folder: &Folder, hash: &str, key: &str, message: &[u8], signature: &[u8]) {
    folder.write("message", message);
    folder.write("signature", signature);
    folder.write("signer.pem", key);
    folder.openssl("pkey -in signer.pem -pubout -out public.pem");
    let said = folder.openssl(&format!(
        "dgst -{hash} -verify public.pem -signature signature message"
    ));
    assert_eq!(said.trim(), "Verified OK");
}

/// What must hold for every key, ours or another's.
fn check_key(key: &PrivateKey, folder: &Folder) {
    let (text, hash) = match key.kind() {
        KeyType::Ec256 => ("NIST CURVE: P-256", "sha256"),
        KeyType::Ec384 => ("NIST CURVE: P-384", "sha384"),
        KeyType::Ec521 => ("NIST CURVE: P-521", "sha512"),
        KeyType::Rsa2048 => ("(2048 bit, 2 primes)", "sha256"),
        KeyType::Rsa3072 => ("(3072 bit, 2 primes)", "sha256"),
        KeyType::Rsa4096 => ("(4096 bit, 2 primes)", "sha256"),
        KeyType::Rsa8192 => ("(8192 bit, 2 primes)", "sha256"),
    };
    let pem = key.to_pem();
    assert!(pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert!(pem.ends_with("\n-----END PRIVATE KEY-----\n"));
    folder.write("key.pem", &pem);
    let said = folder.openssl("pkey -in key.pem -check -text -noout");
    assert!(
        said.contains("Key is valid") && said.contains(text),
        "{said}"
    );
    folder.openssl("pkey -in key.pem -pubout -outform DER -out spki.der");
    assert_eq!(folder.read("spki.der"), key.public_key_spki_der());

    let again = PrivateKey::from_pem(&pem).expect("our own PEM");
    assert_eq!((again.kind(), again.to_pem()), (key.kind(), pem.clone()));
    let shown = format!("{key:?}");
    assert_eq!(shown, format!("PrivateKey({}, ***)", key.kind()));

    let message = b"what is signed";
    let signature = again.sign(message).expect("a signature");
    assert_signature(folder, hash, &pem, message, &signature);
    check_csr(key, folder);
}

/// The request has the names, an empty subject, a good signature and nothing else.
fn check_csr(key: &PrivateKey, folder: &Folder) {
    let wanted = names(&["example.org", "*.example.org", "192.0.2.1", "2001:db8::1"]);
    folder.write("csr.der", key.csr(&wanted).expect("a request"));
    let said = folder.openssl("req -inform DER -in csr.der -verify -noout -subject");
    assert!(said.contains("verify OK"), "{said}");
    assert!(
        said.lines().any(|line| line.trim() == "subject="),
        "no subject: {said}"
    );
    let text = folder.openssl("req -inform DER -in csr.der -noout -text");
    let extensions: Vec<&str> = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "Attributes:")
        .take_while(|line| !line.starts_with("Signature Algorithm"))
        .collect();
    assert_eq!(
        extensions,
        [
            "Attributes:",
            "Requested Extensions:",
            "X509v3 Subject Alternative Name: critical",
            "DNS:example.org, DNS:*.example.org, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1",
        ]
    );
    let algorithm = match key.kind() {
        KeyType::Ec256 => "ecdsa-with-SHA256",
        KeyType::Ec384 => "ecdsa-with-SHA384",
        KeyType::Ec521 => "ecdsa-with-SHA512",
        _ => "sha256WithRSAEncryption",
    };
    assert!(text.contains(&format!("Signature Algorithm: {algorithm}\n")));
    assert_eq!(key.csr(&[]), Err(KeyError::NoNames));
}

#[test]
fn ec_keys() {
    let folder = Folder::new();
    for kind in [KeyType::Ec256, KeyType::Ec384, KeyType::Ec521] {
        check_key(&PrivateKey::generate(kind).expect("a key"), &folder);
    }
}

/// Often enough for numbers that are shorter than the curve's.
#[test]
fn p521_signatures() {
    let folder = Folder::new();
    let key = PrivateKey::generate(KeyType::Ec521).expect("a key");
    for round in 0..20u8 {
        let signature = key.sign(&[round]).expect("a signature");
        assert_signature(&folder, "sha512", &key.to_pem(), &[round], &signature);
    }
}

/// Several, as the greater prime may come first or last.
#[test]
fn rsa_2048_keys() {
    let folder = Folder::new();
    for _ in 0..4 {
        check_key(
            &PrivateKey::generate(KeyType::Rsa2048).expect("a key"),
            &folder,
        );
    }
}

#[test]
fn rsa_3072_keys() {
    check_key(
        &PrivateKey::generate(KeyType::Rsa3072).expect("a key"),
        &Folder::new(),
    );
}

#[test]
fn rsa_4096_keys() {
    check_key(
        &PrivateKey::generate(KeyType::Rsa4096).expect("a key"),
        &Folder::new(),
    );
}

#[test]
fn rsa_8192_keys() {
    if std::env::var_os("CERTKEEPER_TEST_LONG").is_none() {
        return tools::skip(
            "making RSA-8192",
            "a minute; CERTKEEPER_TEST_LONG=1 does it",
        );
    }
    check_key(
        &PrivateKey::generate(KeyType::Rsa8192).expect("a key"),
        &Folder::new(),
    );
}

#[test]
fn reads_the_keys_of_openssl_in_every_form() {
    let folder = Folder::new();
    for (algorithm, kind, old) in [
        (P256, KeyType::Ec256, "EC PRIVATE KEY"),
        (
            "EC -pkeyopt ec_paramgen_curve:P-384",
            KeyType::Ec384,
            "EC PRIVATE KEY",
        ),
        (P521, KeyType::Ec521, "EC PRIVATE KEY"),
        (
            "RSA -pkeyopt rsa_keygen_bits:2048",
            KeyType::Rsa2048,
            "RSA PRIVATE KEY",
        ),
        (
            "RSA -pkeyopt rsa_keygen_bits:3072",
            KeyType::Rsa3072,
            "RSA PRIVATE KEY",
        ),
        (
            "RSA -pkeyopt rsa_keygen_bits:4096",
            KeyType::Rsa4096,
            "RSA PRIVATE KEY",
        ),
        (RSA_8192, KeyType::Rsa8192, "RSA PRIVATE KEY"),
    ] {
        let new = folder.make_or_take_key(algorithm);
        let key = PrivateKey::from_pem(&new).expect(algorithm);
        assert_eq!((key.kind(), key.to_pem()), (kind, new));
        check_key(&key, &folder);
        folder.openssl("pkey -in k.pem -traditional -out old.pem");
        let text = folder.text("old.pem");
        assert!(text.contains(old));
        let traditional = PrivateKey::from_pem(&text).expect(old);
        assert_eq!(traditional.kind(), kind);
        assert_eq!(traditional.public_key_spki_der(), key.public_key_spki_der());
        check_key(&traditional, &folder);
    }
}

#[test]
fn passes_over_what_stands_around_a_key() {
    let folder = Folder::new();
    let text = folder.openssl("ecparam -genkey -name prime256v1");
    assert!(text.contains("BEGIN EC PARAMETERS"));
    let key = PrivateKey::from_pem(&text).expect("with parameters");
    let certificate = to_pem(&[0x30, 0]);
    let text = format!("Bag Attributes\n{certificate}{text}{certificate}").replace('\n', "\r\n");
    let again = PrivateKey::from_pem(&text).expect("with certificates");
    assert_eq!(key.to_pem(), again.to_pem());
}

#[test]
fn says_why_it_refuses_a_key() {
    let folder = Folder::new();
    let refused = |text: &str| PrivateKey::from_pem(text).expect_err("refused").to_string();
    for (algorithm, what) in [
        ("ED25519", "Ed25519"),
        ("X25519", "algorithm 1.3.101.110"),
        (
            "EC -pkeyopt ec_paramgen_curve:secp256k1",
            "EC on curve 1.3.132.0.10",
        ),
        ("RSA -pkeyopt rsa_keygen_bits:1024", "RSA 1024"),
        ("RSA -pkeyopt rsa_keygen_bits:2047", "RSA 2047"),
        ("RSA -pkeyopt rsa_keygen_bits:2056", "RSA 2056"),
    ] {
        assert_eq!(
            refused(&folder.make_key(algorithm)),
            format!(
                "the private key is {what}; allowed are ec256, ec384, ec521, rsa2048, rsa3072, rsa4096, rsa8192"
            )
        );
    }

    let good = folder.make_key(P256);
    folder.openssl("pkcs8 -topk8 -in k.pem -passout pass:x -out new.pem");
    folder.openssl("ec -in k.pem -aes128 -passout pass:x -out old.pem");
    for file in ["new.pem", "old.pem"] {
        let text = folder.text(file);
        assert!(text.contains("ENCRYPTED"));
        assert_eq!(PrivateKey::from_pem(&text).err(), Some(KeyError::Encrypted));
    }
    folder.openssl("ec -in k.pem -no_public -out pointless.pem");
    assert_eq!(
        refused(&folder.text("pointless.pem")),
        "the private key comes without its public point"
    );
    folder.openssl("ec -in k.pem -param_enc explicit -out explicit.pem");
    assert_eq!(
        refused(&folder.text("explicit.pem")),
        "the private key comes without its curve's name"
    );
    folder.openssl("pkey -in k.pem -pubout -out public.pem");
    for text in ["", "hello", &folder.text("public.pem"), &to_pem(&[0x30, 0])] {
        assert_eq!(PrivateKey::from_pem(text).err(), Some(KeyError::Missing));
    }
    assert_eq!(
        PrivateKey::from_pem(&good.repeat(2)).err(),
        Some(KeyError::Several)
    );
    assert!(refused(&good.replace("PRIVATE", "OPENSSH PRIVATE")).contains("'OPENSSH PRIVATE KEY'"));
    assert!(refused(&good[..100]).contains("cut off"));

    // What comes last: the point, of another key now; the coefficient of an RSA key.
    for algorithm in [P256, P521, "RSA -pkeyopt rsa_keygen_bits:2048", RSA_8192] {
        folder.make_or_take_key(algorithm);
        let mut der = folder.pkcs8();
        let end = der.len() - 1;
        der[end] ^= 1;
        let text = to_pem(&der).replace("CERTIFICATE", "PRIVATE KEY");
        assert_eq!(PrivateKey::from_pem(&text).err(), Some(KeyError::Damaged));
    }
}

#[test]
fn account_keys() {
    let folder = Folder::new();
    let theirs = folder.make_key(P256);
    folder.openssl("pkey -in k.pem -traditional -out old.pem");
    for key in [
        AccountKey::generate().expect("a key"),
        AccountKey::from_pem(&theirs).expect("PKCS#8"),
        AccountKey::from_pem(&folder.text("old.pem")).expect("SEC1"),
    ] {
        let pem = key.to_pem();
        folder.write("key.pem", &pem);
        folder.openssl("pkey -in key.pem -pubout -outform DER -out spki.der");
        let spki = folder.read("spki.der");
        let (x, y) = spki[spki.len() - 64..].split_at(32);
        let jwk = format!(
            r#"{{"crv":"P-256","kty":"EC","x":"{}","y":"{}"}}"#,
            base64url(x),
            base64url(y)
        );
        assert_eq!(key.jwk(), jwk);
        folder.write("jwk", jwk);
        folder.openssl("dgst -sha256 -binary -out hash jwk");
        assert_eq!(key.thumbprint(), base64url(&folder.read("hash")));
        assert_eq!(
            format!("{key:?}"),
            format!("AccountKey({}, ***)", key.thumbprint())
        );
        assert_eq!(key.alg(), "ES256");

        // r and s, as OpenSSL wants them: SEQUENCE { INTEGER, INTEGER }. Often enough for
        // halves that start with 00 or with a high bit.
        for round in 0..20u8 {
            let signature = key.sign(&[round]);
            assert_eq!(signature.len(), 64);
            let numbers: Vec<u8> = signature.chunks(32).flat_map(der_integer).collect();
            let der = [&[0x30, numbers.len() as u8], numbers.as_slice()].concat();
            assert_signature(&folder, "sha256", &pem, &[round], &der);
        }
    }
    let other = folder.make_key("EC -pkeyopt ec_paramgen_curve:P-384");
    let other = AccountKey::from_pem(&other).expect("P-384");
    assert_eq!((other.alg(), other.sign(b"").len()), ("ES384", 96));
    // acme.sh made such ones for years.
    let rsa = folder.make_key("RSA -pkeyopt rsa_keygen_bits:2048");
    let key = AccountKey::from_pem(&rsa).expect("RSA");
    assert_eq!(key.alg(), "RS256");
    assert_signature(&folder, "sha256", &rsa, b"signed", &key.sign(b"signed"));
    let short = folder.make_key("RSA -pkeyopt rsa_keygen_bits:1024");
    assert!(AccountKey::from_pem(&short).is_err());
}

fn der_integer(number: &[u8]) -> Vec<u8> {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let mut content = number[zeros..].to_vec();
    if content[0] >= 0x80 {
        content.insert(0, 0);
    }
    [&[2, content.len() as u8], content.as_slice()].concat()
}
