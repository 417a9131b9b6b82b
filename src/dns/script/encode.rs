//! What scripts have computed: digests, signatures, encodings. Data comes over stdin.

use crate::keys::PrivateKey;
use crate::types::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use ring::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256};
use ring::rand::SystemRandom;
use ring::signature::{
    RSA_PKCS1_SHA256, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair,
};
use sha3::{Digest, Sha3_256};
use std::fmt::Write as _;
use std::fs;

/// OpenSSL's lines of base64 (RFC 7468 section 2).
const LINE: usize = 64;

/// Does what the arguments say with the input.
pub fn encode(args: &[&str], input: Vec<u8>, now: Timestamp) -> Result<Vec<u8>, String> {
    Ok(match args {
        ["hex"] => {
            let texts = input.iter().map(|b| format!(" {b:02x}"));
            texts.collect::<String>().into_bytes()
        }
        ["unhex"] => unhex(&input)?,
        ["base64"] => STANDARD.encode(input).into_bytes(),
        ["base64", _] => {
            let text = STANDARD.encode(input).into_bytes();
            text.chunks(LINE)
                .flat_map(|l| [l, b"\n"].concat())
                .collect()
        }
        ["unbase64"] => {
            let text: Vec<u8> = without_blanks(&input);
            let padded = STANDARD.decode(&text);
            padded.map_err(|_| "this is not base64".to_owned())?
        }
        ["url", case @ ..] => url(&input, case == ["upper-hex"]),
        ["digest", algorithm, form @ ..] => {
            let sum = match *algorithm {
                "sha1" => digest(&SHA1_FOR_LEGACY_USE_ONLY, &input).as_ref().to_vec(),
                "sha256" => digest(&SHA256, &input).as_ref().to_vec(),
                "sha3-256" => Sha3_256::digest(&input).to_vec(),
                other => return Err(format!("the digest {other} is not known here")),
            };
            match form {
                [] => STANDARD.encode(sum).into_bytes(),
                _ => hex(&sum),
            }
        }
        ["hmac", algorithm, form @ ..] => {
            let end = input.iter().position(|b| *b == b'\n');
            let (key, data) = input.split_at(end.ok_or("no key")?);
            let algorithm = match *algorithm {
                "sha1" => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
                "sha256" => HMAC_SHA256,
                other => return Err(format!("HMAC with {other} is not known here")),
            };
            let key = hmac::Key::new(algorithm, &unhex(key)?);
            let tag = hmac::sign(&key, &data[1..]);
            match form {
                [] => tag.as_ref().to_vec(),
                _ => hex(tag.as_ref()),
            }
        }
        ["sign", file, how @ ..] => sign(file, how, &input)?,
        ["rsa", file @ ..] => {
            let text = match file {
                [file] => read(file)?,
                _ => String::from_utf8_lossy(&input).into_owned(),
            };
            rsa_key(&text)?.public_key_spki_der()
        }
        ["totp"] => totp(&input, now)?.into_bytes(),
        _ => return Err("no such request".into()),
    })
}

fn without_blanks(text: &[u8]) -> Vec<u8> {
    let blank = |b: &&u8| !b.is_ascii_whitespace();
    text.iter().filter(blank).copied().collect()
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let mut text = String::with_capacity(2 * bytes.len() + 1);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    text.into_bytes()
}

fn unhex(text: &[u8]) -> Result<Vec<u8>, String> {
    let digit = |b: &u8| {
        char::from(*b)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let text = without_blanks(text);
    let digits: Option<Vec<u8>> = text.iter().map(digit).collect();
    let digits = digits
        .filter(|d| d.len() % 2 == 0)
        .ok_or("this is not hexadecimal")?;
    Ok(digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect())
}

/// Everything but unreserved characters (RFC 3986 section 2.3) is escaped.
fn url(input: &[u8], upper: bool) -> Vec<u8> {
    let mut text = String::with_capacity(input.len());
    for byte in input {
        let _ = match byte {
            b'-' | b'.' | b'_' | b'~' => write!(text, "{}", char::from(*byte)),
            b if b.is_ascii_alphanumeric() => write!(text, "{}", char::from(*byte)),
            b if upper => write!(text, "%{b:02X}"),
            b => write!(text, "%{b:02x}"),
        };
    }
    text.into_bytes()
}

fn read(file: &str) -> Result<String, String> {
    fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))
}

