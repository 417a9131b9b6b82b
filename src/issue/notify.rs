//! Tells others when a section fails, works again, or is about to expire: each once. It comes after
//! the work and after the lock, and what cannot be told is told by a later run.

use super::Engine;
use crate::config::{Cert, Notify};
use crate::deploy::notify_program;
use crate::net::{Client, Limits, Options, Roots};
use crate::plan::urgent;
use crate::store::{Area, Lock};
use crate::types::{
    Attempt, Held, Inventory, Method, Request, SectionName, Stage, State, Timestamp, Told,
    Transport, Version,
};
use ring::digest;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// How long one who is told may take.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(5),
    call: Duration::from_secs(10),
};
/// After that nobody else is told by this run.
const WHOLE: Duration = Duration::from_secs(30);
/// What is read of an answer: nothing in it matters.
const REPLY_MAX: usize = 64 * 1024;

/// What is the matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// An attempt failed.
    Failed,
    /// What failed before works again.
    Recovered,
    /// Less than 1/20 of the life is left.
    Urgent,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Recovered => "recovered",
            Self::Urgent => "urgent",
        }
    }
}

/// Something that somebody is to be told.
#[derive(Clone, Debug)]
pub struct News {
    section: SectionName,
    event: Event,
    /// The certificate in use, by its fingerprint.
    certificate: String,
    /// To whom, by digest.
    to: BTreeSet<String>,
    text: String,
    /// The message, JSON.
    message: String,
}

impl News {
    /// Notes that somebody was told. A note that cannot be written means that he is told again.
    fn note(&self, area: &Area, who: String) {
        let mut told = area.held().told;
        if told.certificate != self.certificate {
            told.urgent.clear();
            told.certificate.clear();
        }
        match self.event {
            Event::Failed => drop(told.failed.insert(who)),
            Event::Recovered => drop(told.failed.remove(&who)),
            Event::Urgent => {
                told.certificate.clone_from(&self.certificate);
                told.urgent.insert(who);
            }
        }
        let _ = area.put_told(&told);
    }

    /// False if one was told since it became news.
    fn is_news(&self, told: &Told, who: &str) -> bool {
        match self.event {
            Event::Failed => !told.failed.contains(who),
            Event::Recovered => told.failed.contains(who),
            Event::Urgent => told.certificate != self.certificate || !told.urgent.contains(who),
        }
    }
}

/// What there is news of.
struct Subject<'a> {
    section: &'a SectionName,
    fingerprint: &'a str,
    names: Vec<String>,
}

/// By what one who is told is known in notes.
fn id(notify: &Notify) -> String {
    let text = match notify {
        Notify::Url(url) => url.expose(),
        Notify::Program(name) => name,
    };
    let hash = digest::digest(&digest::SHA256, text.as_bytes());
    let bytes = hash.as_ref()[..8].iter();
    bytes.map(|b| format!("{b:02x}")).collect()
}

/// The version that life is counted by.
fn in_use(held: &Held) -> Option<&Version> {
    held.current().or_else(|| held.versions.first())
}

/// The fingerprint of that.
fn print(held: &Held) -> String {
    in_use(held).map_or_else(String::new, |v| v.meta.fingerprint.clone())
}

/// True if less than 1/20 of the life is left.
fn is_urgent(held: &Held, now: Timestamp) -> bool {
    in_use(held).is_some_and(|v| now >= urgent(&v.meta))
}

