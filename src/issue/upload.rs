//! Certificates that their owners got elsewhere: looked at from all sides, stored, put into use.

use super::Engine;
use super::failure::Failure;
use crate::config::Cert;
use crate::deploy;
use crate::keys::{GivenKey, PrivateKey};
use crate::net::Roots;
use crate::status::{self, Recorder};
use crate::store::{Area, Parts};
use crate::types::{CLOCK_MARGIN, Meta, Stage, State, Timestamp, few};
use crate::x509::{Certificate, Chain, Pile, to_pem};

/// What an upload did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// The number of the version.
    pub version: u64,
    /// What it is.
    pub meta: Meta,
    /// What deserves a look although it was taken.
    pub warnings: Vec<String>,
    /// When the CA takes over.
    pub renewal: Timestamp,
}

impl Engine<'_> {
    /// Stores an uploaded certificate with its key and puts it into use. The caller holds the lock.
    pub fn upload(&self, cert: &Cert, mut pile: Pile) -> Result<Uploaded, Failure> {
        let section = &cert.name;
        if cert.staging || !cert.enabled {
            let (option, what) = match cert.staging {
                true => ("staging=0", "is a test (option staging 1)"),
                false => ("enabled=1", "is switched off (option enabled 0)"),
            };
            return Err(refused(
                format!("section '{section}' {what}, and nothing of it is served"),
                format!(
                    "`uci set certkeeper.{section}.{option}` and `uci commit certkeeper` change that"
                ),
            ));
        }
        if cert.csr.is_some() {
            return Err(refused(
                format!("the key of section '{section}' is kept elsewhere (option csr)"),
                format!(
                    "`uci delete certkeeper.{section}.csr` and `uci commit certkeeper` end that"
                ),
            ));
        }
        let area = self.area(cert);
        let requested = !pile.has_key();
        if requested && let Some(key) = requested_key(&area)? {
            pile.add_key(key);
        }
        let chain = pile.chain().map_err(|e| {
            refused(
                e.to_string(),
                "give the certificate and its key, in one file or two; the key of `certkeeper csr` is known",
            )
        })?;
        other_kind(cert, &chain)?;
        let warnings = self.looked_at(cert, &chain)?;
        let held = area.held();
        let meta = meta(&chain, self.clock.now());
        if held
            .withdrawn
            .iter()
            .any(|w| w.fingerprint == meta.fingerprint && w.revoked.is_some())
        {
            let text = format!("the certificate of serial {} was revoked", meta.serial);
            return Err(refused(text, "upload another one"));
        }
        let before = self.document(cert);
        let mut record = Recorder::start(self.paths, section, before, self.listener, true);
        let text = format!("storing the uploaded serial {}", meta.serial);
        record.enter(self.clock.now(), Stage::Store, &text);
        for warning in &warnings {
            record.say(self.clock.now(), &format!("warning: {warning}"));
        }
        let done = self.take(cert, &chain, &meta, requested, &mut record);
        status::write(self.paths, section, &self.document(cert));
        let version = done?;
        let stored = area.held();
        let stored = stored.versions.iter().find(|v| v.number == version);
        Ok(Uploaded {
            version,
            renewal: stored.map_or(Timestamp(meta.not_after), |v| self.renewal(cert, &held, v)),
            meta,
            warnings,
        })
    }

    /// Stores what was found good and puts it into use; the number of its version. `requested`: it has
    /// the key of a request that was printed.
    fn take(
        &self,
        cert: &Cert,
        chain: &Chain,
        meta: &Meta,
        requested: bool,
        record: &mut Recorder<'_>,
    ) -> Result<u64, Failure> {
        let area = self.area(cert);
        let _ = self.clean_up(cert, record);
        let above: String = chain.above.iter().map(|c| to_pem(&c.der)).collect();
        let version = area.add_version(
            Parts {
                cert: &to_pem(&chain.leaf.der),
                chain: &above,
                key: Some(&chain.key.to_pem()),
            },
            meta,
        )?;
        area.readmit(&meta.fingerprint)?;
        area.lift_ban()?;
        if requested {
            area.drop_requested_key()?;
        }
        for place in deploy::adopt(self.paths, &cert.name, &area)? {
            let text = format!(
                "{} was no link of certkeeper's; it is one now, and what stood there is kept in {}",
                place.display(),
                area.replaced().display()
            );
            record.say(self.clock.now(), &text);
        }
        let done = self.put_into_use(cert, &area, record, false);
        match done {
            Ok(_) => {
                let text = "the uploaded certificate is in use";
                record.enter(self.clock.now(), Stage::Done, text);
                Ok(version)
            }
            Err(failure) => {
                self.note(cert, &area, &failure, record, true);
                Err(failure)
            }
        }
    }

    /// Refuses what could not serve, and says what may not serve everybody.
    fn looked_at(&self, cert: &Cert, chain: &Chain) -> Result<Vec<String>, Failure> {
        let leaf = &chain.leaf;
        let now = self.clock.now();
        let router = format!("the router's clock shows {now}; look at `date` if that is wrong");
        if leaf.not_after <= now {
            let text = format!("the certificate ended on {}", leaf.not_after);
            return Err(refused(text, format!("upload its successor ({router})")));
        }
        if now.plus(CLOCK_MARGIN) < leaf.not_before {
            let text = format!("the certificate begins on {} only", leaf.not_before);
            return Err(refused(text, format!("upload it then ({router})")));
        }
        let own = names(leaf);
        let stored = Meta {
            names: own.clone(),
            uploaded: true,
            ..Meta::default()
        };
        let missing = cert
            .names
            .iter()
            .map(|n| &n.id)
            .filter(|id| !stored.is_for(id));
        let missing: Vec<String> = missing.map(ToString::to_string).collect();
        if !missing.is_empty() {
            let has = match few(own.iter().map(String::as_str)) {
                none if none.is_empty() => "it names nothing (subjectAltName)".to_owned(),
                all => format!("it is for {all}"),
            };
            return Err(refused(
                format!("the certificate is not for {}: {has}", missing.join(" ")),
                format!(
                    "upload one for all names of section '{}', or correct its list domains",
                    cert.name
                ),
            ));
        }
        let mut warnings = Vec::new();
        for (who, one) in named(chain) {
            if let Some(why) = one.weakness() {
                warnings.push(format!("{who} {why}: clients and servers may refuse it"));
            }
        }
        for (who, one) in named(chain).skip(1) {
            if one.not_after <= now {
                warnings.push(format!(
                    "{who} ended on {}: append its successor",
                    one.not_after
                ));
            }
        }
        warnings.extend(self.completeness(cert, chain));
        if chain.reordered {
            warnings.push(
                "the certificates were in another order; they are stored in the right one".into(),
            );
        }
        if !chain.strangers.is_empty() {
            let names = chain.strangers.iter().map(Certificate::shown_name);
            let names: Vec<String> = names.collect();
            let names = few(names.iter().map(String::as_str));
            warnings.push(format!("left out, for it is not of this chain: {names}"));
        }
        Ok(warnings)
    }

    /// Says that a certificate is missing that clients need.
    fn completeness(&self, cert: &Cert, chain: &Chain) -> Option<String> {
        let top = chain.top();
        if top.is_self_issued() {
            let alone = chain.above.is_empty();
            let text =
                "it is signed by its own key: clients take it only if they were told to trust it";
            return alone.then(|| text.to_owned());
        }
        let bundle = Roots::Bundle(self.config.global.ca_bundle.clone());
        let own = cert.account.ca_file.clone().map(Roots::File);
        if own
            .into_iter()
            .chain([bundle])
            .any(|r| r.has_issuer_of(&top.der))
        {
            return None;
        }
        Some(format!(
            "the certificate of the issuer '{}' is not among what was uploaded, and it is no root that this router \
             knows: if it is an intermediate CA, clients will refuse the chain; append its certificate and upload again",
            top.issuer_name()
        ))
    }
}

