//! A root with a certificate that is due, a scripted CA, and what every failure has to keep.

use crate::ca::Ca;
use crate::lanes;
use crate::pki::{self, Form};
use crate::reply::{Reply, Step};
use crate::support::certkeeper::Certkeeper;
use crate::support::process::Finished;
use crate::support::temp_root::TempRoot;
use crate::uci::{GLOBAL, account, cert};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What the section is for.
pub const NAMES: [&str; 2] = ["www.demo.example", "mail.demo.example"];

/// A run that waits for nothing takes a tenth of a second; a busy machine makes it longer.
const QUICK: Duration = Duration::from_secs(10);

/// All that a failed run says fits on two screens.
const OUTPUT_MAX: usize = 6 * 1024;

/// What a failure may leave: how it went, and the order under way with its key.
const MAY_STAY: [&str; 4] = [
    "etc/certkeeper/certs/web/attempt.json",
    "etc/certkeeper/certs/web/order.json",
    "etc/certkeeper/certs/web/pending",
    "etc/certkeeper/certs/web/pending/key.pem",
];

/// How a run against the sick CA must end.
#[derive(Clone, Debug)]
pub struct Want {
    /// The exit code.
    pub exit: i32,
    /// Words of the cause and of the remedy.
    pub words: Vec<&'static str>,
    /// When the run must have ended.
    pub within: Duration,
    /// The seconds until the next attempt, where they matter.
    pub waits: Option<i64>,
    /// The CA has not looked yet: what was presented stays for the next run.
    pub keeps: bool,
}

