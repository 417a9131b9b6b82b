//! Which of the chains that a CA offers is taken (`preferred_chain`).

use super::section::Work;
use crate::acme::{AcmeError, Order};
use crate::status::Recorder;
use crate::types::{few, shown};
use crate::x509::{Certificate, split_pem_chain};

/// A CA's name is shown up to this length.
const NAME_MAX: usize = 60;

/// What was taken.
pub(super) struct Taken {
    /// The chain, PEM.
    pub pem: Vec<u8>,
    /// The chains that there are, by whom each leads to, if none of them is the preferred one.
    pub instead: Vec<String>,
}

/// Downloads the chain that leads to the preferred root: by its whole name, else by a part of it;
/// else the CA's own choice.
pub(super) fn fetch(
    work: &Work<'_, '_>,
    order: &Order,
    record: &mut Recorder<'_>,
) -> Result<Taken, AcmeError> {
    let first = work.client.chain(order)?;
    let taken = |pem| Taken {
        pem,
        instead: Vec::new(),
    };
    let Some(wanted) = &work.cert.preferred_chain else {
        return Ok(taken(first.pem));
    };
    let Some((leaf, top)) = ends(&first.pem) else {
        // What is wrong with it is told by who reads it.
        return Ok(taken(first.pem));
    };
    let mut chains = vec![(top, first.pem)];
    for url in &first.alternates {
        if chains
            .iter()
            .any(|(top, _)| top.eq_ignore_ascii_case(wanted))
        {
            break;
        }
        match work.client.chain_at(url) {
            Ok(other) => match ends(&other.pem) {
                Some((same, top)) if same == leaf => chains.push((top, other.pem)),
                _ => record.say(work.now(), "one of the other chains is of no use"),
            },
            Err(AcmeError::Interrupted) => return Err(AcmeError::Interrupted),
            // The certificate is there all the same.
            Err(e) => record.say(work.now(), &format!("one of the other chains: {e}")),
        }
    }
    let part = |top: &String| {
        let (top, wanted) = (top.to_ascii_lowercase(), wanted.to_ascii_lowercase());
        top.contains(&wanted)
    };
    let mut tops = chains.iter().map(|(top, _)| top);
    let found = tops.position(|top| top.eq_ignore_ascii_case(wanted));
    let found = found.or_else(|| chains.iter().position(|(top, _)| part(top)));
    let instead: Vec<String> = match found {
        Some(_) => Vec::new(),
        None => chains.iter().map(|(top, _)| shown(top, NAME_MAX)).collect(),
    };
    let (top, pem) = chains.swap_remove(found.unwrap_or_default());
    let text = match found {
        Some(_) => format!("taking the chain that leads to {}", shown(&top, NAME_MAX)),
        None => missing(wanted, &instead),
    };
    record.say(work.now(), &text);
    Ok(Taken { pem, instead })
}

/// The certificate of a chain, and the name of the CA that its last one leads to.
fn ends(pem: &[u8]) -> Option<(Vec<u8>, String)> {
    let mut ders = split_pem_chain(pem).ok()?;
    let top = Certificate::parse(ders.last()?).ok()?;
    Some((ders.swap_remove(0), top.issuer_name().to_owned()))
}

/// That the preferred chain is not offered, in words.
pub(super) fn missing(wanted: &str, offered: &[String]) -> String {
    format!(
        "no chain leads to '{wanted}' (preferred_chain), so the CA's own choice is used; offered are: {}",
        few(offered.iter().map(String::as_str))
    )
}
