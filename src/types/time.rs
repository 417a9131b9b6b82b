//! Seconds since 1970, 64 bits on every target.

use std::fmt;

/// Seconds since the epoch (UTC). `Display` and `FromStr` speak RFC 3339.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// One day in seconds.
const DAY: i64 = 86_400;

impl Timestamp {
    /// Before this there was no certkeeper: a clock that shows less is not set.
    pub const EARLIEST: Self = Self(1_767_225_600); // 2026-01-01T00:00:00Z

    /// This many seconds later (earlier when negative); stops at the ends of the range.
    pub fn plus(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds))
    }

    /// Seconds from `earlier` to `self`.
    pub fn since(self, earlier: Timestamp) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole days as seconds.
    pub const fn days(n: i64) -> i64 {
        n * DAY
    }

    /// Reads RFC 3339 (`2026-11-21T12:00:00Z`, with fraction and offset), as ACME uses it.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let b = text.as_bytes();
        let number = |from: usize, len: usize| -> Option<i64> {
            let part = b.get(from..from + len)?;
            part.iter().all(u8::is_ascii_digit).then_some(())?;
            std::str::from_utf8(part).ok()?.parse().ok()
        };
        let sign = |i: usize, c: u8| (b.get(i) == Some(&c)).then_some(());
        sign(4, b'-')?;
        sign(7, b'-')?;
        sign(13, b':')?;
        sign(16, b':')?;
        matches!(b.get(10), Some(b'T' | b't' | b' ')).then_some(())?;
        let base = from_civil(
            (number(0, 4)?, number(5, 2)?, number(8, 2)?),
            (number(11, 2)?, number(14, 2)?, number(17, 2)?),
        )?;
        let mut i = 19;
        if b.get(i) == Some(&b'.') {
            i += 1;
            while b.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
        }
        let offset = match b.get(i)? {
            b'Z' | b'z' if b.len() == i + 1 => 0,
            s @ (b'+' | b'-') if b.len() == i + 6 => {
                sign(i + 3, b':')?;
                let seconds = number(i + 1, 2)? * 3600 + number(i + 4, 2)? * 60;
                if *s == b'+' { seconds } else { -seconds }
            }
            _ => return None,
        };
        Some(base.plus(-offset))
    }

    /// Reads an HTTP date (RFC 9110 section 5.6.7, the preferred form alone).
    pub fn parse_http_date(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace().skip(1);
        let day = words.next()?.parse().ok()?;
        let name = words.next()?;
        let month = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        .iter()
        .position(|m| *m == name)? as i64
            + 1;
        let year = words.next()?.parse().ok()?;
        let mut clock = words.next()?.split(':').map(|n| n.parse::<i64>().ok());
        let time = (clock.next()??, clock.next()??, clock.next()??);
        from_civil((year, month, day), time)
    }

    /// Year, month and day in UTC.
    pub fn date(self) -> (i64, u8, u8) {
        let date = self.civil();
        (i64::from(date.year()), date.month().into(), date.day())
    }

    /// The calendar view. Times past the range of `time` (year 9999) stop at its ends.
    fn civil(self) -> time::OffsetDateTime {
        const LAST: i64 = 253_402_300_799; // 9999-12-31T23:59:59Z
        const FIRST: i64 = -62_135_596_800; // 0001-01-01T00:00:00Z
        time::OffsetDateTime::from_unix_timestamp(self.0.clamp(FIRST, LAST))
            .unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
    }
}

/// Seconds since the epoch of a date and time in UTC; a leap second counts as the one before.
pub(crate) fn from_civil(
    (year, month, day): (i64, i64, i64),
    (hour, minute, second): (i64, i64, i64),
) -> Option<Timestamp> {
    let month = time::Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date =
        time::Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?)
            .ok()?;
    let time = time::Time::from_hms(
        u8::try_from(hour).ok()?,
        u8::try_from(minute).ok()?,
        u8::try_from(second.min(59)).ok()?,
    )
    .ok()?;
    Some(Timestamp(
        time::OffsetDateTime::new_utc(date, time).unix_timestamp(),
    ))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let t = self.civil();
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            t.year(),
            u8::from(t.month()),
            t.day(),
            t.hour(),
            t.minute(),
            t.second()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_forms_that_cas_send() {
        for (text, want) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2038-01-19T03:14:08Z", Some(1 << 31)),
            ("2028-02-29T12:00:00.123456789Z", Some(1_835_438_400)),
            ("2026-11-21T14:00:00+02:00", Some(1_795_262_400)),
            ("2026-11-21T10:00:00-02:00", Some(1_795_262_400)),
            ("2016-12-31T23:59:60Z", Some(1_483_228_799)),
            ("2027-02-29T12:00:00Z", None),
            ("2026-11-21T12:00:00", None),
            ("2026-11-21", None),
            ("", None),
            ("2026-1é-21T12:00:00Z", None),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(text).map(|t| t.0), want, "{text}");
        }
        assert_eq!(
            Timestamp::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Timestamp(784_111_777))
        );
        assert_eq!(Timestamp::parse_http_date("yesterday"), None);
    }

    #[test]
    fn prints_what_it_reads() {
        for seconds in [0, 1 << 31, 1_835_438_400, 4_102_444_800] {
            let text = Timestamp(seconds).to_string();
            assert_eq!(Timestamp::parse_rfc3339(&text), Some(Timestamp(seconds)));
        }
        assert_eq!(Timestamp(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }
}
