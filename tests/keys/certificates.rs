//! Certificates of many shapes.

use crate::openssl::{Folder, P256, P521, RSA_8192, names};
use certkeeper::keys::{PrivateKey, base64url};
use certkeeper::types::{Identifier, KeyType, Timestamp};
use certkeeper::x509::{Certificate, covers, key_matches, split_pem_chain, to_pem};
use std::process::Command;

/// Reads `c.pem` and compares all that openssl tells about it.
fn check_certificate(folder: &Folder) -> Certificate {
    let pem = folder.text("c.pem");
    let chain = split_pem_chain(pem.as_bytes()).expect("PEM");
    assert_eq!(chain.len(), 1);
    assert_eq!(to_pem(&chain[0]), pem);
    let ours = Certificate::parse(&chain[0]).expect("a certificate");
    let said = folder.openssl(
        "x509 -in c.pem -noout -serial -subject -issuer -nameopt RFC2253,-esc_msb -startdate -enddate -dateopt iso_8601 \
         -fingerprint -sha256 -pubkey -ext subjectAltName,basicConstraints,authorityKeyIdentifier",
    );
    for line in [
        format!("serial={}", ours.serial_hex()),
        format!("subject={}", ours.subject),
        format!("issuer={}", ours.issuer),
        format!("notBefore={}", as_openssl(ours.not_before)),
        format!("notAfter={}", as_openssl(ours.not_after)),
        format!("sha256 Fingerprint={}", ours.fingerprint()),
    ] {
        assert!(said.lines().any(|l| l == line), "{line} is not in {said}");
    }
    assert!(said.contains(&to_pem(&ours.spki).replace("CERTIFICATE", "PUBLIC KEY")));

    let extension = |name: &str| -> Vec<&str> {
        said.lines()
            .skip_while(|line| !line.starts_with(&format!("X509v3 {name}:")))
            .skip(1)
            .map_while(|line| line.strip_prefix("    "))
            .flat_map(|line| line.split(", "))
            .collect()
    };
    let theirs: Vec<Identifier> = extension("Subject Alternative Name")
        .into_iter()
        .filter_map(|name| {
            name.strip_prefix("DNS:")
                .or(name.strip_prefix("IP Address:"))
        })
        .filter_map(|name| Identifier::parse(name).ok())
        .collect();
    assert_eq!(theirs, ours.names);
    assert_eq!(
        extension("Basic Constraints").contains(&"CA:TRUE"),
        ours.is_ca
    );
    let key_id = ours.authority_key_id.as_ref().map(|id| {
        let digits: Vec<String> = id.iter().map(|byte| format!("{byte:02X}")).collect();
        digits.join(":")
    });
    let theirs = extension("Authority Key Identifier");
    let theirs = theirs.first().map(|line| line.trim_start_matches("keyid:"));
    assert_eq!(theirs, key_id.as_deref());
    ours
}

/// `2026-11-21 12:00:00Z`; the year is filled with blanks, not zeros.
fn as_openssl(time: Timestamp) -> String {
    let text = time.to_string().replace('T', " ");
    let (year, rest) = text.split_at(4);
    format!("{:>4}{rest}", year.trim_start_matches('0'))
}

/// A self-signed certificate in `c.pem`.
pub fn make_certificate(folder: &Folder, options: &str, more: &[&str]) -> Certificate {
    folder.write(
        "req.cnf",
        "oid_section=oids\n[oids]\nodd=1.2.3.4.5\n[req]\ndistinguished_name=dn\n[dn]\n",
    );
    folder.openssl_with(
        &format!("req -x509 -config req.cnf -key k.pem -out c.pem {options}"),
        more,
    );
    check_certificate(folder)
}

#[test]
fn serials_as_openssl_prints_them() {
    let folder = Folder::new();
    folder.make_key(P256);
    for (given, content) in [
        ("0x87654321", vec![0, 0x87, 0x65, 0x43, 0x21]),
        ("0x7f", vec![0x7f]),
        ("0x01", vec![1]),
        ("0", vec![0]),
        ("0x0100", vec![1, 0]),
        (
            "0x7fffffffffffffffffffffffffffffffffffffff",
            [&[0x7f], [0xff; 19].as_slice()].concat(),
        ),
        (
            "0xffffffffffffffffffffffffffffffffffffffff",
            [&[0], [0xff; 20].as_slice()].concat(),
        ),
    ] {
        let read = make_certificate(
            &folder,
            &format!("-subj /CN=x -days 10 -set_serial {given}"),
            &[],
        );
        assert_eq!(read.serial, content);
    }
}

