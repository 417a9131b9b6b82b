//! A CA that is played: it is down for days, and says when it wants certificates renewed.

use super::{DAY, HOUR};
use certkeeper::acme::Directory;
use certkeeper::types::{
    Clock, Interrupted, Meta, Request, Response, Timestamp, Transport, TransportError, Window,
};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// From these days on nobody reaches it, for three days each.
const DOWN_FROM: [i64; 4] = [61, 152, 253, 337];
const DOWN_FOR: i64 = 3 * DAY;
/// On this day it finds that it must revoke each twentieth certificate, and wants it replaced at
/// once.
const INCIDENT: i64 = 201;
const AFFECTED: u64 = 20;

/// A number that differs for each input: the finalizer of SplitMix64.
pub fn scatter(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The CA as one router sees it, and the router's clock.
pub struct Ca {
    pub lifetime: i64,
    pub renewal_info: bool,
    begin: i64,
    now: Cell<i64>,
    /// What it issued last.
    issued: RefCell<Option<Meta>>,
    serial: Cell<u64>,
    /// Questions about renewals that it answered.
    pub questions: Cell<u64>,
    /// Orders that it got.
    pub orders: Cell<u64>,
}

impl Ca {
    pub fn new(begin: i64, lifetime: i64, renewal_info: bool, router: u64) -> Self {
        Self {
            lifetime,
            renewal_info,
            begin,
            now: Cell::new(begin),
            issued: RefCell::default(),
            // No two routers have the same.
            serial: Cell::new(router << 32),
            questions: Cell::new(0),
            orders: Cell::new(0),
        }
    }

    pub fn set_time(&self, now: i64) {
        self.now.set(now);
    }

    /// The end of the last time between these two in which nobody reached it.
    pub fn outage(&self, from: i64, to: i64) -> Option<i64> {
        let begins = DOWN_FROM.iter().map(|day| self.begin + day * DAY);
        let ends = begins.filter(|b| *b <= to && from < b + DOWN_FOR);
        ends.map(|b| b + DOWN_FOR).next_back()
    }

    fn is_down(&self) -> bool {
        let now = self.now.get();
        self.outage(now, now).is_some()
    }

    /// The directory, by the real reader.
    pub fn directory(&self) -> Directory {
        Directory::fetch(self, self, "https://ca.test/directory").unwrap()
    }

    /// A certificate, or why there is none.
    pub fn issue(&self) -> Result<Meta, TransportError> {
        let now = self.now.get();
        if self.is_down() {
            return Err(unreached());
        }
        self.orders.set(self.orders.get() + 1);
        let serial = self.serial.get() + 1;
        self.serial.set(serial);
        // As the large ones do, an hour back.
        let not_before = now - HOUR;
        let meta = Meta {
            serial: format!("{serial:016X}"),
            cert_id: self.renewal_info.then(|| format!("aki.{serial:016X}")),
            not_before,
            not_after: not_before + self.lifetime,
            issued_at: now,
            ..Meta::default()
        };
        *self.issued.borrow_mut() = Some(meta.clone());
        Ok(meta)
    }

    /// When it wants a certificate replaced at once, if it does.
    pub fn incident(&self, meta: &Meta) -> Option<i64> {
        let at = self.begin + INCIDENT * DAY;
        let bytes = meta.serial.bytes().map(u64::from);
        let number = bytes.fold(7u64, |a, b| a.wrapping_mul(31).wrapping_add(b));
        let affected = scatter(number).is_multiple_of(AFFECTED);
        (affected && meta.not_before < at && at < meta.not_after).then_some(at)
    }

    /// As Let's Encrypt does it: two thirds of the lifetime, half of it below ten days, and a
    /// hundredth around that; at once for what is affected.
    fn window(&self, meta: &Meta) -> Window {
        if let Some(at) = self.incident(meta).filter(|at| *at <= self.now.get()) {
            return Window {
                start: at - HOUR,
                end: at,
            };
        }
        let part = if self.lifetime < 10 * DAY { 2 } else { 3 };
        let ideal = meta.not_after - self.lifetime / part;
        let margin = self.lifetime / 100;
        Window {
            start: ideal - margin,
            end: ideal + margin,
        }
    }
}

fn unreached() -> TransportError {
    TransportError::Connect("cannot connect to ca.test".into())
}

impl Transport for Ca {
    fn call(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        if self.is_down() {
            return Err(unreached());
        }
        let issued = self.issued.borrow();
        let asked = request.url.strip_prefix("https://ca.test/ari/");
        let body = match asked {
            None => {
                let ari = match self.renewal_info {
                    true => r#","renewalInfo":"https://ca.test/ari""#,
                    false => "",
                };
                format!(
                    r#"{{"newNonce":"https://ca.test/n","newAccount":"https://ca.test/a","newOrder":"https://ca.test/o"{ari}}}"#
                )
            }
            Some(cert_id) => {
                let meta = issued.as_ref().unwrap();
                assert_eq!(
                    meta.cert_id.as_deref(),
                    Some(cert_id),
                    "asked about a former one"
                );
                assert!(self.now.get() < meta.not_after, "asked after the end");
                self.questions.set(self.questions.get() + 1);
                let Window { start, end } = self.window(meta);
                format!(
                    r#"{{"suggestedWindow":{{"start":"{}","end":"{}"}}}}"#,
                    Timestamp(start),
                    Timestamp(end)
                )
            }
        };
        Ok(Response {
            status: 200,
            headers: vec![("retry-after".into(), "21600".into())],
            body: body.into_bytes(),
        })
    }
}

impl Clock for Ca {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.get())
    }

    fn go_on(&self) -> Result<(), Interrupted> {
        Ok(())
    }

    fn sleep(&self, _: Duration) -> Result<(), Interrupted> {
        panic!("nothing of this waits");
    }
}
