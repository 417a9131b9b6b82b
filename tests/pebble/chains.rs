//! Which of the CA's chains is taken (`preferred_chain`).

use crate::site::Site;
use crate::support::openssl;
use crate::uci::{cert, with};

fn site() -> Option<Site> {
    Site::plan(|plan| {
        plan.nginx = true;
        plan.pebble.alternate_roots = 2;
        plan.pebble.chain_length = 2;
    })
}

/// The common name of the root of chain `n`.
fn root(site: &Site, n: u8) -> String {
    let file = site.root(n);
    let args = ["x509", "-in", file.to_str().unwrap(), "-noout", "-subject"];
    let subject = openssl::run(&args).replace("CN = ", "CN=");
    subject.trim().trim_start_matches("subject=CN=").to_owned()
}

fn prefer(site: &Site, chain: &str) {
    let options = with(site.by_webroot(), &[]);
    let chain = ("preferred_chain", chain.to_owned());
    let options = [&options[..], &[chain]].concat();
    site.configure(&[cert("web", &["www.demo.example"], &options)]);
}

#[track_caller]
fn leads_to(site: &Site, n: u8) {
    let crt = site.domain("web.crt");
    for other in 0..3 {
        let leads = openssl::verifies(&crt, &site.root(other));
        assert_eq!(leads, n == other, "root {other}: {}", site.log("web"));
    }
}

#[test]
fn the_chain_to_the_preferred_root_is_taken() {
    let Some(site) = site() else { return };
    for n in [0, 1, 2] {
        let name = root(&site, n);
        prefer(&site, &name);
        let run = site.ends(&["renew", "web", "--force"], 0);
        leads_to(&site, n);
        let words = format!("taking the chain that leads to {name}");
        assert!(run.stderr.contains(&words), "{}", run.report());
        assert!(site.status("web")["warnings"].is_null());
    }
    // A part of the name does, in any case: here its last word.
    let name = root(&site, 1);
    let part = name.rsplit(' ').next().expect("a word").to_uppercase();
    prefer(&site, &part);
    site.ends(&["renew", "web", "--force"], 0);
    leads_to(&site, 1);
    // The first of several that fit.
    prefer(&site, "pebble root");
    site.ends(&["renew", "web", "--force"], 0);
    leads_to(&site, 0);
}

#[test]
fn another_wish_is_followed_at_once_and_once() {
    let Some(site) = site() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    prefer(&site, &root(&site, 2));
    let run = site.ends(&["renew"], 0);
    let words = "the preferred chain changed to";
    assert!(run.stderr.contains(words), "{}", run.report());
    leads_to(&site, 2);
    site.renew();
    assert_eq!(site.version("web"), Some(2));
    // Nobody prefers anything any more: what is there is as good.
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    assert_eq!(site.version("web"), Some(2));
}

#[test]
fn a_chain_that_is_not_offered_is_told_and_no_reason_to_fail() {
    let Some(site) = site() else { return };
    prefer(&site, "ISRG Root X1");
    site.renew();
    site.is_good("web", &["www.demo.example"]);
    leads_to(&site, 0);
    let warnings = site.status("web")["warnings"].to_string();
    for name in [0, 1, 2].map(|n| root(&site, n)) {
        assert!(warnings.contains(&name), "{name} in {warnings}");
    }
    assert!(
        warnings.contains("no chain leads to 'ISRG Root X1'"),
        "{warnings}"
    );
    // Asking again would bring nothing else.
    site.renew();
    assert_eq!(site.version("web"), Some(1));
}
