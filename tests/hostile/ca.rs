//! A scripted CA on loopback: RFC 8555 as far as certkeeper needs it, good until a case twists one
//! of its replies. It ends when it is dropped.

mod wire;

use crate::pki::{self, Form};
use crate::reply::{Reply, Step};
use crate::signer::Leaf;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use certkeeper::types::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{SystemTime, UNIX_EPOCH};

/// Changes a good reply.
pub type Twist = Arc<dyn Fn(&mut Reply) + Send + Sync>;

/// What the CA does with a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// TLS.
    Open,
    /// Takes it and says nothing.
    Mute,
    /// Answers in plain text.
    Plain,
    /// Ends it at once.
    Slam,
}

/// What is scripted and what happened.
struct Script {
    twist: Option<(Vec<Step>, Twist)>,
    /// The directory has renewalInfo.
    renewal_info: bool,
    /// Orders from this number on are well.
    well_from: usize,
    door: Door,
    form: Form,
    tls: Arc<ServerConfig>,
    orders: Vec<Order>,
    asked: Vec<Step>,
    /// What it was sent, in the same order.
    sent: Vec<Value>,
    /// The last chain that was made.
    issued: String,
    next_nonce: u64,
}

struct Order {
    names: Vec<String>,
    answered: BTreeMap<usize, bool>,
    chain: Option<String>,
}

struct Shared {
    port: u16,
    webroot: PathBuf,
    script: Mutex<Script>,
    ends: AtomicBool,
    /// Copies of what is open, to end it.
    open: Mutex<BTreeMap<usize, TcpStream>>,
}

/// A running CA.
pub struct Ca {
    shared: Arc<Shared>,
    accepts: Option<JoinHandle<()>>,
}

impl Ca {
    /// A good CA behind this certificate; it finds http-01 answers below `webroot`.
    pub fn start(leaf: &Leaf, webroot: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let shared = Arc::new(Shared {
            port: listener.local_addr().unwrap().port(),
            webroot,
            script: Mutex::new(Script {
                twist: None,
                renewal_info: false,
                well_from: usize::MAX,
                door: Door::Open,
                form: Form::good(),
                tls: tls(leaf),
                orders: Vec::new(),
                asked: Vec::new(),
                sent: Vec::new(),
                issued: String::new(),
                next_nonce: 0,
            }),
            ends: AtomicBool::new(false),
            open: Mutex::default(),
        });
        let own = shared.clone();
        Self {
            shared,
            accepts: Some(thread::spawn(move || wire::accept(&listener, &own))),
        }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.shared.script()
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// From now on replies of these kinds are twisted.
    pub fn twist(&self, steps: &[Step], twist: Twist) {
        let mut script = self.script();
        script.twist = Some((steps.to_vec(), twist));
        script.well_from = usize::MAX;
    }

    /// From now on it gives renewal information.
    pub fn offer_renewal_info(&self) {
        self.script().renewal_info = true;
    }

    /// From now on orders are well that are not made yet; what is twisted of others stays so.
    pub fn spare_new_orders(&self) {
        let mut script = self.script();
        script.well_from = script.orders.len();
    }

    /// From now on all is well.
    pub fn heal(&self) {
        let mut script = self.script();
        (script.twist, script.door) = (None, Door::Open);
        script.form = Form::good();
    }

    /// What new connections meet from now on.
    pub fn door(&self, door: Door) {
        self.script().door = door;
    }

    /// How certificates are made from now on.
    pub fn form(&self, form: Form) {
        self.script().form = form;
    }

    /// The certificate of its server from now on.
    pub fn wear(&self, leaf: &Leaf) {
        self.script().tls = tls(leaf);
    }

    /// What it was asked so far.
    pub fn asked(&self) -> Vec<Step> {
        self.script().asked.clone()
    }

    /// What it was sent with requests of that kind so far.
    pub fn sent(&self, step: Step) -> Vec<Value> {
        let script = self.script();
        let pairs = script.asked.iter().zip(&script.sent);
        let of_step = pairs.filter(|(asked, _)| **asked == step);
        of_step.map(|(_, sent)| sent.clone()).collect()
    }

    /// The chain that it made last.
    pub fn issued(&self) -> String {
        self.script().issued.clone()
    }
}

impl Drop for Ca {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::SeqCst);
        // Wakes the listener.
        drop(TcpStream::connect(("127.0.0.1", self.port())));
        for stream in self.shared.open.lock().unwrap().values() {
            // One that has ended by itself is as good.
            let _ = stream.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.accepts.take() {
            let _ = thread.join();
        }
    }
}

