//! dns-01 by a nameserver of our own: `_acme-challenge.NAME` is delegated to this router, which
//! answers for it while a CA looks.

use super::datagram::{Datagrams, MESSAGE_MAX};
use super::door::Door;
use super::listener::{Answer, Client};
use super::relay::Relay;
use super::{ChallengeError, Footprint, Proof, Solver};
use crate::net::{SmallZone, reply};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// Questions over one connection.
const QUESTIONS_MAX: usize = 16;

type Zones = Arc<Mutex<Vec<SmallZone>>>;

/// The nameserver; it opens with the first answer and closes with the last.
#[derive(Debug)]
pub struct Delegated<'a> {
    door: Door<'a>,
    zones: Zones,
}

impl<'a> Delegated<'a> {
    /// A nameserver behind that door; nothing is opened yet.
    pub fn new(door: Door<'a>) -> Self {
        Self {
            door,
            zones: Zones::default(),
        }
    }
}

impl Solver for Delegated<'_> {
    fn footprint(&self, _: &Proof) -> Option<Footprint> {
        None
    }

    fn present(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let zones = &self.zones;
        self.door
            .open_both(|| (answering(zones), Some(datagrams(zones))))?;
        let mut zones = zones.lock().unwrap_or_else(PoisonError::into_inner);
        let name = &proof.spot.name;
        let at = zones.iter().position(|z| z.name == *name);
        let at = at.unwrap_or_else(|| {
            zones.push(SmallZone {
                name: name.clone(),
                nameservers: proof.spot.nameservers.clone(),
                values: Vec::new(),
            });
            zones.len() - 1
        });
        if !zones[at].values.contains(&proof.txt_value) {
            zones[at].values.push(proof.txt_value.clone());
        }
        Ok(())
    }

    fn take_back(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let mut zones = self.zones.lock().unwrap_or_else(PoisonError::into_inner);
        for zone in zones.iter_mut().filter(|z| z.name == proof.spot.name) {
            zone.values.retain(|v| *v != proof.txt_value);
        }
        zones.retain(|z| !z.values.is_empty());
        let last = zones.is_empty();
        drop(zones);
        if last { self.door.close() } else { Ok(()) }
    }
}

fn datagrams(zones: &Zones) -> Datagrams {
    let zones = zones.clone();
    Arc::new(move |message| {
        let zones = zones.lock().unwrap_or_else(PoisonError::into_inner);
        reply(&zones, message, true)
    })
}

fn answering(zones: &Zones) -> Answer {
    let zones = zones.clone();
    Arc::new(move |client: Client, _: &Relay| answer(client, &zones))
}

/// RFC 1035 section 4.2.2: each message has its length before it.
fn answer(mut client: Client, zones: &Zones) -> io::Result<()> {
    for _ in 0..QUESTIONS_MAX {
        let whole = |said: &[u8]| {
            let length = said.first_chunk().map(|l| u16::from_be_bytes(*l));
            length.filter(|l| said.len() >= 2 + usize::from(*l))
        };
        let length = loop {
            if let Some(length) = whole(&client.said) {
                break usize::from(length);
            }
            if client.said.len() >= 2 + MESSAGE_MAX || !client.hear()? {
                return Ok(());
            }
        };
        let message: Vec<u8> = client.said.drain(..2 + length).skip(2).collect();
        let replied = {
            let zones = zones.lock().unwrap_or_else(PoisonError::into_inner);
            reply(&zones, &message, false)
        };
        let Some(replied) = replied else {
            return Ok(());
        };
        let length = u16::try_from(replied.len()).unwrap_or(u16::MAX);
        let framed = [&length.to_be_bytes()[..], &replied].concat();
        client.stream.write_all(&framed)?;
    }
    Ok(())
}
