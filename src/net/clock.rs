//! The system's clock, read with 64 bits on every target, and waits that a signal ends.

use crate::types::{Clock, Interrupted, Timestamp};
use nix::time::{ClockId, clock_gettime};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

// The crate libc counts time with 32 bits on such processors unless told otherwise, and 2038 would be
// 1901. tests/processors tells it.
#[cfg(all(
    target_env = "musl",
    target_pointer_width = "32",
    not(libc_unstable_musl_v1_2)
))]
compile_error!(
    "on 32 bits build with --cfg libc_unstable_musl_v1_2 in RUSTFLAGS and RUST_LIBC_UNSTABLE_MUSL_V1_2_3=1 in the environment"
);

/// How soon a wait notices that the run is to stop.
const NOTICE: Duration = Duration::from_millis(100);

/// The system's clock, or one that was set for a test and ticks on.
#[derive(Debug)]
pub struct SystemClock {
    stop: Arc<AtomicBool>,
    set: Option<(Timestamp, Instant)>,
}

impl SystemClock {
    /// A clock whose waits end when `stop` becomes true. `set`: the time to begin at.
    pub fn new(stop: Arc<AtomicBool>, set: Option<Timestamp>) -> Self {
        Self {
            stop,
            set: set.map(|at| (at, Instant::now())),
        }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        match self.set {
            Some((at, since)) => {
                at.plus(i64::try_from(since.elapsed().as_secs()).unwrap_or(i64::MAX))
            }
            None => {
                let time = clock_gettime(ClockId::CLOCK_REALTIME);
                Timestamp(time.map_or(0, |t| t.tv_sec()))
            }
        }
    }

    fn go_on(&self) -> Result<(), Interrupted> {
        match self.stop.load(Ordering::Relaxed) {
            true => Err(Interrupted),
            false => Ok(()),
        }
    }

    fn sleep(&self, time: Duration) -> Result<(), Interrupted> {
        let end = Instant::now() + time;
        loop {
            self.go_on()?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            thread::sleep(left.min(NOTICE));
        }
    }
}
