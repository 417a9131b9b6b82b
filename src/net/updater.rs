//! Updates nameservers: finds the zone, signs, asks over UDP and TCP, checks the reply.

use super::dns_exchange::{over_tcp, over_udp, random_id};
use super::dns_types::{Data, Rcode, RecordType};
use super::dns_update::{decode, encode};
use super::resolver::{Resolver, lookup_host};
use super::tsig::{Fault, Signer};
use crate::types::{Nameserver, Update, UpdateError};
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long a server may take: it may sign the zone anew.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks and updates nameservers over the network.
#[derive(Clone, Copy, Debug, Default)]
pub struct Updater;

impl Nameserver for Updater {
    fn zone(&self, server: (&str, u16), name: &str) -> Result<Option<String>, UpdateError> {
        let resolver = Resolver::new(vec![address(server)?]);
        let answer = resolver.query(name, RecordType::Soa, false);
        let answer = answer.map_err(|e| UpdateError::Unreachable(e.to_string()))?;
        // The SOA of the zone comes for names that are not there, too (RFC 2308 section 3).
        let all = answer.answers.iter().chain(&answer.authority);
        let mut soa = all.filter(|r| matches!(r.data, Data::Soa { .. }));
        let fine = matches!(answer.rcode, Rcode::NoError | Rcode::NxDomain);
        let found = soa.find(|r| answer.authoritative && fine && below(name, &r.name));
        Ok(found.map(|r| r.name.clone()))
    }

    fn update(&self, server: (&str, u16), update: &Update<'_>) -> Result<(), UpdateError> {
        let signer = match update.key {
            Some((key, _)) => Some(Signer::new(key).map_err(UpdateError::Key)?),
            None => None,
        };
        let address = address(server)?;
        let unreachable =
            |e: io::Error| UpdateError::Unreachable(format!("{address} does not answer: {e}"));
        let id = random_id().map_err(unreachable)?;
        let Some(mut message) = encode(id, update) else {
            let text = format!("{} cannot be written to DNS", update.name);
            return Err(UpdateError::Refused(text));
        };
        let now = update.key.map(|(_, now)| now).unwrap_or_default();
        let mac = signer.as_ref().map(|s| s.sign(&mut message, now));
        let read = |m: &[u8]| decode(id, m).map(|said| (said, m.to_vec()));
        let deadline = || Instant::now() + PATIENCE;
        let (said, reply) = match over_udp(address, &message, deadline(), read) {
            Ok((said, reply)) if !said.truncated => (said, reply),
            // Lost, or more than fits: an update that is made twice does no harm.
            _ => over_tcp(address, &message, deadline(), read).map_err(unreachable)?,
        };
        let verified = match (&signer, &mac) {
            (Some(signer), Some(mac)) => signer.verify(&reply, mac),
            _ => Ok(()),
        };
        let denied = |why: &str| UpdateError::Denied(format!("{address} {why}"));
        match (said.rcode, verified) {
            (Rcode::NoError, Ok(())) => Ok(()),
            (_, Err(Fault::BadSig)) => Err(denied("has another secret for the key")),
            (_, Err(Fault::BadKey)) => Err(denied("has no such key, or not by this algorithm")),
            (_, Err(Fault::BadTime)) => Err(UpdateError::Refused(format!(
                "the clocks of this router and of {address} are more than 5 minutes apart (`date`)"
            ))),
            (Rcode::NoError, Err(Fault::Unsigned | Fault::Forged)) => {
                Err(denied("answers without a valid signature of the key"))
            }
            // PowerDNS says FORMERR to a wrong signature, and whoever wants a key REFUSED or NOTAUTH.
            (rcode @ (Rcode::Refused | Rcode::FormErr | Rcode::Other(9)), _) => Err(denied(
                &format!("does not let this key change {} ({rcode})", update.zone),
            )),
            (Rcode::Other(10), _) => Err(UpdateError::Refused(format!(
                "{address} says that {} is not in {}",
                update.name, update.zone
            ))),
            (rcode, _) => Err(UpdateError::Refused(format!(
                "{address} does not change {}: {rcode}",
                update.zone
            ))),
        }
    }
}

fn address((host, port): (&str, u16)) -> Result<SocketAddr, UpdateError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = lookup_host(bare).map_err(UpdateError::Unreachable)?;
    let first = found.first().copied();
    let none = || UpdateError::Unreachable(format!("{host} has no address"));
    Ok(SocketAddr::new(first.ok_or_else(none)?, port))
}

/// True if the name is the zone's or below it.
fn below(name: &str, zone: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let rest = name.strip_suffix(zone);
    zone == "." || rest.is_some_and(|r| r.is_empty() || r.ends_with('.'))
}
