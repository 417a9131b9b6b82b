//! The two ways in which providers keep the values of a name.

use super::names::same;
use crate::dns::{DnsError, TxtRecord};
use serde_json::Value;

/// Somebody else may write the same name at the same time: so often our change is made anew.
const WRITES_MAX: usize = 3;

/// The same value is there once, or a few times by accident.
const OWN_MAX: usize = 10;

/// All values of a name, as the provider has them.
#[derive(Clone, Debug, Default)]
pub(in crate::dns) struct Set {
    /// Strings, or objects with `content` that may be `disabled`.
    pub values: Vec<Value>,
    /// How long they may be kept.
    pub ttl: Option<u64>,
}

/// Makes a value there or gone where all values of a name are written together: reads them, changes
/// them, writes them, and reads again, for what somebody else wrote meanwhile may have replaced it.
/// `own` is the value in the provider's form.
pub(in crate::dns) fn change_set(
    record: &TxtRecord,
    there: bool,
    own: Value,
    read: impl Fn() -> Result<Set, DnsError>,
    write: impl Fn(Set) -> Result<(), DnsError>,
) -> Result<(), DnsError> {
    let content = |v: &Value| v.as_str().or(v["content"].as_str()).map(str::to_owned);
    let is_own = |v: &Value| content(v).is_some_and(|text| same(&text, &record.value));
    for _ in 0..WRITES_MAX {
        let mut set = read()?;
        let mut own_there = set.values.iter().filter(|v| is_own(v));
        if own_there.any(|v| v["disabled"] != true) == there {
            return Ok(());
        }
        set.values.retain(|v| !is_own(v));
        if there {
            set.values.push(own.clone());
        }
        write(set)?;
    }
    let mut own_there = read()?.values.into_iter().filter(is_own);
    if own_there.any(|v| v["disabled"] != true) == there {
        return Ok(());
    }
    let word = if there { "gone" } else { "there" };
    Err(DnsError::Refused(format!(
        "the value of {} is {word} again each time it was written: does another client change the same name?",
        record.name
    )))
}

/// Makes a value there or gone where each is a record of its own. `list` gives the values of the
/// name with their records' ids.
pub(in crate::dns) fn change_records(
    record: &TxtRecord,
    there: bool,
    list: impl Fn() -> Result<Vec<(String, String)>, DnsError>,
    create: impl Fn() -> Result<(), DnsError>,
    delete: impl Fn(&str) -> Result<(), DnsError>,
) -> Result<(), DnsError> {
    let own = list()?
        .into_iter()
        .filter(|(_, value)| same(value, &record.value))
        .take(OWN_MAX);
    let own: Vec<_> = own.collect();
    match there {
        true if own.is_empty() => create(),
        true => Ok(()),
        false => own.iter().try_for_each(|(id, _)| delete(id)),
    }
}