impl Engine<'_> {
    /// What others are to be told, by what is held now.
    pub(super) fn news(&self, inventory: &Inventory) -> Vec<News> {
        let wanted = &self.config.global.notify;
        if wanted.is_empty() {
            return Vec::new();
        }
        let all: BTreeSet<String> = wanted.iter().map(id).collect();
        let certs = self.config.certs.iter().filter(|c| c.enabled && !c.staging);
        let of = |cert: &Cert| {
            let subject = Subject {
                section: &cert.name,
                fingerprint: &cert.fingerprint,
                names: cert.names.iter().map(|n| n.id.to_string()).collect(),
            };
            self.news_of(&subject, inventory.held(&cert.name), &all)
        };
        let wrong = self.config.broken.iter();
        let wrong = wrong.filter(|(section, _)| !self.config.unserved.contains(section));
        let wrong = wrong.flat_map(|(section, why)| self.news_of_wrong(section, why, &all));
        certs.flat_map(of).chain(wrong).collect()
    }

    /// What nobody can work on is a failure, too, and its certificate ends like any other.
    fn news_of_wrong(&self, section: &SectionName, why: &str, all: &BTreeSet<String>) -> Vec<News> {
        let now = self.clock.now().0;
        let mut held = self.area_of(section).held();
        held.attempt = Some(Attempt {
            at: now,
            next: now,
            failures: 1,
            state: State::InternalError,
            stage: Stage::Account,
            problem: format!("its configuration is wrong: {why}"),
            remedy: "correct it: until then it is not renewed".into(),
            names: BTreeMap::new(),
            fingerprint: String::new(),
            accounts: BTreeMap::new(),
        });
        let subject = Subject {
            section,
            fingerprint: "",
            names: in_use(&held).map_or_else(Vec::new, |v| v.meta.names.clone()),
        };
        self.news_of(&subject, &held, all)
    }

    fn news_of(&self, of: &Subject<'_>, held: &Held, all: &BTreeSet<String>) -> Vec<News> {
        let now = self.clock.now();
        let mut news = Vec::new();
        let mut add = |event, to: BTreeSet<String>| {
            if !to.is_empty() {
                news.push(self.message(of, held, event, to));
            }
        };
        let told = &held.told;
        let failed = held.attempt.as_ref();
        match failed.map(|a| a.fingerprint == of.fingerprint) {
            Some(true) => add(Event::Failed, all - &told.failed),
            // What failed before the section was changed says nothing yet.
            Some(false) => {}
            None => add(Event::Recovered, all & &told.failed),
        }
        let banned = held.ban(of.fingerprint).is_some();
        if let Some(version) = in_use(held).filter(|_| is_urgent(held, now) && !banned) {
            let same = told.certificate == version.meta.fingerprint;
            add(
                Event::Urgent,
                if same {
                    all - &told.urgent
                } else {
                    all.clone()
                },
            );
        }
        news
    }

    fn message(&self, of: &Subject<'_>, held: &Held, event: Event, to: BTreeSet<String>) -> News {
        let section = of.section;
        let end = in_use(held).map(|v| v.meta.not_after);
        let until = end.map_or_else(String::new, |end| format!(" until {}", Timestamp(end)));
        let failed = held.attempt.as_ref().filter(|_| event != Event::Recovered);
        let why = failed.map_or_else(String::new, |a| format!("{} — {}", a.problem, a.remedy));
        let text = match event {
            Event::Failed => why,
            Event::Recovered => format!("it works again; the certificate is valid{until}"),
            Event::Urgent => {
                let why = match why.is_empty() {
                    true => format!("`certkeeper status {section}` tells more"),
                    false => why,
                };
                format!("the certificate is valid{until} and is not renewed yet: {why}")
            }
        };
        let host = std::fs::read_to_string(self.paths.at("/proc/sys/kernel/hostname"));
        let host = host.unwrap_or_default();
        let message = json!({
            "event": event.name(), "section": section.as_str(), "host": host.trim(), "names": of.names,
            "at": self.clock.now().0, "not_after": end, "text": format!("{section}: {text}"),
            "state": failed.map(|a| a.state), "stage": failed.map(|a| a.stage),
            "problem": failed.map(|a| &a.problem), "remedy": failed.map(|a| &a.remedy),
            "next": failed.map(|a| a.next),
        });
        News {
            section: section.clone(),
            event,
            certificate: print(held),
            to,
            text,
            message: message.to_string(),
        }
    }

    /// Tells the news, and notes who was told. The caller no longer holds the lock: nobody waits for
    /// those who are told. `say` hears what could not be told.
    pub fn notify(&self, news: &[News], say: &mut dyn FnMut(&str)) {
        // Another run that is at it tells what there is; what came since is for the next one.
        let Ok(Some(_alone)) = Lock::take_notify(self.paths) else {
            return;
        };
        let begin = Instant::now();
        let mut client = None;
        for item in news {
            let area = self.area_of(&item.section);
            let wanted = self.config.global.notify.iter();
            let open =
                |n: &&Notify| item.to.contains(&id(n)) && item.is_news(&area.held().told, &id(n));
            for notify in wanted.filter(open) {
                if begin.elapsed() > WHOLE {
                    say("not everybody could be notified in time; the next run goes on");
                    return;
                }
                let sent = match notify {
                    Notify::Url(url) => {
                        let client = client.get_or_insert_with(|| self.poster());
                        post(client, url.expose(), &item.message)
                    }
                    Notify::Program(name) => {
                        let args = [item.event.name(), item.section.as_str(), &item.text];
                        notify_program(self.paths, name, &args, LIMITS.call)
                    }
                };
                let section = &item.section;
                match sent {
                    Ok(()) => item.note(&area, id(notify)),
                    Err(why) => say(&format!(
                        "{section}: notify: {why}; the next run tries it again"
                    )),
                }
            }
        }
    }

    /// What is kept of a section; of tests nobody is told.
    fn area_of(&self, section: &SectionName) -> Area {
        Area::new(self.paths, section, false)
    }

    /// Without a listener for single requests: the whole URL may be a secret.
    fn poster(&self) -> Client {
        Client::new(Options {
            user_agent: concat!("certkeeper/", env!("CARGO_PKG_VERSION")).into(),
            roots: Roots::Bundle(self.config.global.ca_bundle.clone()),
            allow_http: true,
            limits: LIMITS,
        })
    }
}

fn post(client: &Client, url: &str, message: &str) -> Result<(), String> {
    let reply = client.call(&Request {
        method: Method::Post,
        url,
        headers: &[("content-type", "application/json")],
        body: message.as_bytes(),
        max_reply: REPLY_MAX,
    });
    match reply {
        Ok(reply) if reply.ok() => Ok(()),
        Ok(reply) => {
            let host = url.split('/').nth(2).unwrap_or_default();
            Err(format!("{host} answers with status {}", reply.status))
        }
        Err(e) => Err(e.to_string()),
    }
}
