//! The HTTP client and ACME client of each account, made once a run.

use super::failure::Failure;
use super::{Engine, Trace};
use crate::acme::account::Registration;
use crate::acme::{AcmeError, Client, Directory, Nonces};
use crate::config::{Account, Cert};
use crate::keys::AccountKey;
use crate::net::{self, Limits, Options, Roots};
use crate::status::Recorder;
use crate::store::{AccountNote, AccountStore};
use crate::types::{
    CLOCK_MARGIN, Clock, Request, Response, Stage, State, Timestamp, Transport, TransportError,
    few, shown,
};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Instant;

/// A CA's texts are shown up to this length.
const SHOWN: usize = 200;

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
    Http {
        client: net::Client::new(Options {
            user_agent: concat!("certkeeper/", env!("CARGO_PKG_VERSION")).into(),
            roots,
            allow_http,
            limits: Limits::default(),
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
    transport: Http<'e>,
    directory: Directory,
    nonces: Nonces,
}

impl<'e> Clients<'e> {
    /// The CA of an account: its directory is fetched once a run.
    pub fn connect(
        &mut self,
        engine: &Engine<'e>,
        cert: &Cert,
    ) -> Result<Rc<Connected<'e>>, Failure> {
        let account = &cert.account;
        let key = (account.name.clone(), account.directory.clone());
        if let Some(known) = self.0.get(&key) {
            return known.clone();
        }
        let made = connect(engine, cert).map(Rc::new);
        self.0.insert(key, made.clone());
        made
    }
}

fn connect<'e>(engine: &Engine<'e>, cert: &Cert) -> Result<Connected<'e>, Failure> {
    let now = engine.clock.now();
    if now < Timestamp::EARLIEST {
        return Err(clock_wrong(format!("the clock shows {now}")));
    }
    let transport = http(engine, roots(engine, &cert.account), false);
    let directory = Directory::fetch(&transport, engine.clock, &cert.account.directory)
        .map_err(|e| Failure::of_acme(cert, &e))?;
    if let Some(date) = directory.date.filter(|_| !engine.clock_is_set) {
        let off = now.since(date);
        if off.abs() > CLOCK_MARGIN {
            let way = if off > 0 { "ahead of" } else { "behind" };
            let minutes = off.abs() / 60;
            let text = format!(
                "the clock is {minutes} minutes {way} that of {}",
                cert.account.ca
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

/// An ACME client with the account of a section; the account is made if there is none.
pub fn client<'a>(
    engine: &Engine<'_>,
    connected: &'a Connected<'_>,
    clock: &'a dyn Clock,
    cert: &Cert,
    record: &mut Recorder<'_>,
) -> Result<Client<'a>, Failure> {
    let account = &cert.account;
    let store = AccountStore::new(engine.paths, &account.name, &account.directory);
    let key = match store.key()? {
        Some(pem) => AccountKey::from_pem(&String::from_utf8_lossy(&pem))?,
        None => {
            check_terms(engine, connected, cert)?;
            let key = AccountKey::generate()?;
            store.put_key(&key.to_pem())?;
            key
        }
    };
    let mut client = Client::new(
        &connected.directory,
        &connected.nonces,
        &connected.transport,
        clock,
        key,
    );
    match store.note()? {
        Some(note) if note.directory == account.directory => {
            client.use_account(Some(note.url.clone()));
            if note.email != account.email {
                record.enter(
                    clock.now(),
                    Stage::Account,
                    "telling the CA the new contact",
                );
                match client.update_contact(registration(engine, account)) {
                    Ok(()) => store.put_note(&AccountNote {
                        email: account.email.clone(),
                        ..note
                    })?,
                    // The CA lost the account (staging servers do); the key makes it again.
                    Err(e) if e.kind() == "accountDoesNotExist" => {
                        register(engine, connected, &mut client, cert, record)?;
                    }
                    Err(e) => return Err(Failure::of_acme(cert, &e)),
                }
            }
        }
        _ => register(engine, connected, &mut client, cert, record)?,
    }
    Ok(client)
}

/// Makes an account of the client's key, or finds the one it has.
pub fn register(
    engine: &Engine<'_>,
    connected: &Connected<'_>,
    client: &mut Client<'_>,
    cert: &Cert,
    record: &mut Recorder<'_>,
) -> Result<(), Failure> {
    check_terms(engine, connected, cert)?;
    let account = &cert.account;
    let now = engine.clock.now();
    record.enter(
        now,
        Stage::Account,
        &format!("registering with {}", account.ca),
    );
    let url = client
        .register(registration(engine, account))
        .map_err(|e: AcmeError| Failure::of_acme(cert, &e))?;
    let store = AccountStore::new(engine.paths, &account.name, &account.directory);
    store.put_note(&AccountNote {
        url,
        directory: account.directory.clone(),
        email: account.email.clone(),
        created: now.0,
    })?;
    Ok(())
}

fn registration<'a>(engine: &Engine<'_>, account: &'a Account) -> Registration<'a> {
    Registration {
        email: account.email.as_deref(),
        terms_agreed: engine.config.global.accept_tos,
    }
}

/// A profile must be one that the CA offers (draft-ietf-acme-profiles).
pub fn check_profile(connected: &Connected<'_>, cert: &Cert) -> Result<(), Failure> {
    let offered = &connected.directory.meta.profiles;
    match &cert.profile {
        Some(profile) if !offered.contains_key(profile) => {
            let remedy = match few(offered.keys().map(String::as_str)) {
                none if none.is_empty() => "it has no profiles: leave cert_profile out".to_owned(),
                all => format!("its profiles are: {all}; correct cert_profile or leave it out"),
            };
            let text = format!("{} has no profile '{profile}'", cert.account.ca);
            Err(Failure::new(State::Invalid, text, remedy).until_change())
        }
        _ => Ok(()),
    }
}

/// Nobody but the owner agrees to a CA's terms.
pub fn check_terms(
    engine: &Engine<'_>,
    connected: &Connected<'_>,
    cert: &Cert,
) -> Result<(), Failure> {
    let ca = &cert.account.ca;
    let meta = &connected.directory.meta;
    if meta.external_account_required {
        let text = format!("{ca} makes accounts only for external ones it knows (EAB)");
        let remedy = "this version cannot do that; choose another CA (`certkeeper cas`)";
        return Err(Failure::new(State::Invalid, text, remedy).until_change());
    }
    match &meta.terms_of_service {
        Some(link) if !engine.config.global.accept_tos => Err(Failure::new(
            State::Invalid,
            format!(
                "the terms of {ca} are not accepted yet: {}",
                shown(link, SHOWN)
            ),
            "read them, then: uci set certkeeper.global=certkeeper && uci set certkeeper.global.accept_tos=1 && uci commit certkeeper",
        )
        .until_change()),
        _ => Ok(()),
    }
}
