//! What ended runs left presented: the next run takes it back, whatever became of the section.

use super::failure::Failure;
use super::{Engine, Outcome, Step, provider};
use crate::challenge::Webroot;
use crate::config::{Cert, DnsMethod, Validation};
use crate::dns::{DnsError, TxtRecord};
use crate::status::Recorder;
use crate::store::{Area, Presented, sections};
use crate::types::{SectionName, State, Timestamp, is_ahead};
use std::collections::HashSet;

/// The records of this way are not ours.
pub(super) const BY_HAND: &str = "dns-manual";

/// Takes back what an ended run left; returns what could not be.
pub(super) fn take_back(
    engine: &Engine<'_>,
    section: &SectionName,
    left: Vec<Presented>,
    say: &mut dyn FnMut(&str),
) -> Vec<Presented> {
    let mut kept = Vec::new();
    for entry in left {
        let result = match &entry {
            Presented::File { path } => {
                Webroot::remove(path).map_err(|e| Stays::now(e.to_string()))
            }
            Presented::Txt { .. } => remove_record(engine, section, &entry, say),
        };
        if let Err(stays) = result {
            say(&format!("{}; {}", stays.why, again(stays.until)));
            kept.push(entry.not_before(stays.until));
        }
    }
    kept
}

/// When it is tried again to take something back.
pub(super) fn again(until: Option<Timestamp>) -> String {
    match until {
        Some(until) => format!("a run after {until} tries again"),
        None => "the next run tries again".to_owned(),
    }
}

/// Why something could not be taken back now.
struct Stays {
    why: String,
    /// The provider wants to be left alone until then.
    until: Option<Timestamp>,
}

impl Stays {
    fn now(why: String) -> Self {
        Self { why, until: None }
    }
}

/// Removes a TXT record with the settings that wrote it, or, if their section is gone or has another
/// name now, with any for the same module: nothing but this very value is removed.
fn remove_record(
    engine: &Engine<'_>,
    section: &SectionName,
    entry: &Presented,
    say: &mut dyn FnMut(&str),
) -> Result<(), Stays> {
    let Presented::Txt {
        source,
        module,
        name,
        value,
        until,
        ..
    } = entry
    else {
        return Ok(());
    };
    if module == BY_HAND {
        say(&format!(
            "the TXT record {name} '{value}' is no longer wanted; remove it where you made it"
        ));
        return Ok(());
    }
    if let Some(until) = until.filter(|until| is_ahead(*until, engine.clock.now())) {
        return Err(Stays {
            why: format!("{name}: {module} wants to be left alone"),
            until: Some(Timestamp(until)),
        });
    }
    let txt = TxtRecord {
        name: name.clone(),
        value: value.clone(),
    };
    let names = engine.config.certs.iter().flat_map(|c| &c.names);
    let mut methods: Vec<&DnsMethod> = names
        .filter_map(|n| match &n.validation {
            Validation::Dns(method) if method.module.name == module => Some(method.as_ref()),
            _ => None,
        })
        .collect();
    methods.sort_by_key(|m| m.source != *source);
    methods.dedup_by(|a, b| std::ptr::eq(*a, *b));
    let http = provider::transport(engine);
    let mut failed: Option<DnsError> = None;
    for method in methods {
        match provider::open(engine, method, &http).and_then(|p| p.change(&txt, false)) {
            Ok(()) => return Ok(()),
            Err(e) => failed = failed.or(Some(e)),
        }
        if method.source == *source {
            break;
        }
    }
    match failed {
        Some(e) => Err(Stays {
            why: format!("{name}: {e}"),
            until: e.until(),
        }),
        // Once its mistakes are mended the section cleans up by itself.
        None if engine
            .config
            .broken
            .iter()
            .any(|(n, _)| n.as_str() == section.base()) =>
        {
            Err(Stays::now(format!(
                "{name}: the settings of '{source}' that wrote the record cannot be read"
            )))
        }
        None => {
            say(&format!(
                "the TXT record {name} '{value}' stays at {module}: the settings of '{source}' that made it \
                 are no longer in the configuration; remove it by hand"
            ));
            Ok(())
        }
    }
}

impl Engine<'_> {
    /// Takes back what earlier runs of a section left.
    pub(crate) fn clean_up(&self, cert: &Cert, record: &mut Recorder<'_>) -> Result<Step, Failure> {
        let mut told = Vec::new();
        let say = &mut |text: &str| {
            record.say(self.clock.now(), text);
            told.push(text.to_owned());
        };
        let (count, kept) = self.clean_areas(&cert.name, say)?;
        if kept == 0 {
            return Ok(Step::Done(match told.is_empty() {
                true => took_back(count),
                // What somebody else made is his to remove.
                false => told.join("; "),
            }));
        }
        Err(Failure::new(
            State::Deferred,
            format!("{kept} leftover challenge answers could not be taken back"),
            format!(
                "`certkeeper log {}` tells why; the next runs try again",
                cert.name
            ),
        ))
    }

    /// Takes back what is left of sections that were removed or renamed, or that have mistakes now.
    pub(super) fn clean_up_former(&self) -> Vec<(SectionName, Outcome)> {
        let known: HashSet<&SectionName> = self.config.certs.iter().map(|c| &c.name).collect();
        let names = sections(self.paths).into_iter();
        let former = names.filter(|name| !known.contains(name));
        former
            .filter_map(|name| Some((self.clean_up_one_former(&name)?, name)))
            .map(|(outcome, name)| (name, outcome))
            .collect()
    }

    fn clean_up_one_former(&self, name: &SectionName) -> Option<Outcome> {
        let mut told = Vec::new();
        match self.clean_areas(name, &mut |text| told.push(text.to_owned())) {
            Ok((0, _)) => None,
            Ok((count, _)) if told.is_empty() => Some(Outcome::Done(took_back(count))),
            Ok(_) => Some(Outcome::Unable(told.join("; "))),
            Err(failure) => Some(Outcome::Unable(failure.problem)),
        }
    }

    /// How much was left of a section, and how much of it still is.
    pub(super) fn clean_areas(
        &self,
        section: &SectionName,
        say: &mut dyn FnMut(&str),
    ) -> Result<(usize, usize), Failure> {
        let (mut count, mut kept) = self.clean_trial(section, say)?;
        // Staging may have been switched since.
        for area in [false, true].map(|staging| Area::new(self.paths, section, staging)) {
            let (more, stays) = self.clean_area(section, &area, say)?;
            count += more;
            kept += stays;
        }
        Ok((count, kept))
    }

    /// The same of what was tried at a staging server; nothing else is left of it then.
    pub(super) fn clean_trial(
        &self,
        section: &SectionName,
        say: &mut dyn FnMut(&str),
    ) -> Result<(usize, usize), Failure> {
        let area = Area::trial(self.paths, section);
        let (count, kept) = self.clean_area(section, &area, say)?;
        if kept == 0 {
            area.remove()?;
        }
        Ok((count, kept))
    }

    fn clean_area(
        &self,
        section: &SectionName,
        area: &Area,
        say: &mut dyn FnMut(&str),
    ) -> Result<(usize, usize), Failure> {
        let left = area.presented()?;
        if left.is_empty() {
            return Ok((0, 0));
        }
        let count = left.len();
        let stays = take_back(self, section, left, say);
        area.put_presented(&stays)?;
        if let Some(mut order) = area.held().order.filter(|o| o.ready_at > 0) {
            order.take_back();
            area.put_order(&order)?;
        }
        Ok((count, stays.len()))
    }
}

fn took_back(count: usize) -> String {
    format!("took back {count} leftover challenge answers")
}
