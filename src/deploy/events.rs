//! The events of OpenWrt's acme, for those who reload by them (option acme_hotplug).

use super::services::run_command;
use crate::program::{Children, command};
use crate::types::Paths;

/// What starts the scripts of /etc/hotplug.d/acme.
const HOTPLUG: &str = "/sbin/hotplug-call";

/// Has the scripts of /etc/hotplug.d/acme run, where there are any. They know `renewed` as the action
/// after which a certificate is in use; of `issued` their services take no notice.
pub(super) fn hotplug(paths: &Paths, say: &mut dyn FnMut(&str)) -> Result<(), String> {
    if !paths.at("/etc/hotplug.d/acme").is_dir() {
        return Ok(());
    }
    let mut command = command(&paths.at(HOTPLUG));
    command.arg("acme").env("ACTION", "renewed");
    run_command(&format!("{HOTPLUG} acme"), command, Children::Stay, say)
}
