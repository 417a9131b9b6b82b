//! Nothing shows a secret: each has a canary, and everything that a run through Pebble prints, writes,
//! answers or starts is looked through for them.

use super::site::{Site, ZONE};
use super::uci::{cert, section, with};
use crate::support::listener::Listener;
use crate::support::pebble::EAB;
use crate::support::powerdns::API_KEY;
use crate::support::process::{self, Finished, Running};
use crate::support::ubus::Bus;
use crate::support::wait_until;
use certkeeper::ubus::Client;
use certkeeper::ubus::blob::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::{self, JoinHandle};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(60);
const EXEC: &str = "kanarienvogel-exec";
const NOTIFY: &str = "kanarienvogel-notify";
const SCRIPT: &str = "kanarienvogel-script";

/// Writes its own arguments and environment, and those of every certkeeper and shell above it, to a file.
const SPY: &str = r#"#!/bin/sh
pid=$$
for depth in 1 2 3 4; do
	tr '\0' '\n' <"/proc/$pid/cmdline" | sed "s|^|${0##*/} $depth: |" >>"$SEEN"
	tr '\0' '\n' <"/proc/$pid/environ" | sed "s|^|${0##*/} $depth: |" >>"$SEEN"
	pid=$(sed 's/.*) . \([0-9]*\) .*/\1/' "/proc/$pid/stat")
	grep -qE 'certkeeper|busybox|ash' "/proc/$pid/comm" || exit 0
done
"#;

/// A DNS script of acme.sh's kind that keeps its token for the next time and starts a program.
const DNS_SCRIPT: &str = r#"#!/bin/sh
dns_spy_add() {
	SPY_Token="${SPY_Token:-$(_readaccountconf_mutable SPY_Token)}"
	[ -n "$SPY_Token" ] || return 1
	_saveaccountconf_mutable SPY_Token "$SPY_Token"
	_info "added"
	'PROGRAM'
}
dns_spy_rm() {
	'PROGRAM'
}
"#;

/// The system log, as long as it is read.
struct Syslog(PathBuf, JoinHandle<String>);

impl Syslog {
    fn start(place: PathBuf) -> Self {
        fs::create_dir_all(place.parent().expect("a folder")).expect("a folder");
        let socket = UnixDatagram::bind(&place).expect("a socket");
        let reader = thread::spawn(move || {
            let (mut text, mut line) = (String::new(), vec![0; 65536]);
            while let Ok(n @ 1..) = socket.recv(&mut line) {
                text.push_str(&String::from_utf8_lossy(&line[..n]));
                text.push('\n');
            }
            text
        });
        Self(place, reader)
    }

    /// All lines; an empty message is the last.
    fn end(self) -> String {
        let socket = UnixDatagram::unbound().expect("a socket");
        socket.send_to(b"", &self.0).expect("an end");
        self.1.join().expect("lines")
    }
}

/// A site with everything that has or gets a secret.
struct Watched {
    listener: Listener,
    /// What the spies saw.
    seen: PathBuf,
    site: Site,
}

