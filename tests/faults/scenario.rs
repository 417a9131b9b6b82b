//! From which state it begins what may go wrong, and how it must end.

use crate::check::{self, PRIMARY, Served};
use crate::kind::Kind;
use crate::receivers;
use crate::site::{Site, copy_tree};
use crate::strace::Program;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// One hour, after which cron runs certkeeper again.
pub const NEXT_RUN: i64 = 3600;
/// Two thirds of Pebble's 90 days, and a day.
const AGE: i64 = 61 * 86_400;
/// Tells the test [`ROLLBACK`] where to work.
pub const ROLLBACK_ROOT: &str = "CERTKEEPER_FAULTS_ROLLBACK";
/// The test that changes the current version when it is run as a program of its own.
pub const ROLLBACK: &str = "rolls_back_in_a_process_of_its_own";

/// A section with two keys; to make one of RSA at each step would take hours. Whatever time the CA
/// suggests.
const PAIR: &str = "\tlist key_type 'ec256'\n\tlist key_type 'rsa2048'\n\toption reuse_key '1'\n\toption renew_before '30'\n";

/// The account of all sections.
pub const ACCOUNT: &str = "pebble";

/// A site in the state in which a scenario begins.
pub struct Scenario {
    pub kind: Kind,
    pub site: Site,
    start: PathBuf,
    /// What is served at the beginning.
    before: Served,
    /// All certificates that are held at the beginning.
    held: BTreeMap<&'static str, BTreeSet<String>>,
}

impl Scenario {
    /// Prepares a site; `None` when a program is missing, which has been told.
    pub fn new(kind: Kind) -> Option<Self> {
        let site = Site::new(kind)?;
        let configure = |more: &[&str]| {
            // A second certificate has no section of its own.
            let own = kind
                .sections()
                .iter()
                .filter(|(name, _)| !name.contains('-'));
            let sections = own.zip(more.iter().chain(&["", ""]));
            let sections: Vec<_> = sections
                .map(|((name, domains), m)| (*name, *domains, *m))
                .collect();
            site.configure(&sections);
        };
        configure(&[]);
        let issue = |times: usize| {
            for _ in 0..times {
                site.run(&["renew", "--force"], 0).ok();
            }
        };
        match kind {
            Kind::First | Kind::FirstByDns => {}
            Kind::Renewal => {
                // Whatever time the CA suggests.
                configure(&["\toption renew_before '30'\n"]);
                issue(3);
                set_back(&site, "web");
            }
            Kind::Primary => {
                issue(1);
                configure(&["", "\toption primary '1'\n"]);
            }
            Kind::KeyType => {
                issue(1);
                configure(&["\toption key_type 'rsa2048'\n"]);
            }
            Kind::Pair => {
                configure(&[PAIR]);
                issue(1);
                set_back(&site, "web");
                set_back(&site, "web-rsa");
            }
            Kind::Rollback => issue(2),
            Kind::Rollover => {
                issue(1);
                fs::remove_dir_all(site.temp.path("etc/certkeeper/accounts")).expect("accounts");
            }
            Kind::Deployment => {
                receivers::install(&site);
                configure(&[receivers::OPTIONS]);
                issue(1);
                store_next(&site, || issue(1));
            }
        }
        let held = kind
            .sections()
            .iter()
            .map(|(name, _)| (*name, check::held(&site, name)))
            .collect();
        let mut scenario = Self {
            kind,
            start: site.copy(),
            site,
            before: Served::default(),
            held,
        };
        scenario.before = check::served(&scenario).expect("a good beginning");
        Some(scenario)
    }

    /// What is to be disturbed.
    pub fn program(&self) -> Program {
        match self.kind {
            Kind::Rollback => {
                let root = self.site.temp.root().display().to_string();
                Program::of_ours(ROLLBACK, ROLLBACK_ROOT, root)
            }
            Kind::Rollover => Program::certkeeper(&self.site, &["account", "rollover", ACCOUNT]),
            _ => Program::certkeeper(&self.site, &["renew"]),
        }
    }

    /// Back to the beginning.
    pub fn restore(&self) {
        self.site.restore(&self.start);
        // The CA cannot be brought back: each time it gets an account of its own.
        if self.kind == Kind::Rollover {
            self.site.run(&["account", "register", ACCOUNT], 0).ok();
        }
        self.boot();
    }

    /// Starts what runs beside certkeeper, as after a power cut.
    pub fn boot(&self) {
        if self.kind.has_receivers() {
            receivers::boot(&self.site);
        }
    }

    /// By which names certificates are served, [`PRIMARY`] apart, and the section of each.
    fn names(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let sections = self.kind.sections().iter().map(|(name, _)| (*name, *name));
        let told = receivers::NAMES.map(|name| (name, "web")).into_iter();
        sections.chain(told.filter(|_| self.kind.has_receivers()))
    }

    pub fn start(&self) -> &Path {
        &self.start
    }

    // ---- what must hold

