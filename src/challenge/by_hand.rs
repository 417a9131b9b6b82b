//! dns-01 by records that the owner writes himself: they are shown, and looked for.

use super::{ChallengeError, Footprint, Proof, Solver};

/// The time to keep such a record that is advised, in seconds.
pub const TTL: u32 = 300;

/// Nobody writes anything.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByHand;

impl Solver for ByHand {
    fn footprint(&self, proof: &Proof) -> Option<Footprint> {
        Some(Footprint::Txt(proof.txt()))
    }

    fn present(&mut self, _: &Proof) -> Result<(), ChallengeError> {
        Ok(())
    }

    fn take_back(&mut self, _: &Proof) -> Result<(), ChallengeError> {
        Ok(())
    }
}
