//! One router: an hourly run at a minute of its own, a run after each boot, one certificate.

use super::ca::{Ca, scatter};
use super::fleet::Tally;
use super::{DAY, HOUR};
use certkeeper::acme::{AcmeError, Directory, ari};
use certkeeper::config::{Cert, Config};
use certkeeper::issue::Failure;
use certkeeper::plan::{self, Action, Wish, plan};
use certkeeper::types::{Held, Inventory, Issued, Meta, Secret, Stage, Timestamp, Version};

/// A boot each so many days on average; tmpfs is lost.
const BOOTS: u64 = 30;
/// A run comes within so many minutes after a boot, when NTP has set the clock.
const BOOT: i64 = 120;
/// So long it takes until a CA is asked again.
const QUESTION: i64 = 6 * HOUR;
/// More than this after its time a renewal is late.
const LATE: i64 = 2 * HOUR;

pub struct Router<'a> {
    config: &'a Config,
    ca: Ca,
    directory: Directory,
    inventory: Inventory,
    number: u64,
    minute: i64,
    tally: Tally,
}

impl<'a> Router<'a> {
    pub fn new(config: &'a Config, ca: Ca, number: u64) -> Self {
        let directory = ca.directory();
        let inventory = Inventory {
            sections: [(config.certs[0].name.clone(), Held::default())].into(),
            primary: None,
            secret: Secret::new(format!("{:016x}", scatter(number))),
        };
        Self {
            config,
            ca,
            directory,
            inventory,
            number,
            // As the package does it: by a hash of what the device is.
            minute: i64::try_from(scatter(!number) % 60).unwrap(),
            tally: Tally::default(),
        }
    }

