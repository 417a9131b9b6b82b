//! A router with one section, `web`, whose versions the test stores.

use crate::support::certkeeper::Certkeeper;
use crate::support::process::Finished;
use crate::support::server::free_port;
use crate::support::temp_root::TempRoot;
use crate::support::{openssl, tools, wait_until};
use certkeeper::net::{Signed, served_certificate};
use certkeeper::store::{Area, Parts};
use certkeeper::types::{Meta, Paths, SectionName};
use certkeeper::x509::{Certificate, split_pem_chain};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::Duration;

pub const NAME: &str = "www.example.org";
const DIRECTORY: &str = "https://127.0.0.1:1/dir";

pub struct Site {
    pub temp: TempRoot,
    /// Where its service listens.
    pub port: u16,
    key_type: &'static str,
}

impl Site {
    /// `None` when one of these programs is missing, which has been told.
    pub fn new(needs: &[&str], lines: &str) -> Option<Self> {
        tools::have(&[openssl::NEEDS, needs]).then(|| {
            let site = Self {
                temp: TempRoot::new(),
                port: free_port(),
                key_type: "ec256",
            };
            site.configure(lines);
            site
        })
    }

    pub fn with_key(mut self, key_type: &'static str) -> Self {
        self.key_type = key_type;
        self
    }

    /// Writes the configuration; `; ` stands between lines, PORT for the port.
    pub fn configure(&self, lines: &str) {
        let lines = lines.replace("PORT", &self.port.to_string());
        self.temp.uci(&format!(
            "config certkeeper 'global'\n\toption accept_tos '1'\n\toption local_ca '0'\n\
             config account 'own'\n\toption acme_server '{DIRECTORY}'\n\
             config cert 'web'\n\tlist domains '{NAME}'\n\toption account 'own'\n\toption key_type '{}'\n\t{}\n",
            self.key_type,
            lines.replace("; ", "\n\t")
        ));
    }

    fn area(&self, section: &str, staging: bool) -> Area {
        let paths = Paths::new(self.temp.root());
        Area::new(&paths, &SectionName::of_files(section).unwrap(), staging)
    }

    /// Stores one more version of the second certificate, whose key is of RSA.
    pub fn store_second(&self) -> String {
        self.store_as(&self.area("web-rsa", false), "rsa2048", NAME)
    }

    /// Stores one more version; returns its serial number.
    pub fn store(&self) -> String {
        self.store_as(&self.area("web", false), self.key_type, NAME)
    }

    /// The same, of the staging server.
    pub fn store_staging(&self) -> String {
        self.store_as(&self.area("web", true), self.key_type, NAME)
    }

    /// The same, of another section.
    pub fn store_for(&self, section: &str, name: &str) -> String {
        self.store_as(&self.area(section, false), self.key_type, name)
    }

    fn store_as(&self, area: &Area, key_type: &str, name: &str) -> String {
        let (algorithm, size) = match key_type {
            "rsa2048" => ("rsa", "rsa_keygen_bits:2048"),
            "ec521" => ("ec", "ec_paramgen_curve:P-521"),
            _ => ("ec", "ec_paramgen_curve:P-256"),
        };
        let folder = self.temp.server_folder("pair");
        let (key, cert) = (folder.join("key.pem"), folder.join("cert.pem"));
        let text = |p: &PathBuf| p.to_str().unwrap().to_owned();
        let (key_file, cert_file) = (text(&key), text(&cert));
        openssl::run(&[
            "req",
            "-x509",
            "-newkey",
            algorithm,
            "-pkeyopt",
            size,
            "-nodes",
            "-days",
            "90",
            "-subj",
            "/CN=a test",
            "-addext",
            &format!("subjectAltName=DNS:{name}"),
            "-keyout",
            &key_file,
            "-out",
            &cert_file,
        ]);
        let (key, pem) = (
            fs::read_to_string(key).unwrap(),
            fs::read_to_string(cert).unwrap(),
        );
        let leaf = Certificate::parse(&split_pem_chain(pem.as_bytes()).unwrap()[0]).unwrap();
        let parts = Parts {
            cert: &pem,
            chain: "",
            key: Some(&key),
        };
        let meta = Meta {
            names: vec![name.into()],
            key_type: key_type.into(),
            directory: DIRECTORY.into(),
            account: "own".into(),
            not_before: leaf.not_before.0,
            not_after: leaf.not_after.0,
            serial: leaf.serial_hex(),
            fingerprint: leaf.fingerprint(),
            ..Meta::default()
        };
        area.add_version(parts, &meta).expect("a version");
        leaf.serial_hex()
    }

