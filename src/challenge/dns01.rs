//! dns-01 by a TXT record (RFC 8555 section 8.4).

use super::{ChallengeError, Footprint, Proof, Solver};
use crate::dns::{Provider, TxtRecord};

/// A provider that writes records.
pub struct Dns01<'a> {
    provider: Box<dyn Provider + 'a>,
}

impl<'a> Dns01<'a> {
    /// Writes by that provider.
    pub fn new(provider: Box<dyn Provider + 'a>) -> Self {
        Self { provider }
    }
}

impl Solver for Dns01<'_> {
    fn footprint(&self, proof: &Proof) -> Option<Footprint> {
        Some(Footprint::Txt(proof.txt()))
    }

    fn present(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        Ok(self.provider.change(&proof.txt(), true)?)
    }

    fn wait(&mut self) -> Result<(), ChallengeError> {
        Ok(self.provider.wait()?)
    }

    fn take_back(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        Ok(self.provider.change(&proof.txt(), false)?)
    }
}

impl Proof {
    /// The record of dns-01.
    pub fn txt(&self) -> TxtRecord {
        TxtRecord {
            name: self.spot.name.clone(),
            value: self.txt_value.clone(),
        }
    }
}
