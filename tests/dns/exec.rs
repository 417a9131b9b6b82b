//! The module that runs a program of the owner's.

use crate::endpoint::Endpoint;
use crate::site::{Site, ZONE};
use crate::uci::cert;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Notes how it was called, and has the endpoint publish the record.
const SCRIPT: &str = r#"#!/bin/bash
here=$(dirname "$0")
{
	echo "$# $*"
	tr '\0' '\n' </proc/$$/environ | sort
	echo "in $(pwd)"
} >>"$here/calls"
case $1 in present | cleanup) ;; *) exit 9 ;; esac
body="{\"fqdn\":\"$2\",\"value\":\"$3\"}"
exec 3<>"/dev/tcp/127.0.0.1/$PORT" || exit 8
printf 'POST /%s HTTP/1.0\r\nContent-Length: %d\r\n\r\n%s' "$1" ${#body} "$body" >&3
read -r answer <&3
case $answer in *' 200 '*) exit 0 ;; *) exit 7 ;; esac
"#;

/// An executable in a folder of its own.
fn script(site: &Site, text: &str) -> PathBuf {
    let file = site.temp.server_folder("script").join("dns-script");
    fs::write(&file, text).expect("a script");
    chmod(&file, 0o700);
    file
}

fn chmod(file: &Path, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// A section by a script with these settings.
fn by(script: &str, settings: &[&str], wait: &str) -> Vec<(&'static str, String)> {
    let mut options = vec![("dns", "exec".to_owned()), ("dns_wait", wait.to_owned())];
    options.push(("list credentials", format!("EXEC_PATH={script}")));
    options.extend(
        settings
            .iter()
            .map(|s| ("list credentials", (*s).to_owned())),
    );
    options
}

#[test]
fn it_is_called_as_lego_does_and_pebble_finds_the_record() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    let script = script(&site, SCRIPT);
    let wild = format!("*.{ZONE}");
    let port = format!("PORT={}", endpoint.port());
    site.secrets(&[("wild", &[&port, "MY_SECRET=two words"])]);
    site.configure(&[cert(
        "wild",
        &[ZONE, &wild],
        &by(script.to_str().unwrap(), &[], "0"),
    )]);
    let run = site
        .certkeeper(&["renew"])
        .env("LEAK", "of our environment")
        .run();
    assert_eq!(run.code(), 0, "{}", run.report());
    site.is_good("wild", &[ZONE, &wild]);
    site.is_tidy("wild");
    assert_eq!(endpoint.records(), []);
    let calls = fs::read_to_string(script.with_file_name("calls")).expect("calls");
    let environment = format!(
        "EXEC_PATH={}\nMY_SECRET=two words\nPATH=/usr/sbin:/usr/bin:/sbin:/bin\n{port}\nin /\n",
        script.display()
    );
    // Two values are presented, then both are taken back: nothing else, nothing more.
    let values: Vec<String> = endpoint.calls().iter().map(|c| c.field("value")).collect();
    let [one, two] = [&values[0], &values[1]];
    let call = |action: &str, value: &str| {
        format!("3 {action} _acme-challenge.demo.example. {value}\n{environment}")
    };
    let wanted = [
        call("present", one),
        call("present", two),
        call("cleanup", one),
        call("cleanup", two),
    ];
    assert_eq!(calls, wanted.concat());
    assert_ne!(one, two);
    assert!(values.iter().all(|v| v.len() == 43), "{values:?}");
}

#[test]
fn its_failure_is_told_without_its_secrets() {
    let Some(site) = Site::bare() else { return };
    let text = "#!/bin/sh\necho \"begin\" >&2\nprintf 'login %s refused: no such zone\\n\\n' \"$MY_SECRET\" >&2\nexit 3\n";
    let script = script(&site, text);
    site.secrets(&[("wild", &["MY_SECRET=hunter2"])]);
    site.configure(&[cert(
        "wild",
        &[ZONE],
        &by(script.to_str().unwrap(), &[], "0"),
    )]);
    for args in [&["check"][..], &["renew"]] {
        let run = site.run(args);
        assert_eq!(run.code(), 1, "{}", run.report());
        let words = "failed (exit status: 3): login *** refused: no such zone";
        assert!(run.stdout.contains(words), "{}", run.report());
        assert!(!(run.stdout + &run.stderr).contains("hunter2"));
    }
    assert!(
        !site.log("wild").contains("hunter2"),
        "{}",
        site.log("wild")
    );
    let status = site.status("wild");
    assert_eq!(status["state"], "dns_error");
    assert!(!status.to_string().contains("hunter2"), "{status}");
    assert_eq!(site.asked("POST /chalZ/"), 0);
    // What could not be taken back is not forgotten.
    let left = site.temp.read("etc/certkeeper/certs/wild/cleanup.json");
    assert!(
        left.contains("_acme-challenge.demo.example") && !left.contains("hunter2"),
        "{left}"
    );
}

#[test]
fn a_chatty_program_does_not_block() {
    let Some(site) = Site::bare() else { return };
    let endpoint = Endpoint::start(site.challsrv());
    // More than a pipe holds, to both ends, and a child that would keep them open.
    let noise = "#!/bin/bash\nhead -c 300000 /dev/zero | tr '\\0' x >&2\nhead -c 300000 /dev/zero\nsleep 60 &\n";
    let text = SCRIPT.replacen("#!/bin/bash\n", noise, 1);
    let script = script(&site, &text);
    let port = format!("PORT={}", endpoint.port());
    site.configure(&[cert(
        "wild",
        &[ZONE],
        &by(script.to_str().unwrap(), &[&port], "0"),
    )]);
    let run = site.ends(&["renew"], 0);
    assert!(run.wall.as_secs() < 20, "{:?}", run.wall);
    site.is_good("wild", &[ZONE]);
}

#[test]
fn programs_that_others_could_change_are_refused() {
    let Some(site) = Site::bare() else { return };
    let file = script(&site, "#!/bin/sh\ntouch \"$(dirname \"$0\")/ran\"\n");
    let path = file.to_str().unwrap();
    let gone = format!("{path}.gone");
    let folder = file.parent().unwrap().to_str().unwrap();
    for (path, mode, words) in [
        (path, 0o770, "could be changed by others"),
        (path, 0o702, "could be changed by others"),
        (path, 0o600, "is not an executable file (chmod +x "),
        ("dns-script", 0o700, "the program's whole path is wanted"),
        ("./dns-script", 0o700, "the program's whole path is wanted"),
        (&gone, 0o700, "No such file"),
        (folder, 0o700, "is not an executable file"),
    ] {
        chmod(&file, mode);
        site.configure(&[cert("wild", &[ZONE], &by(path, &[], "0"))]);
        for args in [&["check"][..], &["renew", "wild"]] {
            let run = site.run(args);
            assert_eq!(run.code(), 1, "{path} {mode:o}: {}", run.report());
            assert!(
                run.stdout.contains(words),
                "{path} {mode:o}: {}",
                run.report()
            );
            assert!(
                run.stdout
                    .contains("correct EXEC_PATH in list credentials of cert 'wild'"),
                "{}",
                run.report()
            );
        }
    }
    assert!(!file.with_file_name("ran").exists(), "it was started");
}
