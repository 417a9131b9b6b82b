//! `add`: the lines it prints, and what they do when libuci has them.

use super::support::temp_root::TempRoot;
use super::uci_program::{NO_UCI, Uci};
use super::{cert, certkeeper, ended, has, run, site};
use certkeeper::config::{self, Config};
use certkeeper::types::Paths;
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

fn loaded(temp: &TempRoot) -> Config {
    config::load(&Paths::new(temp.root())).unwrap_or_else(|e| panic!("{e}"))
}

/// The names of a section, as the configuration has them.
fn domains(temp: &TempRoot, section: &str) -> Vec<String> {
    let config = loaded(temp);
    let cert = config.cert(section);
    let cert = cert.unwrap_or_else(|| panic!("{section}: {:?}", config.mistakes));
    cert.names.iter().map(|n| n.id.to_string()).collect()
}

/// The lines before `# then:`, and those after it.
fn parts(text: &str) -> (Vec<&str>, Vec<&str>) {
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
            "there is no provider 'powerdsn'; did you mean 'powerdns'?; `certkeeper providers` lists them",
        ),
        (
            "a.example.org --dns frobnicate",
            "there is no provider 'frobnicate'; `certkeeper providers` lists them",
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

// ---- with libuci --------------------------------------------------------------------------

#[test]
fn applied_lines_are_what_libuci_reads_back() {
    let temp = site(&[cert("web", "")]);
    let Some(uci) = Uci::new(&temp) else { return };
    let args = [
        "add",
        "b.example.org",
        "*.b.example.org",
        "--dns",
        "exec",
        "--apply",
    ];
    let finished = ended(uci.certkeeper(&temp, &args).run(), 0);
    assert_eq!(finished.stderr, "");
    has(
        &finished.stdout,
        &[
            "section 'b_example_org' is made\n\n# then:\n",
            "certkeeper renew b_example_org\n",
        ],
    );
    let shown = uci.show("certkeeper.b_example_org");
    assert_eq!(
        shown,
        "certkeeper.b_example_org=cert\n\
         certkeeper.b_example_org.domains='b.example.org' '*.b.example.org'\n\
         certkeeper.b_example_org.dns='exec'\n"
    );
    // Printed lines, run by a shell, do the same; and the next one is ours to read, too.
    ended(uci.shell("uci add_list certkeeper.b_example_org.credentials='EXEC_PATH=/bin/true'; uci commit certkeeper"), 0);
    assert_eq!(
        domains(&temp, "b_example_org"),
        ["b.example.org", "*.b.example.org"]
    );
    assert_eq!(domains(&temp, "web"), ["web.example.org"], "the rest stays");
    let printed = run(&temp, "add c.example.org 192.0.2.1", 0).stdout;
    ended(uci.shell(&parts(&printed).0.join("\n")), 0);
    assert_eq!(
        domains(&temp, "c_example_org"),
        ["c.example.org", "192.0.2.1"]
    );
    // Applied twice: another section.
    let again = ended(
        uci.certkeeper(&temp, &["add", "c.example.org", "--apply", "--json"])
            .run(),
        0,
    );
    let json: Value = serde_json::from_str(&again.stdout).expect("JSON");
    assert_eq!(
        (&json["section"], &json["applied"]),
        (&json!("c_example_org_2"), &json!(true))
    );
    assert_eq!(domains(&temp, "c_example_org_2"), ["c.example.org"]);
    assert!(
        !temp.path("/var/run/certkeeper/uci").exists(),
        "its scratch folder is gone"
    );
}

#[test]
fn a_missing_file_is_made() {
    for printed in [false, true] {
        let temp = TempRoot::new();
        let Some(uci) = Uci::new(&temp) else { return };
        if printed {
            let text = run(&temp, "add www.example.org", 0).stdout;
            ended(uci.shell(&parts(&text).0.join("\n")), 0);
        } else {
            ended(
                uci.certkeeper(&temp, &["add", "www.example.org", "--apply"])
                    .run(),
                0,
            );
        }
        assert_eq!(domains(&temp, "www_example_org"), ["www.example.org"]);
        let shown = uci.show("certkeeper.global");
        assert_eq!(shown, "certkeeper.global=certkeeper\n");
        // The line for the terms works as it is printed.
        let text = run(&temp, "add x.example.org", 0).stdout;
        let terms = parts(&text)
            .1
            .into_iter()
            .find(|l| l.contains("accept_tos"))
            .expect("a line");
        ended(uci.shell(terms), 0);
        assert!(loaded(&temp).global.accept_tos);
        assert!(
            !run(&temp, "add x.example.org", 0)
                .stdout
                .contains("accept_tos")
        );
    }
}

/// A file without `config certkeeper 'global'`, as LuCI or an owner may leave it.
#[test]
fn the_line_for_the_terms_works_where_there_is_no_global_section() {
    let temp = TempRoot::new();
    temp.uci("config cert 'web'\n\tlist domains 'web.example.org'\n");
    let Some(uci) = Uci::new(&temp) else { return };
    let text = ended(
        uci.certkeeper(&temp, &["add", "www.example.org", "--apply"])
            .run(),
        0,
    )
    .stdout;
    let terms = parts(&text)
        .1
        .into_iter()
        .find(|l| l.contains("accept_tos"))
        .expect("a line");
    ended(uci.shell(terms), 0);
    assert!(loaded(&temp).global.accept_tos);
}

/// What is told where there is no configuration, typed as it stands.
#[test]
fn the_lines_for_a_first_configuration_work() {
    let temp = TempRoot::new();
    let Some(uci) = Uci::new(&temp) else { return };
    let told = run(&temp, "status", 2).stderr;
    let lines = told.split("Make it with:\n").nth(1).expect("lines");
    let (typed, ours): (Vec<&str>, Vec<&str>) = lines
        .lines()
        .map(str::trim)
        .partition(|l| !l.starts_with("certkeeper "));
    ended(uci.shell(&typed.join("\n")), 0);
    for line in ours {
        let words: Vec<&str> = line.split(' ').skip(1).collect();
        ended(uci.certkeeper(&temp, &words).run(), 0);
    }
    assert_eq!(domains(&temp, "www_example_org"), ["www.example.org"]);
    let said: Vec<String> = loaded(&temp)
        .mistakes
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(said, [""; 0], "nothing is left uncommitted");
    assert!(loaded(&temp).global.accept_tos);
}

#[test]
fn changes_that_others_have_not_committed_stay_so() {
    let temp = site(&[cert("web", "")]);
    let Some(uci) = Uci::new(&temp) else { return };
    ended(uci.shell("uci set certkeeper.web.enabled=0; uci add_list certkeeper.web.domains=more.example.org"), 0);
    let pending = temp.read("/tmp/.uci/certkeeper");
    has(&pending, &["certkeeper.web.enabled='0'"]);
    let finished = ended(
        uci.certkeeper(&temp, &["add", "new.example.org", "--apply"])
            .run(),
        0,
    );
    assert!(finished.stdout.contains("is made"));
    assert_eq!(
        temp.read("/tmp/.uci/certkeeper"),
        pending,
        "they still wait"
    );
    let file = temp.read("/etc/config/certkeeper");
    has(&file, &["config cert 'new_example_org'"]);
    for theirs in ["enabled", "more.example.org"] {
        assert!(!file.contains(theirs), "{theirs} was committed:\n{file}");
    }
}

#[test]
fn without_uci_it_says_so_and_changes_nothing() {
    let temp = site(&[cert("web", "")]);
    let before = temp.read("/etc/config/certkeeper");
    let finished = certkeeper(&temp, &["add", "new.example.org", "--apply"])
        .env("PATH", NO_UCI)
        .run();
    let finished = ended(finished, 1);
    assert_eq!(finished.stdout, "");
    has(
        &finished.stderr,
        &[
            "certkeeper: the program `uci` does not start",
            "nothing was changed",
        ],
    );
    assert_eq!(temp.read("/etc/config/certkeeper"), before);
}

#[test]
fn without_uci_no_file_is_made_either() {
    let temp = TempRoot::new();
    fs::create_dir_all(temp.path("/etc/config")).expect("a folder");
    ended(
        certkeeper(&temp, &["add", "new.example.org", "--apply"])
            .env("PATH", NO_UCI)
            .run(),
        1,
    );
    assert!(!temp.path("/etc/config/certkeeper").exists());
    assert!(!temp.path("/var/run/certkeeper/uci").exists());
}

#[test]
fn a_uci_that_fails_is_told_with_its_words() {
    let temp = site(&[]);
    let bin = temp.server_folder("bin");
    let write = |text: &str| {
        let file = bin.join("uci");
        fs::write(&file, text).expect("a script");
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
    };
    let path = format!("{}:/usr/bin:/bin", bin.display());
    for (script, said) in [
        ("#!/bin/sh\ncat >/dev/null\nexit 3\n", "3"),
        (
            "#!/bin/sh\ncat >/dev/null\necho 'uci: I/O error' >&2\n",
            "uci: I/O error",
        ),
        ("#!/bin/sh\nkill -9 $$\n", "signal: 9"),
    ] {
        write(script);
        let finished = certkeeper(&temp, &["add", "new.example.org", "--apply"])
            .env("PATH", &path)
            .run();
        let finished = ended(finished, 1);
        assert_eq!(finished.stdout, "");
        has(&finished.stderr, &["certkeeper: `uci batch` failed", said]);
        assert!(!temp.path("/var/run/certkeeper/uci").exists());
    }
}
