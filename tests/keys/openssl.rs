//! OpenSSL at work in a folder of its own.

use certkeeper::types::Identifier;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A folder that is removed with all that is in it.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path =
            std::env::temp_dir().join(format!("certkeeper-keys-{}-{count}", std::process::id()));
        std::fs::create_dir(&path).expect("a new folder");
        Self(path)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), content).expect(name);
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).expect(name)
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).expect(name)
    }

    /// Runs openssl here; the words of `line` are parted by blanks, those of `more` stay whole.
    pub fn openssl_with(&self, line: &str, more: &[&str]) -> String {
        let output = Command::new("openssl")
            .args(line.split_whitespace())
            .args(more)
            .current_dir(&self.0)
            .env("OPENSSL_CONF", "/dev/null")
            .stdin(Stdio::null())
            .output()
            .expect("openssl is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {line} {more:?}: {said}");
        // `req -verify` and `dgst` tell their verdict on either stream.
        String::from_utf8_lossy(&output.stdout).into_owned() + &said
    }

    pub fn openssl(&self, line: &str) -> String {
        self.openssl_with(line, &[])
    }

    /// Makes `k.pem`.
    pub fn make_key(&self, options: &str) -> String {
        self.openssl(&format!("genpkey -out k.pem -algorithm {options}"));
        self.text("k.pem")
    }

    /// Makes `k.pem`, or takes the key that the text is.
    pub fn make_or_take_key(&self, options: &str) -> String {
        if !options.starts_with("-----") {
            return self.make_key(options);
        }
        self.write("k.pem", options);
        options.into()
    }

    /// `k.pem` as PKCS#8, DER.
    pub fn pkcs8(&self) -> Vec<u8> {
        self.openssl("pkcs8 -in k.pem -topk8 -nocrypt -outform DER -out k.der");
        self.read("k.der")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("the folder goes");
    }
}

pub fn names(list: &[&str]) -> Vec<Identifier> {
    list.iter()
        .map(|name| Identifier::parse(name).expect(name))
        .collect()
}

pub const P256: &str = "EC -pkeyopt ec_paramgen_curve:P-256";
pub const P521: &str = "EC -pkeyopt ec_paramgen_curve:P-521";

/// RSA with 8192 bits, made once by openssl: each takes it, or us, many seconds.
pub const RSA_8192: &str = include_str!("rsa8192.pem");