impl Want {
    /// Exit code 1, at once, with these words.
    pub fn failure(words: &[&'static str]) -> Self {
        Self {
            exit: 1,
            words: words.to_vec(),
            within: QUICK,
            waits: None,
            keeps: false,
        }
    }
}

/// One way in which a reply is wrong.
pub struct Case {
    name: &'static str,
    steps: Vec<Step>,
    twist: fn(&mut Reply),
    want: Want,
    lasting: bool,
}

impl Case {
    /// The replies of a step, changed; the run must tell these words.
    pub fn new(
        name: &'static str,
        step: Step,
        twist: fn(&mut Reply),
        words: &[&'static str],
    ) -> Self {
        Self {
            name,
            steps: vec![step],
            twist,
            want: Want::failure(words),
            lasting: false,
        }
    }

    /// The same for the replies of another step.
    pub fn also(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// Nothing failed for good: exit code 4.
    pub fn deferred(mut self) -> Self {
        self.want.exit = 4;
        self
    }

    /// The run may take that long.
    pub fn within(mut self, seconds: u64) -> Self {
        self.want.within = Duration::from_secs(seconds);
        self
    }

    /// The next attempt is that many seconds after this one.
    pub fn waits(mut self, seconds: i64) -> Self {
        self.want.waits = Some(seconds);
        self
    }

    /// The order stays as sick as it is; a new one is well.
    pub fn lasting(mut self) -> Self {
        self.lasting = true;
        self
    }

    /// Plays it from a root with a certificate that is due.
    pub fn check(&self) {
        let rig = Rig::due();
        rig.ca.twist(&self.steps, Arc::new(self.twist));
        let begin = rig.ca.asked().len();
        rig.suffers(&self.want);
        let asked = &rig.ca.asked()[begin..];
        for step in &self.steps {
            assert!(asked.contains(step), "only {asked:?} was asked");
        }
        match self.lasting {
            true => rig.ca.spare_new_orders(),
            false => rig.ca.heal(),
        }
        rig.recovers();
    }
}

/// Plays a table.
#[track_caller]
pub fn play(cases: &[Case], lanes: usize) {
    lanes::each(cases, lanes, |case| case.name.to_owned(), Case::check);
}

/// What is dropped first stands first.
pub struct Rig {
    pub ca: Ca,
    pub temp: TempRoot,
    /// The versions in use so far.
    held: u64,
}

impl Rig {
    /// No certificate yet, and a good CA.
    pub fn fresh() -> Self {
        let temp = TempRoot::new();
        let (leaf, root) = pki::server(&["localhost"], -1..3650);
        let ca = Ca::start(&leaf, temp.path("www"));
        temp.write("etc/ssl/ca.pem", root);
        let rig = Self { ca, temp, held: 0 };
        rig.configure(&format!("https://localhost:{}/dir", rig.ca.port()), &[]);
        rig
    }

    /// A certificate that is due, and no account.
    pub fn due() -> Self {
        let mut rig = Self::fresh();
        rig.ca.form(Form::due());
        let run = rig.run(&["renew"]);
        assert_eq!(run.code(), 0, "the good CA: {}", run.report());
        rig.held = 1;
        rig.ca.form(Form::good());
        fs::remove_dir_all(rig.temp.path("etc/certkeeper/accounts")).unwrap();
        rig
    }

    /// Section `web` at a CA with this directory, by files below `/www` unless options say more.
    pub fn configure(&self, directory: &str, options: &[(&'static str, String)]) {
        let mut all = options.to_vec();
        if all.is_empty() {
            all.push(("validation_method", "webroot".into()));
        }
        let section = cert("web", &NAMES, &all);
        self.temp
            .uci(&(GLOBAL.to_owned() + &account("pebble", directory) + &section));
    }

    pub fn certkeeper(&self, args: &[&str]) -> Certkeeper {
        Certkeeper::new(&self.temp, args)
    }

    pub fn run(&self, args: &[&str]) -> Finished {
        self.certkeeper(args).run()
    }

    fn served(&self) -> [Option<String>; 2] {
        ["crt", "key"].map(|end| {
            let path = self.temp.path(&format!("etc/ssl/domains/web.{end}"));
            fs::read_to_string(path).ok()
        })
    }

    // ---- what every failure has to keep

    /// An hourly run meets the sick CA.
    #[track_caller]
    pub fn suffers(&self, want: &Want) {
        let limit = want.within + Duration::from_secs(20);
        let (files, served) = (self.files(), self.served());
        let run = self.certkeeper(&["renew"]).limit(limit).run();
        assert_eq!(run.code(), want.exit, "exit code: {}", run.report());
        assert!(run.wall <= want.within, "too late: {}", run.report());
        self.tells(&run, &want.words);
        assert_eq!(self.served(), served, "other files are served");
        self.leaves_nothing(&files, want.keeps);
        self.shows();
        if let Some(seconds) = want.waits {
            let attempt = &self.status()["last_attempt"];
            let time = |member: &str| attempt[member].as_i64().unwrap();
            assert_eq!(time("next") - time("at"), seconds, "{}", run.report());
        }
        let asked = self.ca.asked().len();
        let run = self.run(&["renew"]);
        assert_eq!(run.code(), 4, "the next run: {}", run.report());
        assert_eq!(self.ca.asked().len(), asked, "before its time");
    }

    #[track_caller]
    fn tells(&self, run: &Finished, words: &[&str]) {
        let (text, told) = (&run.stdout, run.report());
        plain(&run.stdout);
        plain(&run.stderr);
        let goes_on = text.contains("… web: ") && text.contains("; goes on ");
        if !goes_on {
            let of = |mark: &str| text.lines().find_map(|line| line.split_once(mark));
            let cause = of("✗ web: ").map_or("", |(_, text)| text);
            let remedy = of("what to do: ").map_or("", |(_, text)| text);
            assert!(cause.len() > 20, "no cause: {told}");
            assert!(remedy.len() > 15, "no remedy: {told}");
        }
        for word in words {
            assert!(text.contains(word), "no {word:?}: {told}");
        }
        let size = run.stdout.len() + run.stderr.len();
        assert!(size <= OUTPUT_MAX, "{size} bytes: {told:.1500}");
    }

    /// `status` and `log` tell it, too.
    #[track_caller]
    fn shows(&self) {
        let status = self.status();
        every_text(&status, &mut |text| plain(text));
        let attempt = &status["last_attempt"];
        let waits = self.exists("etc/certkeeper/certs/web/order.json")
            && !self.exists("etc/certkeeper/certs/web/attempt.json");
        if !waits {
            for member in ["problem", "remedy"] {
                let text = attempt[member].as_str().unwrap_or_default();
                assert!(text.len() > 15, "{member}: {status:#}");
            }
            if self.held > 0 {
                assert_eq!(status["state"], "valid", "{status:#}");
                assert!(status["warnings"].is_array(), "no warning: {status:#}");
            }
        }
        let size = status.to_string().len();
        assert!(size <= OUTPUT_MAX, "a status of {size} bytes");
        for command in ["status", "log"] {
            let run = self.run(&[command, "web"]);
            plain(&run.stdout);
            assert_eq!(run.code(), 0, "{}", run.report());
        }
    }

    pub fn status(&self) -> Value {
        let text = self.run(&["status", "web", "--json"]).ok();
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e} in {text}"))
    }

    fn exists(&self, path: &str) -> bool {
        self.temp.path(path).exists()
    }

    #[track_caller]
    fn leaves_nothing(&self, before: &BTreeSet<PathBuf>, keeps: bool) {
        let may_stay = |path: &Path| {
            let of_account = path.starts_with("etc/certkeeper/accounts");
            let name = path
                .file_name()
                .and_then(|n| n.to_str())
                .unwrap_or_default();
            // The first failure of all makes the folders that these are in.
            let above = MAY_STAY.iter().any(|p| Path::new(p).starts_with(path));
            let note = keeps && name == "cleanup.json";
            (of_account && !name.ends_with(".new")) || above || note
        };
        let after = self.files();
        let new: Vec<_> = after.difference(before).filter(|p| !may_stay(p)).collect();
        assert!(new.is_empty(), "left behind: {new:?}");
        let gone: Vec<_> = before.difference(&after).collect();
        assert!(gone.is_empty(), "removed: {gone:?}");
        let tokens = fs::read_dir(self.temp.path("www/.well-known/acme-challenge"));
        let tokens: Vec<_> = tokens.into_iter().flatten().flatten().collect();
        assert_eq!(tokens.is_empty(), !keeps, "presented: {tokens:?}");
    }

    /// Each file and folder below the root, but for those of `/var/run` and of the document root.
    fn files(&self) -> BTreeSet<PathBuf> {
        let (root, mut found) = (self.temp.root(), BTreeSet::new());
        walk(&root, &root, &mut found);
        found.retain(|path| !path.starts_with("var") && !path.starts_with("www"));
        found
    }

    // ---- and afterwards

    /// The CA is well: the section, named, has its certificate at once.
    #[track_caller]
    pub fn recovers(&self) {
        let run = self.run(&["renew", "web"]);
        assert_eq!(run.code(), 0, "after it is well: {}", run.report());
        let [crt, _] = self.served();
        assert_eq!(crt, Some(self.ca.issued()), "not what the CA issued last");
        let current = fs::read_link(self.temp.path("etc/certkeeper/certs/web/current")).unwrap();
        let number = (self.held + 1).to_string();
        assert_eq!(
            current,
            Path::new("versions").join(number),
            "{}",
            run.report()
        );
        for left in MAY_STAY {
            assert!(!self.exists(left), "{left} is left");
        }
        assert!(!self.exists("etc/certkeeper/certs/web/cleanup.json"));
        let document = self.status();
        assert_eq!(document["state"], "valid", "{document:#}");
        assert!(document["warnings"].is_null(), "{document:#}");
    }
}

/// Fails at what would steer a terminal, or turn a line around.
#[track_caller]
pub fn plain(text: &str) {
    let steers = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if let Some(at) = text.find(steers) {
        let begin = text[..at].lines().last().unwrap_or_default();
        let end: String = text[at..].chars().take(20).collect();
        panic!("not plain: {begin:?} {end:?}");
    }
}

fn every_text(value: &Value, look: &mut impl FnMut(&str)) {
    match value {
        Value::String(text) => look(text),
        Value::Array(list) => list.iter().for_each(|v| every_text(v, look)),
        Value::Object(map) => map.values().for_each(|v| every_text(v, look)),
        _ => {}
    }
}

fn walk(root: &Path, folder: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        found.insert(path.strip_prefix(root).unwrap().to_owned());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(root, &path, found);
        }
    }
}
