//! The way to each account's CA, made once a run.

use super::account::refused;
use super::failure::Failure;
use super::{Engine, Trace};
use crate::acme::{Client, Directory, Nonces};
use crate::config::{Account, Cert};
use crate::keys::AccountKey;
use crate::net::{self, Limits, Options, Roots};
use crate::types::{
    CLOCK_MARGIN, Clock, Request, Response, State, Timestamp, Transport, TransportError, few,
};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

/// An HTTP client whose requests may be listened to.
pub struct Http<'e> {
    client: net::Client,
    trace: Option<Trace<'e>>,
}

impl Transport for Http<'_> {
    fn call(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let Some(trace) = self.trace else {
            return self.client.call(request);
        };
        let begin = Instant::now();
        let reply = self.client.call(request);
        // A query may hold a token.
        let url = request.url.split('?').next().unwrap_or_default();
        let result = match &reply {
            Ok(reply) => format!("{}, {} bytes", reply.status, reply.body.len()),
            Err(e) => e.to_string(),
        };
        let time = begin.elapsed().as_millis();
        trace(&format!("{:?} {url}: {result} ({time} ms)", request.method));
        reply
    }
}

/// An HTTP client with these roots. CAs and most providers must be reached by https; `allow_http`
/// is for providers in the owner's own network.
pub fn http<'e>(engine: &Engine<'e>, roots: Roots, allow_http: bool) -> Http<'e> {
    client(engine, roots, allow_http, Limits::default())
}

/// The same in other times.
pub fn client<'e>(engine: &Engine<'e>, roots: Roots, allow_http: bool, limits: Limits) -> Http<'e> {
    Http {
        client: net::Client::new(Options {
            user_agent: concat!("certkeeper/", env!("CARGO_PKG_VERSION")).into(),
            roots,
            allow_http,
            limits,
        }),
        trace: engine.trace,
    }
}

/// The clients of a run, by account and directory. A CA that was not reached is not tried again for
/// the next section of the same run.
#[derive(Default)]
pub struct Clients<'e>(HashMap<(String, String), Result<Rc<Connected<'e>>, Failure>>);

/// A CA's directory and the way to it.
pub struct Connected<'e> {
    pub transport: Http<'e>,
    pub directory: Directory,
    nonces: Nonces,
}

impl Connected<'_> {
    /// A client of this key; it has no account yet.
    pub fn client<'a>(&'a self, clock: &'a dyn Clock, key: AccountKey) -> Client<'a> {
        Client::new(&self.directory, &self.nonces, &self.transport, clock, key)
    }
}

impl<'e> Clients<'e> {
    /// The CA of an account: its directory is fetched once a run.
    pub fn connect(
        &mut self,
        engine: &Engine<'e>,
        account: &Account,
    ) -> Result<Rc<Connected<'e>>, Failure> {
        let key = (account.name.clone(), account.directory.clone());
        if let Some(known) = self.0.get(&key) {
            return known.clone();
        }
        let made = connect(engine, account).map(Rc::new);
        self.0.insert(key, made.clone());
        made
    }
}

fn connect<'e>(engine: &Engine<'e>, account: &Account) -> Result<Connected<'e>, Failure> {
    let now = engine.clock.now();
    if now < Timestamp::EARLIEST {
        return Err(clock_wrong(format!("the clock shows {now}")));
    }
    let transport = http(engine, roots(engine, account), false);
    let directory = Directory::fetch(&transport, engine.clock, &account.directory)
        .map_err(|e| refused(account, &e))?;
    if let Some(date) = directory.date.filter(|_| !engine.clock_is_set) {
        let off = now.since(date);
        if off.abs() > CLOCK_MARGIN {
            let way = if off > 0 { "ahead of" } else { "behind" };
            let minutes = off.abs() / 60;
            let text = format!(
                "the clock is {minutes} minutes {way} that of {}",
                account.ca
            );
            return Err(clock_wrong(text));
        }
    }
    Ok(Connected {
        transport,
        directory,
        nonces: Nonces::default(),
    })
}

fn roots(engine: &Engine<'_>, account: &Account) -> Roots {
    match &account.ca_file {
        Some(file) => Roots::File(file.clone()),
        None => Roots::Bundle(engine.config.global.ca_bundle.clone()),
    }
}

fn clock_wrong(text: String) -> Failure {
    Failure::new(
        State::Deferred,
        text,
        "nothing is asked of a CA before the clock is right: look at `date` and the NTP settings \
         (`uci show system.ntp`)",
    )
}

/// A profile must be one that the CA offers (draft-ietf-acme-profiles).
pub fn check_profile(connected: &Connected<'_>, cert: &Cert) -> Result<(), Failure> {
    let offered = &connected.directory.meta.profiles;
    match &cert.profile {
        Some(profile) if !offered.contains(profile) => {
            let text = format!("{} has no profile '{profile}'", cert.account.ca);
            Err(Failure::new(State::Invalid, text, profiles(connected)).until_change())
        }
        _ => Ok(()),
    }
}

/// What the CA has to choose from, and what to do about another choice.
pub fn profiles(connected: &Connected<'_>) -> String {
    let offered = &connected.directory.meta.profiles;
    match few(offered.iter().map(String::as_str)) {
        none if none.is_empty() => "it has no profiles: leave cert_profile out".to_owned(),
        all => format!("its profiles are: {all}; correct cert_profile or leave it out"),
    }
}
