//! The servers of one scenario, certkeeper's root, and copies of it to begin from.

use crate::kind::Kind;
use crate::support::certkeeper::Certkeeper;
use crate::support::challsrv::{self, ChallSrv};
use crate::support::nginx::{self, Nginx};
use crate::support::pebble::{self, Pebble};
use crate::support::powerdns::{self, PowerDns};
use crate::support::process::Finished;
use crate::support::temp_root::TempRoot;
use crate::support::tools;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The zone that PowerDNS serves.
pub const ZONE: &str = "demo.example";

/// A document root on the flash; the default one is in tmpfs.
pub const WWW: &str = "/www";
const WWW_IN_TMPFS: &str = "/var/run/acme/challenge";

/// Seconds by which the runs' clock is ahead of the CA's.
const AHEAD: i64 = 60;

/// How the CA is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// http-01 by the default document root, in tmpfs.
    Webroot,
    /// http-01 by a document root on the flash.
    WebrootOnFlash,
    /// dns-01 by a program of the owner's, which keeps a file for each record that it made.
    Exec,
}

/// Servers and root; what is named first ends first.
pub struct Site {
    pub pebble: Pebble,
    _nginx: Option<Nginx>,
    _challsrv: Option<ChallSrv>,
    powerdns: Option<PowerDns>,
    pub way: Way,
    local_ca: bool,
    /// Where the program of [`Way::Exec`] keeps its files.
    records: PathBuf,
    pub temp: TempRoot,
}

impl Site {
    /// Starts the servers; `None` when a program is missing, which has been told.
    pub fn new(kind: Kind) -> Option<Self> {
        let way = kind.way();
        let dns = if way == Way::Exec {
            powerdns::NEEDS
        } else {
            challsrv::NEEDS
        };
        if !tools::have(&[pebble::NEEDS, nginx::NEEDS, dns]) {
            return None;
        }
        let temp = TempRoot::new();
        let mut options = pebble::Options::default();
        let (mut challsrv, mut powerdns, mut nginx) = (None, None, None);
        if way == Way::Exec {
            let server = PowerDns::start(&temp);
            server.create_zone(ZONE);
            options.dns_server = server.address();
            powerdns = Some(server);
        } else {
            let server = ChallSrv::start(&temp);
            options.dns_server = server.address();
            challsrv = Some(server);
            let webroot = if way == Way::Webroot {
                WWW_IN_TMPFS
            } else {
                WWW
            };
            let server = Nginx::start(&temp, &temp.path(webroot));
            options.http_port = server.http().port();
            nginx = Some(server);
        }
        let records = temp.server_folder("records");
        let pebble = Pebble::start(&temp, &options);
        let site = Self {
            pebble,
            _nginx: nginx,
            _challsrv: challsrv,
            powerdns,
            way,
            local_ca: kind.has_local_ca(),
            records,
            temp,
        };
        // The rest of a router's folders, which are there before us.
        for folder in ["etc/config", "etc/ssl", "var/run", "www"] {
            fs::create_dir_all(site.temp.path(folder)).expect("a folder");
        }
        fs::copy(site.pebble.ca_file(), site.temp.path("etc/ssl/ca.pem")).expect("the CA's root");
        Some(site)
    }

    /// Writes the configuration: the usual head, and sections by name, domains and more options.
    pub fn configure(&self, sections: &[(&str, &[&str], &str)]) {
        let mut text = format!(
            "\
config certkeeper 'global'
\toption accept_tos '1'
\toption local_ca '{}'

config account 'pebble'
\toption acme_server '{}'
\toption ca_file '/etc/ssl/ca.pem'
",
            u8::from(self.local_ca),
            self.pebble.directory_url()
        );
        let way = match self.way {
            Way::Webroot => "\toption validation_method 'webroot'\n".to_owned(),
            Way::WebrootOnFlash => format!("\toption webroot '{WWW}'\n"),
            Way::Exec => format!(
                "\toption dns 'exec'\n\toption dns_wait '0'\n\tlist credentials 'EXEC_PATH={}'\n",
                self.program().display()
            ),
        };
        for (name, domains, more) in sections {
            text += &format!("\nconfig cert '{name}'\n\toption account 'pebble'\n{way}{more}");
            for domain in *domains {
                text += &format!("\tlist domains '{domain}'\n");
            }
        }
        self.temp.uci(&text);
    }

