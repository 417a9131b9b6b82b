//! Who listens on a port, from /proc: busybox has no program that tells it without options.

use std::fs;
use std::path::Path;

/// The state of a listening socket (include/net/tcp_states.h).
const LISTEN: &str = "0A";

/// `nginx (pid 123)`, if it can be seen.
pub fn holder(port: u16) -> Option<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let inodes: Vec<String> = tables
        .iter()
        .flatten()
        .flat_map(|table| listening(table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if inodes.is_empty() {
        return None;
    }
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let mut holders = processes.filter_map(|process| {
        let name = process.file_name();
        let pid: u32 = name.to_str()?.parse().ok()?;
        holds(&process.path(), &inodes).then_some((pid, process.path()))
    });
    let (pid, folder) = holders.next()?;
    let name = fs::read_to_string(folder.join("comm")).unwrap_or_default();
    Some(format!("{} (pid {pid})", name.trim_end()))
}

fn holds(process: &Path, sockets: &[String]) -> bool {
    let files = fs::read_dir(process.join("fd")).into_iter().flatten();
    files.flatten().any(|file| {
        let target = fs::read_link(file.path()).unwrap_or_default();
        sockets.iter().any(|s| target.as_os_str() == s.as_str())
    })
}

/// The inodes of sockets that listen on that port.
fn listening(table: &str, port: u16) -> impl Iterator<Item = &str> {
    let wanted = format!(":{port:04X}");
    table.lines().filter_map(move |line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ours = words.get(1)?.ends_with(&wanted) && *words.get(3)? == LISTEN;
        ours.then(|| words.get(9).copied()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn names_the_one_who_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let told = holder(port).expect("it is us");
        assert!(
            told.contains(&format!("(pid {})", std::process::id())),
            "{told}"
        );
        drop(listener);
        assert_eq!(holder(port), None);
    }
}
