//! acme.sh's form of a DNS script: real ones beside their makers are in tests/dnsapi, these are ours.

mod hostile;
mod issuing;

use crate::support::certkeeper::Certkeeper;
use crate::support::openssl;
use crate::support::temp_root::TempRoot;
use crate::support::tools;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use certkeeper::dns::choose;
use certkeeper::dns::script::encode;
use certkeeper::types::{Paths, Timestamp};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const FOLDER: &str = "etc/certkeeper/dnsapi";

fn fixture(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dnsapi");
    fs::read_to_string(file.join(name)).expect("a fixture")
}

/// Puts a script below the root, for its owner to write alone.
fn install(temp: &TempRoot, folder: &str, name: &str, text: &str) -> PathBuf {
    let file = temp.write(&format!("{folder}/{name}.sh"), text);
    chmod(file.parent().unwrap(), 0o755);
    chmod(&file, 0o644);
    file
}

fn chmod(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn have() -> bool {
    tools::have(&[&["busybox"], openssl::NEEDS])
}

#[test]
fn providers_lists_scripts_with_their_fields() {
    let temp = TempRoot::new();
    install(&temp, FOLDER, "dns_own", &fixture("dns_own.sh"));
    // The first folder wins; other files are no scripts.
    install(&temp, "usr/lib/acme/client/dnsapi", "dns_own", "other");
    install(
        &temp,
        "usr/lib/acme/dnsapi",
        "dns_pdns",
        "dns_pdns_info='A script\n'",
    );
    install(&temp, FOLDER, "README", "dns_");
    let run = |args: &[&str]| Certkeeper::new(&temp, args).run();
    let text = run(&["providers", "dns_own"]).ok();
    assert_eq!(
        text,
        "dns_own — Own PowerDNS\n  OWN_Url            Address of the API (needed)\n  \
         OWN_Token          API key (secret)\n  OWN_Ttl            Seconds (default 60)\n  \
         https://dns.example\n"
    );
    let scripts = || {
        let json = run(&["providers", "--json"]).ok();
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let all = json["providers"].as_array().unwrap().clone();
        let scripts = all.iter().filter(|p| p["script"] == true);
        let names = scripts.filter_map(|p| p["name"].as_str());
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    // What nobody can select is not offered.
    assert_eq!(scripts(), ["dns_own"]);
    // A module wins over a script that is not the owner's own.
    let paths = Paths::new(temp.root());
    let name = || choose(&paths, "dns_pdns").map(|d| d.name);
    assert_eq!(name(), Some("powerdns"));
    install(&temp, FOLDER, "dns_pdns", "dns_pdns_info='A script\n'");
    assert_eq!(name(), Some("dns_pdns"));
    assert_eq!(scripts(), ["dns_own", "dns_pdns"]);
    assert!(run(&["providers", "dns_pdns"]).ok().contains("A script"));
    assert!(run(&["providers", "PowerDNS"]).ok().contains("PDNS_Url"));
    for odd in [
        "dns_../dns_own",
        "dns_OWN",
        "../dns_own",
        "dns_own.sh",
        "dns_own;id",
    ] {
        assert_eq!(choose(&paths, odd).map(|d| d.name), None, "{odd}");
    }
}

/// Signatures by random numbers cannot be compared with others; OpenSSL judges them.
#[test]
fn signatures_are_what_openssl_takes() {
    if !have() {
        return;
    }
    let temp = TempRoot::new();
    let folder = temp.server_folder("signed");
    let at = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (key, public, signed, data) = (at("key"), at("public"), at("signed"), at("data"));
    openssl::run(&["genrsa", "-out", &key, "2048"]);
    openssl::run(&["rsa", "-in", &key, "-pubout", "-out", &public]);
    fs::write(&data, "what is signed").unwrap();
    let pss = [
        "-sigopt",
        "rsa_padding_mode:pss",
        "-sigopt",
        "rsa_pss_saltlen:-1",
    ];
    for (digest, how) in [("sha256", &[][..]), ("sha512", &[]), ("sha256", &pss)] {
        let words = [&["sign", &key, digest], how].concat();
        let signature = encode(&words, fs::read(&data).unwrap(), Timestamp(0)).expect("signed");
        fs::write(&signed, STANDARD.decode(signature).expect("base64")).unwrap();
        let digest = format!("-{digest}");
        let judged = ["dgst", &digest, "-verify", &public, "-signature", &signed];
        openssl::run(&[&judged, how, &[&data]].concat());
    }
}
