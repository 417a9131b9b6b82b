//! What a CA and DNS providers send, handed to every reader of replies.
//!
//! The input is a reply: a status, header lines, an empty line, the body. Without a number in front
//! all of it is the body of a 200.
#![no_main]

use certkeeper::acme::account::Registration;
use certkeeper::acme::{
    AcmeError, Authorization, Client, Directory, Nonces, Order, Problem, Status, ari, eab,
};
use certkeeper::dns::{Context, TxtRecord, modules};
use certkeeper::keys::AccountKey;
use certkeeper::types::{
    Clock, Identifier, Interrupted, Method, Nameserver, RenewalInfo, Request, Response, Secret,
    Timestamp, Transport, TransportError, Update, UpdateError,
};
use certkeeper_fuzz::assert_shown;
use libfuzzer_sys::fuzz_target;
use std::cell::Cell;
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_795_262_400); // 2026-11-21T12:00:00Z
const URL: &str = "https://ca.test/1";
/// How long an order is watched.
const WATCH: i64 = 60;
/// More requests for one thing than this: it goes in circles.
const CALLS_MAX: u32 = 500;
/// The account's key; any will do.
const KEY: &str = include_str!("../corpus/pem_der/ec256.pem");

thread_local! {
    /// The directory that requests for orders and authorizations go by.
    static DIRECTORY: Directory = {
        let body = include_bytes!("../corpus/ca_json/directory").to_vec();
        Directory::fetch(&Replies::always(reply(&body)), &Sleeper::default(), URL).expect("a directory")
    };
}

fuzz_target!(|input: &[u8]| {
    let reply = reply(input);
    let replies = Replies::always(reply.clone());
    if let Some(problem) = Problem::parse(&reply.body) {
        check_problem(&problem);
    }
    match Directory::fetch(&replies, &Sleeper::default(), URL) {
        Ok(directory) => drop(format!("{directory:?}")),
        Err(why) => check_error(&why),
    }
    DIRECTORY.with(|directory| ask(directory, &replies));
    providers(&replies);
});

/// Splits the input into status, headers and body.
fn reply(input: &[u8]) -> Response {
    let whole = || Response {
        status: 200,
        headers: Vec::new(),
        body: input.to_vec(),
    };
    let Some(end) = input.windows(2).position(|two| two == b"\n\n") else {
        return whole();
    };
    let head = String::from_utf8_lossy(&input[..end]);
    let mut lines = head.lines();
    let Some(status) = lines.next().and_then(|line| line.trim().parse().ok()) else {
        return whole();
    };
    let headers = lines.filter_map(|line| line.split_once(": "));
    Response {
        status,
        headers: headers
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect(),
        body: input[end + 2..].to_vec(),
    }
}

/// Answers every request alike, but with a nonce where one is asked for.
struct Replies {
    reply: Response,
    calls: Cell<u32>,
}

impl Replies {
    fn always(reply: Response) -> Self {
        let calls = Cell::new(0);
        Self { reply, calls }
    }
}

impl Transport for Replies {
    fn call(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        self.calls.set(self.calls.get() + 1);
        assert!(self.calls.get() <= CALLS_MAX, "too many requests");
        if request.method == Method::Head {
            return Ok(Response {
                status: 200,
                headers: vec![("replay-nonce".into(), "nonce".into())],
                body: Vec::new(),
            });
        }
        Ok(self.reply.clone())
    }
}

/// A clock that goes on only when somebody sleeps.
#[derive(Default)]
struct Sleeper(Cell<Duration>);

impl Clock for Sleeper {
    fn now(&self) -> Timestamp {
        NOW.plus(i64::try_from(self.0.get().as_secs()).unwrap_or(i64::MAX))
    }

    fn go_on(&self) -> Result<(), Interrupted> {
        Ok(())
    }

    fn sleep(&self, time: Duration) -> Result<(), Interrupted> {
        self.0.set(self.0.get().saturating_add(time));
        Ok(())
    }
}

/// Asks for all that a CA is asked for.
fn ask(directory: &Directory, replies: &Replies) {
    let clock = Sleeper::default();
    let nonces = Nonces::default();
    let key = AccountKey::from_pem(KEY).expect("a key");
    let mut client = Client::new(directory, &nonces, replies, &clock, key);
    let seen = |error: &AcmeError| {
        check_error(error);
        replies.calls.set(0);
    };
    let binding = eab::by_email(replies, clock.now(), URL, "a@example.org");
    if let Err(why) = &binding {
        seen(why);
    }
    let registration = Registration {
        email: Some("a@example.org"),
        terms_agreed: true,
        binding: binding.as_ref().ok(),
    };
    for made in [client.register(registration), client.find()] {
        match made {
            Ok(account) => assert_url(&account.url),
            Err(why) => seen(&why),
        }
    }
    for state in [client.account_state(), client.update_contact(None)] {
        if let Err(why) = state {
            seen(&why);
        }
    }
    client.use_account(Some(URL.into()));
    match client.authorization(URL) {
        Ok(authorization) => check_authorization(&client, &authorization),
        Err(why) => seen(&why),
    }
    let names = [Identifier::parse("a.example.org").expect("a name")];
    match client.new_order(&names, None, None) {
        Ok(order) => assert_url(&order.url),
        Err(why) => seen(&why),
    }
    let info = ari::ask(replies, &clock, directory, "aki.serial", None);
    check_renewal(&info.expect("nobody stops it"), clock.now());
    replies.calls.set(0);
    match client.order(URL) {
        Ok(order) => check_order(&client, &order),
        Err(why) => return seen(&why),
    }
    replies.calls.set(0);
    let begin = clock.now();
    let until = begin.plus(WATCH);
    let busy = [Status::Pending, Status::Processing];
    if let Ok(Err(order)) = client.wait(URL, &busy, until) {
        assert!(busy.contains(&order.status));
    }
    assert!(clock.now().since(begin) <= WATCH, "it waits for too long");
}

