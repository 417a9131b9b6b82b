//! Waits until DNS shows what was written.

use super::failure::Failure;
use super::section::Work;
use super::solve::Solved;
use crate::challenge::look_up;
use crate::config::DnsMethod;
use crate::dns::TxtRecord;
use crate::status::Recorder;
use crate::types::{OrderNote, Stage, Timestamp};
use std::time::Duration;

/// How long one step looks for records before it lets other sections pass.
const LOOK: i64 = 60;
/// The pause until it looks again.
const LOOK_AGAIN: i64 = 30;
/// After this long the CA is asked although a nameserver does not show the record: it may ask
/// others, and an order costs little.
const LOOK_MAX: i64 = 180;
/// Pauses between two looks grow from and to.
const LOOK_FIRST: Duration = Duration::from_millis(100);
const LOOK_LAST: Duration = Duration::from_secs(5);

/// Waits until DNS shows the records: a fixed time, or by looking at the configured nameservers.
/// `None`: the CA may look now.
pub(super) fn wait(
    work: &Work<'_, '_>,
    records: &[(&DnsMethod, &TxtRecord)],
    note: &mut OrderNote,
    record: &mut Recorder<'_>,
) -> Result<Option<Solved>, Failure> {
    let servers = &work.engine.config.global.dns_servers;
    let fixed = records
        .iter()
        .map(|(method, _)| match (method.wait, servers.is_empty()) {
            (Some(wait), _) => wait,
            (None, true) => method.module.settle,
            // Where values replace each other, resolvers may still have the former.
            (None, false) if method.module.writes.slots() < usize::MAX => method.module.settle,
            (None, false) => Duration::ZERO,
        });
    let Some(fixed) = fixed.max() else {
        return Ok(None);
    };
    let fixed = i64::try_from(fixed.as_secs()).unwrap_or(LOOK_MAX);
    let now = work.now();
    if note.ready_at == 0 {
        note.ready_at = now.plus(fixed).0;
        work.area.put_order(note)?;
    }
    // Not longer than it takes, whatever the clock was.
    let ready = Timestamp(note.ready_at).min(now.plus(fixed));
    if now < ready {
        let text = format!("giving DNS {} s to publish the records", ready.since(now));
        record.enter(now, Stage::Propagation, &text);
        return Ok(Some(Solved::Wait(ready, text)));
    }
    let mut unseen: Vec<&TxtRecord> = records
        .iter()
        .filter(|(method, _)| method.wait.is_none())
        .map(|(_, record)| *record)
        .collect();
    if servers.is_empty() || unseen.is_empty() {
        return Ok(None);
    }
    record.enter(
        now,
        Stage::Propagation,
        "looking for the records at the nameservers",
    );
    let mut pause = LOOK_FIRST;
    loop {
        // One that is not shown is enough to wait for.
        while let Some(first) = unseen.first()
            && servers.iter().all(|server| look_up(*server, first))
        {
            unseen.remove(0);
        }
        let Some(first) = unseen.first() else {
            record.say(work.now(), "all nameservers show the records");
            return Ok(None);
        };
        let now = work.now();
        if now.since(ready) >= LOOK_MAX {
            record.say(
                now,
                &format!(
                    "{} is not shown by all nameservers; asking the CA all the same",
                    first.name
                ),
            );
            return Ok(None);
        }
        if now.since(ready) % (LOOK + LOOK_AGAIN) >= LOOK {
            let text = format!("the nameservers do not show {} yet", first.name);
            return Ok(Some(Solved::Wait(now.plus(LOOK_AGAIN), text)));
        }
        let slept = work.engine.clock.sleep(pause);
        slept.map_err(|e| work.failed(&e.into()))?;
        pause = (pause * 2).min(LOOK_LAST);
    }
}
