//! What every provider module owes (src/dns/mod.rs, `Provider`), over all of them.

mod emulated;
pub mod rig;
pub mod signed;
mod words;
pub mod world;

use certkeeper::dns::{DnsError, WriteClass, modules};
use certkeeper::types::{Clock, Secret};
use rig::{FOREIGN, Rig, module, record, settings, value};
use world::{Desk, Emulator, TOKEN, Wire};

/// A provider that is emulated, with settings that it takes.
pub struct Case {
    pub module: &'static str,
    pub emulator: Emulator,
    pub settings: &'static [(&'static str, &'static str)],
}

pub const CASES: [Case; 11] = [
    Case {
        module: "cloudflare",
        emulator: emulated::cloudflare,
        settings: &[("CF_Token", TOKEN)],
    },
    Case {
        module: "dns_cf",
        emulator: emulated::cloudflare,
        settings: &[("CF_Key", TOKEN), ("CF_Email", "me@demo.example")],
    },
    Case {
        module: "digitalocean",
        emulator: emulated::digitalocean,
        settings: &[("DO_API_KEY", TOKEN)],
    },
    Case {
        module: "dynu",
        emulator: emulated::dynu,
        settings: &[("Dynu_ClientId", "client"), ("Dynu_Secret", TOKEN)],
    },
    Case {
        module: "hetzner",
        emulator: emulated::hetzner,
        settings: &[("HETZNER_TOKEN", TOKEN)],
    },
    Case {
        module: "ovh",
        emulator: emulated::ovh,
        settings: &[("OVH_AK", "key"), ("OVH_AS", "c2VjcmV0"), ("OVH_CK", TOKEN)],
    },
    Case {
        module: "desec",
        emulator: emulated::desec,
        settings: &[("DEDYN_TOKEN", TOKEN)],
    },
    Case {
        module: "gandi",
        emulator: emulated::gandi,
        settings: &[("GANDI_LIVEDNS_TOKEN", TOKEN)],
    },
    Case {
        module: "akamai",
        emulator: emulated::akamai,
        settings: &[
            ("AKAMAI_HOST", "https://akab-host.luna.akamaiapis.net/"),
            ("AKAMAI_ACCESS_TOKEN", "akab-access-token"),
            ("AKAMAI_CLIENT_TOKEN", TOKEN),
            ("AKAMAI_CLIENT_SECRET", "c2VjcmV0LW9mLWFrYW1haQ=="),
        ],
    },
    Case {
        module: "duckdns",
        emulator: emulated::duckdns,
        settings: &[("DuckDNS_Token", TOKEN)],
    },
    Case {
        module: "acme-dns",
        emulator: emulated::acme_dns,
        settings: &[
            ("ACMEDNS_USERNAME", "me"),
            ("ACMEDNS_PASSWORD", TOKEN),
            ("ACMEDNS_SUBDOMAIN", "d420c923"),
        ],
    },
];

/// Modules whose other end is real: tests/dns/powerdns.rs, nameservers.rs, moto.rs, httpreq.rs, exec.rs.
const REAL: [&str; 5] = ["powerdns", "rfc2136", "route53", "httpreq", "exec"];

impl Case {
    /// The name that the provider's zones have a challenge at.
    fn challenge(&self) -> &'static str {
        match self.module {
            "duckdns" => "_acme-challenge.demo.duckdns.org",
            _ => "_acme-challenge.demo.example",
        }
    }

    fn rig<'a>(&self, wire: &'a Wire, clock: &'a Desk) -> Rig<'a> {
        Rig {
            module: module(self.module),
            credentials: settings(self.settings),
            http: wire,
            clock,
            values: Box::new(|name| wire.world.borrow().values(name)),
            plant: Box::new(|zone, name, value| {
                drop(wire.world.borrow_mut().add(zone, name, value))
            }),
        }
    }

    fn writes(&self) -> WriteClass {
        module(self.module).descriptor.writes
    }
}

#[test]
fn no_module_is_left_out() {
    for module in modules() {
        let name = module.descriptor.name;
        let emulated = CASES.iter().any(|c| c.module == name);
        assert!(emulated != REAL.contains(&name), "{name}");
    }
}

#[test]
fn values_come_and_go_alone() {
    for case in CASES.iter().filter(|c| c.writes().slots() == usize::MAX) {
        let (wire, clock) = (Wire::new(case.emulator), Desk::new());
        case.rig(&wire, &clock).keeps_the_contract();
    }
}

#[test]
fn few_values_replace_each_other() {
    for case in CASES.iter().filter(|c| c.writes().slots() < usize::MAX) {
        let (wire, clock) = (Wire::new(case.emulator), Desk::new());
        let rig = case.rig(&wire, &clock);
        let slots = u32::try_from(case.writes().slots()).unwrap();
        for n in 1..=3 {
            rig.change(&record(case.challenge(), &value(n)), true)
                .unwrap();
            let kept: Vec<String> = (1..=n).filter(|m| m + slots > n).map(value).collect();
            assert_eq!((rig.values)(case.challenge()), kept, "{}", case.module);
        }
        for _ in 0..2 {
            rig.change(&record(case.challenge(), &value(3)), false)
                .unwrap();
        }
    }
}

