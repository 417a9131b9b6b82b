//! The DNS provider of a section: its module, and credentials that the module can work with.

use super::Files;
use super::reader::Reader;
use crate::dns::{self, Credentials, Descriptor};
use crate::types::{Paths, Secret, nearest};
use crate::uci::Section;

/// The credentials of a section, those of its namesake in the secrets file included.
pub(super) fn credentials(reader: &mut Reader<'_>, files: &Files<'_>, name: &str) -> Credentials {
    let mut all = reader.credentials("credentials");
    if let Some(section) = files.get("secret", name) {
        all.extend(reader.within(section, |r| r.credentials("credentials")));
    }
    all
}

/// What `option dns` selects.
pub(super) fn find(
    reader: &mut Reader<'_>,
    paths: &Paths,
    name: &str,
) -> Option<&'static Descriptor> {
    let found = dns::choose(paths, name);
    if found.is_none() {
        reader.wrong("dns", name, dns::unknown(paths, name));
    }
    found
}

/// Checks the credentials against what the module asks for.
pub(super) fn complete(
    reader: &mut Reader<'_>,
    section: &Section,
    module: &'static Descriptor,
    given: &Credentials,
) -> Option<Credentials> {
    let Some(name) = section.name.as_deref() else {
        reader.fail("the section needs a name, so that its credentials can be given to it");
        return None;
    };
    for key in given.keys() {
        if !module.open && !module.fields.iter().any(|f| f.name == key) {
            let names: Vec<&str> = module.fields.iter().map(|f| f.name).collect();
            match nearest(key, names.iter().copied()) {
                Some(meant) => {
                    let text = format!("{} does not use it; did you mean {meant}?", module.name);
                    reader.warn("credentials", Some(key), text);
                }
                // Not shown: it may be a secret, pasted without its name.
                None => {
                    let text = format!(
                        "{} does not use the name of one of the entries; it uses {}",
                        module.name,
                        names.join(" ")
                    );
                    reader.warn("credentials", None, text);
                }
            }
        }
    }
    let in_main = reader.credentials_in_place();
    for field in module.fields.iter().filter(|f| f.secret) {
        if in_main
            .iter()
            .any(|(name, value)| name == field.name && field.hides(value))
        {
            let text = format!(
                "a secret stands where a read-only login sees it; move it: `certkeeper secret {name} {}`",
                field.name
            );
            reader.warn("credentials", Some(field.name), text);
        }
    }
    let has = |f: &str| {
        given
            .get(f)
            .is_some_and(|v: &Secret| !v.expose().is_empty())
    };
    let whole = |set: &&[&str]| set.iter().all(|f| has(f));
    let chosen = module.alternatives.is_empty() || module.alternatives.iter().any(whole);
    if !chosen {
        let choice = module.choice();
        reader.fail(format!(
            "{choice} is wanted; `certkeeper secret {name} NAME` asks for a secret"
        ));
    }
    // A script's list of what it needs may be wrong; with something given it speaks for itself.
    let lenient = module.is_script() && !given.is_empty();
    let missing = module
        .fields
        .iter()
        .filter(|f| f.default.is_none() && !has(f.name) && !lenient);
    let missing: Vec<_> = missing.collect();
    for field in &missing {
        let text = if field.secret {
            format!(
                "{} ({}) is missing; `certkeeper secret {name} {}` asks for it",
                field.name, field.label, field.name
            )
        } else {
            format!(
                "{} ({}) is missing; `uci add_list certkeeper.{name}.credentials='{}=…'`",
                field.name, field.label, field.name
            )
        };
        reader.fail(text);
    }
    (chosen && missing.is_empty()).then(|| given.clone())
}
