//! Pebble, the CA of the tests: Debian's 2.4 and the newest, which is asked for by the same file
//! (each ignores what it does not know).

use super::http;
use super::pki::Pki;
use super::server::{Launch, Server, free_port};
use super::temp_root::TempRoot;
use super::tools;
use serde_json::{Value, json};
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::Command;

/// The programs behind this module.
pub const NEEDS: &[&str] = &["pebble", "openssl"];

/// Key identifier and key (base64url) of the account binding that [`Options::eab`] asks for.
pub const EAB: (&str, &str) = (
    "kid-of-the-tests",
    "bm90IGEgc2VjcmV0IGF0IGFsbCwgb25seSBmb3IgdGVzdHM",
);

/// A port on which nothing listens: what was not set up is refused at once.
const NOBODY: u16 = 9;

/// How the CA behaves. The default validates at once, rejects no nonce and reuses no
/// authorization: what a test does not ask for stays out of its way.
#[derive(Clone, Debug)]
pub struct Options {
    /// The DNS server that it asks. With the default no name resolves: nothing goes to the
    /// machine's own resolver.
    pub dns_server: SocketAddr,
    /// Where its API listens; all addresses, for a client in another network namespace.
    pub listen: IpAddr,
    /// Where it fetches http-01 answers.
    pub http_port: u16,
    /// Where it looks for tls-alpn-01 answers.
    pub tls_port: u16,
    /// `-strict`: tomorrow's rules today.
    pub strict: bool,
    /// How many of 100 good nonces are rejected.
    pub nonce_reject: u8,
    /// How many of 100 valid authorizations are used again.
    pub authz_reuse: u8,
    /// Chains beyond the first.
    pub alternate_roots: u8,
    /// Intermediate certificates in a chain.
    pub chain_length: u8,
    /// The longest random pause before a validation, in seconds; 0: none.
    pub va_sleep: u8,
    /// The Retry-After of an authorization and of an order, in seconds (not by 2.4).
    pub retry_after: (u32, u32),
    /// An account needs the binding [`EAB`].
    pub eab: bool,
    /// Profiles and their lifetimes in seconds. An order that asks for none gets any of them,
    /// by chance. 2.4 knows no profiles and takes the first lifetime for all.
    pub profiles: Vec<(String, u64)>,
    /// Every answer is right, unseen: for addresses that lead nowhere.
    pub always_valid: bool,
    /// Names it refuses.
    pub domain_blocklist: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dns_server: super::server::loopback(NOBODY),
            listen: Ipv4Addr::LOCALHOST.into(),
            http_port: NOBODY,
            tls_port: NOBODY,
            strict: false,
            nonce_reject: 0,
            authz_reuse: 0,
            alternate_roots: 0,
            chain_length: 1,
            va_sleep: 0,
            retry_after: (0, 0),
            eab: false,
            profiles: vec![("default".into(), 90 * 86_400)],
            always_valid: false,
            domain_blocklist: Vec::new(),
        }
    }
}

/// A running Pebble.
#[derive(Debug)]
pub struct Pebble {
    server: Server,
    pki: Pki,
    port: u16,
    management: u16,
}

