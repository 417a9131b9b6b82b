//! The router's own CA serves before the public one has issued, and after a lapse.

use crate::site::Site;
use crate::support::openssl;
use crate::uci::{GLOBAL, account, cert, with};
use std::fs;
use std::path::PathBuf;

/// Configures with the local CA, as it is by default.
pub fn configure(site: &Site, directory: &str, sections: &[String]) {
    let global = GLOBAL.replace("\toption local_ca '0'\n", "");
    assert_ne!(global, GLOBAL);
    site.temp
        .uci(&(global + &account("pebble", directory) + &sections.concat()));
}

/// A CA that nobody answers for.
pub const NOBODY: &str = "https://127.0.0.1:1/dir";

/// The root, in a file.
pub fn root(site: &Site) -> PathBuf {
    let pem = site.ends(&["local-ca", "export"], 0).stdout;
    let file = site.temp.path("local-root.pem");
    fs::write(&file, pem).expect("is written");
    file
}

/// Seconds since 1970.
pub fn now() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.expect("after 1970").as_secs()
}

/// OpenSSL finds what is linked for a section good, and from the local root.
#[track_caller]
pub fn is_local(site: &Site, section: &str) {
    let [crt, key] = ["crt", "key"].map(|end| site.domain(&format!("{section}.{end}")));
    assert!(
        openssl::verifies(&crt, &root(site)),
        "{section}: another root"
    );
    assert!(openssl::key_matches(&crt, &key), "{section}: another key");
    assert_eq!(site.status(section)["source"], "local");
    let mode = fs::metadata(&key).expect("a key");
    assert_eq!(std::os::unix::fs::MetadataExt::mode(&mode) & 0o777, 0o600);
}