fn rsa_key(text: &str) -> Result<PrivateKey, String> {
    let key = PrivateKey::from_pem(text).map_err(|e| e.to_string())?;
    match key.kind().is_rsa() {
        true => Ok(key),
        false => Err("an RSA key is wanted".into()),
    }
}

/// `openssl dgst -sign`; `how` begins with the digest and goes on with OpenSSL's options.
fn sign(file: &str, how: &[&str], data: &[u8]) -> Result<Vec<u8>, String> {
    let pss = how.contains(&"rsa_padding_mode:pss");
    let scheme: &dyn RsaEncoding = match how.first() {
        Some(&"sha256") if pss => &RSA_PSS_SHA256,
        Some(&"sha256") => &RSA_PKCS1_SHA256,
        Some(&"sha512") if !pss => &RSA_PKCS1_SHA512,
        _ => return Err(format!("signing by {} is not known here", how.join(" "))),
    };
    let key = rsa_key(&read(file)?)?;
    let key = RsaKeyPair::from_pkcs8(key.pkcs8())
        .map_err(|_| format!("{file}: an RSA key of 2048 to 4096 bits is wanted"))?;
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(scheme, &SystemRandom::new(), data, &mut signature)
        .map_err(|_| format!("{file}: the key did not sign"))?;
    Ok(STANDARD.encode(signature).into_bytes())
}

/// A one-time password (RFC 6238: steps of 30 s, SHA-1, six digits) of a secret in base32.
fn totp(secret: &[u8], now: Timestamp) -> Result<String, String> {
    let mut key = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    let letters = without_blanks(secret);
    for letter in letters.iter().filter(|b| **b != b'=') {
        let value = match letter.to_ascii_uppercase() {
            b @ b'A'..=b'Z' => b - b'A',
            b @ b'2'..=b'7' => b - b'2' + 26,
            _ => return Err("the secret is not base32".into()),
        };
        bits = bits << 5 | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            key.push((bits >> count & 0xff) as u8);
        }
    }
    let key = hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = hmac::sign(&key, &(now.0 / 30).to_be_bytes());
    // Dynamic truncation (RFC 4226 section 5.3).
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 0xf);
    let four = [tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]];
    Ok(format!("{:06}", u32::from_be_bytes(four) % 1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(args: &[&str], input: &str) -> String {
        let bytes = encode(args, input.as_bytes().to_vec(), Timestamp(59)).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_the_standards_say() {
        // FIPS 180, FIPS 202, RFC 2202 case 2, RFC 4231 case 2, RFC 6238 appendix B.
        for (args, input, output) in [
            (
                &["digest", "sha1", "hex"][..],
                "abc",
                "a9993e364706816aba3e25717850c26c9cd0d89d\n",
            ),
            (
                &["digest", "sha256"],
                "abc",
                "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
            ),
            (
                &["digest", "sha3-256", "hex"],
                "abc",
                "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532\n",
            ),
            (
                &["hmac", "sha1", "hex"],
                "4a656665\nwhat do ya want for nothing?",
                "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79\n",
            ),
            (
                &["hmac", "sha256", "hex"],
                "4A656665\nwhat do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843\n",
            ),
            (&["totp"], "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "287082"),
            (&["hex"], "a\nb", " 61 0a 62"),
            (&["unhex"], "61 0A\n62", "a\nb"),
            (&["base64"], "a\nb", "YQpi"),
            (&["unbase64"], "YQ\npi", "a\nb"),
            (&["url"], "a-~/ü", "a-~%2f%c3%bc"),
            (&["url", "upper-hex"], "a b/", "a%20b%2F"),
        ] {
            assert_eq!(text(args, input), output, "{args:?}");
        }
        assert_eq!(
            text(&["base64", "wrap"], &"x".repeat(60)).lines().count(),
            2
        );
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (args, input) in [
            (&["unhex"][..], "abc"),
            (&["unbase64"], "***"),
            (&["digest", "md2"], ""),
            (&["hmac", "sha1"], "00"),
            (&["totp"], "1"),
            (&["sign", "/nowhere", "sha256"], ""),
            (&["rsa"], "no key"),
            (&["other"], ""),
        ] {
            assert!(
                encode(args, input.into(), Timestamp(0)).is_err(),
                "{args:?}"
            );
        }
    }
}