    /// The program of [`Way::Exec`]: a file for each record, and PowerDNS has what the files say.
    fn program(&self) -> PathBuf {
        let url = self.powerdns.as_ref().expect("planned").url();
        let port = url.rsplit(':').next().unwrap_or_default();
        let text = EXEC
            .replace("RECORDS", &self.records.display().to_string())
            .replace("SERVER", powerdns::SERVER_ID)
            .replace("ZONE", ZONE)
            .replace("KEY", powerdns::API_KEY)
            .replace("PORT", port);
        let file = self.records.with_file_name("exec");
        fs::write(&file, text).expect("a program");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a mode");
        file
    }

    // ---- runs

    /// A little later than the CA's time, from which on its certificates are valid; and some seconds
    /// later than that.
    pub fn time(after: i64) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .expect("after 1970");
        let now = i64::try_from(now.as_secs()).expect("a time");
        (now + AHEAD + after).to_string()
    }

    /// A run that is not disturbed, `after` seconds later.
    pub fn run(&self, args: &[&str], after: i64) -> Finished {
        Certkeeper::new(&self.temp, args)
            .env("CERTKEEPER_NOW", &Self::time(after))
            .run()
    }

    // ---- copies

    /// Copies the root as it is to a new folder.
    pub fn copy(&self) -> PathBuf {
        let folder = self.temp.server_folder("copy");
        copy_tree(&self.temp.root(), &folder);
        folder
    }

    /// Makes the root what it was, and takes away what was presented.
    pub fn restore(&self, copy: &Path) {
        empty(&self.temp.root());
        copy_tree(copy, &self.temp.root());
        empty(&self.records);
    }

    // ---- what is presented

    /// The challenge files and records that are there.
    pub fn presented(&self) -> Vec<PathBuf> {
        let below = |root: &str| self.temp.path(root).join(".well-known/acme-challenge");
        let folders = [below(WWW), below(WWW_IN_TMPFS), self.records.clone()];
        let files = folders.iter().filter_map(|f| fs::read_dir(f).ok());
        files.flatten().flatten().map(|f| f.path()).collect()
    }

    /// The parts of the root that a power cut leaves; the rest is in tmpfs.
    pub fn flash(&self) -> [PathBuf; 2] {
        [self.temp.path("etc"), self.temp.path(WWW)]
    }
}

const EXEC: &str = r#"#!/bin/bash
set -eu
action=$1 name=${2%.} value=$3
case $action in
present) : >"RECORDS/$name=$value" ;;
cleanup) rm -f "RECORDS/$name=$value" ;;
esac
values=
for file in "RECORDS/$name="*; do
	[ ! -e "$file" ] || values+="{\"content\":\"\\\"${file##*=}\\\"\",\"disabled\":false},"
done
body="{\"rrsets\":[{\"name\":\"$name.\",\"type\":\"TXT\",\"ttl\":1,\"changetype\":\"REPLACE\",\"records\":[${values%,}]}]}"
exec 3<>/dev/tcp/127.0.0.1/PORT
printf 'PATCH /api/v1/servers/SERVER/zones/ZONE. HTTP/1.1\r\nHost: localhost\r\nX-API-Key: KEY\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
	"${#body}" "$body" >&3
read -r status <&3
case $status in
*' 204 '*) ;;
*) echo "PowerDNS: $status" >&2 && exit 1 ;;
esac
"#;

/// Copies a folder's content with links and modes.
pub fn copy_tree(from: &Path, to: &Path) {
    let mode = fs::metadata(from).expect("a folder").permissions();
    fs::create_dir_all(to).expect("a folder");
    fs::set_permissions(to, mode).expect("a mode");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let (source, target) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().expect("a kind");
        if kind.is_dir() {
            copy_tree(&source, &target);
        } else if kind.is_symlink() {
            symlink(fs::read_link(&source).expect("a link"), &target).expect("a link");
        } else {
            fs::copy(&source, &target).expect("a copy");
        }
    }
}

/// Removes what is in a folder.
pub fn empty(folder: &Path) {
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if entry.file_type().expect("a kind").is_dir() {
            fs::remove_dir_all(&path).expect("goes");
        } else {
            fs::remove_file(&path).expect("goes");
        }
    }
}

/// Every file, folder and link below a folder, in order.
pub fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut todo = vec![folder.to_owned()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            if entry.file_type().is_ok_and(|t| t.is_dir()) {
                todo.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found.sort();
    found
}