#[test]
fn all_pages_are_read() {
    for case in CASES.iter().filter(|c| c.writes().slots() == usize::MAX) {
        let (wire, clock) = (Wire::new(case.emulator), Desk::new());
        let rig = case.rig(&wire, &clock);
        for n in 0..250 {
            (rig.plant)("demo.example", case.challenge(), &format!("{FOREIGN}-{n}"));
        }
        let own = record(case.challenge(), &value(1));
        for _ in 0..2 {
            rig.change(&own, true).unwrap();
            assert_eq!((rig.values)(case.challenge()).len(), 251, "{}", case.module);
        }
        rig.change(&own, false).unwrap();
        assert_eq!((rig.values)(case.challenge()).len(), 250, "{}", case.module);
    }
}

#[test]
fn what_another_client_overwrote_is_written_again() {
    for case in CASES.iter().filter(|c| c.writes() == WriteClass::WholeSet) {
        let (wire, clock) = (Wire::new(case.emulator), Desk::new());
        let rig = case.rig(&wire, &clock);
        *wire.overwritten.borrow_mut() = Some(value(1));
        rig.change(&record(case.challenge(), &value(1)), true)
            .unwrap();
        assert_eq!(*wire.overwritten.borrow(), None, "{}", case.module);
        assert_eq!(
            (rig.values)(case.challenge()),
            [value(1)],
            "{}",
            case.module
        );
    }
}

#[test]
fn a_provider_that_is_busy_is_waited_for_or_left_to_later() {
    for case in &CASES {
        let name = case.module;
        let own = record(case.challenge(), &value(1));
        let (wire, clock) = (Wire::new(case.emulator), Desk::new());
        let (rig, began) = (case.rig(&wire, &clock), clock.now());
        // Read from the end: twice without a time, then with one.
        *wire.faults.borrow_mut() = vec![(429, Some(7)), (429, None), (429, None)];
        rig.change(&own, true)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(clock.now().since(began) >= 2 + 4 + 7, "{name}");
        assert_eq!((rig.values)(case.challenge()), [value(1)], "{name}");
        // Longer than a run may take.
        let now = clock.now();
        *wire.faults.borrow_mut() = vec![(429, Some(3600))];
        let later = rig.change(&record(case.challenge(), &value(2)), true);
        assert!(
            matches!(&later, Err(DnsError::Later(_, until)) if *until == now.plus(3600)),
            "{name}: {later:?}"
        );
        // Without an end.
        *wire.faults.borrow_mut() = vec![(429, None); 50];
        let later = rig.change(&record(case.challenge(), &value(2)), true);
        assert!(
            matches!(later, Err(DnsError::Later(..))),
            "{name}: {later:?}"
        );
        assert!(clock.now().since(now) <= 60, "{name}");
    }
}

#[test]
fn refusals_are_told_without_secrets() {
    for case in &CASES {
        let name = case.module;
        let (wire, clock) = (Wire::new(case.emulator), Desk::new());
        let mut rig = case.rig(&wire, &clock);
        let own = record(case.challenge(), &value(1));
        let forbidden = |rig: &Rig<'_>| {
            *wire.faults.borrow_mut() = vec![(403, None); 50];
            let error = rig.change(&own, true).unwrap_err();
            wire.faults.borrow_mut().clear();
            error
        };
        assert!(matches!(forbidden(&rig), DnsError::Forbidden(_)), "{name}");
        *wire.faults.borrow_mut() = vec![(500, None); 50];
        let broken = rig.change(&own, true).unwrap_err();
        assert!(matches!(broken, DnsError::Refused(_)), "{name}: {broken:?}");
        wire.faults.borrow_mut().clear();
        for secret in rig.credentials.values_mut() {
            if secret.expose().trim() == TOKEN {
                *secret = Secret::new("wrong-token");
            }
        }
        for there in [true, false] {
            if name == "acme-dns" && !there {
                continue;
            }
            let error = rig.change(&own, there).unwrap_err();
            assert!(
                matches!(error, DnsError::Credentials(_)),
                "{name}: {error:?}"
            );
            let text = format!("{error} {error:?}");
            let field = case.settings.iter().find(|(_, v)| *v == TOKEN).unwrap().0;
            assert!(text.contains(field), "{name}: {text}");
            for secret in rig.credentials.values().filter(|s| s.expose() != " me\t") {
                let secret = secret.expose().trim();
                assert!(secret.len() < 7 || !text.contains(secret), "{name}: {text}");
            }
        }
    }
}

/// What comes instead of the provider's documents is survived, and no value is thought to be there.
#[test]
fn nonsense_is_no_success() {
    const NONSENSE: [Emulator; 6] = [
        |_, _| (200, String::new()),
        |_, _| (200, "[]".into()),
        |_, _| (200, "\"text\"".into()),
        |_, _| {
            (
                200,
                "{\"result\":[{}],\"errors\":3,\"rrset\":7,\"id\":{}}".into(),
            )
        },
        |_, _| (302, "<!DOCTYPE html><html>secret page</html>".into()),
        |_, _| (418, "<Code>\u{1b}[2J</Code><Message>\u{1b}[31mred".into()),
    ];
    let mut accepted = Vec::new();
    for case in &CASES {
        for (n, nonsense) in NONSENSE.into_iter().enumerate() {
            let (wire, clock) = (Wire::new(nonsense), Desk::new());
            let rig = case.rig(&wire, &clock);
            match rig.change(&record(case.challenge(), &value(1)), true) {
                Ok(()) => accepted.push((case.module, n)),
                Err(e) => {
                    let text = e.to_string();
                    assert!(!text.contains('\u{1b}') && !text.contains("page"), "{text}");
                }
            }
        }
    }
    // acme-dns says nothing of use when it has taken a value.
    accepted.retain(|(name, _)| *name != "acme-dns");
    assert_eq!(accepted, []);
}
