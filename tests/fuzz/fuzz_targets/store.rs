//! Files of the store, as a damaged flash or another program may leave them: what is read of them,
//! the plan that is made by it, and what is shown.
//!
//! The input is a number of files: a line `@ NAME`, then the content up to the next such line, where
//! `FINGERPRINT` stands for that of the section.
//! Nothing here acts on what the files say: they name files to remove.
#![no_main]

use certkeeper::config::{self, Config};
use certkeeper::issue::Engine;
use certkeeper::plan::{Wish, plan};
use certkeeper::status;
use certkeeper::store::{AccountStore, Area};
use certkeeper::types::{Clock, Interrupted, Issued, Paths, SectionName, Timestamp};
use certkeeper_fuzz::folder;
use libfuzzer_sys::fuzz_target;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

const NOW: Timestamp = Timestamp(1_795_262_400); // 2026-11-21T12:00:00Z
const DIRECTORY: &str = "https://ca.test/dir";
const MAIN: &str = "
config certkeeper 'global'
\toption accept_tos '1'
config account 'own'
\toption acme_server 'https://ca.test/dir'
config cert 'web'
\tlist domains 'a.example.org'
\toption account 'own'
";
/// Where a file of the input lies. The folder of the account is named by a hash of its directory.
const FILES: [(&str, &str); 9] = [
    ("order.json", "etc/certkeeper/certs/web/order.json"),
    ("attempt.json", "etc/certkeeper/certs/web/attempt.json"),
    ("issued.json", "etc/certkeeper/certs/web/issued.json"),
    ("cleanup.json", "etc/certkeeper/certs/web/cleanup.json"),
    ("deployed.json", "etc/certkeeper/certs/web/deployed.json"),
    ("meta.json", "etc/certkeeper/certs/web/versions/1/meta.json"),
    (
        "meta2.json",
        "etc/certkeeper/certs/web/versions/2/meta.json",
    ),
    ("account.json", ""),
    ("status.json", "var/run/certkeeper/status/web.json"),
];

struct World {
    root: PathBuf,
    account: PathBuf,
    paths: Paths,
    config: Config,
    section: SectionName,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let root = folder("store");
    for folder in ["etc/config", "var/run/certkeeper/status"] {
        fs::create_dir_all(root.join(folder)).expect("a folder");
    }
    let web = root.join("etc/certkeeper/certs/web");
    for version in ["versions/1", "versions/2"] {
        fs::create_dir_all(web.join(version)).expect("a folder");
    }
    let link = std::os::unix::fs::symlink("versions/1", web.join("current"));
    assert!(link.is_ok() || web.join("current").exists());
    let paths = Paths::new(&root);
    let store = AccountStore::new(&paths, "own", DIRECTORY);
    store.put_key("a key").expect("a file");
    let account = paths.accounts().join("own");
    let account = fs::read_dir(account).expect("a folder").next();
    fs::write(paths.config(), MAIN).expect("a file");
    let config = config::load(&paths).expect("a configuration");
    World {
        account: account
            .expect("one")
            .expect("a folder")
            .path()
            .join("account.json"),
        section: config.certs[0].name.clone(),
        root,
        paths,
        config,
    }
});

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn go_on(&self) -> Result<(), Interrupted> {
        Err(Interrupted)
    }

    fn sleep(&self, _: Duration) -> Result<(), Interrupted> {
        Err(Interrupted)
    }
}

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    for (name, path) in FILES {
        let path = match path {
            "" => world.account.clone(),
            path => world.root.join(path),
        };
        put(
            &path,
            content(input, name),
            &world.config.certs[0].fingerprint,
        );
    }
    decide(world);
    remember(world);
});

/// What stands behind the line `@ NAME`.
fn content<'a>(input: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut found = None;
    let mut at = 0;
    for line in input.split_inclusive(|c| *c == b'\n') {
        let begin = at;
        at += line.len();
        match (line.strip_prefix(b"@ "), found) {
            (Some(_), Some(from)) => return input.get(from..begin),
            (Some(this), None) if this.trim_ascii_end() == name.as_bytes() => found = Some(at),
            _ => {}
        }
    }
    found.and_then(|from| input.get(from..))
}

fn put(path: &Path, content: Option<&[u8]>, fingerprint: &str) {
    let Some(content) = content else {
        return drop(fs::remove_file(path));
    };
    let written = match std::str::from_utf8(content) {
        Ok(text) => fs::write(path, text.replace("FINGERPRINT", fingerprint)),
        Err(_) => fs::write(path, content),
    };
    written.expect("a file");
}

/// The plan and the documents of what is held, and that damage is never worse than absence.
fn decide(world: &World) {
    let engine = Engine {
        paths: &world.paths,
        config: &world.config,
        clock: &Stopped,
        clock_is_set: true,
        firewall: None,
        operators: Vec::new(),
        listener: &|_, _, _| {},
        trace: None,
    };
    let inventory = engine.inventory();
    for force in [false, true] {
        for sections in [vec![], vec![world.section.clone()]] {
            let plan = plan(&world.config, &inventory, NOW, &Wish { sections, force });
            for task in &plan.tasks {
                assert_eq!(task.section, world.section);
                assert!(!task.reason.is_empty());
            }
            for waiting in &plan.waiting {
                assert!(waiting.until > NOW, "it waits for what is over");
            }
        }
    }
    let documents = engine.documents();
    assert_eq!(documents.len(), 1);
    if let Some(document) = status::read(&world.paths, &world.section) {
        status::write(&world.paths, &world.section, &document);
        assert_eq!(status::read(&world.paths, &world.section), Some(document));
    }
    status::write(&world.paths, &world.section, &documents[0]);
    let read = status::read(&world.paths, &world.section);
    assert_eq!(read.as_ref(), documents.first());
}

/// What was read can be written, and is read again as it was.
fn remember(world: &World) {
    let area = Area::new(&world.paths, &world.section, false);
    let held = area.held();
    if let Some(order) = &held.order {
        area.put_order(order).expect("a file");
    }
    if let Some(attempt) = &held.attempt {
        area.put_attempt(attempt).expect("a file");
    }
    assert_eq!(area.held(), held);
    let presented = area.presented().expect("a file");
    if !presented.is_empty() {
        area.put_presented(&presented).expect("a file");
        assert_eq!(area.presented().expect("a file"), presented);
    }
    let issued = Issued {
        at: NOW.0,
        names: vec!["a.example.org".into()],
    };
    area.note_issued(issued.clone()).expect("a file");
    assert_eq!(area.issued().last(), Some(&issued));
    let account = AccountStore::new(&world.paths, "own", DIRECTORY);
    if let Some(note) = account.note().expect("a file") {
        account.put_note(&note).expect("a file");
        assert_eq!(account.note().expect("a file"), Some(note));
    }
}
