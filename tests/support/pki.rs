//! The HTTPS certificates of the test's own servers, made by openssl when they are needed: none
//! stands in the repository to expire there.

use super::openssl;
use std::fs;
use std::path::{Path, PathBuf};

/// A server's certificate and the little CA that signed it.
#[derive(Clone, Debug)]
pub struct Pki {
    /// The CA's certificate: what an account's `ca_file` holds.
    pub ca: PathBuf,
    /// The server's certificate.
    pub cert: PathBuf,
    /// The server's key.
    pub key: PathBuf,
}

impl Pki {
    /// Makes a certificate for localhost, 127.0.0.1, ::1, 192.0.2.1 (the Internet of tests/ports), 1.1.1.1
    /// and 8.8.8.8 (operators there) in `folder`.
    ///
    /// # Panics
    /// When openssl does not make it.
    pub fn new(folder: &Path) -> Self {
        let at = |name: &str| folder.join(name);
        let (ca, ca_key, cert, key) = (at("ca.pem"), at("ca.key"), at("cert.pem"), at("key.pem"));
        let settings = at("openssl.cnf");
        fs::write(&settings, SETTINGS)
            .unwrap_or_else(|e| panic!("cannot write {}: {e}", settings.display()));
        // An own configuration: the machine's would add extensions of its own.
        let (settings, ca_text, ca_key) = (text(&settings), text(&ca), text(&ca_key));
        let common = [
            "req",
            "-config",
            settings,
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
        ];
        openssl::run(
            &[
                &common[..],
                &["-subj", "/CN=test servers CA", "-extensions", "ca"],
                &["-keyout", ca_key, "-out", ca_text],
            ]
            .concat(),
        );
        openssl::run(
            &[
                &common[..],
                &["-subj", "/CN=localhost", "-extensions", "server"],
                &["-CA", ca_text, "-CAkey", ca_key],
                &["-keyout", text(&key), "-out", text(&cert)],
            ]
            .concat(),
        );
        Self { ca, cert, key }
    }

    /// The CA's certificate as text.
    ///
    /// # Panics
    /// When it has gone.
    pub fn ca_pem(&self) -> String {
        fs::read_to_string(&self.ca).unwrap_or_else(|e| panic!("{}: {e}", self.ca.display()))
    }
}

const SETTINGS: &str = "\
[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1, IP:192.0.2.1, IP:1.1.1.1, IP:8.8.8.8
authorityKeyIdentifier = keyid
";

fn text(path: &Path) -> &str {
    path.to_str().expect("a path of plain text")
}
