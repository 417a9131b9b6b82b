//! An own nft table leads a port of the WAN to a listener of ours while a CA looks. It stands before
//! fw4's, survives fw4's restarts, and its elements time out: a kill leaves nothing open for long.

use crate::types::shown;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// nft is done within milliseconds; one that is not done by then is killed.
const LIMIT: Duration = Duration::from_secs(10);
/// How much of what nft says is read.
const OUTPUT_MAX: u64 = 64 * 1024;
/// A message is shown up to this length.
const SHOWN: usize = 200;
/// Linux' IFNAMSIZ without the NUL.
const NAME_MAX: usize = 15;

/// A port of some devices that leads to another one of this router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// The devices of the WAN.
    pub devices: Vec<String>,
    /// The port that a CA asks.
    pub port: u16,
    /// By UDP, too.
    pub datagrams: bool,
    /// Where we listen.
    pub to: u16,
}

/// The firewall, as far as it is ours to change. The caller holds the lock of the run.
#[derive(Debug)]
pub struct Firewall {
    nft: PathBuf,
    note: PathBuf,
    open: RefCell<Vec<Redirect>>,
}

impl Firewall {
    /// A firewall that is changed by that `nft`. `note`: a file in tmpfs that tells the next run of a
    /// table that a killed one left.
    pub fn new(nft: PathBuf, note: PathBuf) -> Self {
        Self {
            nft,
            note,
            open: RefCell::default(),
        }
    }

    /// Leads a port to another one until [`Firewall::close`], for ten minutes at most.
    pub fn open(&self, redirect: &Redirect) -> Result<(), String> {
        if let Some(bad) = redirect.devices.iter().find(|d| !is_device(d)) {
            return Err(format!("'{bad}' is no name of a network device"));
        }
        let written = fs::write(&self.note, "");
        written.map_err(|e| format!("{}: {e}", self.note.display()))?;
        self.open.borrow_mut().push(redirect.clone());
        let opened = self.apply();
        if opened.is_err() {
            self.forget(redirect);
        }
        opened
    }

    /// Ends a redirect; harmless if it has ended.
    pub fn close(&self, redirect: &Redirect) -> Result<(), String> {
        self.forget(redirect);
        self.apply()?;
        if self.open.borrow().is_empty() {
            let _ = fs::remove_file(&self.note);
        }
        Ok(())
    }

    /// Removes what a killed run left.
    pub fn clear(&self) -> Result<(), String> {
        match self.note.exists() && self.open.borrow().is_empty() {
            true => {
                self.apply()?;
                fs::remove_file(&self.note).map_err(|e| format!("{}: {e}", self.note.display()))
            }
            false => Ok(()),
        }
    }

    /// Whether fw4 accepts what is redirected to that port; `None` where there is no fw4.
    pub fn accepts(&self, port: u16) -> Option<bool> {
        let chain = self.run(&["list", "chain", "inet", "fw4", "input"], "");
        let ours = |line: &str| line.contains("ct status dnat") && line.contains(&port.to_string());
        Some(chain.ok()?.lines().any(ours))
    }

    fn forget(&self, redirect: &Redirect) {
        self.open.borrow_mut().retain(|r| r != redirect);
    }

    /// Makes the table what it is to be, in one transaction.
    fn apply(&self) -> Result<(), String> {
        let script = script(&self.open.borrow());
        self.run(&["-f", "-"], &script).map(drop)
    }

