//! Many routers, and what became of them.

use super::ca::{Ca, scatter};
use super::router::Router;
use super::{BEGIN, DAY, HOUR};
use certkeeper::config::{self, Config};
use certkeeper::types::Paths;
use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// Requests of one issuance for one name: nonce, order, authorization, challenge, three looks at the
/// order, CSR, chain.
const ORDER: u64 = 9;

/// Routers with one certificate each: every second one is set up within the first hour, the others
/// at any time of the first lifetime.
pub struct Fleet {
    pub lifetime: i64,
    pub renewal_info: bool,
    pub days: i64,
    pub routers: u64,
    /// No quiet hour is passed over.
    pub every_hour: bool,
}

/// What became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub certificates: u64,
    pub renewals: u64,
    /// Renewals more than two hours after their time, while the CA was there.
    pub late: u64,
    /// The same, because the CA was down.
    pub late_by_outage: u64,
    /// The longest that a renewal took after the CA was back.
    pub after_outage: i64,
    /// The least part of the lifetime that was left at a renewal, in thousandths.
    pub least_left: Option<i64>,
    /// Runs that found the certificate expired.
    pub expired: u64,
    pub orders: u64,
    pub questions: u64,
    /// Directories that were fetched.
    pub directories: u64,
    /// Attempts that did not reach the CA.
    pub failures: u64,
    /// Renewals by the minute of the hour, by the hour of the day, and by the hour since the begin.
    pub minutes: BTreeMap<i64, u64>,
    pub hours: BTreeMap<i64, u64>,
    pub since: BTreeMap<i64, u64>,
}

impl Fleet {
    /// Plays it: each router by itself, on all processors.
    pub fn play(&self) -> Tally {
        let next = AtomicU64::new(0);
        let work = || {
            let mut tally = Tally::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= self.routers {
                    return tally;
                }
                let first = match number % 2 {
                    0 => 0,
                    _ => i64::try_from(scatter(number) >> 1).expect("a number") % self.lifetime,
                };
                let ca = Ca::new(BEGIN, self.lifetime, self.renewal_info, number);
                let router = Router::new(&CONFIG, ca, number);
                let begin = BEGIN + first / HOUR * HOUR;
                tally.add(router.live(begin, BEGIN + self.days * DAY, self.every_hour));
            }
        };
        let processors = thread::available_parallelism().map_or(1, usize::from);
        thread::scope(|scope| {
            let all: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
            let mut tally = Tally::default();
            for one in all {
                tally.add(one.join().expect("a router"));
            }
            tally
        })
    }

    /// The goals.
    #[track_caller]
    pub fn check(&self, name: &str, tally: &Tally) {
        assert_eq!(tally.certificates, self.routers);
        assert_eq!(tally.expired, 0, "{name}: expired certificates");
        assert_eq!(tally.late, 0, "{name}: late although the CA was there");
        // After an outage a day at most; a certificate that has little left is not let wait so long.
        assert!(
            tally.after_outage <= DAY + HOUR,
            "{name}: {} s after an outage",
            tally.after_outage
        );
        // A question each six hours, one after each boot, one with each certificate.
        let days = u64::try_from(self.days).expect("days") * self.routers;
        let most = if self.renewal_info { days * 43 / 10 } else { 0 };
        assert!(
            tally.questions <= most,
            "{name}: {} questions",
            tally.questions
        );
        // No more orders than the lifetime asks for, outages and incident included.
        let used = if self.lifetime < 10 * DAY { 2 } else { 3 };
        let span = self.lifetime - self.lifetime / used - self.lifetime / 25;
        let most = u64::try_from(self.days * DAY / span + 3).expect("orders") * self.routers;
        assert!(
            tally.orders <= most,
            "{name}: {} orders, not {most}",
            tally.orders
        );
        // One of sixty minutes has 1.7 % of them, one of 24 hours 4.2 %.
        assert!(
            tally.fullest(&tally.minutes) <= 40,
            "{name}: {:?}",
            tally.minutes
        );
        assert!(
            tally.fullest(&tally.hours) <= 100,
            "{name}: {:?}",
            tally.hours
        );
    }
}

