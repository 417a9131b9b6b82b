//! OpenWrt's acme options in certkeeper's: servers, ways, keys and days in all the spellings.

use super::*;
use crate::config::import::import;

/// The options that a section with these lines gets, and the CA's directory.
fn taken(lines: &str) -> (String, Option<String>) {
    let text = format!(
        "config cert 'web'\n\tlist domains a.example.org\n\t{}\n",
        lines.replace("; ", "\n\t")
    );
    let all = import(&uci::parse(text.as_bytes()).expect("a file that libuci takes"));
    let cert = &all.certs[0];
    let options = cert.options(Some(90)).into_iter();
    let own = options.filter(|(name, _)| *name != "domains");
    let own: Vec<String> = own.map(|(name, value)| format!("{name} {value}")).collect();
    (own.join("; "), cert.directory.clone())
}

#[test]
fn servers_have_many_names() {
    let le = "https://acme-v02.api.letsencrypt.org/directory";
    let test = "https://acme-staging-v02.api.letsencrypt.org/directory";
    for (lines, wanted, directory) in [
        ("", "", le),
        ("option staging 1", "; staging 1", test),
        ("option use_staging 1", "; staging 1", test),
        ("option staging 0; option use_staging 1", "", le),
        ("option acme_server letsencrypt", "", le),
        ("option acme_server letsencrypt_test", "; staging 1", test),
        (
            "option acme_server ZeroSSL",
            "; account zerossl",
            "https://acme.zerossl.com/v2/DV90",
        ),
        // Who names the server gets that.
        (
            "option acme_server https://acme.zerossl.com/v2/DV90; option staging 1",
            "; account zerossl",
            "https://acme.zerossl.com/v2/DV90",
        ),
        (
            "option acme_uri https://ca.example.org:8443/dir",
            "; account acme_ca_example_org_8443",
            "https://ca.example.org:8443/dir",
        ),
    ] {
        let (options, found) = taken(lines);
        assert_eq!(
            options,
            format!("validation_method webroot{wanted}"),
            "{lines}"
        );
        assert_eq!(found.as_deref(), Some(directory), "{lines}");
    }
}

#[test]
fn ways_keys_and_days_are_those_of_the_init_script() {
    for (lines, wanted) in [
        ("option dns dns_pdns", "validation_method dns; dns dns_pdns"),
        ("option standalone 1", "validation_method standalone"),
        ("option tls 1", "validation_method alpn"),
        (
            "option webroot /srv/www",
            "validation_method webroot; webroot /srv/www",
        ),
        (
            "option keylength ec-384",
            "validation_method webroot; key_type ec384",
        ),
        (
            "option keylength 4096",
            "validation_method webroot; key_type rsa4096",
        ),
        (
            "option key_type rsa2048",
            "validation_method webroot; key_type rsa2048",
        ),
        (
            "option days 60",
            "validation_method webroot; renew_before 30",
        ),
        // Not before its end, or at once: what certkeeper does by itself is better.
        ("option days 90", "validation_method webroot"),
        (
            "option days 0",
            "validation_method webroot; renew_before 90",
        ),
        ("option days often", "validation_method webroot"),
        ("option enabled 0", "enabled 0; validation_method webroot"),
        (
            "option update_haproxy 1",
            "validation_method webroot; service haproxy",
        ),
    ] {
        assert_eq!(taken(lines).0, wanted, "{lines}");
    }
}