    fn cert(&self) -> &'a Cert {
        &self.config.certs[0]
    }

    fn held(&mut self) -> &mut Held {
        self.inventory.sections.values_mut().next().unwrap()
    }

    /// Lives between these times. `every_hour`: also through hours in which nothing can happen.
    pub fn live(mut self, begin: i64, end: i64, every_hour: bool) -> Tally {
        let mut hour = 0;
        let boots = self.boots(begin, end);
        let mut boots = boots.into_iter().peekable();
        loop {
            let at = begin + hour * HOUR + self.minute * 60;
            if at >= end {
                break;
            }
            while let Some(boot) = boots.next_if(|boot| *boot <= at) {
                self.held().renewal = None;
                self.run(boot);
            }
            self.run(at);
            hour += 1;
            if !every_hour {
                let quiet = self.quiet_until().min(*boots.peek().unwrap_or(&end));
                hour = hour.max((quiet - begin - self.minute * 60 + HOUR - 1) / HOUR);
            }
        }
        self.tally.questions = self.ca.questions.get();
        self.tally.orders = self.ca.orders.get();
        self.tally.certificates = 1;
        self.tally
    }

    /// When it boots.
    fn boots(&self, begin: i64, end: i64) -> Vec<i64> {
        let booted = |day: &i64| {
            let dice = scatter(self.number ^ (u64::try_from(*day).unwrap() << 40));
            dice.is_multiple_of(BOOTS)
                .then(|| i64::try_from(dice >> 20).unwrap() % DAY)
        };
        let boots = (1..(end - begin) / DAY)
            .filter_map(|day| Some(begin + day * DAY + booted(&day)? + BOOT));
        boots.collect()
    }

    /// Before that no run has anything to do.
    fn quiet_until(&mut self) -> i64 {
        let cert = self.cert();
        let secret = self.inventory.secret.clone();
        let held = self.held();
        let Some(version) = held.versions.first() else {
            return 0;
        };
        let due = plan::due(cert, &version.meta, held.renewal.as_ref(), &secret);
        let due = due.at.0 - if due.suggested { HOUR } else { 0 };
        let rest = held.attempt.as_ref().map_or(0, |a| a.next);
        let asks = version.meta.cert_id.as_ref().map(|_| {
            let asked = held.renewal.as_ref();
            asked.map_or(0, |i| i.ask_at)
        });
        due.max(rest).min(asks.unwrap_or(i64::MAX))
    }

    /// A run as cron starts it: what `issue` does with the plan, by the plan's own word.
    fn run(&mut self, now: i64) {
        self.ca.set_time(now);
        self.tally.expired += u64::from(self.is_expired(now));
        let wish = Wish::default();
        let first = plan(self.config, &self.inventory, Timestamp(now), &wish);
        let tasks = match first.ask.as_slice() {
            [] => first.tasks,
            _ => {
                self.ask();
                plan(self.config, &self.inventory, Timestamp(now), &wish).tasks
            }
        };
        for task in tasks {
            match task.action {
                Action::Issue => self.issue(now),
                Action::Forget => self.held().attempt = None,
                Action::Deploy | Action::Local => {}
                other => panic!("{other:?}: {}", task.reason),
            }
        }
    }

    fn is_expired(&mut self, now: i64) -> bool {
        let version = self.held().versions.first();
        version.is_some_and(|v| v.meta.not_after < now)
    }

    fn ask(&mut self) {
        self.tally.directories += 1;
        let former = self.held().renewal.clone();
        let meta = self.held().versions[0].meta.clone();
        let cert_id = meta.cert_id.unwrap();
        let former = former.filter(|i| i.cert_id == cert_id);
        let said = ari::ask(
            &self.ca,
            &self.ca,
            &self.directory,
            &cert_id,
            former.as_ref(),
        );
        self.held().renewal = Some(said.unwrap());
    }

    fn issue(&mut self, now: i64) {
        match self.ca.issue() {
            Ok(meta) => self.store(meta, now),
            Err(error) => {
                self.tally.failures += 1;
                let cert = self.cert();
                let error = AcmeError::Transport(error);
                let mut failure = Failure::of_acme(cert, &error);
                let held = self.held();
                let account = &cert.account.name;
                let before = plan::tried(cert, held);
                let tried = failure.tried(before.get(account), held, Timestamp(now));
                failure.accounts.insert(account.clone(), tried);
                let attempt = failure.attempt(cert, held, Stage::Account, Timestamp(now));
                held.attempt = Some(attempt);
            }
        }
    }

    fn store(&mut self, meta: Meta, now: i64) {
        let cert = self.cert();
        let names = plan::names(cert);
        let meta = Meta {
            names: names.clone(),
            key_type: cert.key_type.name().to_owned(),
            account: cert.account.name.clone(),
            directory: cert.account.directory.clone(),
            ..meta
        };
        self.count(now);
        let asks = meta.cert_id.is_some();
        let held = self.held();
        held.attempt = None;
        held.issued.retain(|i| now - i.at < 14 * DAY);
        held.issued.push(Issued { at: now, names });
        let number = held.versions.first().map_or(1, |v| v.number + 1);
        held.versions = vec![Version { number, meta }];
        held.current = Some(number);
        held.linked = true;
        if asks {
            // In the run that got it, over the same connection.
            self.ask();
            self.tally.directories -= 1;
        }
    }

    /// How a renewal went: whether in time, and how much was left.
    fn count(&mut self, now: i64) {
        let (cert, secret) = (self.cert(), self.inventory.secret.clone());
        self.tally.directories += 1;
        let held = self.held();
        let Some(former) = held.versions.first().map(|v| v.meta.clone()) else {
            return;
        };
        let due = plan::due(cert, &former, held.renewal.as_ref(), &secret)
            .at
            .0;
        // A CA that wants it replaced at once is heard with the next question.
        let wanted = match self.ca.incident(&former) {
            Some(at) if due < at => at + QUESTION,
            _ => due,
        };
        let late = now - wanted > LATE;
        // What failed then may rest for a while after it.
        let failed = self.held().attempt.as_ref().map_or(wanted, |a| a.at);
        let outage = self.ca.outage(wanted.min(failed), now);
        let left = former.not_after - now;
        self.tally
            .renewed(now, late, outage, left, former.lifetime());
    }
}
