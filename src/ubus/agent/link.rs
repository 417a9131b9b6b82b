//! The connection to ubusd, with the object on it. A lost one is made anew.

use super::{METHODS, NAME};
use crate::ubus::blob::Kind;
use crate::ubus::client::Client;
use crate::ubus::connection;
use nix::poll::{PollFd, PollFlags};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

/// How soon a lost connection is tried again.
const RECONNECT: Duration = Duration::from_millis(500);

/// The connection, or when it is tried next.
pub(super) enum Link {
    Up { client: Client, object: u32 },
    Down { again: Instant, told: bool },
}

impl Link {
    /// One that is to be made at once.
    pub fn new() -> Self {
        Self::Down {
            again: Instant::now(),
            told: false,
        }
    }

    /// Connects and registers, if it is time to.
    pub fn connect(&mut self, socket: &Path, tell: &dyn Fn(&str)) {
        let Self::Down { again, told } = *self else {
            return;
        };
        if again > Instant::now() {
            return;
        }
        *self = match register(socket) {
            Ok((client, object)) => Self::Up { client, object },
            Err(e) => {
                if !told {
                    tell(&format!("ubusd at {}: {e}; trying again", socket.display()));
                }
                Self::Down {
                    again: Instant::now() + RECONNECT,
                    told: true,
                }
            }
        };
    }

    /// Does something with the connection. `None`: there is none, or none any more.
    pub fn with<T>(
        &mut self,
        tell: &dyn Fn(&str),
        what: impl FnOnce(&mut Client, u32) -> connection::Result<T>,
    ) -> Option<T> {
        let Self::Up { client, object } = self else {
            return None;
        };
        match what(client, *object) {
            Ok(value) => Some(value),
            Err(e) => {
                tell(&format!("ubus: {e}; connecting anew"));
                *self = Self::new();
                None
            }
        }
    }

    /// When it is tried next.
    pub fn again(&self) -> Option<Instant> {
        match self {
            Self::Up { .. } => None,
            Self::Down { again, .. } => Some(*again),
        }
    }

    /// What there is to be waited for.
    pub fn poll_fd(&self) -> Option<PollFd<'_>> {
        let Self::Up { client, .. } = self else {
            return None;
        };
        let mut events = PollFlags::POLLIN;
        events.set(PollFlags::POLLOUT, client.wants_to_write());
        Some(PollFd::new(client.as_fd(), events))
    }
}

fn register(socket: &Path) -> connection::Result<(Client, u32)> {
    let mut client = Client::connect(socket)?;
    let methods: Vec<(&str, &[(&str, Kind)])> = METHODS.iter().map(|m| (m.name, m.args)).collect();
    let object = client.register(NAME, &methods)?;
    Ok((client, object))
}
