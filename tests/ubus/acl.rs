//! Who may do what: the methods, INTERFACES' table of them, and the ACL file that rpcd goes by.

use certkeeper::ubus::agent::{Access, METHODS};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// INTERFACES.md, "ubus object certkeeper".
const READ: &str = "status certificate job log orders accounts providers cas hooks local_ca";
const WRITE: &str =
    "renew check revoke cancel account order upload rollback csr local_ca_reissue import";

const ACL: &str = "luci/root/usr/share/rpcd/acl.d/luci-app-certkeeper.json";

fn methods(access: Access) -> BTreeSet<String> {
    let of = METHODS.iter().filter(|m| m.access == access);
    of.map(|m| m.name.to_owned()).collect()
}

fn words(text: &str) -> BTreeSet<String> {
    text.split(' ').map(str::to_owned).collect()
}

#[test]
fn every_method_is_there_once() {
    assert_eq!(methods(Access::Read), words(READ));
    assert_eq!(methods(Access::Write), words(WRITE));
    assert_eq!(
        METHODS.len(),
        READ.split(' ').count() + WRITE.split(' ').count()
    );
}

#[test]
fn rpcd_lets_readers_read_and_writers_write() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(ACL);
    let acl: Value = serde_json::from_slice(&fs::read(file).expect("the ACL")).expect("JSON");
    let group = &acl["luci-app-certkeeper"];
    assert!(group["description"].is_string());
    for (side, access) in [("read", Access::Read), ("write", Access::Write)] {
        let listed = group[side]["ubus"]["certkeeper"]
            .as_array()
            .expect("methods");
        let listed: BTreeSet<String> = listed
            .iter()
            .filter_map(|m| Some(m.as_str()?.to_owned()))
            .collect();
        assert_eq!(listed, methods(access), "{side}");
    }
}
