//! Why a request to a CA did not do what it should.

use super::problem::Problem;
use crate::types::{Interrupted, Timestamp, TransportError};
use std::fmt;

/// Why an ACME request did not do what it should.
#[derive(Clone, Debug)]
pub enum AcmeError {
    /// No reply.
    Transport(TransportError),
    /// The CA said no.
    Problem {
        /// Its reason.
        problem: Box<Problem>,
        /// The reply's status.
        status: u16,
        /// When it may be asked again.
        retry_after: Option<Timestamp>,
    },
    /// A reply that is no ACME.
    Protocol(String),
    /// The run was asked to stop.
    Interrupted,
}

impl AcmeError {
    /// The CA's problem document.
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Problem { problem, .. } => Some(problem),
            _ => None,
        }
    }

    /// True if the CA itself said no and had no passing reason: what was asked for was not done.
    pub fn is_definite(&self) -> bool {
        let passing = ["", "badNonce", "rateLimited", "serverInternal"];
        matches!(
            self,
            Self::Problem {
                status: 400..500,
                ..
            }
        ) && !passing.contains(&self.kind())
    }

    /// The problem's type without namespace; empty where there is none.
    pub fn kind(&self) -> &str {
        self.problem().map_or("", Problem::kind)
    }
}

impl fmt::Display for AcmeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transport(e) => e.fmt(f),
            Self::Problem { problem, .. } => problem.fmt(f),
            Self::Protocol(text) => f.write_str(text),
            Self::Interrupted => f.write_str("the run was asked to stop"),
        }
    }
}

impl From<TransportError> for AcmeError {
    fn from(e: TransportError) -> Self {
        Self::Transport(e)
    }
}

impl From<Interrupted> for AcmeError {
    fn from(_: Interrupted) -> Self {
        Self::Interrupted
    }
}
