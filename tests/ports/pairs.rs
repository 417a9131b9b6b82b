//! Where a service usually serves TLS counts for the kind of key that is served there.

use crate::fw4::Firewall;
use crate::lab::Lab;
use crate::secure::Secure;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_server_without_such_a_key_is_no_reason_to_roll_back() {
    let Some(lab) = Lab::new(Firewall::default()) else {
        return;
    };
    // Somebody with a key on a curve, whatever haproxy is told.
    let _other = Secure::start(&lab.temp, &lab.router, "other");
    let script = lab.temp.write("etc/init.d/haproxy", "#!/bin/sh\nexit 0\n");
    fs::set_permissions(script, Permissions::from_mode(0o755)).expect("a mode");
    lab.configure(
        "",
        "list service 'haproxy'\n\tlist key_type 'ec256'\n\tlist key_type 'rsa2048'",
    );
    let run = lab.run(&["renew"]);
    lab.ends(&run, 1);
    for words in [
        "✗ web: haproxy: 127.0.0.1:443: it still serves serial ",
        "✓ web-rsa: a certificate is in use",
        "no certificate with such a key is served at 127.0.0.1:443",
    ] {
        let said = run.stdout.contains(words) || run.stderr.contains(words);
        assert!(said, "{words}: {}", run.report());
    }
}