#[test]
fn names_as_openssl_prints_them() {
    let folder = Folder::new();
    folder.make_key(P256);
    for (subject, issuer_name) in [
        ("/CN=example.org", "example.org"),
        ("/C=US/O=Let's Encrypt/CN=R11", "R11"),
        ("/C=AT/O=ZeroSSL", "ZeroSSL"),
        ("/C=DE/L=Köln", "L=Köln,C=DE"),
        ("/O=Müller, Söhne + \"Co\"; <x>\\\\=/CN=#1 ", "#1 "),
        ("/CN= a/CN=b", "b"),
        ("/DC=org/DC=example/UID=u/emailAddress=a@b.c/CN=c", "c"),
        (
            "/serialNumber=1/jurisdictionC=DE/businessCategory=Private Organization/street=S 1/postalCode=1/CN=ev",
            "ev",
        ),
        (
            "/ST=s/OU=u/title=t/GN=g/SN=n/organizationIdentifier=VATDE-1",
            "organizationIdentifier=VATDE-1,SN=n,GN=g,title=t,OU=u,ST=s",
        ),
        ("/CN=日本\tx/odd=p", "日本\u{fffd}x"),
        ("/CN=one+OU=two/O=three+C=DE", "one"),
        ("/", ""),
    ] {
        for mask in ["default", "utf8only", "nombstr", "MASK:0x800"] {
            folder.write(
                "mask.cnf",
                format!("oid_section=oids\n[oids]\nodd=1.2.3.4.5\n[req]\ndistinguished_name=dn\nstring_mask={mask}\n[dn]\n"),
            );
            // Not every mask has room for every letter.
            let output = Command::new("openssl")
                .args("req -x509 -config mask.cnf -key k.pem -out c.pem -utf8 -subj".split(' '))
                .args([subject, "-multivalue-rdn"])
                .current_dir(&folder.0)
                .output()
                .expect("openssl");
            if output.status.success() {
                let read = check_certificate(&folder);
                assert_eq!(read.issuer_name(), issuer_name, "{mask}");
            } else {
                assert_eq!(mask, "nombstr", "{subject}");
            }
        }
    }
}

#[test]
fn alternative_names_as_openssl_prints_them() {
    let folder = Folder::new();
    folder.make_key(P256);
    let make = |san: &str| {
        make_certificate(
            &folder,
            "-subj /CN=x -addext",
            &[&format!("subjectAltName={san}")],
        )
        .names
    };
    assert_eq!(
        make("DNS:example.org,DNS:*.Example.ORG,IP:192.0.2.1,IP:2001:db8::1"),
        names(&["example.org", "*.example.org", "192.0.2.1", "2001:db8::1"])
    );
    assert_eq!(
        make(
            "email:a@b.c,URI:https://x.example/,RID:1.2.3,otherName:1.2.3;UTF8:x,DNS:a.example.org"
        ),
        names(&["a.example.org"])
    );
    assert_eq!(make("DNS:localhost,DNS:a_b.example.org"), []);
    let many: Vec<String> = (0..100).map(|n| format!("DNS:n{n}.example.org")).collect();
    assert_eq!(make(&many.join(",")).len(), 100);
    let none = make_certificate(&folder, "-subj /CN=example.org", &[]);
    assert_eq!(none.names, []);
}

#[test]
fn keys_are_described_not_refused() {
    let folder = Folder::new();
    for (algorithm, kind, words) in [
        (P256, Some(KeyType::Ec256), "EC P-256"),
        (
            "EC -pkeyopt ec_paramgen_curve:P-384",
            Some(KeyType::Ec384),
            "EC P-384",
        ),
        (P521, Some(KeyType::Ec521), "EC P-521"),
        (
            "EC -pkeyopt ec_paramgen_curve:secp256k1",
            None,
            "EC on curve 1.3.132.0.10",
        ),
        (
            "RSA -pkeyopt rsa_keygen_bits:2048",
            Some(KeyType::Rsa2048),
            "RSA 2048",
        ),
        (RSA_8192, Some(KeyType::Rsa8192), "RSA 8192"),
        ("RSA -pkeyopt rsa_keygen_bits:1024", None, "RSA 1024"),
        ("RSA -pkeyopt rsa_keygen_bits:1031", None, "RSA 1031"),
        ("ED25519", None, "Ed25519"),
    ] {
        let key = folder.make_or_take_key(algorithm);
        let read = make_certificate(&folder, "-subj /CN=x", &[]);
        assert_eq!(
            (read.key_type(), read.key_description().as_str()),
            (kind, words)
        );
        let key = PrivateKey::from_pem(&key);
        assert_eq!(key.is_ok(), kind.is_some());
        if let Ok(key) = key {
            assert!(key_matches(&read, &key));
            let other = PrivateKey::generate(KeyType::Ec256).expect("a key");
            assert!(!key_matches(&read, &other));
        }
    }
}

