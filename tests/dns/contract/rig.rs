//! A provider with its settings, and a look at what it answers.

use super::world::Desk;
use certkeeper::dns::{self, Context, Credentials, DnsError, Module, Provider, TxtRecord};
use certkeeper::net::Updater;
use certkeeper::types::{Secret, Transport};

/// A value of somebody else.
pub const FOREIGN: &str = "v=somebody-else";

type Values<'a> = Box<dyn Fn(&str) -> Vec<String> + 'a>;
/// Takes zone, name and value.
type Plant<'a> = Box<dyn Fn(&str, &str, &str) + 'a>;

/// One provider, real or emulated.
pub struct Rig<'a> {
    pub module: &'static Module,
    pub credentials: Credentials,
    pub http: &'a dyn Transport,
    pub clock: &'a Desk,
    /// The values of a name, sorted.
    pub values: Values<'a>,
    /// Puts a value into a zone.
    pub plant: Plant<'a>,
}

/// Settings as a person writes them: with blanks around.
pub fn settings(pairs: &[(&str, &str)]) -> Credentials {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), Secret::new(format!(" {value}\t"))))
        .collect()
}

pub fn module(name: &str) -> &'static Module {
    dns::find(name).unwrap_or_else(|| panic!("no module {name}"))
}

pub fn record(name: &str, value: &str) -> TxtRecord {
    TxtRecord {
        name: name.to_owned(),
        value: value.to_owned(),
    }
}

/// A value as long as real ones.
pub fn value(n: u32) -> String {
    format!("{n:A>43}")
}

impl Rig<'_> {
    pub fn open(&self) -> Result<Box<dyn Provider + '_>, DnsError> {
        (self.module.open)(Context {
            descriptor: self.module.descriptor,
            credentials: self.credentials.clone(),
            http: self.http,
            nameserver: &Updater,
            clock: self.clock,
        })
    }

    /// A change by a run of its own, waited for.
    pub fn change(&self, record: &TxtRecord, there: bool) -> Result<(), DnsError> {
        let provider = self.open()?;
        provider.change(record, there)?;
        provider.wait()
    }

    #[track_caller]
    fn done(&self, record: &TxtRecord, there: bool) {
        let name = self.module.descriptor.name;
        self.change(record, there)
            .unwrap_or_else(|e| panic!("{name}: {e} ({record:?}, {there})"));
    }

    #[track_caller]
    fn has(&self, name: &str, values: &[&str]) {
        let mut values: Vec<String> = values.iter().map(|v| (*v).to_owned()).collect();
        values.sort();
        assert_eq!(
            (self.values)(name),
            values,
            "{}: {name}",
            self.module.descriptor.name
        );
    }

    /// What every provider owes that keeps any number of values.
    #[track_caller]
    pub fn keeps_the_contract(&self) {
        let (one, two) = (value(1), value(2));
        for (zone, name) in [
            ("demo.example", "_acme-challenge.demo.example"),
            // The longest zone, and one with an IDN in its ASCII form.
            ("sub.demo.example", "_acme-challenge.www.sub.demo.example"),
            (
                "xn--mnchen-3ya.example",
                "_acme-challenge.xn--mnchen-3ya.example",
            ),
        ] {
            // Names without values: they come and go.
            self.done(&record(name, &one), false);
            self.done(&record(name, &one), true);
            self.has(name, &[&one]);
            self.done(&record(name, &one), false);
            self.has(name, &[]);
            // Beside somebody else's: apex and wildcard at once, each again, none gone with another.
            (self.plant)(zone, name, FOREIGN);
            self.done(&record(name, &one), true);
            self.done(&record(name, &two), true);
            self.has(name, &[FOREIGN, &one, &two]);
            self.done(&record(name, &one), true);
            self.has(name, &[FOREIGN, &one, &two]);
            self.done(&record(name, &one), false);
            self.has(name, &[FOREIGN, &two]);
            self.done(&record(name, &one), false);
            self.done(&record(name, &two), false);
            self.has(name, &[FOREIGN]);
        }
        // The zone itself (dalias).
        self.done(&record("demo.example", &one), true);
        self.has("demo.example", &[&one]);
        self.done(&record("demo.example", &one), false);
        self.has("demo.example", &[]);
        let nobody = self.change(&record("_acme-challenge.nobody.example", &one), true);
        let name = self.module.descriptor.name;
        assert!(
            matches!(nobody, Err(DnsError::NoZone(_))),
            "{name}: {nobody:?}"
        );
    }
}
