//! What everybody needs to know about a provider, its API's code aside.

use std::time::Duration;

/// How a provider's API changes a name that holds several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteClass {
    /// Each value is a record of its own.
    PerValue,
    /// All values of a name are written together: read, change, write.
    WholeSet,
    /// At most so many values at a time, for all names of the account: names beyond them are
    /// validated when the former are.
    Slots(usize),
}

impl WriteClass {
    /// The class in words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::PerValue => "one record a value",
            Self::WholeSet => "all values of a name at once",
            Self::Slots(1) => "one value at a time",
            Self::Slots(_) => "few values at a time",
        }
    }

    /// How many values there may be at a time.
    pub fn slots(self) -> usize {
        match self {
            Self::PerValue | Self::WholeSet => usize::MAX,
            Self::Slots(count) => count,
        }
    }
}

/// One credential or setting of a provider.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name in `list credentials 'NAME=value'`.
    pub name: &'static str,
    /// What a person calls it.
    pub label: &'static str,
    /// It must not be shown, and belongs in certkeeper_secrets.
    pub secret: bool,
    /// The path of a file may stand there instead, which is no secret.
    pub or_file: bool,
    /// The value used when it is left out; `None`: it must be given.
    pub default: Option<&'static str>,
}

impl Field {
    /// A setting that must be given.
    pub(super) const fn new(name: &'static str, label: &'static str) -> Self {
        Self {
            name,
            label,
            secret: false,
            or_file: false,
            default: None,
        }
    }

    /// A secret that must be given.
    pub(super) const fn secret(name: &'static str, label: &'static str) -> Self {
        let field = Self::new(name, label);
        Self {
            secret: true,
            ..field
        }
    }

    /// The same, for which a file's path may stand.
    pub(super) const fn or_file(self) -> Self {
        Self {
            or_file: true,
            ..self
        }
    }

    /// True if this value is not to be seen by others.
    pub fn hides(&self, value: &str) -> bool {
        self.secret && !(self.or_file && value.starts_with('/'))
    }

    /// The same with a value that is used when it is left out.
    pub(super) const fn or(self, default: &'static str) -> Self {
        Self {
            default: Some(default),
            ..self
        }
    }

    /// The same, which may be left out.
    pub(super) const fn optional(self) -> Self {
        self.or("")
    }
}

/// What everybody needs to know about a provider.
#[derive(Debug)]
pub struct Descriptor {
    /// The name for `option dns`.
    pub name: &'static str,
    /// Other names that select it, acme.sh's among them.
    pub aliases: &'static [&'static str],
    /// The provider's own name.
    pub title: &'static str,
    /// Where its owner learns how to get the credentials.
    pub docs: &'static str,
    /// Its credentials and settings.
    pub fields: &'static [Field],
    /// Sets of (optional) fields, one of which must be given whole; none: the fields say it all.
    pub alternatives: &'static [&'static [&'static str]],
    /// How it writes.
    pub writes: WriteClass,
    /// How long publishing takes where nothing tells; used without `dns_wait` and `dns_server`.
    pub settle: Duration,
    /// It starts a program that takes further settings: names that are no field are passed on.
    pub open: bool,
}

impl Descriptor {
    /// It is one of acme.sh's scripts.
    pub fn is_script(&self) -> bool {
        self.name.starts_with(super::script::PREFIX)
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|f| f.name == name)
    }

    /// The alternatives in words: `CF_Token, or CF_Key with CF_Email`.
    pub fn choice(&self) -> String {
        let sets: Vec<String> = self.alternatives.iter().map(|s| s.join(" with ")).collect();
        sets.join(", or ")
    }
}