fn tls(leaf: &Leaf) -> Arc<ServerConfig> {
    let chain = leaf.chain.iter().cloned().map(CertificateDer::from);
    let key = PrivateKeyDer::Pkcs8(leaf.pkcs8.clone().into());
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain.collect(), key)
        .unwrap();
    // For records that rustls would not write.
    config.enable_secret_extraction = true;
    Arc::new(config)
}

impl Shared {
    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("https://localhost:{}{path}", self.port)
    }

    fn answer(&self, asked: &wire::Asked) -> Reply {
        let mut script = self.script();
        let mut parts = asked.path.trim_matches('/').split('/');
        let kind = parts.next().unwrap_or_default();
        let mut number = || parts.next().and_then(|n| n.parse::<usize>().ok());
        let (order, name) = (number(), number().unwrap_or_default());
        let step = match (kind, order) {
            ("dir", None) => Step::Directory,
            ("nonce", None) => Step::Nonce,
            ("account", None) => Step::Account,
            ("account", Some(1)) => Step::OneAccount,
            ("eab", None) => Step::External,
            ("order", None) => Step::Order,
            ("order", Some(_)) => Step::Poll,
            ("authz", Some(_)) => Step::Authz,
            ("challenge", Some(_)) => Step::Challenge,
            ("finalize", Some(_)) => Step::Finalize,
            ("certificate", Some(_)) => Step::Certificate,
            ("ari", _) => Step::Renewal,
            _ => Step::Elsewhere,
        };
        script.asked.push(step);
        script.sent.push(asked.payload.clone());
        let known = step == Step::OneAccount || order.is_none_or(|n| n < script.orders.len());
        let mut reply = if known {
            self.good(&mut script, step, order.unwrap_or_default(), name, asked)
        } else {
            not_found()
        };
        script.next_nonce += 1;
        let nonce = format!("nonce-{}", script.next_nonce);
        reply.header("Replay-Nonce", &nonce);
        // A new order has the number that was just given.
        let number = order.unwrap_or_else(|| script.orders.len().saturating_sub(1));
        if let Some((at, twist)) = &script.twist
            && at.contains(&step)
            && (step == Step::OneAccount || number < script.well_from)
        {
            let twist = twist.clone();
            drop(script);
            twist(&mut reply);
        }
        reply
    }

    fn good(
        &self,
        script: &mut Script,
        step: Step,
        order: usize,
        name: usize,
        asked: &wire::Asked,
    ) -> Reply {
        match step {
            Step::Directory => {
                let mut value = json!({
                    "newNonce": self.url("/nonce"), "newAccount": self.url("/account"),
                    "newOrder": self.url("/order"), "meta": {"profiles": {"default": "the only one"}},
                });
                if script.renewal_info {
                    value["renewalInfo"] = self.url("/ari").into();
                }
                Reply::json(200, &value)
            }
            Step::Renewal => {
                let time = |days| now().plus(Timestamp::days(days)).to_string();
                let window = json!({"start": time(1), "end": time(2)});
                let mut reply = Reply::json(200, &json!({"suggestedWindow": window}));
                reply.header("Retry-After", "21600");
                reply
            }
            Step::Nonce => Reply::json(200, &Value::Null),
            Step::Account => {
                let mut reply = Reply::json(201, &json!({"status": "valid"}));
                reply.header("Location", &self.url("/account/1"));
                reply
            }
            Step::OneAccount => Reply::json(200, &json!({"status": "valid"})),
            Step::External => Reply::json(
                200,
                &json!({"success": true, "eab_kid": "kid-by-mail", "eab_hmac_key": "c2VjcmV0cw"}),
            ),
            Step::Order => {
                let names = asked.payload["identifiers"].as_array().unwrap();
                let text = |n: &Value| n["value"].as_str().unwrap().to_owned();
                script.orders.push(Order {
                    names: names.iter().map(text).collect(),
                    answered: BTreeMap::new(),
                    chain: None,
                });
                let number = script.orders.len() - 1;
                let mut reply = Reply::json(201, &self.order(script, number));
                reply.header("Location", &self.url(&format!("/order/{number}")));
                reply
            }
            Step::Poll => Reply::json(200, &self.order(script, order)),
            Step::Authz => {
                Reply::json(200, &self.authorization(&script.orders[order], order, name))
            }
            Step::Challenge => {
                let token = token(order, name);
                let folder = self.webroot.join(".well-known/acme-challenge");
                let text = std::fs::read_to_string(folder.join(&token)).unwrap_or_default();
                let good = text.starts_with(&format!("{token}."));
                script.orders[order].answered.entry(name).or_insert(good);
                let list = self.authorization(&script.orders[order], order, name);
                Reply::json(200, &list["challenges"][0])
            }
            Step::Finalize => {
                let csr = asked.payload["csr"].as_str().unwrap_or_default();
                let csr = URL_SAFE_NO_PAD.decode(csr).unwrap_or_default();
                if script.orders[order].status() != "ready" || !pki::is_request(&csr) {
                    let mut reply = not_found();
                    reply.problem(403, "orderNotReady", "the order is not ready");
                    return reply;
                }
                let chain = pki::issue(&csr, &script.orders[order].names, &script.form);
                script.issued.clone_from(&chain);
                script.orders[order].chain = Some(chain);
                Reply::json(200, &self.order(script, order))
            }
            Step::Certificate => match &script.orders[order].chain {
                Some(chain) => Reply::pem(chain),
                None => not_found(),
            },
            Step::Elsewhere => not_found(),
        }
    }

    fn order(&self, script: &Script, number: usize) -> Value {
        let order = &script.orders[number];
        let authz = |n: usize| self.url(&format!("/authz/{number}/{n}"));
        let week = now().plus(Timestamp::days(7));
        let mut value = json!({
            "status": order.status(),
            "expires": week.to_string(),
            "authorizations": (0..order.names.len()).map(authz).collect::<Vec<_>>(),
            "finalize": self.url(&format!("/finalize/{number}")),
        });
        if order.chain.is_some() {
            value["certificate"] = self.url(&format!("/certificate/{number}")).into();
        }
        value
    }

    fn authorization(&self, order: &Order, number: usize, name: usize) -> Value {
        let status = match order.answered.get(&name) {
            None => "pending",
            Some(true) => "valid",
            Some(false) => "invalid",
        };
        json!({
            "identifier": {"type": "dns", "value": order.names[name]},
            "status": status,
            "challenges": [{
                "type": "http-01", "status": status, "token": token(number, name),
                "url": self.url(&format!("/challenge/{number}/{name}")),
            }],
        })
    }
}

impl Order {
    fn status(&self) -> &'static str {
        let answers = self.answered.values();
        match (self.answered.values().all(|good| *good), &self.chain) {
            (false, _) => "invalid",
            (true, Some(_)) => "valid",
            (true, None) if answers.len() == self.names.len() => "ready",
            (true, None) => "pending",
        }
    }
}

/// The time of the machine.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp(i64::try_from(since.as_secs()).unwrap())
}

fn token(order: usize, name: usize) -> String {
    format!("token-of-order-{order}-and-name-{name}")
}

fn not_found() -> Reply {
    let mut reply = Reply::json(404, &Value::Null);
    reply.problem(404, "malformed", "there is no such thing here");
    reply
}
