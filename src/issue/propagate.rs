//! Waits until DNS shows what was written.

use super::failure::Failure;
use super::section::Work;
use super::solve::Solved;
use crate::challenge::{Seen, TTL, View};
use crate::config::{Name, Validation};
use crate::dns::TxtRecord;
use crate::status::Recorder;
use crate::types::{OrderNote, Stage, Timestamp};
use std::time::Duration;

/// How long one step looks for records before it lets other sections pass, and then the run end.
const LOOK: i64 = 10;
/// The pause until it looks again, as long as DNS may be expected to show them any moment, …
const SOON: i64 = 20;
const SOON_MAX: i64 = 180;
/// … and after that: the run ends meanwhile.
const LATER: i64 = 300;
/// After this long the CA is asked although a nameserver does not show the record: it may ask
/// others, and an order costs little.
const LOOK_MAX: i64 = 1800;
/// People need longer: the order's end is theirs.
const BY_HAND: i64 = 600;
/// Pauses between two looks grow from and to.
const LOOK_FIRST: Duration = Duration::from_millis(100);
const LOOK_LAST: Duration = Duration::from_secs(2);

/// A TXT record that a CA will look for.
pub(super) struct Published<'a> {
    pub txt: &'a TxtRecord,
    /// A time to wait instead of looking.
    wait: Option<Duration>,
    /// A time to wait where nobody can be looked at.
    settle: Duration,
    /// The same where somebody can.
    stale: Duration,
    by_hand: bool,
}

impl<'a> Published<'a> {
    /// The record of a name; `None`: it needs no time.
    pub fn new(name: &Name, txt: &'a TxtRecord) -> Option<Self> {
        let (wait, settle, stale) = match &name.validation {
            Validation::Dns(method) => {
                let settle = method.module.settle;
                // Where values replace each other, resolvers may still have the former.
                let replaces = method.is_narrow();
                (
                    method.wait,
                    settle,
                    if replaces { settle } else { Duration::ZERO },
                )
            }
            Validation::Manual { wait, .. } => (*wait, Duration::ZERO, Duration::ZERO),
            _ => return None,
        };
        Some(Self {
            txt,
            wait,
            settle,
            stale,
            by_hand: matches!(name.validation, Validation::Manual { .. }),
        })
    }
}

/// Until when, and for what.
type Pause = (Timestamp, String);

/// Waits until DNS shows the records: a fixed time, or by looking. `None`: the CA may look now.
pub(super) fn wait(
    work: &Work<'_, '_>,
    view: &View<'_>,
    records: &[Published<'_>],
    note: &mut OrderNote,
    record: &mut Recorder<'_>,
) -> Result<Option<Solved>, Failure> {
    if records.is_empty() {
        return Ok(None);
    }
    let now = work.now();
    // Not longer than it takes, whatever the clock was.
    if note.presented_at == 0 || note.presented_at > now.0 {
        note.presented_at = now.0;
    }
    let since = Timestamp(note.presented_at);
    let fixed = records.iter().map(|r| match r.wait {
        Some(wait) => wait,
        None if view.is_blind() => r.settle,
        None => r.stale,
    });
    // Where nobody can be asked, time is all that can be given.
    let unseen = records.iter().filter(|r| r.wait.is_none());
    let unseen: Vec<_> = unseen.filter(|r| r.by_hand || !view.is_blind()).collect();
    let by_time = unseen.is_empty();
    let pause = match settle(since, fixed.max().unwrap_or_default(), now) {
        Some(pause) => {
            record.enter(now, Stage::Propagation, &pause.1);
            Some(pause)
        }
        None => look(work, view, unseen, note, record)?,
    };
    note.ready = pause.is_none() || by_time;
    note.ready_at = pause.as_ref().map_or(work.now(), |(until, _)| *until).0;
    work.area.put_order(note)?;
    Ok(pause.map(|(until, text)| Solved::Wait(until, text)))
}

/// Looks for records at the nameservers. One that is not shown is enough to wait for.
fn look(
    work: &Work<'_, '_>,
    view: &View<'_>,
    mut unseen: Vec<&Published<'_>>,
    note: &OrderNote,
    record: &mut Recorder<'_>,
) -> Result<Option<Pause>, Failure> {
    if unseen.is_empty() {
        return Ok(None);
    }
    let begin = work.now();
    let text = "looking for the records at the nameservers";
    record.enter(begin, Stage::Propagation, text);
    let since = Timestamp(note.presented_at);
    let mut pause = LOOK_FIRST;
    while let Some(&first) = unseen.first() {
        let name = &first.txt.name;
        let seen = view.shows(first.txt);
        let now = work.now();
        // More than that it is not there yet is told in the result, too.
        let mut odd = true;
        let why = match seen {
            Seen::Shown => {
                unseen.remove(0);
                continue;
            }
            Seen::NotYet(who, Some(instead)) => format!("{who} {instead} {name}"),
            Seen::NotYet(who, None) => {
                odd = false;
                format!("{who} does not show {name} yet")
            }
            Seen::Unknown(why) => {
                let text = format!("{name} cannot be looked up: {why}");
                if !first.by_hand {
                    record.say(now, &text);
                    return Ok(settle(since, first.settle, now));
                }
                format!("{text} (with dns_wait the CA is asked after that many seconds)")
            }
        };
        if first.by_hand {
            record.say(now, &why);
            let text = publish(&unseen, note);
            let text = if odd { format!("{why}; {text}") } else { text };
            return Ok(Some((now.plus(BY_HAND), text)));
        }
        let so_far = now.since(since);
        if so_far >= LOOK_MAX {
            record.say(now, &format!("{why}; asking the CA all the same, once"));
            return Ok(None);
        }
        if now.since(begin) >= LOOK {
            let pause = if so_far < SOON_MAX { SOON } else { LATER };
            return Ok(Some((now.plus(pause), why)));
        }
        let slept = work.engine.clock.sleep(pause);
        slept.map_err(|e| work.failed(&e.into()))?;
        pause = (pause * 2).min(LOOK_LAST);
    }
    record.say(work.now(), "all nameservers show the records");
    Ok(None)
}

/// A time that DNS is given, unless it is over.
fn settle(since: Timestamp, time: Duration, now: Timestamp) -> Option<Pause> {
    let ready = since.plus(i64::try_from(time.as_secs()).unwrap_or(LOOK_MAX));
    let left = ready.since(now);
    (left > 0).then(|| (ready, format!("giving DNS {left} s to publish the records")))
}

/// What the owner is to write.
fn publish(records: &[&Published<'_>], note: &OrderNote) -> String {
    let line = |r: &&Published<'_>| format!("{}. {TTL} IN TXT \"{}\"", r.txt.name, r.txt.value);
    let lines: Vec<String> = records.iter().filter(|r| r.by_hand).map(line).collect();
    let end = match note.expires {
        0 => String::new(),
        end => format!(", until {}", Timestamp(end)),
    };
    format!(
        "publish in DNS: {}; it goes on when all nameservers show it{end}",
        lines.join(" and ")
    )
}
