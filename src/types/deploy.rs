//! Who uses a section's certificate, and what was done about it.

use super::json_members;
use std::fmt;
use std::path::PathBuf;

/// Who is to have a section's certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Services, by the names of their init scripts.
    pub services: Vec<String>,
    /// Copies for readers that may not enter /etc/certkeeper.
    pub exports: Vec<Export>,
    /// Programs, by their paths below /etc/certkeeper/hooks.
    pub hooks: Vec<String>,
    /// Those who listen to the events of OpenWrt's acme.
    pub events: bool,
    /// Where the certificate must be seen afterwards; empty: where the services usually listen.
    pub verify: Vec<Target>,
}

/// Copies in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// The folder.
    pub dir: PathBuf,
    /// Whose the copies are; certkeeper's own without.
    pub user: Option<String>,
}

/// A TLS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or address, an IPv6 one without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The name to ask for; the section's first without.
    pub name: Option<String>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl fmt::Display for Export {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "export {}", self.dir.display())?;
        match &self.user {
            Some(user) => write!(f, ":{user}"),
            None => Ok(()),
        }
    }
}

impl Deployment {
    /// All who are told of a new certificate, in words.
    pub fn receivers(&self) -> Vec<String> {
        let services = self.services.iter().map(|s| format!("service {s}"));
        let exports = self.exports.iter().map(ToString::to_string);
        let hooks = self.hooks.iter().map(|h| format!("hook {h}"));
        let events = self.events.then(|| "event acme.renew".to_owned());
        services.chain(exports).chain(hooks).chain(events).collect()
    }

    /// True if nobody is told and nothing is looked at.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// `deployed.json`: which version everybody was told of last. Without it, and with another version
/// in use, they have yet to be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    /// The version's number; 0: none.
    pub version: u64,
    /// When, seconds since the epoch.
    pub at: i64,
    /// Who, in the words of [`Deployment::receivers`].
    pub receivers: Vec<String>,
    /// Versions that the services did not take.
    pub refused: Vec<u64>,
}

json_members!(Deployed {} some { version, at, receivers, refused });