fn check_renewal(info: &RenewalInfo, now: Timestamp) {
    let wait = Timestamp(info.ask_at).since(now);
    assert!((60..=86_400).contains(&wait), "asked again in {wait} s");
    assert!(info.window.is_none_or(|w| w.start < w.end), "{info:?}");
    assert_eq!(info.window.is_none(), info.problem.is_some());
    for text in [&info.explanation_url, &info.problem].into_iter().flatten() {
        assert_shown(text);
    }
}

#[track_caller]
fn assert_url(url: &str) {
    assert!(url.starts_with("https://") && url.len() <= 2048, "{url}");
    assert_shown(url);
}

fn check_error(error: &AcmeError) {
    assert_shown(&error.to_string());
    assert_shown(error.kind());
    if let Some(problem) = error.problem() {
        check_problem(problem);
    }
}

fn check_problem(problem: &Problem) {
    assert_shown(&problem.to_string());
    assert_shown(&problem.detail());
    assert_shown(problem.kind());
    assert!(problem.to_string().chars().count() <= 500);
    if let Some(link) = problem.link() {
        assert!(link.starts_with("https://"), "{link}");
        assert_shown(&link);
    }
    problem.subproblems().iter().for_each(check_problem);
}

fn check_order(client: &Client<'_>, order: &Order) {
    if let Some(problem) = &order.error {
        check_problem(problem);
    }
    let expires = order.expires.as_deref();
    if let Some(time) = expires.and_then(Timestamp::parse_rfc3339) {
        // The years that RFC 3339 can write; an offset may lead beyond them.
        let (year, ..) = time.date();
        if (2..9999).contains(&year) {
            assert_eq!(Timestamp::parse_rfc3339(&time.to_string()), Some(time));
        }
    }
    for result in [
        client.chain(order).map(drop),
        client.finalize(order, b"x").map(drop),
    ] {
        if let Err(why) = result {
            check_error(&why);
        }
    }
}

fn check_authorization(client: &Client<'_>, authorization: &Authorization) {
    for kind in ["http-01", "dns-01"] {
        let Some(challenge) = authorization.challenge(kind) else {
            continue;
        };
        if let Some(problem) = &challenge.error {
            check_problem(problem);
        }
        match challenge.token() {
            // It becomes the name of a file.
            Ok(token) => {
                assert!(!token.is_empty() && !token.contains(['/', '.', '\0']));
                assert!(client.key_authorization(token).starts_with(token));
                assert_eq!(client.txt_value(token).len(), 43);
            }
            Err(why) => check_error(&why),
        }
        if let Err(why) = client.answer(challenge) {
            check_error(&why);
        }
    }
}

/// Each provider that speaks HTTP writes a record and takes it back.
fn providers(replies: &Replies) {
    let record = TxtRecord {
        name: "_acme-challenge.a.example.org".into(),
        value: "gfj9Xq…Rg85nM".into(),
    };
    let settings = [
        ("HTTPREQ_ENDPOINT", "https://dns.test"),
        ("PDNS_Url", "http://192.0.2.53:8081"),
        ("ACMEDNS_BASE_URL", "https://auth.test"),
    ];
    for module in modules() {
        let fields = module.descriptor.fields.iter();
        let value = |name: &str| settings.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
        let given = fields.filter_map(|field| match (field.secret, field.default) {
            // Any text does for a token. What is no secret may be shown.
            (true, _) => Some((field.name, "hunter2")),
            (false, None) => Some((field.name, value(field.name).unwrap_or("setting"))),
            (false, Some(_)) => value(field.name).map(|value| (field.name, value)),
        });
        let credentials = given
            .map(|(name, value)| (name.to_owned(), Secret::new(value)))
            .collect();
        let clock = Sleeper::default();
        let context = Context {
            descriptor: module.descriptor,
            credentials,
            http: replies,
            nameserver: &Nobody,
            clock: &clock,
        };
        replies.calls.set(0);
        // `exec` has no program to start.
        let Ok(provider) = (module.open)(context) else {
            continue;
        };
        for there in [true, false] {
            replies.calls.set(0);
            let done = provider.change(&record, there);
            if let Err(why) = done.and_then(|()| provider.wait()) {
                assert_shown(&why.to_string());
                let why = why.to_string();
                assert!(
                    !why.contains("hunter2"),
                    "{}: {why}",
                    module.descriptor.name
                );
            }
        }
    }
}

/// No nameserver answers.
struct Nobody;

impl Nameserver for Nobody {
    fn zone(&self, _: (&str, u16), _: &str) -> Result<Option<String>, UpdateError> {
        Err(UpdateError::Unreachable("nobody".into()))
    }

    fn update(&self, _: (&str, u16), _: &Update<'_>) -> Result<(), UpdateError> {
        Err(UpdateError::Unreachable("nobody".into()))
    }
}