#[test]
fn serves_until_the_public_ca_has_issued() {
    let Some(site) = Site::web() else { return };
    let web = cert("web", &["www.demo.example"], &site.by_webroot());
    configure(&site, NOBODY, std::slice::from_ref(&web));
    let run = site.ends(&["renew"], 1);
    assert!(
        run.stdout
            .contains("a certificate of the local CA is in use"),
        "{}",
        run.report()
    );
    is_local(&site, "web");
    site.is_good_primary();
    let written = site.temp.read("var/run/certkeeper/status/web.json");
    assert!(written.contains(r#""source":"local""#), "{written}");
    assert_ne!(
        site.status("web")["state"],
        "valid",
        "a local certificate does not count"
    );
    // The next run, before the failure's waiting time is over, has nothing to do for it.
    let before = fs::read(site.domain("web.crt")).expect("a certificate");
    let run = site.ends(&["renew"], 4);
    assert!(!run.stderr.contains("local CA"), "{}", run.report());
    assert_eq!(
        fs::read(site.domain("web.crt")).expect("a certificate"),
        before
    );
    configure(&site, &site.pebble.directory_url(), &[web]);
    site.ends(&["renew", "web"], 0);
    site.is_good("web", &["www.demo.example"]);
    site.is_good_primary();
    assert_eq!(site.status("web")["source"], "acme");
    site.renew();
    site.is_good("web", &["www.demo.example"]);
}

#[test]
fn serves_again_after_a_lapse() {
    let Some(site) = Site::web() else { return };
    let web = cert("web", &["www.demo.example"], &site.by_webroot());
    configure(
        &site,
        &site.pebble.directory_url(),
        std::slice::from_ref(&web),
    );
    site.renew();
    configure(&site, NOBODY, &[web]);
    // A year on; the clock is known to be right.
    let run = site
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", &(now() + 365 * 86_400).to_string())
        .run();
    assert_eq!(run.code(), 1, "{}", run.report());
    // OpenSSL, today, would say that it begins next year.
    let [crt, key] = ["web.crt", "web.key"].map(|name| site.domain(name));
    assert!(openssl::key_matches(&crt, &key));
    let current = fs::read_link(site.temp.path("etc/certkeeper/certs/web/current"));
    assert!(current.expect("a link").starts_with("local"));
    assert_eq!(site.status("web")["source"], "local");
}

#[test]
fn serves_where_no_clock_is_set() {
    let Some(site) = Site::web() else { return };
    let web = cert("web", &["www.demo.example"], &site.by_webroot());
    configure(&site, NOBODY, &[web]);
    let run = site
        .certkeeper(&["renew"])
        .env("CERTKEEPER_NOW", "1000")
        .run();
    assert_ne!(run.code(), 0, "{}", run.report());
    // OpenSSL looks at it today.
    is_local(&site, "web");
}

#[test]
fn damaged_notes_put_no_certificate_out_of_use() {
    let Some(site) = Site::web() else { return };
    let web = cert("web", &["www.demo.example"], &site.by_webroot());
    configure(
        &site,
        &site.pebble.directory_url(),
        std::slice::from_ref(&web),
    );
    site.renew();
    let before = fs::read(site.domain("web.crt")).expect("a certificate");
    let meta = "etc/certkeeper/certs/web/versions/1/meta.json";
    fs::write(site.temp.path(meta), "{").expect("is written");
    configure(&site, NOBODY, &[web]);
    site.ends(&["renew"], 1);
    assert_eq!(
        fs::read(site.domain("web.crt")).expect("a certificate"),
        before
    );
}

#[test]
fn who_could_not_be_told_is_told_by_the_next_run() {
    let Some(site) = Site::web() else { return };
    let web = cert(
        "web",
        &["www.demo.example"],
        &with(site.by_webroot(), &[("list hook", "tell")]),
    );
    configure(&site, NOBODY, &[web]);
    let run = site.ends(&["renew"], 1);
    assert!(run.stdout.contains("not everywhere"), "{}", run.report());
    is_local(&site, "web");
    let hook = site
        .temp
        .write("etc/certkeeper/hooks/tell", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o700))
        .expect("a mode");
    let run = site.ends(&["renew"], 4);
    assert!(
        run.stderr.contains("not everybody has been told of it"),
        "{}",
        run.report()
    );
    let run = site.ends(&["renew"], 4);
    assert!(!run.stderr.contains("not everybody"), "{}", run.report());
}

#[test]
fn names_that_came_later_want_a_new_root() {
    let Some(site) = Site::web() else { return };
    let section = |name: &str, domain: &str| cert(name, &[domain], &site.by_webroot());
    let first = section("one", "one.demo.example");
    configure(&site, NOBODY, std::slice::from_ref(&first));
    site.ends(&["renew"], 1);
    let former = fs::read(root(&site)).expect("a root");
    configure(&site, NOBODY, &[first, section("two", "two.other.example")]);
    site.ends(&["renew", "two"], 1);
    assert!(!site.domain("two.crt").exists());
    let status = site.status("two");
    let warning = status["warnings"].to_string();
    assert!(warning.contains("local-ca reissue"), "{status}");
    let run = site.ends(&["local-ca", "reissue"], 0);
    assert!(run.stderr.contains("must be told"), "{}", run.report());
    assert_ne!(fs::read(root(&site)).expect("a root"), former);
    // What was served is from the new root at once, the other comes with the next run.
    is_local(&site, "one");
    site.ends(&["renew", "two"], 1);
    is_local(&site, "two");
}

#[test]
fn switched_off() {
    let Some(site) = Site::web() else { return };
    let web = cert("web", &["www.demo.example"], &with(site.by_webroot(), &[]));
    site.temp
        .uci(&(GLOBAL.to_owned() + &account("pebble", NOBODY) + &web));
    site.ends(&["renew"], 1);
    assert!(!site.domain("web.crt").exists());
    let run = site.ends(&["local-ca", "show"], 1);
    assert!(
        run.stderr.contains("has no CA of its own yet"),
        "{}",
        run.report()
    );
}