impl Pebble {
    /// Starts a CA of its own for the test.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn start(temp: &TempRoot, options: &Options) -> Self {
        let folder = temp.server_folder("pebble");
        let pki = Pki::new(&folder);
        let file = folder.join("config.json");
        let (server, (port, management)) = Server::start("pebble", &folder, || {
            let (port, management) = (free_port(), free_port());
            fs::write(&file, options.file(&pki, port, management).to_string())
                .unwrap_or_else(|e| panic!("cannot write {}: {e}", file.display()));
            let mut command = Command::new(tools::path_of("pebble"));
            command.arg("-config").arg(&file);
            command
                .arg("-dnsserver")
                .arg(options.dns_server.to_string());
            if options.strict {
                command.arg("-strict");
            }
            command.envs(options.environment());
            Launch {
                command,
                ports: vec![port, management],
                facts: (port, management),
            }
        });
        Self {
            server,
            pki,
            port,
            management,
        }
    }

    /// What an account's `acme_server` says.
    pub fn directory_url(&self) -> String {
        self.directory_url_at("localhost")
    }

    /// The same for a client that knows this machine by another name.
    pub fn directory_url_at(&self, host: &str) -> String {
        format!("https://{host}:{}/dir", self.port)
    }

    /// 2.4 (Debian's) knows less than the newest: no profiles, no subproblems.
    pub fn is_newest(&self) -> bool {
        !self.directory()["renewalInfo"].is_null()
    }

    /// The directory: `meta.profiles` and `renewalInfo` tell the newest from Debian's.
    ///
    /// # Panics
    /// When it is not served.
    pub fn directory(&self) -> Value {
        let text = http::get(&self.directory_url(), &self.pki.ca_pem()).ok();
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"))
    }

    /// What an account's `ca_file` holds: the root of the HTTPS certificate.
    pub fn ca_file(&self) -> PathBuf {
        self.pki.ca.clone()
    }

    /// The root of chain `n`, 0 the first, in PEM.
    pub fn root(&self, n: u8) -> String {
        self.managed(&format!("roots/{n}")).ok()
    }

    /// The intermediate certificate of chain `n` that signs, in PEM.
    pub fn intermediate(&self, n: u8) -> String {
        self.managed(&format!("intermediates/{n}")).ok()
    }

    /// `Valid` or `Revoked`, by the hex serial number; none for a certificate it never issued.
    ///
    /// # Panics
    /// When the reply cannot be read.
    pub fn cert_status(&self, serial: &str) -> Option<String> {
        let reply = self.managed(&format!("cert-status-by-serial/{serial}"));
        if reply.status == 404 {
            return None;
        }
        let text = reply.ok();
        let found: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"));
        found["Status"].as_str().map(str::to_owned)
    }

    /// The requests that it answered so far, as `POST /order-plz`; what follows in the path is not
    /// told.
    pub fn requests(&self) -> Vec<String> {
        self.log()
            .lines()
            .filter_map(|line| line.strip_suffix(" -> calling handler()"))
            // Before it stand "Pebble", date and time.
            .map(|line| line.splitn(4, ' ').nth(3).unwrap_or(line).to_owned())
            .collect()
    }

    /// What it wrote so far.
    pub fn log(&self) -> String {
        self.server.log()
    }

    /// The server, for its process and signals (SIGSTOP: a CA that hangs).
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// From now on it answers so when it is asked about the renewal of a certificate (PEM); not by
    /// 2.4.
    ///
    /// # Panics
    /// When it does not take it.
    pub fn set_renewal_info(&self, pem: &str, answer: &str) {
        let url = format!("https://localhost:{}/set-renewal-info/", self.management);
        let body = json!({"Certificate": pem, "ARIResponse": answer}).to_string();
        http::post(&url, &body, &self.pki.ca_pem()).ok();
    }

    fn managed(&self, path: &str) -> http::Reply {
        let url = format!("https://localhost:{}/{path}", self.management);
        http::get(&url, &self.pki.ca_pem())
    }
}

impl Options {
    /// The configuration file of both versions.
    fn file(&self, pki: &Pki, port: u16, management: u16) -> Value {
        let profiles: serde_json::Map<_, _> = self
            .profiles
            .iter()
            .map(|(name, seconds)| {
                let profile = json!({"description": name, "validityPeriod": seconds});
                (name.clone(), profile)
            })
            .collect();
        let keys = if self.eab {
            json!({EAB.0: EAB.1})
        } else {
            json!({})
        };
        json!({"pebble": {
            "listenAddress": SocketAddr::new(self.listen, port).to_string(),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": pki.cert,
            "privateKey": pki.key,
            "httpPort": self.http_port,
            "tlsPort": self.tls_port,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": self.eab,
            "externalAccountMACKeys": keys,
            "domainBlocklist": self.domain_blocklist,
            // Since 2.5; RSA keys for all its issuers would take it up to a second.
            "keyAlgorithm": "ecdsa",
            "retryAfter": {"authz": self.retry_after.0, "order": self.retry_after.1},
            "profiles": profiles,
            // Before profiles came.
            "certificateValidityPeriod": self.profiles.first().map(|(_, seconds)| seconds),
        }})
    }

    /// What can be set by environment alone.
    fn environment(&self) -> Vec<(&'static str, String)> {
        let sleep = if self.va_sleep == 0 {
            ("PEBBLE_VA_NOSLEEP", "1".into())
        } else {
            ("PEBBLE_VA_SLEEPTIME", self.va_sleep.to_string())
        };
        vec![
            sleep,
            ("PEBBLE_WFE_NONCEREJECT", self.nonce_reject.to_string()),
            ("PEBBLE_AUTHZREUSE", self.authz_reuse.to_string()),
            ("PEBBLE_ALTERNATE_ROOTS", self.alternate_roots.to_string()),
            (
                "PEBBLE_VA_ALWAYS_VALID",
                u8::from(self.always_valid).to_string(),
            ),
            ("PEBBLE_CHAIN_LENGTH", self.chain_length.to_string()),
        ]
    }
}
