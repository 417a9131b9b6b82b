//! A CA that has nothing to do with ACME, played by OpenSSL: a root, an intermediate CA, and what
//! they sell.

use crate::support::openssl;
use crate::support::temp_root::TempRoot;
use std::fs;
use std::path::{Path, PathBuf};

pub const EC: &[&str] = &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
pub const RSA: &[&str] = &["rsa:2048"];

const SETTINGS: &str = "[req]
distinguished_name = name
[name]
[ca]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[server]
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = $ENV::NAMES
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
";

pub struct Elsewhere {
    folder: PathBuf,
}

/// A certificate without its chain, and its key.
pub struct Pair {
    pub cert: PathBuf,
    pub key: PathBuf,
}

impl Elsewhere {
    pub fn new(temp: &TempRoot) -> Self {
        let ca = Self {
            folder: temp.server_folder("elsewhere"),
        };
        fs::write(ca.at("settings"), SETTINGS).unwrap();
        ca.make("root", "/CN=Root elsewhere", "ca", EC, &[]);
        ca.make("middle", "/CN=Middle elsewhere", "ca", EC, &ca.by("root"));
        ca
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.at(name)).unwrap()
    }

    /// Writes a file, for its owner alone.
    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        path
    }

    /// A certificate of the intermediate CA for these names (`DNS:…`), 90 days.
    pub fn sell(&self, name: &str, names: &str, key: &[&str], more: &[&str]) -> Pair {
        let by = [
            &self.by("middle")[..],
            &more.iter().map(|m| (*m).to_owned()).collect::<Vec<_>>(),
        ];
        self.make_for(name, "/CN=sold", "server", key, &by.concat(), names)
    }

    /// A certificate of the intermediate CA for a request, 90 days.
    pub fn sign(&self, request: &Path, name: &str) -> PathBuf {
        let out = self.at(name);
        let by = self.by("middle");
        let how = [
            "-days",
            "90",
            "-copy_extensions",
            "copyall",
            "-out",
            text(&out),
        ];
        let mut args = vec!["x509", "-req", "-in", text(request)];
        args.extend(by.iter().map(String::as_str));
        args.extend(how);
        openssl::run(&args);
        out
    }

    fn by(&self, ca: &str) -> Vec<String> {
        let file = |end: &str| text(&self.at(&format!("{ca}.{end}"))).to_owned();
        vec!["-CA".into(), file("pem"), "-CAkey".into(), file("key")]
    }

    fn make(&self, name: &str, subject: &str, kind: &str, key: &[&str], by: &[String]) -> Pair {
        self.make_for(name, subject, kind, key, by, "DNS:none.example")
    }

    fn make_for(
        &self,
        name: &str,
        subject: &str,
        kind: &str,
        key: &[&str],
        by: &[String],
        names: &str,
    ) -> Pair {
        let settings = self.write(
            "settings.now",
            self.read("settings").replace("$ENV::NAMES", names),
        );
        let (cert, file) = (
            self.at(&format!("{name}.pem")),
            self.at(&format!("{name}.key")),
        );
        let mut args = vec![
            "req",
            "-config",
            text(&settings),
            "-x509",
            "-nodes",
            "-days",
            "90",
        ];
        args.extend(["-subj", subject, "-extensions", kind, "-newkey"]);
        args.extend(key);
        args.extend(by.iter().map(String::as_str));
        args.extend(["-keyout", text(&file), "-out", text(&cert)]);
        openssl::run(&args);
        Pair { cert, key: file }
    }

    /// `openssl COMMAND -in FILE ARGS… -out NAME`.
    pub fn convert(&self, command: &str, from: &Path, args: &[&str], name: &str) -> PathBuf {
        let out = self.write(name, "");
        let mut all = vec![command, "-in", text(from)];
        all.extend(args);
        all.extend(["-out", text(&out)]);
        openssl::run(&all);
        out
    }
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
