//! `add`: the lines it prints, and what they do when libuci has them.

use super::support::temp_root::TempRoot;
use super::{cert, certkeeper, ended, has, run, site};
use serde_json::{Value, json};
use std::time::Duration;

/// The lines before `# then:`, and those after it.
pub fn parts(text: &str) -> (Vec<&str>, Vec<&str>) {
    let (lines, then) = text.split_once("\n# then:\n").expect("both parts");
    (lines.lines().collect(), then.lines().collect())
}

#[test]
fn it_prints_the_exact_lines() {
    let empty = TempRoot::new();
    let touch = format!("touch {}", empty.path("/etc/config/certkeeper").display());
    let terms = "uci set certkeeper.global.accept_tos=1 && uci commit certkeeper   # if you agree to the CA's terms";
    let text = run(&empty, "add www.example.org", 0).stdout;
    let (lines, then) = parts(&text);
    assert_eq!(
        lines,
        [
            touch.as_str(),
            "uci set certkeeper.global='certkeeper'",
            "uci set certkeeper.www_example_org='cert'",
            "uci add_list certkeeper.www_example_org.domains='www.example.org'",
            "uci commit certkeeper",
        ]
    );
    assert_eq!(
        then,
        [
            terms,
            "certkeeper check www_example_org",
            "certkeeper renew www_example_org"
        ]
    );

    // The file is there, its terms are accepted, the name is taken; two names, a provider.
    let temp = site(&[
        cert("example_org", ""),
        cert("example_org_2", "option enabled 'x'"),
    ]);
    let text = run(
        &temp,
        "add *.example.org Example.ORG. example.org --dns dns_pdns",
        0,
    )
    .stdout;
    let (lines, then) = parts(&text);
    assert_eq!(
        lines,
        [
            "uci set certkeeper.example_org_3='cert'",
            "uci add_list certkeeper.example_org_3.domains='*.example.org'",
            "uci add_list certkeeper.example_org_3.domains='example.org'",
            "uci set certkeeper.example_org_3.dns='powerdns'",
            "uci commit certkeeper",
        ]
    );
    assert_eq!(
        then,
        [
            "uci add_list certkeeper.example_org_3.credentials='PDNS_Url=…'   # URL of the server, such as http://192.0.2.53:8081",
            "uci commit certkeeper",
            "certkeeper secret example_org_3 PDNS_Token   # asks for: API key",
            "certkeeper check example_org_3",
            "certkeeper renew example_org_3",
        ]
    );
    assert!(
        !temp
            .read("/etc/config/certkeeper")
            .contains("example_org_3"),
        "nothing is changed"
    );
}

#[test]
fn sections_are_named_after_the_first_name() {
    let temp = TempRoot::new();
    for (name, section) in [
        ("www.example.org", "www_example_org"),
        ("xn--bcher-kva.example.org", "xn__bcher_kva_example_org"),
        ("192.0.2.1", "192_0_2_1"),
        ("2001:db8::1", "2001_db8__1"),
    ] {
        let text = run(&temp, &format!("add {name}"), 0).stdout;
        has(&text, &[&format!("uci set certkeeper.{section}='cert'\n")]);
        // The CA certifies addresses under one of its profiles alone.
        let profile = format!("uci set certkeeper.{section}.cert_profile='shortlived'\n");
        assert_eq!(text.contains(&profile), !name.contains("example"), "{text}");
    }
    let long = format!("{}.example.org", "a".repeat(60));
    has(
        &run(&temp, &format!("add {long}"), 0).stdout,
        &[&format!(
            "uci set certkeeper.{}_ex='cert'\n",
            "a".repeat(60)
        )],
    );
}

#[test]
fn a_long_name_that_is_taken_gets_another() {
    let long = "a".repeat(60);
    let taken = cert(&format!("{long}_ex"), "list domains 'x.example.org'")
        .replace(&format!("list domains '{long}-ex.example.org'"), "");
    let temp = site(&[taken]);
    let finished = certkeeper(&temp, &["add", &format!("{long}.example.org")]);
    let text = ended(finished.limit(Duration::from_secs(5)).run(), 0).stdout;
    let line = text
        .lines()
        .find(|l| l.ends_with("='cert'"))
        .expect("a section");
    assert!(!line.contains(&format!("certkeeper.{long}_ex=")), "{line}");
}

/// `uci set` would turn the other section into a certificate's.
#[test]
fn a_name_that_another_kind_of_section_has_is_taken() {
    for kind in ["provider", "account", "domain"] {
        let temp = site(&[format!("config {kind} 'www_example_org'\n")]);
        let text = run(&temp, "add www.example.org", 0).stdout;
        assert!(
            !text.contains("certkeeper.www_example_org='cert'"),
            "{kind}: {text}"
        );
    }
}

#[test]
fn what_cannot_work_is_refused_before_anything_is_written() {
    let temp = site(&[]);
    let before = temp.read("/etc/config/certkeeper");
    for (line, said) in [
        (
            "*.example.org",
            "'*.example.org': a wildcard needs --dns MODULE (`certkeeper providers`)",
        ),
        (
            "router.lan",
            "'router.lan': no public CA certifies names below .lan (OpenWrt's local suffix",
        ),
        (
            "a.example.org nas.local",
            "'nas.local': no public CA certifies names below .local (mDNS",
        ),
        (
            "box.home.arpa",
            "below .home.arpa (home networks, RFC 8375)",
        ),
        ("example", "'example': a name has at least two parts"),
        (
            "https://example.org/",
            "'https://example.org/': write the name alone",
        ),
        ("example.org:443", "without a port"),
        (
            "a.example.org --dns powerdsn",
            "'powerdsn': no such provider (did you mean 'powerdns'?); `certkeeper providers` lists them",
        ),
        (
            "a.example.org --dns frobnicate",
            "'frobnicate': no such provider; `certkeeper providers` lists them",
        ),
    ] {
        let finished = run(&temp, &format!("add --apply {line}"), 2);
        assert_eq!(finished.stdout, "", "{line}");
        has(&finished.stderr, &["certkeeper: ", said]);
    }
    assert_eq!(temp.read("/etc/config/certkeeper"), before);
}

/// The section that it would make is one that the configuration refuses.
#[test]
fn an_address_by_dns_is_refused() {
    let finished = certkeeper(&TempRoot::new(), &["add", "192.0.2.1", "--dns", "exec"]).run();
    assert_eq!(finished.code(), 2, "{}", finished.report());
}

#[test]
fn as_json_it_says_the_same() {
    let temp = site(&[]);
    let json: Value =
        serde_json::from_str(&run(&temp, "add a.example.org --json", 0).stdout).expect("JSON");
    let text = run(&temp, "add a.example.org", 0).stdout;
    let (lines, then) = parts(&text);
    assert_eq!(
        json,
        json!({"section": "a_example_org", "lines": lines, "next": then, "applied": false})
    );
}
