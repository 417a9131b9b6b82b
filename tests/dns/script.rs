//! acme.sh's form of a DNS script: real ones beside their makers are in tests/dnsapi, these are ours.

use crate::site::{Site, ZONE};
use crate::support::openssl;
use crate::support::powerdns::API_KEY;
use crate::support::process::Finished;
use crate::support::temp_root::TempRoot;
use crate::support::{tools, wait_until};
use crate::uci::cert;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use certkeeper::dns::script::{Host, Script, encode};
use certkeeper::dns::{Credentials, DnsError, Provider, TxtRecord, choose};
use certkeeper::types::{Paths, Secret, Timestamp};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

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

// ---- the whole way

fn by_own(site: &Site, token: &str) -> Vec<(&'static str, String)> {
    vec![
        ("dns", "dns_own".into()),
        ("dns_wait", "0".into()),
        (
            "list credentials",
            format!("OWN_Url={}", site.powerdns().url()),
        ),
        ("list credentials", format!("OWN_Token={token}")),
    ]
}

#[test]
fn a_script_proves_names_to_pebble() {
    let Some(site) = Site::zone() else { return };
    if !have() {
        return;
    }
    install(&site.temp, FOLDER, "dns_own", &fixture("dns_own.sh"));
    let wild = format!("*.{ZONE}");
    site.configure(&[cert("wild", &[ZONE, &wild], &by_own(&site, API_KEY))]);
    site.ends(&["renew"], 0);
    site.is_good("wild", &[ZONE, &wild]);
    site.is_tidy("wild");
    site.ends(&["check"], 0);
    // What it saves for itself is kept, what it was given is not, and nobody else reads it.
    let saved = site.temp.path("etc/certkeeper/saved/cert-wild.json");
    let text = fs::read_to_string(&saved).expect("saved values");
    assert!(
        text.contains("own_zone") && !text.contains("OWN_"),
        "{text}"
    );
    assert_eq!(
        fs::metadata(&saved).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let run = fs::read_dir(site.temp.path("var/run/certkeeper")).expect("a folder");
    let left: Vec<_> = run.flatten().map(|e| e.file_name()).collect();
    assert!(
        !left
            .iter()
            .any(|n| n.to_string_lossy().starts_with("dnsapi")),
        "{left:?}"
    );
}

#[test]
fn acme_sh_s_own_script_proves_names_to_pebble() {
    let Some(site) = Site::zone() else { return };
    let Some(acme_sh) = std::env::var_os("ACMESH_DIR") else {
        tools::skip("ACMESH_DIR", "not set: a checkout of acme.sh is wanted");
        return;
    };
    if !have() {
        return;
    }
    let script = Path::new(&acme_sh).join("dnsapi/dns_pdns.sh");
    let script = fs::read_to_string(script).expect("dns_pdns.sh");
    install(
        &site.temp,
        "usr/lib/acme/client/dnsapi",
        "dns_pdns",
        &script,
    );
    // The module has that name, too; the owner's own script wins over it.
    install(&site.temp, FOLDER, "dns_pdns", &script);
    let wild = format!("*.{ZONE}");
    let mut options = site.by_powerdns();
    options[0].1 = "dns_pdns".into();
    options.push(("list credentials", "PDNS_ServerId=localhost".into()));
    options.push(("list credentials", "PDNS_Ttl=60".into()));
    site.configure(&[cert("wild", &[ZONE, &wild], &options)]);
    site.ends(&["renew"], 0);
    site.is_good("wild", &[ZONE, &wild]);
    site.is_tidy("wild");
    assert!(
        site.run(&["providers", "dns_pdns"])
            .ok()
            .contains("PDNS_Token")
    );
}

#[test]
fn its_failure_is_told_without_its_secrets() {
    let Some(site) = Site::zone() else { return };
    if !have() {
        return;
    }
    install(&site.temp, FOLDER, "dns_own", &fixture("dns_own.sh"));
    site.configure(&[cert("wild", &[ZONE], &by_own(&site, "not-the-key"))]);
    let told = |run: &Finished| {
        assert_eq!(run.code(), 1, "{}", run.report());
        let words =
            "dns_own add _acme-challenge.demo.example failed: The API answered 401 to the key ***";
        assert!(run.stdout.contains(words), "{}", run.report());
        assert!(!(run.stdout.clone() + &run.stderr).contains("not-the-key"));
    };
    told(&site.run(&["check"]));
    told(&site.run(&["renew"]));
    assert!(!site.log("wild").contains("not-the-key"));
    assert_eq!(site.status("wild")["state"], "dns_error");
    // Nothing given at all is a mistake of the configuration.
    let none = [("dns", "dns_own".to_owned())];
    site.configure(&[cert("wild", &[ZONE], &none)]);
    let run = site.run(&["renew"]);
    let words = "OWN_Token (API key) is missing";
    assert!(run.stderr.contains(words), "{}", run.report());
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
    let run = |args: &[&str]| crate::support::certkeeper::Certkeeper::new(&temp, args).run();
    let text = run(&["providers", "dns_own"]).ok();
    assert_eq!(
        text,
        "dns_own — Own PowerDNS\n  OWN_Url            Address of the API (needed)\n  \
         OWN_Token          API key (secret)\n  OWN_Ttl            Seconds (default 60)\n  \
         https://dns.example\n"
    );
    let json = run(&["providers", "--json"]).ok();
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let all = json["providers"].as_array().unwrap().iter();
    let scripts: Vec<&str> = all
        .filter(|p| p["script"] == true)
        .filter_map(|p| p["name"].as_str())
        .collect();
    assert_eq!(scripts, ["dns_own", "dns_pdns"]);
    // A module wins over a script that is not the owner's own.
    let paths = Paths::new(temp.root());
    let name = || choose(&paths, "dns_pdns").map(|d| d.name);
    assert_eq!(name(), Some("powerdns"));
    install(&temp, FOLDER, "dns_pdns", "dns_pdns_info='A script\n'");
    assert_eq!(name(), Some("dns_pdns"));
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

// ---- hostile ones

struct Hostile {
    temp: TempRoot,
    file: PathBuf,
}

impl Hostile {
    fn new() -> Option<Self> {
        have().then(|| {
            let temp = TempRoot::new();
            let file = install(&temp, FOLDER, "dns_hostile", &fixture("dns_hostile.sh"));
            Self { temp, file }
        })
    }

    fn notes(&self) -> PathBuf {
        self.temp.path("notes")
    }

    fn open(&self, mode: &str, more: &[(&str, &str)]) -> Result<Script, DnsError> {
        let paths = Paths::new(self.temp.root());
        let notes = self.notes();
        let given = [
            ("HOSTILE_Mode", mode),
            ("HOSTILE_Token", "hunter2's \"$(id)\" `id` \\"),
            ("HOSTILE_Notes", notes.to_str().unwrap()),
        ];
        let given = given.iter().chain(more);
        let given: Credentials = given
            .map(|(n, v)| ((*n).to_owned(), Secret::new(*v)))
            .collect();
        let host = Host {
            shell: tools::path_of("busybox"),
            helper: env!("CARGO_BIN_EXE_certkeeper").into(),
            limit: Duration::from_secs(2),
            ..Host::here(&paths, Path::new("/nowhere"))?
        };
        let descriptor = choose(&paths, "dns_hostile").expect("a script");
        Script::open(&paths, descriptor, given, paths.saved("cert web"), host)
    }

    fn run(&self, mode: &str) -> Result<(), DnsError> {
        self.open(mode, &[])?.change(&record(), true)
    }

    /// The child that it left behind has ended.
    fn is_alone(&self) {
        let pid = fs::read_to_string(self.notes()).expect("a process");
        let process = PathBuf::from(format!("/proc/{}/stat", pid.trim()));
        let gone = || fs::read_to_string(&process).map_or(true, |s| s.contains(" Z "));
        assert!(wait_until(Duration::from_secs(5), gone), "{pid} runs on");
    }
}

fn record() -> TxtRecord {
    TxtRecord {
        name: "_acme-challenge.demo.example".into(),
        value: "it's".into(),
    }
}

#[test]
fn a_script_that_tells_its_token() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    let text = hostile.run("tells").unwrap_err().to_string();
    assert_eq!(
        text,
        "dns_hostile add _acme-challenge.demo.example failed: login with *** refused"
    );
}

#[test]
fn a_script_that_hangs_is_killed_with_its_children() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    let begin = Instant::now();
    let error = hostile.run("hangs").unwrap_err();
    assert!(
        matches!(&error, DnsError::Unreachable(t) if t.contains("did not end within 2 s")),
        "{error}"
    );
    assert!(begin.elapsed() < Duration::from_secs(10));
    hostile.is_alone();
    assert_eq!(hostile.run("forks"), Ok(()));
    hostile.is_alone();
}

