//! The folders of OpenWrt's acme, whose readers go on finding the primary certificate there.

use crate::site::{NAME, Site, has};
use crate::support::openssl;
use std::fs;
use std::os::unix::fs::symlink;

fn folder(site: &Site, name: &str) -> String {
    let folder = format!("etc/acme/{name}");
    fs::create_dir_all(site.temp.path(&folder)).unwrap();
    folder
}

/// What a link of a folder leads to.
fn target(site: &Site, path: &str) -> String {
    let target = fs::read_link(site.temp.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
    target.display().to_string()
}

#[test]
fn readers_of_acmes_folder_find_the_primary_certificate() {
    let Some(site) = Site::new(&[], "") else {
        return;
    };
    let own = folder(&site, NAME);
    let curve = folder(&site, &format!("{NAME}_ecc"));
    let section = folder(&site, "web");
    let other = folder(&site, "mail.example.org");
    site.store();
    site.renew(0);
    for base in [
        format!("{own}/{NAME}"),
        format!("{curve}/{NAME}"),
        format!("{section}/web"),
    ] {
        let links = [format!("{base}.cer"), format!("{base}.key")];
        let current = "../../certkeeper/certs/web/current";
        assert_eq!(target(&site, &links[0]), format!("{current}/fullchain.pem"));
        assert_eq!(target(&site, &links[1]), format!("{current}/key.pem"));
        let [cer, key] = links.map(|link| site.temp.path(&link));
        assert!(openssl::key_matches(&cer, &key), "{base}");
    }
    assert_eq!(
        fs::read_dir(site.temp.path(&other)).unwrap().count(),
        0,
        "it is not the primary certificate's"
    );
    // A folder that comes later gets its links by the next run; without folder there is nothing.
    fs::remove_dir_all(site.temp.path("etc/acme")).unwrap();
    site.renew(0);
    assert!(!site.temp.path("etc/acme").exists());
    let own = folder(&site, NAME);
    site.renew(0);
    has(&site.log(), &["links to it are missing"]);
    assert!(site.temp.read(&format!("{own}/{NAME}.key")).contains("KEY"));
    let run = site.renew(0);
    has(&run.stdout, &["nothing is due"]);
}

#[test]
fn what_acme_keeps_there_stays_and_is_told() {
    let Some(site) = Site::new(&[], "") else {
        return;
    };
    let own = folder(&site, NAME);
    let (cer, key) = (format!("{own}/{NAME}.cer"), format!("{own}/{NAME}.key"));
    site.temp.write(&key, "acme's key");
    site.store();
    let run = site.renew(0);
    let words = format!("/{key} is not a link of certkeeper's and stays as it is; remove it");
    has(&run.stderr, &[&words]);
    has(&site.log(), &[&words]);
    assert_eq!(site.temp.read(&key), "acme's key");
    assert!(!site.temp.path(&cer).exists(), "half a pair");
    has(&site.renew(0).stdout, &["nothing is due"]);
    fs::remove_file(site.temp.path(&key)).unwrap();
    site.renew(0);
    assert!(openssl::key_matches(
        &site.temp.path(&cer),
        &site.temp.path(&key)
    ));
}

/// A relative link would lead elsewhere from there.
#[test]
fn a_folder_that_is_a_link_gets_none() {
    let Some(site) = Site::new(&[], "") else {
        return;
    };
    let away = site.temp.path("mnt/acme");
    fs::create_dir_all(away.join(NAME)).unwrap();
    fs::create_dir_all(site.temp.path("etc")).unwrap();
    symlink(&away, site.temp.path("etc/acme")).unwrap();
    site.store();
    site.renew(0);
    assert_eq!(fs::read_dir(away.join(NAME)).unwrap().count(), 0);
}