    /// Whatever happened: what is served belongs together and is what was or what is to be, and no
    /// key is open to others.
    pub fn unbroken(&self) -> Vec<String> {
        let mut wrong = check::open_keys(&self.site);
        let served = match check::served(self) {
            Ok(served) => served,
            Err(text) => {
                wrong.push(text);
                return wrong;
            }
        };
        for (name, section) in self.names() {
            let (was, is) = (self.before.get(name), served.get(name));
            let fresh = |serial: &String| match self.kind {
                Kind::Rollback | Kind::Deployment => self.held[section].contains(serial),
                _ => self.kind.issues() && !self.held[section].contains(serial),
            };
            if was != is && !is.is_some_and(fresh) {
                wrong.push(format!("{name} was {was:?} and is {is:?}"));
            }
        }
        let (was, is) = (self.before.get(PRIMARY), served.get(PRIMARY));
        let known = |serial| {
            self.kind
                .sections()
                .iter()
                .any(|(s, _)| served.get(*s) == Some(serial))
        };
        if is.is_none() != was.is_none() && is.is_none() || is.is_some_and(|serial| !known(serial))
        {
            wrong.push(format!(
                "the primary certificate was {was:?} and is {is:?}: {served:?}"
            ));
        }
        wrong
    }

    /// What was wanted and is not in use.
    pub fn undone(&self) -> Vec<String> {
        let mut wrong = self.unbroken();
        let Ok(served) = check::served(self) else {
            return wrong;
        };
        for (name, section) in self.names() {
            let is_old = |serial| match self.kind {
                Kind::Deployment => self.before.get(section) == Some(serial),
                _ => self.kind.issues() && self.held[section].contains(serial),
            };
            match served.get(name) {
                None => wrong.push(format!("{name} has no certificate")),
                Some(serial) if is_old(serial) => {
                    wrong.push(format!("{name} still has the old certificate"));
                }
                Some(serial) if served.get(section) != Some(serial) => {
                    wrong.push(format!("{name} has not the certificate in use"));
                }
                Some(_) if check::is_local(&self.site, section) => {
                    wrong.push(format!("{name} has a certificate of the local CA"));
                }
                Some(_) => {}
            }
        }
        if served.get(PRIMARY) != served.get(self.kind.primary()) {
            wrong.push(format!("{} is not the primary one", self.kind.primary()));
        }
        if self.kind == Kind::KeyType && check::key_type(&self.site, "web") != "rsa2048" {
            wrong.push("the key is not of the kind that is wanted".into());
        }
        wrong
    }

    /// What lies about, in words.
    pub fn leftovers(&self) -> Vec<String> {
        check::leftovers(&self.site)
            .map(|path| format!("{path} is left over"))
            .collect()
    }

    /// Nothing is left to be done: what was wanted is in use, and nothing lies about.
    pub fn settled(&self) -> Vec<String> {
        [self.undone(), self.leftovers()].concat()
    }

    /// The next hourly run brings everything into order by itself.
    pub fn heals(&self) -> Vec<String> {
        let stored = !check::held(&self.site, "web").is_empty();
        let account = check::account(&self.site);
        let run = match self.kind {
            // The next run that needs the account.
            Kind::Rollover => self.site.run(&["account", "update", ACCOUNT], NEXT_RUN),
            _ => self.site.run(&["renew"], NEXT_RUN),
        };
        let mut wrong = Vec::new();
        if self.kind == Kind::Rollover && check::account(&self.site) != account {
            wrong.push("the account is another".into());
        }
        // Where the CA does not answer then, it is all that is served.
        if self.kind.has_local_ca() && !stored && !check::has_local_leaf(&self.site) {
            wrong.push(format!("there is no local certificate\n{}", run.report()));
        }
        if run.code() != 0 {
            wrong.push(format!("the next run fails\n{}", run.report()));
        }
        wrong.extend(self.settled());
        if crate::is_long() {
            wrong.extend(self.rests());
        }
        wrong
    }

    /// The run after that has nothing to do and leaves the flash alone.
    fn rests(&self) -> Option<String> {
        let before = check::marks(&self.site);
        let run = self.site.run(&["renew"], 2 * NEXT_RUN);
        let rests = run.code() == 0 && before == check::marks(&self.site);
        (!rests).then(|| format!("the run after the next\n{}", run.report()))
    }
}

/// Has a version stored that is not in use yet, as a run leaves it that is killed at that moment.
fn store_next(site: &Site, issue: impl FnOnce()) {
    let before = site.copy();
    issue();
    let versions = site.temp.path("etc/certkeeper/certs/web/versions");
    let after = site.copy().join("etc/certkeeper/certs/web/versions/2");
    site.restore(&before);
    copy_tree(&after, &versions.join("2"));
}

/// Makes a section's certificates older. Pebble's begin today: with a clock that is ahead instead,
/// the new certificate would be due as well.
fn set_back(site: &Site, section: &str) {
    let folder = site.temp.path(&format!("etc/certkeeper/certs/{section}"));
    let versions = fs::read_dir(folder.join("versions"))
        .expect("versions")
        .flatten();
    let metas = versions.map(|v| v.path().join("meta.json"));
    for file in metas.chain([folder.join("issued.json")]) {
        let text = fs::read(&file).expect("JSON");
        let mut value: Value = serde_json::from_slice(&text).expect("JSON");
        older(&mut value);
        fs::write(&file, value.to_string()).expect("is written");
    }
}

fn older(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(older),
        Value::Object(fields) => {
            for name in ["not_before", "not_after", "issued_at", "at"] {
                if let Some(time) = fields.get(name).and_then(Value::as_i64) {
                    fields.insert(name.into(), (time - AGE).into());
                }
            }
        }
        _ => {}
    }
}