#[test]
fn noise_and_exit_codes() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    assert_eq!(hostile.run("floods"), Ok(()));
    for mode in ["fails", "exits"] {
        let text = hostile.run(mode).unwrap_err().to_string();
        assert_eq!(
            text, "dns_hostile add _acme-challenge.demo.example failed",
            "{mode}"
        );
    }
    let error = hostile.run("unreached").unwrap_err();
    assert!(matches!(error, DnsError::Unreachable(_)), "{error:?}");
    assert!(error.to_string().contains("127.0.0.1:9"), "{error}");
}

#[test]
fn a_script_sees_its_settings_and_nobody_else_does() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    assert_eq!(hostile.run("looks"), Ok(()));
    let seen = fs::read_to_string(hostile.notes()).expect("notes");
    let token = "hunter2's \"$(id)\" `id` \\";
    assert_eq!(seen.matches("hunter2").count(), 1, "{seen}");
    for line in [
        &format!("token: {token}"),
        "stdin: \n",
        &format!(
            "in {}",
            hostile.temp.path("var/run/certkeeper/dnsapi-").display()
        ),
        "arguments: 2 _acme-challenge.demo.example it's",
    ] {
        assert!(seen.contains(line), "no {line:?} in {seen}");
    }
    let names = seen.lines().filter_map(|l| l.split_once('=')).map(|p| p.0);
    let mut names: Vec<&str> = names
        .filter(|n| n.bytes().all(|c| c.is_ascii_uppercase()))
        .collect();
    names.sort_unstable();
    names.dedup();
    // SHLVL and PWD are the shell's own.
    names.retain(|n| !matches!(*n, "SHLVL" | "PWD" | "OLDPWD"));
    assert_eq!(names, ["PATH", "TMPDIR"], "{seen}");
}