/// One certificate at a CA of one's own, read as a router reads it.
static CONFIG: LazyLock<Config> = LazyLock::new(|| {
    let root = std::env::temp_dir().join(format!("certkeeper-simulation-{}", std::process::id()));
    fs::create_dir_all(root.join("etc/config")).expect("a folder");
    let text = "config cert web\n\tlist domains www.example.org\n\tlist account home\n\
                config account home\n\toption acme_server https://ca.test/directory\n";
    fs::write(root.join("etc/config/certkeeper"), text).expect("a file");
    let config = config::load(&Paths::new(&root)).expect("a configuration");
    fs::remove_dir_all(&root).expect("removed");
    assert!(config.mistakes.is_empty(), "{:?}", config.mistakes);
    config
});

impl Tally {
    pub const HEAD: [&'static str; 11] = [
        "lifetime",
        "renewals",
        "expired",
        "late",
        "late by outage",
        "longest after outage",
        "least left",
        "orders/cert",
        "requests/cert/day",
        "fullest minute",
        "fullest hour of day; of all",
    ];

    pub fn row(&self, name: &str) -> Vec<String> {
        let per_cert = |n: u64| n as f64 / self.certificates as f64;
        let requests = self.questions + self.directories + ORDER * self.orders;
        let percent = |thousandths: u64| format!("{:.1} %", thousandths as f64 / 10.0);
        vec![
            name.to_owned(),
            self.renewals.to_string(),
            self.expired.to_string(),
            self.late.to_string(),
            self.late_by_outage.to_string(),
            format!("{:.1} h", self.after_outage as f64 / HOUR as f64),
            percent(u64::try_from(self.least_left.unwrap_or(0)).unwrap_or(0)),
            format!("{:.1}", per_cert(self.orders)),
            format!("{:.2}", per_cert(requests) / 400.0),
            percent(self.fullest(&self.minutes)),
            format!(
                "{}; {}",
                percent(self.fullest(&self.hours)),
                self.since.values().max().unwrap_or(&0)
            ),
        ]
    }

    /// A renewal at `now` that had been due at `due`. `outage`: its end, if the CA was down between.
    pub fn renewed(&mut self, now: i64, late: bool, outage: Option<i64>, left: i64, lifetime: i64) {
        self.renewals += 1;
        match outage {
            Some(end) if late => {
                self.late_by_outage += 1;
                self.after_outage = self.after_outage.max(now - end);
            }
            None if late => self.late += 1,
            _ => {}
        }
        let left = left * 1000 / lifetime;
        self.least_left = Some(self.least_left.map_or(left, |l| l.min(left)));
        *self.minutes.entry(now / 60 % 60).or_default() += 1;
        *self.hours.entry(now / HOUR % 24).or_default() += 1;
        *self.since.entry((now - BEGIN) / HOUR).or_default() += 1;
    }

    /// The share of the fullest, in thousandths.
    fn fullest(&self, counts: &BTreeMap<i64, u64>) -> u64 {
        counts.values().max().unwrap_or(&0) * 1000 / self.renewals.max(1)
    }

    fn add(&mut self, other: Tally) {
        self.certificates += other.certificates;
        self.renewals += other.renewals;
        self.late += other.late;
        self.late_by_outage += other.late_by_outage;
        self.after_outage = self.after_outage.max(other.after_outage);
        self.least_left = match (self.least_left, other.least_left) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        self.expired += other.expired;
        self.orders += other.orders;
        self.questions += other.questions;
        self.directories += other.directories;
        self.failures += other.failures;
        let pairs = [
            (&mut self.minutes, other.minutes),
            (&mut self.hours, other.hours),
            (&mut self.since, other.since),
        ];
        for (mine, more) in pairs {
            for (key, count) in more {
                *mine.entry(key).or_default() += count;
            }
        }
    }
}

/// The rows in columns.
pub fn table(rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter()
            .map(|r| r[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths);
        let cells: Vec<String> = cells.map(|(cell, w)| format!("{cell:<w$}")).collect();
        format!("| {} |", cells.join(" | "))
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