impl Watched {
    fn new() -> Option<Self> {
        let site = Site::plan(|plan| {
            plan.powerdns = true;
            plan.pebble.eab = true;
            plan.pebble.always_valid = true;
        })?;
        let watched = Self {
            listener: Listener::start(),
            seen: site.temp.server_folder("spies").join("seen"),
            site,
        };
        let exec = watched.spy("exec");
        for hook in [
            "etc/certkeeper/hooks/tell",
            "etc/certkeeper/hooks/told",
            "etc/init.d/web",
        ] {
            watched.spy(hook);
        }
        let site = &watched.site;
        let program = watched.spy("script").display().to_string();
        let script = DNS_SCRIPT.replace("PROGRAM", &program);
        let script = site.temp.write("etc/certkeeper/dnsapi/dns_spy.sh", script);
        fs::set_permissions(script, fs::Permissions::from_mode(0o600)).expect("a mode");
        let by_script = [("dns", "dns_spy".to_owned()), ("dns_wait", "0".into())];
        let by_exec = [
            ("dns", "exec".to_owned()),
            ("dns_wait", "0".into()),
            ("list credentials", format!("EXEC_PATH={}", exec.display())),
            ("service", "web".into()),
            ("list hook", "tell".into()),
            ("list export", "/srv/tls".into()),
        ];
        let account = section(
            "account",
            "pebble",
            &[
                ("acme_server", site.pebble.directory_url()),
                ("ca_file", "/etc/ssl/ca.pem".into()),
                ("eab_kid", EAB.0.into()),
            ],
        );
        let global = "config certkeeper 'global'\n\toption accept_tos '1'\n\toption debug '1'\n\tlist notify 'told'\n";
        let by_powerdns = with(site.by_powerdns(), &[]);
        let by_powerdns: Vec<_> = by_powerdns
            .into_iter()
            .filter(|(_, v)| !v.contains("Token"))
            .collect();
        site.temp.uci(&format!(
            "{global}{account}{}{}{}",
            cert("api", &[&format!("api.{ZONE}")], &by_powerdns),
            cert("own", &[&format!("own.{ZONE}")], &by_exec),
            cert("scripted", &[&format!("scripted.{ZONE}")], &by_script),
        ));
        let secrets = format!(
            "config secret 'pebble'\n\toption eab_hmac_key '{}'\n\
             config secret 'api'\n\tlist credentials 'PDNS_Token={API_KEY}'\n\
             config secret 'own'\n\tlist credentials 'EXEC_KEY={EXEC}'\n\
             config secret 'scripted'\n\tlist credentials 'SPY_Token={SCRIPT}'\n\
             config secret 'global'\n\tlist notify '{}'\n",
            EAB.1,
            watched.listener.url(&format!("/{NOTIFY}?key={NOTIFY}")),
        );
        let file = site.temp.write("etc/config/certkeeper_secrets", secrets);
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).expect("a mode");
        Some(watched)
    }

    /// A spying program below the root.
    fn spy(&self, place: &str) -> PathBuf {
        let seen = format!("SEEN='{}'\n", self.seen.display());
        let text = SPY.replacen('\n', &format!("\n{seen}"), 1);
        let file = self.site.temp.write(place, text);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o700)).expect("a mode");
        file
    }

    /// certkeeper with a umask that hides nothing.
    fn open(&self, args: &[&str]) -> Command {
        let inner = self.site.certkeeper(args).into_command();
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "umask 000; exec \"$@\"", "sh"]);
        shell.arg(inner.get_program()).args(inner.get_args());
        shell.env_clear();
        for (name, value) in inner.get_envs() {
            shell.env(name, value.unwrap_or_default());
        }
        shell
    }

    fn run(&self, line: &str) -> Finished {
        let args: Vec<&str> = line.split_whitespace().collect();
        process::run(self.open(&args), LIMIT)
    }

    fn agent(&self) -> Running {
        process::start(self.open(&["agent"]), Duration::from_secs(600))
    }

    /// Every secret: what was configured, and the private parts of all keys that were made.
    fn canaries(&self) -> Vec<String> {
        let given = [EXEC, NOTIFY, SCRIPT, API_KEY, EAB.1].map(str::to_owned);
        let keys = files(&self.site.temp.path("etc/certkeeper"));
        let keys = keys.iter().filter(|f| f.ends_with("key.pem"));
        // The middle line of a key's base64 is its own; the first begins all of a kind.
        let line = |f: &PathBuf| {
            fs::read_to_string(f)
                .expect("a key")
                .lines()
                .nth(2)
                .expect("a line")
                .to_owned()
        };
        given.into_iter().chain(keys.map(line)).collect()
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let kind = entry.file_type().expect("a kind");
        match kind.is_dir() {
            true => all.extend(files(&entry.path())),
            false if kind.is_file() => all.push(entry.path()),
            false => {}
        }
    }
    all
}

/// Every ubus method that only reads, and a job that works; what was answered and heard.
fn asked(watched: &Watched) -> String {
    let bus = Bus::stand_in(&watched.site.temp.path("var/run/ubus/ubus.sock"));
    let agent = watched.agent();
    let mut client = Client::connect(bus.socket()).expect("a bus");
    assert!(
        wait_until(LIMIT, || client.lookup("certkeeper").is_ok()),
        "no agent"
    );
    let mut ears = Client::connect(bus.socket()).expect("a bus");
    ears.listen("certkeeper").expect("events");
    ears.subscribe("certkeeper").expect("notifications");
    let mut text = String::new();
    let mut call = |method: &str, args: &[(String, Value)]| {
        let answer = client
            .call("certkeeper", method, args, LIMIT)
            .unwrap_or_else(|e| panic!("{method}: {e}"));
        text.push_str(&format!("{method}: {answer:?}\n"));
        answer
    };
    let own = [("section".to_owned(), Value::from("own"))];
    let force = [own[0].clone(), ("force".to_owned(), Value::Bool(true))];
    let job = call("renew", &force);
    let done = wait_until(LIMIT, || {
        format!("{:?}", call("job", &job)).contains("String(\"done\")")
    });
    let told = call("job", &job);
    assert!(done, "{told:?}");
    for (method, args) in [
        ("status", &[][..]),
        ("certificate", &own),
        ("log", &own),
        ("orders", &[]),
        ("accounts", &[]),
        ("providers", &[]),
        ("cas", &[]),
        ("hooks", &[]),
        ("local_ca", &[]),
    ] {
        call(method, args);
    }
    while let Ok(message) = ears.wait(Duration::from_millis(300)) {
        text.push_str(&format!("{:?}\n", message.fields()));
    }
    agent.signal(rustix::process::Signal::TERM);
    text + &agent.finish().report()
}

