//! What the real acme.sh leaves behind is what `import acme` takes over. `ACMESH_DIR` names its folder.

use super::site::Site;
use crate::support::process;
use crate::support::{openssl, tools};
use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

const NAME: &str = "www.example.org";

/// `uci`, as tests/cli has it; and acme.sh.
fn programs() -> Option<(PathBuf, PathBuf)> {
    let Some(acmesh) = env::var_os("ACMESH_DIR").map(|d| PathBuf::from(d).join("acme.sh")) else {
        tools::skip("acme.sh", "ACMESH_DIR names no folder of it");
        return None;
    };
    let built = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/uci-oracle/target/release/uci"
    );
    let uci = env::var_os("CERTKEEPER_UCI").map_or_else(|| PathBuf::from(built), PathBuf::from);
    if !uci.exists() {
        tools::skip(
            "uci",
            "not built (cargo build --release --manifest-path tests/uci-oracle/Cargo.toml)",
        );
        return None;
    }
    Some((acmesh, uci))
}

#[test]
fn what_acme_sh_has_is_taken_over() {
    let Some((acmesh, uci)) = programs() else {
        return;
    };
    let Some(site) = Site::web() else { return };
    let bin = site.temp.server_folder("bin");
    symlink(uci, bin.join("uci")).expect("a link");
    let path = format!("{}:{}", bin.display(), env::var("PATH").unwrap_or_default());
    let server = site.pebble.directory_url();
    let state = site.temp.path("etc/acme");
    let mut issue = Command::new("/bin/sh");
    issue.arg(acmesh).args(["--issue", "--home"]).arg(&state);
    issue
        .args(["-d", NAME, "--webroot"])
        .arg(site.temp.path("www"));
    issue
        .args(["--server", &server, "--ca-bundle"])
        .arg(site.pebble.ca_file());
    issue.args(["--keylength", "ec-256", "--accountemail", "me@example.org"]);
    issue.env("HOME", bin);
    let issued = process::run(issue, Duration::from_secs(180));
    assert_eq!(issued.code(), 0, "{}", issued.report());
    let cer = state.join(format!("{NAME}_ecc/{NAME}.cer"));
    fs::create_dir_all(site.temp.path("etc/ssl/acme")).expect("a folder");
    let link = site.temp.path("etc/ssl/acme").join(format!("{NAME}.crt"));
    symlink(&cer, &link).expect("a link");
    let bundle = site.temp.path("etc/ssl/certs");
    fs::create_dir_all(&bundle).expect("a folder");
    fs::copy(site.pebble.ca_file(), bundle.join("ca-certificates.crt")).expect("the CA's root");
    site.temp.write(
        "etc/config/acme",
        format!(
            "config acme\n\toption account_email 'me@example.org'\nconfig cert 'web'\n\tlist domains '{NAME}'\n\
             \toption validation_method 'webroot'\n\toption webroot '/www'\n\toption acme_server '{server}'\n"
        ),
    );
    site.temp
        .uci("config certkeeper 'global'\n\toption acme_hotplug '0'\n");
    let asked = site.pebble.requests().len();
    let run = site
        .certkeeper(&["import", "acme"])
        .env("PATH", &path)
        .run();
    assert_eq!(run.code(), 0, "{}", run.report());
    assert!(
        run.stdout.contains("is taken over; serial "),
        "{}",
        run.report()
    );
    assert_eq!(site.pebble.requests().len(), asked, "the CA was asked");
    assert_eq!(
        openssl::serial(&site.domain("web.crt")),
        openssl::serial(&cer)
    );
    assert!(openssl::key_matches(
        &site.domain("web.crt"),
        &site.domain("web.key")
    ));
    assert_eq!(openssl::serial(&link), openssl::serial(&cer));
    // The CA is asked when it wants it renewed, and says so, as of one that was issued here.
    assert!(site.ends(&["renew"], 0).stdout.contains("nothing is due"));
    let since = site.pebble.requests().split_off(asked);
    assert!(since.iter().all(|r| r.starts_with("GET ")), "{since:?}");
    let said = &site.status("web")["certificate"]["ari"];
    assert!(said["window"]["start"].is_i64(), "{said}");
    // The account is the one that acme.sh made: nobody registers, nor looks for it.
    let accounts = site.asked("POST /sign-me-up");
    site.ends(&["renew", "web", "--force"], 0);
    assert_eq!(site.asked("POST /sign-me-up"), accounts);
    assert_ne!(openssl::serial(&link), openssl::serial(&cer));
}