    /// What nft prints, or what it complains.
    fn run(&self, args: &[&str], script: &str) -> Result<String, String> {
        let name = self.nft.display();
        let trouble = |e: io::Error| format!("{name}: {e}");
        let mut child = Command::new(&self.nft)
            .args(args)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(trouble)?;
        let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let [out, err] = [out.map(read), err.map(read)];
        if let Some(mut stdin) = stdin {
            // One that ends before it has read says why.
            let _ = stdin.write_all(script.as_bytes());
        }
        let end = Instant::now() + LIMIT;
        let status = loop {
            match child.try_wait().map_err(trouble)? {
                Some(status) => break status,
                None if Instant::now() < end => thread::sleep(Duration::from_millis(1)),
                None => {
                    let _ = child.kill();
                    let _ = child.wait();
                    return Err(format!("{name} did not end within {} s", LIMIT.as_secs()));
                }
            }
        };
        let text = |pipe: Option<thread::JoinHandle<Vec<u8>>>| {
            let bytes = pipe.and_then(|t| t.join().ok()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        match status.success() {
            true => Ok(text(out)),
            false => {
                let said = text(err);
                let line = said.lines().next().unwrap_or("it does not say why");
                Err(format!("{name} failed: {}", shown(line, SHOWN)))
            }
        }
    }
}

fn read(pipe: impl Read + Send + 'static) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.take(OUTPUT_MAX).read_to_end(&mut bytes);
        bytes
    })
}

/// The whole table. What is no local address is the way to somebody else's port, so it passes. The
/// address stays what it was: `redirect` takes the device's own, which on PPPoE is often none that
/// IPv6 is served at.
fn script(open: &[Redirect]) -> String {
    // `delete` fails where there is nothing, `destroy` is not known to older ones.
    let mut text = "add table inet certkeeper\ndelete table inet certkeeper\n".to_owned();
    if open.is_empty() {
        return text;
    }
    text.push_str(
        "add table inet certkeeper\n\
         add set inet certkeeper wan { type ifname . inet_service; flags timeout; timeout 10m; }\n\
         add chain inet certkeeper prerouting { type nat hook prerouting priority dstnat - 5; }\n",
    );
    for redirect in open {
        let Redirect {
            devices, port, to, ..
        } = redirect;
        let protocols = ["tcp", "udp"].into_iter();
        for protocol in protocols.take(1 + usize::from(redirect.datagrams)) {
            let _ = writeln!(
                text,
                "add rule inet certkeeper prerouting {protocol} dport {port} \
                 iifname . {protocol} dport @wan fib daddr type local dnat to :{to}"
            );
        }
        for device in devices {
            let _ = writeln!(
                text,
                "add element inet certkeeper wan {{ \"{device}\" . {port} }}"
            );
        }
    }
    text
}

/// A device's name as nft may be told it: no quote, no wildcard, nothing that ends a word.
fn is_device(name: &str) -> bool {
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
    (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(device: &str) -> Redirect {
        Redirect {
            devices: vec!["eth1".into(), device.into()],
            port: 80,
            datagrams: false,
            to: 61080,
        }
    }

    #[test]
    fn the_table_holds_what_is_open_and_nothing_else() {
        let text = script(&[redirect("pppoe-wan")]);
        for line in [
            "add element inet certkeeper wan { \"eth1\" . 80 }",
            "add element inet certkeeper wan { \"pppoe-wan\" . 80 }",
        ] {
            assert!(text.lines().any(|l| l == line), "{text}");
        }
        assert!(text.contains(" dnat to :61080\n"), "{text}");
        assert!(!text.contains("udp"), "{text}");
        let dns = Redirect {
            datagrams: true,
            ..redirect("wan")
        };
        let both = ["prerouting tcp dport 80 ", "prerouting udp dport 80 "];
        let text = script(&[dns]);
        assert!(both.iter().all(|rule| text.contains(rule)), "{text}");
    }

    #[test]
    fn no_name_of_a_device_says_more_than_a_name() {
        let firewall = Firewall::new("/nonexistent/nft".into(), "/nonexistent/note".into());
        for bad in [
            "",
            "a b",
            "a\"",
            "wan*",
            "a;b",
            "a\n",
            "ä",
            "sixteen-letters-",
            "a/b",
            "{",
        ] {
            let said = firewall.open(&redirect(bad)).expect_err(bad);
            assert!(said.contains("no name of a network device"), "{said}");
        }
        for good in ["wan", "eth0.2", "br-lan", "phy0_sta-0", "fifteen-letters"] {
            assert!(is_device(good), "{good}");
        }
    }
}
