//! Every script of acme.sh loads under busybox ash and finds each function that it calls.

use crate::support::process;
use crate::support::temp_root::TempRoot;
use crate::support::tools;
use crate::{acme_sh, applets};
use certkeeper::dns;
use certkeeper::types::Paths;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Those that start a program which is not there, and which.
pub const FOREIGN: [(&str, &str); 8] = [
    ("dns_gcloud", "gcloud"),
    ("dns_knot", "knsupdate"),
    ("dns_lexicon", "lexicon"),
    ("dns_maradns", "a local MaraDNS"),
    ("dns_mydevil", "devil"),
    ("dns_nsd", "a local NSD"),
    ("dns_nsupdate", "nsupdate"),
    ("dns_openstack", "openstack"),
];

/// What became of a script.
#[derive(Debug)]
pub struct Loaded {
    pub script: String,
    /// Functions of acme.sh that it calls and does not find.
    pub lacks: Vec<String>,
    /// It has its own function to add; to remove.
    pub has: [bool; 2],
}

/// All scripts of the checkout; `None` where that cannot be, which has been told.
pub fn load() -> Option<Vec<Loaded>> {
    let acme_sh = acme_sh()?;
    if !tools::have(&[&["busybox"]]) {
        return None;
    }
    let known = functions(&fs::read_to_string(acme_sh.join("acme.sh")).expect("acme.sh"));
    let scripts = scripts(&acme_sh);
    let temp = TempRoot::new();
    let applets = applets(&temp);
    Some(
        scripts
            .iter()
            .map(|s| look(s, &known, &temp, &applets))
            .collect(),
    )
}

fn scripts(acme_sh: &Path) -> Vec<PathBuf> {
    let files = fs::read_dir(acme_sh.join("dnsapi")).expect("dnsapi");
    let mut scripts: Vec<_> = files
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "sh"))
        .collect();
    scripts.sort();
    scripts
}

/// The functions that a shell text defines.
fn functions(text: &str) -> BTreeSet<String> {
    let names = text.lines().filter_map(|l| l.split_once("()"));
    let names = names.filter(|(_, rest)| rest.trim_start().starts_with('{'));
    names.map(|(name, _)| name.trim().to_owned()).collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    let code = text.lines().filter(|l| !l.trim_start().starts_with('#'));
    code.flat_map(|l| l.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'))
        .collect()
}

fn look(script: &Path, known: &BTreeSet<String>, temp: &TempRoot, applets: &Path) -> Loaded {
    let name = script.file_stem().unwrap().to_str().unwrap().to_owned();
    let text = fs::read_to_string(script).expect("a script");
    let own = functions(&text);
    let called: Vec<&str> = words(&text)
        .into_iter()
        .filter(|w| w.starts_with('_') && known.contains(*w) && !own.contains(*w))
        .collect();
    let wanted = format!("{} {name}_add {name}_rm", called.join(" "));
    let folder = temp.server_folder(&name);
    let shim = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dns/script/dnsapi.sh");
    let lines = format!(
        "TMPDIR={}\n_ck_bin=false\n_ck_given=' '\n. {}\n. {}\nfor f in {wanted}; do command -v $f >/dev/null || echo $f; done",
        folder.display(),
        shim.display(),
        script.display()
    );
    let mut command = Command::new(tools::path_of("busybox"));
    command
        .args(["ash", "-c", &lines])
        .env_clear()
        .env("PATH", applets);
    let run = process::run(command, Duration::from_secs(20));
    assert!(run.status.success(), "{}", run.report());
    assert!(!run.stderr.contains("syntax error"), "{}", run.report());
    let missing: Vec<String> = run.stdout.lines().map(str::to_owned).collect();
    let has = ["add", "rm"].map(|a| !missing.contains(&format!("{name}_{a}")));
    Loaded {
        lacks: missing.into_iter().filter(|m| m.starts_with('_')).collect(),
        script: name,
        has,
    }
}

#[test]
fn every_script_loads_and_finds_what_it_calls() {
    let Some(loaded) = load() else { return };
    assert_eq!(loaded.len(), 179, "of acme.sh 3.1.4");
    for script in &loaded {
        assert!(script.has[0], "{} cannot add", script.script);
        assert_eq!(script.lacks, Vec::<String>::new(), "{}", script.script);
    }
    for (name, _) in FOREIGN {
        assert!(loaded.iter().any(|l| l.script == name), "{name}");
    }
}

/// Those whose providers have few places are scripts, and no others are taken for them.
#[test]
fn scripts_with_few_places_are_known() {
    let Some(acme_sh) = acme_sh() else { return };
    let temp = TempRoot::new();
    for script in scripts(&acme_sh) {
        let name = script.file_name().unwrap().to_str().unwrap();
        let text = fs::read(&script).expect("a script");
        temp.write(&format!("etc/certkeeper/dnsapi/{name}"), text);
    }
    let all = dns::all(&Paths::new(temp.root()));
    let scripts = all.iter().filter(|d| d.is_script());
    let places = scripts.map(|d| (d.name, d.writes.slots()));
    let few: Vec<_> = places.filter(|(_, slots)| *slots < usize::MAX).collect();
    let names = few.iter().map(|(name, slots)| format!("{name} {slots}"));
    assert_eq!(
        names.collect::<Vec<_>>().join(", "),
        "dns_acmedns 2, dns_ddnss 1, dns_df 1, dns_dnshome 1, dns_doapi 1, dns_duckdns 1, dns_freemyip 1, \
         dns_he_ddns 1, dns_joker 1, dns_selfhost 1"
    );
}
