//! What is done while something goes wrong.

use crate::site::Way;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing is there yet; http-01, and the local CA serves until it is done.
    First,
    /// Nothing is there yet; dns-01 for a name and its wildcard.
    FirstByDns,
    /// The third version is due; the new one removes the first.
    Renewal,
    /// A stored version comes into use, and who is to have it is told: a service that reads all of it
    /// from one file, and a reader of copies.
    Deployment,
    /// Another section becomes the primary one.
    Primary,
    /// A key of another kind is wanted.
    KeyType,
    /// Both certificates of a section with two keys, which are kept, are due.
    Pair,
    /// The version before becomes the current one.
    Rollback,
    /// The account gets another key.
    Rollover,
}

impl Kind {
    pub fn title(self) -> &'static str {
        match self {
            Self::First => "first issuance, http-01",
            Self::FirstByDns => "first issuance, dns-01",
            Self::Renewal => "renewal, http-01",
            Self::Deployment => "deployment",
            Self::Primary => "another primary section",
            Self::KeyType => "key type EC to RSA",
            Self::Pair => "renewal of two keys, kept",
            Self::Rollback => "rollback of the store",
            Self::Rollover => "another account key",
        }
    }

    pub fn way(self) -> Way {
        match self {
            Self::FirstByDns => Way::Exec,
            Self::Renewal => Way::WebrootOnFlash,
            _ => Way::Webroot,
        }
    }

    /// The sections and their names; the first is the primary one, where no other shall become it.
    pub fn sections(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            Self::FirstByDns => &[("web", &["demo.example", "*.demo.example"])],
            Self::Primary => &[
                ("web", &["www.demo.example"]),
                ("mail", &["mail.demo.example"]),
            ],
            Self::Pair => &[
                ("web", &["www.demo.example"]),
                ("web-rsa", &["www.demo.example"]),
            ],
            _ => &[("web", &["www.demo.example", "demo.example"])],
        }
    }

    /// The section that is the primary one in the end.
    pub fn primary(self) -> &'static str {
        if self == Self::Primary { "mail" } else { "web" }
    }

    /// A certificate is made that was not there before.
    pub fn issues(self) -> bool {
        !matches!(
            self,
            Self::Deployment | Self::Primary | Self::Rollback | Self::Rollover
        )
    }

    /// Nothing changes but links: no page of the flash is taken, and nobody else hears of it.
    pub fn only_links(self) -> bool {
        matches!(self, Self::Primary | Self::Rollback)
    }

    /// What is on the disk tells all: the CA need not be in a state that fits.
    pub fn is_local(self) -> bool {
        self != Self::Rollover
    }

    /// The local CA is switched on.
    pub fn has_local_ca(self) -> bool {
        self == Self::First
    }

    /// A service and a reader of copies are told.
    pub fn has_receivers(self) -> bool {
        self == Self::Deployment
    }
}