/// The certificates of a chain with what they are.
fn named(chain: &Chain) -> impl Iterator<Item = (String, &Certificate)> {
    let leaf = ("the certificate".to_owned(), &chain.leaf);
    let above = chain.above.iter();
    let above = above.map(|c| (format!("the certificate of '{}'", c.shown_name()), c));
    [leaf].into_iter().chain(above)
}

fn refused(problem: impl Into<String>, remedy: impl Into<String>) -> Failure {
    Failure::new(State::InternalError, problem, remedy)
}

/// Of two certificates of a section each has its own kind of key.
fn other_kind(cert: &Cert, chain: &Chain) -> Result<(), Failure> {
    let (Some(other), Some(kind)) = (cert.other(), chain.leaf.key_type()) else {
        return Ok(());
    };
    if kind.is_rsa() == cert.key_type.is_rsa() {
        return Ok(());
    }
    Err(refused(
        format!(
            "the key of the certificate is {kind}; that of '{}' is {}",
            cert.name, cert.key_type
        ),
        format!("upload it for '{other}', the section's other certificate"),
    ))
}

/// The key of a request that `certkeeper csr` printed.
fn requested_key(area: &Area) -> Result<Option<GivenKey>, Failure> {
    let Some(pem) = area.requested_key()? else {
        return Ok(None);
    };
    let key = PrivateKey::from_pem(&String::from_utf8_lossy(&pem))?;
    Ok(Some(GivenKey::from(&key)))
}

fn names(leaf: &Certificate) -> Vec<String> {
    let mut names: Vec<String> = leaf.names.iter().map(ToString::to_string).collect();
    names.sort();
    names.dedup();
    names
}

fn meta(chain: &Chain, now: Timestamp) -> Meta {
    let leaf = &chain.leaf;
    let kind = leaf.key_type().map(|k| k.name().to_owned());
    Meta {
        names: names(leaf),
        key_type: kind.unwrap_or_else(|| leaf.key_description()),
        account: String::new(),
        directory: String::new(),
        not_before: leaf.not_before.0,
        not_after: leaf.not_after.0,
        serial: leaf.serial_hex(),
        issuer: leaf.issuer_name().to_owned(),
        fingerprint: leaf.fingerprint(),
        issued_at: now.0,
        uploaded: true,
        ..Meta::default()
    }
}
