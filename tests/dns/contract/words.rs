//! What providers say when they refuse, in our words.

use super::rig::{record, value};
use super::world::{Desk, Emulator, Wire};
use super::{CASES, Case};
use certkeeper::dns::DnsError;

fn refusal(case: &Case, emulator: Emulator) -> DnsError {
    let (wire, clock) = (Wire::new(emulator), Desk::new());
    let rig = case.rig(&wire, &clock);
    let refused = rig.change(&record(case.challenge(), &value(1)), true);
    refused.expect_err("a refusal")
}

fn case(module: &str) -> &'static Case {
    let mut cases = CASES.iter();
    cases.find(|c| c.module == module).expect("a case")
}

#[test]
fn cloudflare_tells_wrong_credentials_from_missing_rights() {
    let of = |emulator| refusal(case("dns_cf"), emulator);
    let error = of(|_, _| {
        let said = "{\"success\":false,\"errors\":[{\"code\":6003,\"message\":\"Invalid request headers\",\
                    \"error_chain\":[{\"code\":6103,\"message\":\"Invalid format for X-Auth-Key header\"}]}]}";
        (400, said.into())
    });
    let text =
        "the provider does not take the credentials (CF_Key): Invalid format for X-Auth-Key header";
    assert_eq!(error, DnsError::Credentials(text.into()));
    let error = of(|_, _| (403, one_error(9103, "Unknown X-Auth-Key or X-Auth-Email")));
    assert!(matches!(error, DnsError::Credentials(_)), "{error:?}");
    let lacking: [Emulator; 2] = [
        |_, _| {
            (
                403,
                one_error(9109, "Unauthorized to access requested resource"),
            )
        },
        |_, _| (403, one_error(10000, "Authentication error")),
    ];
    for emulator in lacking {
        let error = of(emulator);
        assert!(matches!(error, DnsError::Forbidden(_)), "{error:?}");
    }
    // The list of zones is empty, not refused, for who may not see them.
    let error = of(|_, _| (200, "{\"success\":true,\"errors\":[],\"result\":[]}".into()));
    let text = error.to_string();
    assert!(matches!(error, DnsError::NoZone(_)), "{error:?}");
    assert!(text.contains("CF_Zone_ID is wanted"), "{text}");
}

fn one_error(code: u32, message: &str) -> String {
    format!("{{\"success\":false,\"errors\":[{{\"code\":{code},\"message\":\"{message}\"}}]}}")
}

/// Pages for people are no words, whatever their letters.
#[test]
fn pages_are_not_shown() {
    let pages: [Emulator; 3] = [
        |_, _| (502, "<html><h1>502 Bad Gateway</h1></html>".into()),
        |_, _| (502, "\n<HTML><BODY>Bad Gateway</BODY></HTML>".into()),
        |_, _| (502, "<!doctype html><title>Bad Gateway</title>".into()),
    ];
    for page in pages {
        let error = refusal(case("desec"), page);
        assert_eq!(error, DnsError::Refused("the provider answered 502".into()));
    }
}
