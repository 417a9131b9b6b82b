//! Where everything lies. `--root DIR` puts every path below DIR.

use super::SectionName;
use std::path::{Path, PathBuf};

/// The files of CONFIG, below one root.
#[derive(Clone, Debug)]
pub struct Paths {
    root: PathBuf,
}

impl Paths {
    /// Paths below `root`; `/` on a router.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// An absolute path of the configuration, moved below the root.
    pub fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The configuration.
    pub fn config(&self) -> PathBuf {
        self.at("/etc/config/certkeeper")
    }

    /// The secrets, mode 0600.
    pub fn secrets(&self) -> PathBuf {
        self.at("/etc/config/certkeeper_secrets")
    }

    /// The folder in which `uci` keeps changes that are not committed.
    pub fn uci_delta_dir(&self) -> PathBuf {
        self.at("/tmp/.uci")
    }

    /// All that must survive a power cut: accounts and certificates, mode 0700.
    pub fn state(&self) -> PathBuf {
        self.at("/etc/certkeeper")
    }

    /// Random, made once: spreads the times of renewals.
    pub fn device_secret(&self) -> PathBuf {
        self.at("/etc/certkeeper/secret")
    }

    /// The accounts' folders.
    pub fn accounts(&self) -> PathBuf {
        self.at("/etc/certkeeper/accounts")
    }

    /// The sections' folders.
    pub fn certs(&self) -> PathBuf {
        self.at("/etc/certkeeper/certs")
    }

    /// What DNS scripts save for their next runs.
    pub fn saved_folder(&self) -> PathBuf {
        self.at("/etc/certkeeper/saved")
    }

    /// What a script saves that works with the settings of that section (`provider NAME`).
    pub fn saved(&self, source: &str) -> PathBuf {
        let name = source.replace(' ', "-");
        self.saved_folder().join(name + ".json")
    }

    /// The link whose target is the primary certificate's folder.
    pub fn primary(&self) -> PathBuf {
        self.at("/etc/certkeeper/primary")
    }

    /// The programs that may be run as hooks.
    pub fn hooks(&self) -> PathBuf {
        self.at("/etc/certkeeper/hooks")
    }

    /// Where services find certificates.
    pub fn domains(&self) -> PathBuf {
        self.at("/etc/ssl/domains")
    }

    /// Where OpenWrt's acme keeps certificates.
    pub fn acme(&self) -> PathBuf {
        self.at("/etc/acme")
    }

    /// Where OpenWrt's acme links them.
    pub fn ssl_acme(&self) -> PathBuf {
        self.at("/etc/ssl/acme")
    }

    /// Run-time files, in tmpfs.
    pub fn run(&self) -> PathBuf {
        self.at("/var/run/certkeeper")
    }

    /// Where ubusd listens.
    pub fn ubus(&self) -> PathBuf {
        self.at("/var/run/ubus/ubus.sock")
    }

    /// The one lock.
    pub fn lock(&self) -> PathBuf {
        self.run().join("lock")
    }

    /// The lock of the run that notifies others.
    pub fn notify_lock(&self) -> PathBuf {
        self.run().join("notify.lock")
    }

    /// NTP has set the clock since the boot; the hotplug script makes it.
    pub fn clock_mark(&self) -> PathBuf {
        self.run().join("clock")
    }

    /// Tells of a redirect in the firewall that may still be there; in tmpfs, as the firewall is.
    pub fn redirect(&self) -> PathBuf {
        self.run().join("redirect")
    }

    /// The folder of status documents.
    pub fn status_folder(&self) -> PathBuf {
        self.run().join("status")
    }

    /// A section's status document.
    pub fn status(&self, section: &SectionName) -> PathBuf {
        self.status_folder().join(format!("{section}.json"))
    }

    /// What a CA said about the renewal of a section's certificate.
    pub fn ari(&self, section: &SectionName) -> PathBuf {
        self.run().join("ari").join(section.as_str())
    }

    /// A section's log of the last run.
    pub fn log(&self, section: &SectionName) -> PathBuf {
        self.run().join("log").join(section.as_str())
    }

    /// Wishes queued with the run that holds the lock.
    pub fn wanted(&self) -> PathBuf {
        self.run().join("wanted")
    }
}