#[test]
fn no_secret_is_anywhere_but_where_it_belongs() {
    let Some(watched) = Watched::new() else {
        return;
    };
    let site = &watched.site;
    let syslog = Syslog::start(site.temp.path("dev/log"));
    let mut text = String::new();
    let mut run = |line: &str, code: i32| {
        let run = watched.run(line);
        assert_eq!(run.code(), code, "{}", run.report());
        text.push_str(&run.report());
        run.stdout
    };
    // A failure first, so that there is something to notify: nobody else's key is the provider's.
    let secrets = site.temp.read("etc/config/certkeeper_secrets");
    let secrets_file = site.temp.path("etc/config/certkeeper_secrets");
    fs::write(
        &secrets_file,
        secrets.replace(API_KEY, "kanarienvogel-wrong"),
    )
    .expect("a file");
    run("renew api", 1);
    fs::write(&secrets_file, &secrets).expect("a file");
    run("check", 0);
    run("renew --debug", 0);
    assert_eq!(watched.listener.heard().len(), 2, "failed and recovered");
    for line in [
        "renew api --force --debug --json",
        "status",
        "status api",
        "status --json",
        "status --prometheus",
        "show own --json",
        "show own --pem",
        "log api",
        "log own --json",
        "account list --json",
        "order list --json",
        "providers --json",
        "local-ca show --json",
        "check --json",
        "test-no-such-command",
    ] {
        run(line, if line.starts_with("test") { 2 } else { 0 });
    }
    text.push_str(&asked(&watched));
    let logged = syslog.end();
    assert!(logged.contains("certkeeper["), "{logged}");
    text.push_str(&logged);
    assert!(
        text.contains("EXEC_KEY") && text.contains("PDNS_Token"),
        "names of secrets are told:\n{text}"
    );
    let canaries = watched.canaries();
    assert!(canaries.len() > 7, "{}", canaries.len());
    let found = |text: &str| canaries.iter().find(|c| text.contains(c.as_str())).cloned();
    for line in text.lines() {
        assert!(
            found(line).is_none() && !line.contains("kanarienvogel"),
            "{line}"
        );
    }
    // What was started: one has a secret in its environment, as that contract has it, and nobody
    // above it.
    let seen = fs::read_to_string(&watched.seen).expect("spies");
    for program in [
        "exec 1: ",
        "tell 1: deployed",
        "told 1: failed",
        "web 1: reload",
        "exec 2: ",
        "script 1: ",
        "script 2: -s",
        "script 3: --root",
    ] {
        assert!(seen.contains(program), "{program} was not started:\n{seen}");
    }
    for line in seen.lines() {
        let contract = line == format!("exec 1: EXEC_KEY={EXEC}");
        assert!(contract || found(line).is_none(), "{line}");
    }
    assert!(seen.contains(&format!("exec 1: EXEC_KEY={EXEC}")));
    // What was written: keys and secrets where they belong, for nobody else to read.
    let root = site.temp.root();
    for file in files(&root) {
        let bytes = fs::read(&file).expect("a file");
        let place = file
            .strip_prefix(&root)
            .expect("below it")
            .display()
            .to_string();
        let mode = fs::metadata(&file).expect("a file").permissions().mode() & 0o777;
        let keeps = place.ends_with("key.pem")
            || place.ends_with("combined.pem")
            || place.ends_with("root.key");
        let ours = place.starts_with("etc/certkeeper/") && !place.contains("/hooks/");
        assert!(!ours || mode == 0o600, "{place}: {mode:o}");
        if found(&String::from_utf8_lossy(&bytes)).is_none() {
            continue;
        }
        let allowed = match place.as_str() {
            "etc/config/certkeeper_secrets" => 0o600,
            _ if ours && keeps => 0o600,
            // The script asked for it.
            "etc/certkeeper/saved/scripted.json" => 0o600,
            _ if place.starts_with("srv/tls/") => 0o640,
            _ => panic!("{place} holds a secret"),
        };
        assert_eq!(mode, allowed, "{place}");
    }
    for folder in [
        "etc/certkeeper",
        "etc/certkeeper/accounts",
        "etc/certkeeper/certs",
        "var/run/certkeeper",
    ] {
        let mode = fs::metadata(site.temp.path(folder))
            .expect("a folder")
            .permissions()
            .mode()
            & 0o777;
        assert_eq!(mode, 0o700, "{folder}");
    }
}