#[test]
fn dates_as_openssl_prints_them() {
    let folder = Folder::new();
    folder.make_key(P256);
    folder.openssl("req -new -key k.pem -subj /CN=x -out r.pem");
    folder.write(
        "ca.cnf",
        "[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\ndefault_md=sha256\nrand_serial=yes\npolicy=p\nunique_subject=no\n[p]\nCN=supplied\n",
    );
    folder.write("index", "");
    for (start, end, seconds) in [
        ("19500101000000Z", "19700101000000Z", (-631_152_000, 0)),
        (
            "20380119031407Z",
            "20380119031408Z",
            ((1 << 31) - 1, 1 << 31),
        ),
        (
            "20491231235959Z",
            "20500101000000Z",
            (2_524_607_999, 2_524_608_000),
        ),
        (
            "20280229120000Z",
            "99991231235959Z",
            (1_835_438_400, 253_402_300_799),
        ),
    ] {
        folder.openssl(&format!(
            "ca -batch -notext -config ca.cnf -selfsign -keyfile k.pem -in r.pem -out c.pem -startdate {start} -enddate {end}"
        ));
        let read = check_certificate(&folder);
        assert_eq!(
            (read.not_before, read.not_after),
            (Timestamp(seconds.0), Timestamp(seconds.1))
        );
    }
}

#[test]
fn leaves_name_their_issuer() {
    let folder = Folder::new();
    folder.make_key(P256);
    let root = make_certificate(
        &folder,
        "-subj /O=Root -days 20000 -addext basicConstraints=critical,CA:TRUE",
        &[],
    );
    assert!(root.is_ca && root.not_after > Timestamp(2_524_608_000));
    std::fs::rename(folder.0.join("c.pem"), folder.0.join("root.pem")).expect("rename");
    let key = PrivateKey::generate(KeyType::Ec384).expect("a key");
    let wanted = names(&["example.org", "192.0.2.1"]);
    folder.write("csr.der", key.csr(&wanted).expect("a request"));
    folder.openssl("req -inform DER -in csr.der -out csr.pem");
    folder.write(
        "ext",
        "basicConstraints=critical,CA:FALSE\nauthorityKeyIdentifier=keyid,issuer:always\n",
    );
    folder.openssl("x509 -req -in csr.pem -copy_extensions copy -CA root.pem -CAkey k.pem -CAcreateserial -days 90 -extfile ext -out c.pem");
    let leaf = check_certificate(&folder);
    assert_eq!((leaf.issuer_name(), leaf.subject.as_str()), ("Root", ""));
    assert!(!leaf.is_ca && leaf.authority_key_id.is_some());
    assert!(key_matches(&leaf, &key) && !key_matches(&root, &key));
    for (list, want) in [
        (&[] as &[&str], true),
        (&["192.0.2.1"], true),
        (&["example.org", "192.0.2.1"], true),
        (&["www.example.org"], false),
        (&["example.org", "192.0.2.2"], false),
    ] {
        assert_eq!(covers(&leaf, &names(list)), want, "{list:?}");
    }
    let chain = [folder.read("c.pem"), folder.read("root.pem")].concat();
    assert_eq!(split_pem_chain(&chain), Ok(vec![leaf.der, root.der]));
}

/// The example of RFC 9773 appendix A; its dates are of the year 1.
const RFC_9773: &str = "-----BEGIN CERTIFICATE-----
MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt
cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS
BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu
7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf
qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B
yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb
+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK
-----END CERTIFICATE-----
";

#[test]
fn parts_of_the_ari_identifier() {
    let folder = Folder::new();
    folder.write("c.pem", RFC_9773);
    let read = check_certificate(&folder);
    let id = read.authority_key_id.expect("a key identifier");
    assert_eq!(
        format!("{}.{}", base64url(&id), base64url(&read.serial)),
        "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
    );
}
