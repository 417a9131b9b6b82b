//! Where records of dns-01 stand, and who sees them.

use super::super::{Engine, view};
use super::Found;
use crate::challenge::{Delegation, Seen, View};
use crate::config::{Name, Validation};
use crate::dns::TxtRecord;
use crate::net::{Answer, Data, Rcode, RecordType, Resolver, nameservers};
use std::time::Duration;

/// How often a test record is looked for, a second apart.
const LOOKS: u32 = 10;

/// Whether a name leads where calias or dalias put its record: the CA knows nothing of them.
pub(super) fn alias(view: &View<'_>, name: &Name, found: Found<'_>) {
    let (Some(alias), Some(domain)) = (name.validation.alias(), name.id.domain()) else {
        return;
    };
    let (own, alias) = (domain.challenge(), alias.as_str());
    let led = match view.follow(own.as_str()) {
        Err(chased) => chased.to_string(),
        Ok(end) if end == alias => return,
        Ok(end) if end != own.as_str() => format!("{own} leads to {end}"),
        Ok(_) if view.tells_cname(own.as_str()) => format!("{own} is no CNAME"),
        // Nobody can be asked.
        Ok(_) => return,
    };
    let text = format!(
        "{led}, but the record is written at {alias} (calias, dalias) — publish: {own}. IN CNAME {alias}."
    );
    found(name.validation.method(), false, text);
}

/// Whether a name that this router is to answer for is delegated to it.
pub(super) fn delegated(view: &View<'_>, name: &Name, found: Found<'_>) {
    let Validation::Delegated { .. } = name.validation else {
        return;
    };
    let topic = name.validation.method();
    match view::spot_of(view, name) {
        Err(e) => found(topic, false, view::explained(&e)),
        Ok(spot) => {
            let (own, to) = (&spot.name, spot.nameservers.join(", "));
            match view.delegation(own) {
                Delegation::To(_) => found(topic, true, format!("{own} is delegated to {to}")),
                _ => found(
                    topic,
                    true,
                    format!(
                        "nobody tells whether {own} is delegated; it is to be: {own}. IN NS {to}."
                    ),
                ),
            }
        }
    }
}

/// Whether the Internet shows a test record; an error says why it never will.
pub(super) fn shown(
    engine: &Engine<'_>,
    view: &View<'_>,
    txt: &TxtRecord,
) -> Result<String, (String, String)> {
    if view.is_blind() {
        return Ok(String::new());
    }
    let disturbed = match view.disturbed(&txt.name) {
        Some(why) => {
            format!(" (port 53 is intercepted on the way: {why}; DNS over HTTPS is asked instead)")
        }
        None => String::new(),
    };
    let mut who = String::new();
    for round in 0..LOOKS {
        if round > 0 && engine.clock.sleep(Duration::from_secs(1)).is_err() {
            break;
        }
        match view.shows(txt) {
            Seen::Shown => return Ok(format!("; all nameservers show it{disturbed}")),
            Seen::NotYet(server, _) => who = server,
            Seen::Unknown(why) => {
                return Ok(format!(
                    "; whether it is shown is not known: {why}{disturbed}"
                ));
            }
        }
    }
    let name = &txt.name;
    let remedy = format!(
        "in the public zone make {name} a CNAME to a name in a zone that the Internet sees, and name that in dalias"
    );
    let local = match shadow(engine, view, txt) {
        Some(Shadow::Written) => {
            let text = format!(
                "{name} is written, but {who} does not show it: a local zone shadows the public one"
            );
            return Err((text, remedy));
        }
        Some(Shadow::Other(zone)) => {
            format!(
                "; in this network a local zone shadows {zone}: if the record was written there, {remedy}"
            )
        }
        None => String::new(),
    };
    Ok(format!(
        "; but not all nameservers show it yet ({who} does not): publishing takes longer, or they do not serve the zone\
         {local}{disturbed}"
    ))
}

/// This network's nameservers see another zone than the Internet does.
enum Shadow {
    /// The record stands in it.
    Written,
    /// The record need not; the public zone.
    Other(String),
}

fn shadow(engine: &Engine<'_>, view: &View<'_>, txt: &TxtRecord) -> Option<Shadow> {
    let local = Resolver::new(nameservers(&engine.paths.at("/etc/resolv.conf")));
    let ask = |name: &str, kind| {
        let answer = local.query(name, kind, true).ok()?;
        // A server in trouble says nothing of zones.
        matches!(answer.rcode, Rcode::NoError | Rcode::NxDomain).then_some(answer)
    };
    let shown = ask(&txt.name, RecordType::Txt)?;
    let mut data = shown.answers.iter().map(|r| &r.data);
    if data.any(|d| matches!(d, Data::Text(text) if text == txt.value.as_bytes())) {
        return Some(Shadow::Written);
    }
    let host = txt.name.trim_start_matches("_acme-challenge.");
    let zone = |answer: Answer| {
        let all = answer.answers.into_iter().chain(answer.authority);
        let mut soa = all.filter_map(|r| match r.data {
            Data::Soa { primary, .. } => Some((r.name, primary)),
            _ => None,
        });
        soa.next()
    };
    let here = zone(ask(host, RecordType::Soa)?);
    let public = zone(view.ask(host, RecordType::Soa).ok()?)?;
    let (zone, primary) = &public;
    (here.as_ref() != Some(&public)).then(|| Shadow::Other(format!("{zone} (of {primary})")))
}
