//! dns-01 by a TXT record (RFC 8555 section 8.4).

use super::{ChallengeError, Footprint, Proof, Solver};
use crate::dns::{Provider, TxtRecord};
use crate::net::{Data, RecordType, Resolver};
use crate::types::Domain;
use std::net::SocketAddr;

/// A provider that writes records, at an alias if there is one.
pub struct Dns01<'a> {
    provider: Box<dyn Provider + 'a>,
    alias: Option<Domain>,
}

impl<'a> Dns01<'a> {
    /// Records go to `alias` instead of `_acme-challenge.<name>`.
    pub fn new(provider: Box<dyn Provider + 'a>, alias: Option<Domain>) -> Self {
        Self { provider, alias }
    }

    fn record(&self, proof: &Proof) -> Option<TxtRecord> {
        let own = || proof.id.domain().map(Domain::challenge);
        Some(TxtRecord {
            name: self.alias.clone().or_else(own)?.to_string(),
            value: proof.txt_value.clone(),
        })
    }
}

impl Solver for Dns01<'_> {
    fn footprint(&self, proof: &Proof) -> Option<Footprint> {
        self.record(proof).map(Footprint::Txt)
    }

    fn present(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let record = self.record(proof);
        record.map_or(Ok(()), |r| Ok(self.provider.change(&r, true)?))
    }

    fn wait(&mut self) -> Result<(), ChallengeError> {
        Ok(self.provider.wait()?)
    }

    fn take_back(&mut self, proof: &Proof) -> Result<(), ChallengeError> {
        let record = self.record(proof);
        record.map_or(Ok(()), |r| Ok(self.provider.change(&r, false)?))
    }
}

/// True if this nameserver shows the record; what keeps it from answering counts as not yet.
pub fn look_up(server: SocketAddr, record: &TxtRecord) -> bool {
    let answer = Resolver::new(vec![server]).query(&record.name, RecordType::Txt, true);
    answer.is_ok_and(|a| {
        let mut data = a.answers.iter().map(|r| &r.data);
        data.any(|d| matches!(d, Data::Text(text) if text == record.value.as_bytes()))
    })
}
