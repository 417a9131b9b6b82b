//! Revocation: at the CA, and what follows from it here.

use super::Engine;
use super::account::Registry;
use super::clients::{Clients, Connected};
use super::failure::Failure;
use super::local::ids;
use crate::acme::AcmeError;
use crate::config::{Account, Cert};
use crate::keys::{AccountKey, PrivateKey};
use crate::status::{self, Recorder};
use crate::store::{AccountStore, Area, sections};
use crate::types::{Reason, SectionName, Stage, State, Timestamp, Version, Withdrawn};
use crate::x509::Certificate;

/// What is asked of a CA.
pub struct Revocation<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// Its CA, and who has an account there.
    pub account: &'a Account,
    /// Why.
    pub reason: Reason,
    /// The certificate's key, to sign with in place of the account's.
    pub key: Option<PrivateKey>,
}

/// Who proved that the certificate is theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The account.
    Account,
    /// The certificate's own key.
    Key,
}

/// What a revocation did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revoked {
    /// Who proved that the certificate is theirs.
    pub by: By,
    /// It was revoked before.
    pub already: bool,
    /// The sections that had it in use.
    pub banned: Vec<SectionName>,
}

/// A version that is stored, and where.
pub struct Stored {
    /// Whose it is.
    pub section: SectionName,
    /// It is of the staging server.
    staging: bool,
    /// What it is.
    pub version: Version,
    area: Area,
}

impl Stored {
    /// True if its section serves it, or would serve it.
    fn is_served(&self, now: Timestamp) -> bool {
        let (held, number) = (self.area.held(), Some(self.version.number));
        held.current == number || held.newest_usable(now).map(|v| v.number) == number
    }

    /// Its private key, if it is here.
    fn key(&self) -> Option<PrivateKey> {
        let pem = self.area.key(self.version.number).ok()??;
        PrivateKey::from_pem(std::str::from_utf8(&pem).ok()?).ok()
    }
}

