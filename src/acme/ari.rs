//! Renewal information (ARI, RFC 9773): when a CA suggests to renew a certificate.

use super::client::{JSON_MAX, check_url, fetch};
use super::directory::Directory;
use super::error::AcmeError;
use crate::keys::base64url;
use crate::types::{
    Clock, Interrupted, RenewalInfo, Response, Timestamp, Transport, Window, read_json,
};

/// How soon a CA is asked again that does not say (section 4.3.3).
const ASK_AGAIN: i64 = 6 * 3600;
/// It is not asked again sooner, whatever it says.
const ASK_SOONEST: i64 = 60;
/// A longer explanationURL is not kept.
const URL_MAX: usize = 512;

/// The name of a certificate at its CA (section 4.1): keyIdentifier of its authorityKeyIdentifier
/// and content of its serial number, leading 00 included.
pub fn cert_id(authority_key_id: &[u8], serial: &[u8]) -> String {
    format!("{}.{}", base64url(authority_key_id), base64url(serial))
}

/// Asks about a certificate. `former`: what the CA said of it before.
pub fn ask(
    transport: &dyn Transport,
    clock: &dyn Clock,
    directory: &Directory,
    cert_id: &str,
    former: Option<&RenewalInfo>,
) -> Result<RenewalInfo, Interrupted> {
    let Some(base) = &directory.renewal_info else {
        return Ok(RenewalInfo {
            cert_id: cert_id.to_owned(),
            ask_at: clock.now().plus(RenewalInfo::ASK_LATEST).0,
            ..RenewalInfo::default()
        });
    };
    let url = format!("{}/{cert_id}", base.trim_end_matches('/'));
    let reply = fetch(transport, clock, &url, JSON_MAX);
    let now = clock.now();
    let asked = match &reply {
        Ok(reply) => reply.retry_after(now),
        Err(AcmeError::Interrupted) => return Err(Interrupted),
        Err(AcmeError::Problem { retry_after, .. }) => *retry_after,
        Err(_) => None,
    };
    let ask_at = next_question(asked, now);
    let said = reply.map_err(|e| e.to_string()).and_then(|r| read(&r));
    Ok(match said {
        Ok((window, explanation_url)) => RenewalInfo {
            cert_id: cert_id.to_owned(),
            window: Some(window),
            explanation_url,
            problem: None,
            ask_at: ask_at.0,
        },
        Err(problem) => in_vain(cert_id, former, problem, ask_at),
    })
}

/// What is noted where the CA does not answer: what it said before stays.
pub fn in_vain(
    cert_id: &str,
    former: Option<&RenewalInfo>,
    problem: String,
    ask_at: Timestamp,
) -> RenewalInfo {
    RenewalInfo {
        cert_id: cert_id.to_owned(),
        problem: Some(problem),
        ask_at: ask_at.0,
        ..former.cloned().unwrap_or_default()
    }
}

/// When to ask again (section 4.3.2): when the CA says, within bounds.
pub fn next_question(asked: Option<Timestamp>, now: Timestamp) -> Timestamp {
    let wait = asked.map_or(ASK_AGAIN, |at| at.since(now));
    now.plus(wait.clamp(ASK_SOONEST, RenewalInfo::ASK_LATEST))
}

/// Reads a RenewalInfo object (section 4.2). A window that does not end after its begin counts as no
/// answer.
fn read(reply: &Response) -> Result<(Window, Option<String>), String> {
    let document = read_json(&reply.body).unwrap_or_default();
    let window = &document["suggestedWindow"];
    let (start, end) = window["start"]
        .as_str()
        .zip(window["end"].as_str())
        .ok_or("the CA's reply is no renewal information (RFC 9773)")?;
    let time = |text: &str| Timestamp::parse_rfc3339(text).map(|t| t.0);
    let (start, end) = time(start)
        .zip(time(end))
        .ok_or("the CA's window has times that are none")?;
    if end <= start {
        return Err("the CA's window does not end after its begin".into());
    }
    let url = document["explanationURL"].as_str();
    let url = url.filter(|u| u.len() <= URL_MAX && check_url(u).is_ok());
    Ok((Window { start, end }, url.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_262_400);

    #[test]
    fn names_a_certificate_as_the_rfc_does() {
        // Section 4.1's example.
        let aki = [
            0x69, 0x88, 0x5b, 0x6b, 0x87, 0x46, 0x40, 0x41, 0xe1, 0xb3, 0x7b, 0x84, 0x7b, 0xa0,
            0xae, 0x2c, 0xde, 0x01, 0xc8, 0xd4,
        ];
        let serial = [0x00, 0x87, 0x65, 0x43, 0x21];
        assert_eq!(
            cert_id(&aki, &serial),
            "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"
        );
    }

    #[test]
    fn the_next_question_lies_between_a_minute_and_a_day() {
        let wait = |asked: Option<i64>| {
            let at = next_question(asked.map(|s| NOW.plus(s)), NOW);
            at.since(NOW)
        };
        assert_eq!(wait(None), 21_600);
        for (asked, wanted) in [
            (-5, 60),
            (0, 60),
            (59, 60),
            (61, 61),
            (86_400, 86_400),
            (86_401, 86_400),
            (i64::MAX, 86_400),
        ] {
            assert_eq!(wait(Some(asked)), wanted, "{asked}");
        }
    }

    fn said(text: &str) -> Result<(Window, Option<String>), String> {
        read(&Response {
            status: 200,
            headers: Vec::new(),
            body: text.into(),
        })
    }

    #[test]
    fn reads_windows_and_refuses_what_is_none() {
        let window = |start: &str, end: &str| {
            format!(r#"{{"suggestedWindow":{{"start":"{start}","end":"{end}"}},"more":[1]}}"#)
        };
        let good = said(&window(
            "2026-11-21T12:00:00.5Z",
            "2026-11-22T14:00:00+02:00",
        ));
        let wanted = Window {
            start: NOW.0,
            end: NOW.0 + 86_400,
        };
        assert_eq!(good, Ok((wanted, None)));
        for (start, end) in [
            ("2026-11-21T12:00:00Z", "2026-11-21T12:00:00Z"),
            ("2026-11-22T12:00:00Z", "2026-11-21T12:00:00Z"),
            ("tomorrow", "2026-11-21T12:00:00Z"),
            ("", ""),
        ] {
            assert!(said(&window(start, end)).is_err(), "{start} {end}");
        }
        for text in ["", "{}", "[]", r#"{"suggestedWindow":{"start":1,"end":2}}"#] {
            assert!(said(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keeps_an_explanation_that_can_be_followed() {
        let with = |url: &str| {
            let text = format!(
                r#"{{"suggestedWindow":{{"start":"2026-11-21T12:00:00Z","end":"2026-11-22T12:00:00Z"}},"explanationURL":"{url}"}}"#
            );
            said(&text).expect("a window").1
        };
        let good = "https://ca.example/incidents/7";
        assert_eq!(with(good).as_deref(), Some(good));
        let long = format!("https://ca.example/{}", "x".repeat(600));
        for bad in ["javascript:alert(1)", "https://u@ca.example/", &long] {
            assert_eq!(with(bad), None);
        }
    }
}
