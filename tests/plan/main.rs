//! What is due, and when: properties over all times, 2038 and leap days among them.

mod accounts;
mod ari;
mod due;
mod issue;
mod stored;

use certkeeper::config::{self, Cert, Config};
use certkeeper::plan::{Action, Due, Plan, Wish, plan};
use certkeeper::types::{
    Attempt, Deployed, Held, Inventory, Issued, Meta, OrderNote, Paths, RenewalInfo, Secret, Stage,
    State, Timestamp, Version, Window,
};
use std::collections::BTreeMap;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// 2038-01-19T03:14:08Z: past what 32 bits hold.
const Y2038: i64 = 1 << 31;
const NOW: i64 = 1_795_262_400; // 2026-11-21T12:00:00Z

/// The configuration of one section with these further options, read as a router reads it.
fn config(options: &str) -> Config {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let root = std::env::temp_dir().join(format!("certkeeper-plan-{}-{count}", std::process::id()));
    fs::create_dir_all(root.join("etc/config")).expect("a folder");
    let text = format!(
        "config cert web\n\tlist domains a.example.org\n\tlist domains b.example.org\n{options}"
    );
    fs::write(root.join("etc/config/certkeeper"), text).expect("a file");
    let config = config::load(&Paths::new(&root)).expect("a configuration");
    fs::remove_dir_all(&root).expect("removed");
    assert!(!config.has_errors(), "{:?}", config.mistakes);
    config
}

fn cert(config: &Config) -> &Cert {
    &config.certs[0]
}

/// A version that fits `config("")`.
fn meta(not_before: i64, not_after: i64) -> Meta {
    Meta {
        names: vec!["a.example.org".into(), "b.example.org".into()],
        key_type: "ec256".into(),
        account: "letsencrypt".into(),
        directory: "https://acme-v02.api.letsencrypt.org/directory".into(),
        not_before,
        not_after,
        serial: "01AB".into(),
        ..Meta::default()
    }
}

/// Held, linked and in use.
fn held(meta: Meta) -> Held {
    Held {
        versions: vec![Version { number: 1, meta }],
        current: Some(1),
        linked: true,
        ..Held::default()
    }
}

fn decide(config: &Config, held: Held, now: i64, wish: &Wish) -> Plan {
    let inventory = Inventory {
        sections: [(cert(config).name.clone(), held)].into(),
        primary: Some("web".into()),
        secret: secret(),
    };
    plan(config, &inventory, Timestamp(now), wish)
}

/// The device's.
fn secret() -> Secret {
    Secret::new("of this device")
}

/// When a certificate is to be renewed whose CA says nothing about that.
fn due(config: &Config, meta: &Meta) -> Timestamp {
    let due: Due = certkeeper::plan::due(cert(config), meta, None, &secret());
    assert!(!due.suggested);
    due.at
}

fn actions(plan: &Plan) -> Vec<Action> {
    plan.tasks.iter().map(|t| t.action).collect()
}

fn due_now(config: &Config, held: Held, now: i64) -> Vec<Action> {
    actions(&decide(config, held, now, &Wish::default()))
}

fn named(config: &Config, force: bool) -> Wish {
    Wish {
        sections: vec![cert(config).name.clone()],
        force,
    }
}

fn attempt(config: &Config, at: i64, next: i64) -> Attempt {
    Attempt {
        at,
        next,
        failures: 1,
        state: State::Invalid,
        stage: Stage::Validation,
        problem: "no".into(),
        remedy: "yes".into(),
        names: BTreeMap::new(),
        fingerprint: cert(config).fingerprint.clone(),
        accounts: BTreeMap::new(),
    }
}

fn order(config: &Config, expires: i64) -> OrderNote {
    OrderNote {
        url: "https://ca.example/o".into(),
        directory: cert(config).account.directory.clone(),
        names: meta(0, 0).names,
        key_type: "ec256".into(),
        expires,
        ..OrderNote::default()
    }
}