impl Engine<'_> {
    /// Where a certificate is stored: in sections of the configuration and in those that it no longer
    /// has.
    pub fn stored(&self, certificate: &Certificate) -> Vec<Stored> {
        let fingerprint = certificate.fingerprint();
        let mut found = Vec::new();
        for section in sections(self.paths) {
            for staging in [false, true] {
                let area = Area::new(self.paths, &section, staging);
                let versions = area.held().versions.into_iter();
                let same = versions.filter(|v| v.meta.fingerprint == fingerprint);
                found.extend(same.map(|version| Stored {
                    section: section.clone(),
                    staging,
                    version,
                    area: area.clone(),
                }));
            }
        }
        found
    }

    /// Revokes a certificate: as the account that ordered it, or by its own key where that is given,
    /// or the account may not. The caller holds the lock.
    pub fn revoke(
        &self,
        mut asked: Revocation<'_>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Revoked, Failure> {
        let stored = self.stored(asked.certificate);
        let (by, already) = self.at_ca(&mut asked, &stored, tell)?;
        let mut banned = Vec::new();
        for one in &stored {
            if self.withdraw(one, asked.reason)? {
                banned.push(one.section.clone());
            }
        }
        for section in &banned {
            if let Some(cert) = self.config.cert(section.as_str()) {
                self.stand_in(cert, tell);
            }
        }
        Ok(Revoked {
            by,
            already,
            banned,
        })
    }

    /// Has the CA do it; who signed, and whether it was revoked before.
    fn at_ca(
        &self,
        asked: &mut Revocation<'_>,
        stored: &[Stored],
        tell: &mut dyn FnMut(&str),
    ) -> Result<(By, bool), Failure> {
        let account = asked.account;
        let connected = Clients::default().connect(self, account)?;
        if let Some(key) = asked.key.take() {
            return self.by_key(&connected, asked, key);
        }
        let store = AccountStore::new(self.paths, &account.name, &account.directory);
        let denied = match store.key()? {
            Some(_) => match self.as_account(&connected, asked, tell)? {
                Ok(already) => return Ok((By::Account, already)),
                Err(denied) => denied,
            },
            None => Failure::new(
                State::Invalid,
                format!(
                    "there is neither an account '{}' at {} here nor the certificate's key",
                    account.name, account.ca
                ),
                NAME_IT,
            ),
        };
        match stored.iter().find_map(Stored::key) {
            Some(key) => self.by_key(&connected, asked, key),
            None => Err(denied),
        }
    }

    /// Signs as the account. `Ok(Err)`: the account may not, but the key may.
    fn as_account(
        &self,
        connected: &Connected<'_>,
        asked: &Revocation<'_>,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Result<bool, Failure>, Failure> {
        let client = match Registry::new(self, connected, asked.account).client(tell) {
            Ok(client) => client,
            Err(failure) => return Ok(Err(failure)),
        };
        match already(client.revoke(&asked.certificate.der, asked.reason)) {
            Ok(already) => Ok(Ok(already)),
            Err(e) => {
                let failure = refused(asked, By::Account, &e);
                match e.kind() {
                    "unauthorized" | "accountDoesNotExist" => Ok(Err(failure)),
                    _ => Err(failure),
                }
            }
        }
    }

    fn by_key(
        &self,
        connected: &Connected<'_>,
        asked: &Revocation<'_>,
        key: PrivateKey,
    ) -> Result<(By, bool), Failure> {
        let client = connected.client(self.clock, AccountKey::of(key)?);
        let done = already(client.revoke(&asked.certificate.der, asked.reason));
        done.map(|already| (By::Key, already))
            .map_err(|e| refused(asked, By::Key, &e))
    }

    /// The section that is to do without a certificate if it is revoked.
    pub fn concerned(&self, stored: &Stored) -> Option<&Cert> {
        let cert = self.config.cert(stored.section.as_str())?;
        (cert.staging == stored.staging && stored.is_served(self.clock.now())).then_some(cert)
    }

    /// Takes a revoked version out of use. True if it was what its section serves or would serve.
    fn withdraw(&self, stored: &Stored, reason: Reason) -> Result<bool, Failure> {
        let Stored { area, version, .. } = stored;
        let now = self.clock.now();
        let cert = self.concerned(stored);
        area.withdraw(Withdrawn {
            fingerprint: version.meta.fingerprint.clone(),
            at: now.0,
            revoked: Some(reason),
            ban: cert.map(|c| c.fingerprint.clone()),
        })?;
        if cert.is_some() {
            // Nobody waits for an order under way, and its key may be the same.
            area.finish_work()?;
        }
        Ok(cert.is_some())
    }

    /// Has the local CA serve in the place of what is revoked. The revocation stands, whatever comes
    /// of this.
    fn stand_in(&self, cert: &Cert, tell: &mut dyn FnMut(&str)) {
        let before = self.document(cert);
        let mut record = Recorder::start(self.paths, &cert.name, before, self.listener, true);
        record.enter(
            self.clock.now(),
            Stage::Deploy,
            "its certificate is revoked",
        );
        if self.stands_in(cert)
            && let Err(failure) = self.serve_local(cert, &mut record, |round| round.run())
        {
            let Failure {
                problem, remedy, ..
            } = failure;
            tell(&format!("{}: {problem} — {remedy}", cert.name));
        }
        status::write(self.paths, &cert.name, &self.document(cert));
    }

    /// True if the local CA can serve for a section whose certificate is revoked.
    fn stands_in(&self, cert: &Cert) -> bool {
        let local = self.local_leaf(cert, &self.area(cert).held());
        !cert.staging && local.needed && !local.uncovered
    }

    /// True if the local CA could serve for a section.
    fn may_stand_in(&self, cert: &Cert) -> bool {
        let root = self.stored_root().ok().flatten();
        let covered = root.is_none_or(|root| root.covers(&ids(cert)));
        self.config.global.local_ca.enabled && cert.csr.is_none() && covered
    }

    /// What a section serves after its certificate was revoked, in words.
    pub fn served_after(&self, section: &SectionName) -> String {
        let Some(cert) = self.config.cert(section.as_str()) else {
            return format!("{section}: nothing changes in what is served");
        };
        let what = if cert.staging {
            "it was a test, and nothing of it is served (option staging 1); \
             there is no other"
        } else if self.may_stand_in(cert) {
            "a certificate of the router's own CA serves"
        } else {
            "the revoked one goes on being served (there is no other)"
        };
        let other = cert
            .other()
            .map(|other| format!("; '{other}', the section's other certificate, is left as it is"));
        format!(
            "{section}: {what} until `certkeeper renew {section} --force` gets a new one, or its configuration changes{}",
            other.unwrap_or_default()
        )
    }
}

