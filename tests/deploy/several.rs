//! Several sections that one service uses.

use crate::site::{Site, has};

/// Each is told and looked at by itself, once: one that is there does not wait for another's CA.
#[test]
fn a_service_of_two_sections_reloads_for_each() {
    let other = "config cert 'mail'; list domains 'mail.example.org'; option account 'own'";
    let Some(site) = Site::new(
        &[],
        &format!("list service 'odd'; {other}; list service 'odd'"),
    ) else {
        return;
    };
    site.script("odd", "");
    site.store();
    site.store_for("mail", "mail.example.org");
    let run = site.renew(0);
    has(
        &run.stdout,
        &[
            "web: a certificate is in use",
            "mail: a certificate is in use",
        ],
    );
    assert_eq!(site.calls(), ["reload", "reload"]);
    // One that is new is no reason to tell anybody of the other.
    site.store();
    site.renew(0);
    assert_eq!(site.calls(), ["reload"]);
}