#[test]
fn saved_values_stay_with_their_settings() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    let script = hostile.open("saves", &[]).unwrap();
    let saved = hostile.temp.path("etc/certkeeper/saved/cert-web.json");
    assert_eq!(script.change(&record(), true), Ok(()));
    let text = fs::read_to_string(&saved).expect("saved");
    assert!(
        text.contains("HOSTILE_Session") && !text.contains("hunter2"),
        "{text}"
    );
    assert_eq!(
        fs::metadata(&saved).unwrap().permissions().mode() & 0o777,
        0o600
    );
    // With other settings they are not there.
    let other = hostile.open("saves", &[("HOSTILE_Zone", "other")]).unwrap();
    assert!(other.change(&record(), false).is_err());
    assert_eq!(script.change(&record(), false), Ok(()));
    assert!(!saved.exists(), "what is cleared is gone");
    // A damaged file counts as none.
    fs::write(&saved, "{").unwrap();
    assert_eq!(script.change(&record(), true), Ok(()));
}

#[test]
fn what_others_could_change_is_not_run() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    let refused = |why: &str| {
        let error = hostile.run("fails").unwrap_err();
        let told =
            matches!(&error, DnsError::Setting { field: "dns", message } if message.contains(why));
        assert!(told, "{error:?}");
    };
    chmod(&hostile.file, 0o664);
    refused("dns_hostile.sh could be changed by others");
    chmod(&hostile.file, 0o644);
    chmod(hostile.file.parent().unwrap(), 0o777);
    refused("dnsapi could be changed by others");
    chmod(hostile.file.parent().unwrap(), 0o755);
    assert!(matches!(hostile.run("fails"), Err(DnsError::Refused(_))));
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&hostile.file, Some(65534), None).unwrap();
        refused("could be changed by others");
    }
}

#[test]
fn settings_do_not_make_another_shell() {
    let Some(hostile) = Hostile::new() else {
        return;
    };
    for name in [
        "PATH",
        "IFS",
        "LD_PRELOAD",
        "1st",
        "_ck_bin",
        "ACME_OPENSSL_BIN",
    ] {
        let opened = hostile.open("fails", &[(name, "/tmp/evil")]);
        let error = opened.err().expect("refused").to_string();
        assert!(
            error.contains(&format!("cannot be given {name}")),
            "{error}"
        );
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