const NAME_IT: &str =
    "name the account that ordered it (--account NAME), or a file with its key (--key FILE)";

/// True if the CA had revoked it before: that is what was wanted, too.
fn already(result: Result<(), AcmeError>) -> Result<bool, AcmeError> {
    match result {
        Err(e) if e.kind() == "alreadyRevoked" => Ok(true),
        other => other.map(|()| false),
    }
}

/// Why a CA does not revoke, in words.
fn refused(asked: &Revocation<'_>, by: By, error: &AcmeError) -> Failure {
    let (account, reason) = (asked.account, asked.reason);
    let failure = Failure::of_account(account, error);
    if error.problem().is_none() {
        return failure;
    }
    let who = match by {
        By::Account => format!("account '{}'", account.name),
        By::Key => "the certificate's key".to_owned(),
    };
    let (text, remedy) = match (error.kind(), by) {
        ("badRevocationReason", By::Key) => (
            format!("it does not take the reason {reason} from the certificate's own key"),
            "--reason keyCompromise is what most CAs take then; the account that ordered it may give others".to_owned(),
        ),
        ("badRevocationReason", By::Account) => (
            format!("it does not take the reason {reason}"),
            "try --reason superseded or cessationOfOperation, or none; keyCompromise with --key FILE".to_owned(),
        ),
        ("unauthorized" | "accountDoesNotExist", _) => {
            (format!("{who} may not revoke this certificate"), NAME_IT.to_owned())
        }
        ("malformed", _) => (
            "it does not know the certificate".to_owned(),
            format!("see whether {} issued it: --account NAME names another CA", account.ca),
        ),
        _ => ("it does not revoke it".to_owned(), "try again later; the certificate stays in use".to_owned()),
    };
    let said = error.problem().map(ToString::to_string).unwrap_or_default();
    Failure {
        problem: format!("{}: {text}: {said}", account.ca),
        remedy,
        ..failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acme::Problem;

    /// What no CA of the tests says.
    #[test]
    fn reasons_that_a_ca_does_not_take() {
        let account = Account::former("own", "https://ca.test/dir");
        let root = crate::local_ca::Root::make("test", &[], Default::default(), Default::default());
        let root = root.expect("a root");
        let asked = Revocation {
            certificate: root.certificate(),
            account: &account,
            reason: Reason::Superseded,
            key: None,
        };
        let error = AcmeError::Problem {
            problem: Box::new(Problem::new("badRevocationReason", "reason 4 is not taken")),
            status: 400,
            retry_after: None,
        };
        for (by, problem, remedy) in [
            (
                By::Account,
                "ca.test: it does not take the reason superseded: reason 4",
                "or none",
            ),
            (
                By::Key,
                "superseded from the certificate's own key",
                "--reason keyCompromise is what",
            ),
        ] {
            let failure = refused(&asked, by, &error);
            assert!(failure.problem.contains(problem), "{}", failure.problem);
            assert!(failure.remedy.contains(remedy), "{}", failure.remedy);
        }
    }
}
