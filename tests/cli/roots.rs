//! Where the root and the time come from.

use super::support::certkeeper::Certkeeper;
use super::support::temp_root::TempRoot;
use super::{NOW, cert, ended, has, site};

#[test]
fn the_root_comes_from_the_option_or_the_environment() {
    let (web, other) = (site(&[cert("web", "")]), site(&[cert("other", "")]));
    let root = |temp: &TempRoot| temp.root().to_str().expect("text").to_owned();
    let by_environment = Certkeeper::bare(&web, &["status"]).env("CERTKEEPER_ROOT", &root(&web));
    has(&ended(by_environment.run(), 0).stdout, &["web "]);
    // The option goes before it.
    let both = Certkeeper::bare(&web, &["status", "--root", &root(&other)])
        .env("CERTKEEPER_ROOT", &root(&web));
    let shown = ended(both.run(), 0).stdout;
    assert!(
        shown.contains("other ") && !shown.contains("web "),
        "{shown}"
    );
}

/// Without a root of its own this reads the machine's configuration, which a developer has not.
#[test]
fn an_empty_root_in_the_environment_is_none() {
    let temp = TempRoot::new();
    let finished = Certkeeper::bare(&temp, &["show", "web"])
        .env("CERTKEEPER_ROOT", "")
        .run();
    let finished = ended(finished, 2);
    has(
        &finished.stderr,
        &["certkeeper: /etc/config/certkeeper does not exist"],
    );
}

#[test]
fn the_time_is_set_together_with_a_root_alone() {
    let temp = site(&[cert("web", "")]);
    for time in ["soon", "", "1.5", "2027-01-15"] {
        let finished = ended(
            Certkeeper::new(&temp, &["cas"])
                .env("CERTKEEPER_NOW", time)
                .run(),
            2,
        );
        has(
            &finished.stderr,
            &["certkeeper: CERTKEEPER_NOW is to be seconds since 1970"],
        );
        let without = Certkeeper::bare(&temp, &["cas"])
            .env("CERTKEEPER_NOW", time)
            .run();
        has(&ended(without, 0).stdout, &["letsencrypt"]);
    }
    // It is obeyed: a failure long ago is noted with that time.
    let finished = Certkeeper::new(&temp, &["renew"])
        .env("CERTKEEPER_NOW", &NOW.to_string())
        .run();
    ended(finished, 1);
    has(
        &temp.read("/etc/certkeeper/certs/web/attempt.json"),
        &[&format!("\"at\":{NOW}")],
    );
    let early = Certkeeper::new(&temp, &["renew", "web"])
        .env("CERTKEEPER_NOW", "86400")
        .run();
    has(
        &ended(early, 4).stdout,
        &["the clock shows 1970-01-02T00:00:00Z"],
    );
}