    // ---- services

    /// A program below the root that everybody may read.
    pub fn program(&self, path: &str, text: &str) -> PathBuf {
        let file = self.temp.write(path, text);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
        file
    }

    /// An init script that notes what it is called with; `body` knows `$1`, and `$here`, a folder.
    pub fn script(&self, name: &str, body: &str) {
        let here = self.temp.path("tmp/service");
        fs::create_dir_all(&here).expect("a folder");
        let here = here.display();
        let text = format!("#!/bin/sh\nhere={here}\necho \"$1\" >>$here/calls\n{body}\n");
        self.program(&format!("etc/init.d/{name}"), &text);
    }

    /// What init scripts were called with since the last time.
    pub fn calls(&self) -> Vec<String> {
        let file = self.temp.path("tmp/service/calls");
        let text = fs::read_to_string(&file).unwrap_or_default();
        let _ = fs::remove_file(&file);
        text.lines().map(str::to_owned).collect()
    }

    /// The serial number that the service shows.
    pub fn served(&self) -> Result<String, String> {
        self.served_with(Signed::Any)
    }

    /// The same for a client that takes keys of one kind alone.
    pub fn served_with(&self, signed: Signed) -> Result<String, String> {
        let limit = Duration::from_secs(5);
        let der = served_certificate("127.0.0.1", self.port, NAME, signed, limit);
        let der = der.map_err(|e| e.to_string())?;
        Ok(Certificate::parse(&der).unwrap().serial_hex())
    }

    /// The service shows that serial number; nginx's former workers may answer for a moment more.
    #[track_caller]
    pub fn serves(&self, serial: &str) {
        let shown = || self.served().is_ok_and(|s| s == serial);
        assert!(
            wait_until(Duration::from_secs(5), shown),
            "{:?}",
            self.served()
        );
    }

    // ---- runs

    pub fn certkeeper(&self, args: &[&str]) -> Certkeeper {
        crate::certkeeper(&self.temp, args).limit(Duration::from_secs(150))
    }

    /// A run that must end with this code.
    #[track_caller]
    pub fn ends(&self, args: &[&str], code: i32) -> Finished {
        let run = self.certkeeper(args).run();
        assert_eq!(
            run.code(),
            code,
            "{}\n--- log\n{}",
            run.report(),
            self.log()
        );
        run
    }

    #[track_caller]
    pub fn renew(&self, code: i32) -> Finished {
        self.ends(&["renew"], code)
    }

    pub fn log(&self) -> String {
        let file = self.temp.path("var/run/certkeeper/log/web");
        fs::read_to_string(file).unwrap_or_default()
    }

    pub fn status(&self) -> Value {
        let text = self.ends(&["status", "web", "--json"], 0).stdout;
        serde_json::from_str(&text).expect("JSON")
    }

    /// The number of the version in use.
    pub fn version(&self) -> Option<u64> {
        self.area("web", false).held().current
    }

    /// The note of who was told.
    pub fn deployed(&self) -> Option<Value> {
        let file = self.temp.path("etc/certkeeper/certs/web/deployed.json");
        Some(serde_json::from_slice(&fs::read(file).ok()?).expect("JSON"))
    }
}

#[track_caller]
pub fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no {word:?} in:\n{text}");
    }
}
