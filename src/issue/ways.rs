//! The solvers of the ways of validation that the configuration names.

use super::clients::Http;
use super::wan::Wan;
use super::{Engine, provider};
use crate::challenge::{
    Alpn, ByHand, ChallengeError, DNS, Delegated, Dns01, Door, Footprint, HTTP, Port, Solver,
    Standalone, TLS, Webroot,
};
use crate::config::{Name, Validation};
use crate::store::{Presented, make_public};
use std::net::IpAddr;
use std::sync::Arc;

/// One solver does for all names that are validated in the same way.
pub(super) fn same(a: &Validation, b: &Validation) -> bool {
    match (a, b) {
        (Validation::Webroot { dir: a }, Validation::Webroot { dir: b }) => a == b,
        (
            Validation::Standalone {
                address: a,
                port: p,
            },
            Validation::Standalone {
                address: b,
                port: q,
            },
        )
        | (
            Validation::Alpn {
                address: a,
                port: p,
            },
            Validation::Alpn {
                address: b,
                port: q,
            },
        ) => a == b && p == q,
        (
            Validation::Delegated {
                address: a,
                port: p,
                ..
            },
            Validation::Delegated {
                address: b,
                port: q,
                ..
            },
        ) => a == b && p == q,
        (Validation::Dns(a), Validation::Dns(b)) => Arc::ptr_eq(a, b),
        (Validation::Manual { .. }, Validation::Manual { .. }) => true,
        (Validation::Persist, Validation::Persist) => true,
        (Validation::Beforehand, Validation::Beforehand) => true,
        _ => false,
    }
}

/// A solver for one way of validation; `None`: there is nothing to present.
pub(super) fn open<'a>(
    engine: &'a Engine<'_>,
    validation: &Validation,
    http: &'a Http<'_>,
) -> Result<Option<Box<dyn Solver + 'a>>, ChallengeError> {
    let solver: Box<dyn Solver + 'a> = match validation {
        Validation::Webroot { dir } => {
            // The default lies in tmpfs and is gone after a boot; others are the owner's.
            if *dir == engine.config.global.webroot {
                make_public(dir).map_err(|e| ChallengeError::File(e.to_string(), e.remedy()))?;
            }
            Box::new(Webroot::new(dir)?)
        }
        Validation::Standalone { address, port } => {
            Box::new(Standalone::new(door(engine, HTTP, *address, *port)?))
        }
        Validation::Alpn { address, port } => {
            Box::new(Alpn::new(door(engine, TLS, *address, *port)?))
        }
        Validation::Dns(method) => Box::new(Dns01::new(provider::open(engine, method, http)?)),
        Validation::Delegated { address, port, .. } => {
            Box::new(Delegated::new(door(engine, DNS, *address, *port)?))
        }
        Validation::Manual { .. } => Box::new(ByHand),
        Validation::Persist | Validation::Beforehand => return Ok(None),
    };
    Ok(Some(solver))
}

/// How a CA that asks a port gets to a listener; without a redirect that has a port of its own.
fn door<'a>(
    engine: &'a Engine<'_>,
    asked: Port,
    address: Option<IpAddr>,
    port: u16,
) -> Result<Door<'a>, ChallengeError> {
    let Some(firewall) = &engine.firewall else {
        return Ok(Door::direct(address, port));
    };
    let wan = Wan::find(engine, asked).map_err(ChallengeError::Firewall)?;
    Ok(match wan.devices.is_empty() {
        true => Door::direct(address, port),
        false => Door::redirected(firewall, asked, wan.devices, wan.owners),
    })
}

/// What is written down before something is presented.
pub(super) fn entry(footprint: &Footprint, of: &Name) -> Presented {
    match footprint {
        Footprint::File(path) => Presented::File { path: path.clone() },
        Footprint::Txt(txt) => {
            let (source, module) = match &of.validation {
                Validation::Dns(method) => (method.source.as_str(), method.module.name),
                other => ("", other.method()),
            };
            Presented::Txt {
                source: source.to_owned(),
                module: module.to_owned(),
                name: txt.name.clone(),
                value: txt.value.clone(),
                of: of.id.to_string(),
                until: None,
            }
        }
    }
}
