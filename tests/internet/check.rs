//! What `check` tells apart.

use crate::support::certkeeper::Certkeeper;
use crate::support::nameserver::{KEY_NAME, Kind, Nameserver, SECRET};
use crate::support::process;
use crate::world::{AUTHORITY, OPERATORS, World};
use std::process::Command;
use std::time::Duration;

#[test]
fn caa_records_that_forbid_are_told() {
    let caa = "\
www.demo.example. 60 CAA 0 issue \"ca.example.net\"
mail.demo.example. 60 CAA 0 issue \"pebble.letsencrypt.org; validationmethods=http-01\"
wild.demo.example. 60 CAA 0 issue \"pebble.letsencrypt.org\"
wild.demo.example. 60 CAA 0 issuewild \";\"
good.demo.example. 60 CAA 0 issue \"pebble.letsencrypt.org\"
";
    let Some(world) = World::new(caa) else { return };
    let names = [
        "a.www.demo.example",
        "mail.demo.example",
        "*.wild.demo.example",
        "wild.demo.example",
        "good.demo.example",
    ];
    world.configure(&names, &world.by_update());
    let words = [
        "a.www.demo.example: CAA of www.demo.example: issue names ca.example.net alone — publish there: \
         www.demo.example. IN CAA 0 issue \"pebble.letsencrypt.org\"",
        "mail.demo.example: CAA of mail.demo.example: issue allows http-01, not dns-01",
        "*.wild.demo.example: CAA of wild.demo.example: issuewild names nobody alone",
        "CAA lets pebble.letsencrypt.org issue for wild.demo.example good.demo.example",
    ];
    world.ends(&["check"], 1, &words);
}

#[test]
fn a_wrong_key_and_a_missing_zone_are_two_things() {
    let Some(world) = World::new("") else { return };
    let wrong = [
        ("dns", "rfc2136".to_owned()),
        ("list credentials", format!("NSUPDATE_SERVER={AUTHORITY}")),
        (
            "list credentials",
            format!("NSUPDATE_KEY=hmac-sha256:{KEY_NAME}:d3Jvbmc="),
        ),
    ];
    world.configure(&["www.demo.example"], &wrong);
    let words = ["has another secret for the key", "correct the credentials"];
    let run = world.ends(&["check"], 1, &words);
    assert!(!run.stdout.contains("there is no zone"), "{}", run.report());
    // The key is right, but the server has nothing for the name.
    let other = world
        .router
        .within(|| Nameserver::start(&world.temp, Kind::Bind, "hmac-sha256", &["other.test"]));
    let at = [
        ("dns", "rfc2136".to_owned()),
        ("list credentials", "NSUPDATE_SERVER=127.0.0.1".to_owned()),
        (
            "list credentials",
            format!("NSUPDATE_SERVER_PORT={}", other.address().port()),
        ),
        (
            "list credentials",
            format!("NSUPDATE_KEY=hmac-sha256:{KEY_NAME}:{SECRET}"),
        ),
    ];
    world.configure(&["www.elsewhere.test"], &at);
    let words = [
        "there is no zone for _acme-challenge.www.elsewhere.test",
        "check the names in list domains, and that the credentials are of the account that has the zone",
    ];
    let run = world.ends(&["check"], 1, &words);
    assert!(!run.stdout.contains("secret"), "{}", run.report());
}

#[test]
fn a_local_zone_that_shadows_the_public_one_is_told() {
    let Some(world) = World::new("") else { return };
    // What the owner's key may change is a zone of this network: a second server, on the router.
    let local = world
        .router
        .within(|| Nameserver::start(&world.temp, Kind::Bind, "hmac-sha256", &["demo.example"]));
    let port = local.address().port();
    world.router.sh(&format!(
        "{} -f - <<END
table inet local {{
	chain output {{
		type nat hook output priority -100;
		ip daddr 127.0.0.1 udp dport 53 redirect to :{port}
	}}
}}
END",
        crate::fw4::nft()
    ));
    world
        .temp
        .write("etc/resolv.conf", "nameserver 127.0.0.1\n");
    let way = [
        ("dns", "rfc2136".to_owned()),
        ("list credentials", "NSUPDATE_SERVER=127.0.0.1".to_owned()),
        ("list credentials", format!("NSUPDATE_SERVER_PORT={port}")),
        (
            "list credentials",
            format!("NSUPDATE_KEY=hmac-sha256:{KEY_NAME}:{SECRET}"),
        ),
    ];
    world.configure(&["www.demo.example"], &way);
    let words = [
        "_acme-challenge.www.demo.example is written, but 192.0.2.53 does not show it",
        "a local zone shadows the public one",
        "make _acme-challenge.www.demo.example a CNAME",
    ];
    world.ends(&["check"], 1, &words);
}

#[test]
fn a_name_that_is_forwarded_here_alone_needs_a_wildcard() {
    let Some(world) = World::new("") else { return };
    // As dnsmasq's address=/…/ does for a captive portal.
    let hosts = world
        .temp
        .write("hosts", "192.168.1.1 portal.demo.example\n");
    let way = [("validation_method", "standalone".to_owned())];
    world.configure(&["portal.demo.example"], &way);
    let run = Certkeeper::new(&world.temp, &["check"])
        .env("CERTKEEPER_DOH", OPERATORS)
        .into_command();
    let mut own = Command::new("unshare");
    own.args([
        "-m",
        "sh",
        "-c",
        "mount --bind \"$0\" /etc/hosts; exec \"$@\"",
    ]);
    own.arg(hosts).arg(run.get_program()).args(run.get_args());
    own.envs(
        run.get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let run = world
        .router
        .within(|| process::run(own, Duration::from_secs(60)));
    let words = "portal.demo.example; in this network alone it leads to 192.168.1.1";
    assert!(run.stdout.contains(words), "{}", run.report());
    let words = "*.demo.example by validation_method dns";
    assert!(run.stdout.contains(words), "{}", run.report());
}
