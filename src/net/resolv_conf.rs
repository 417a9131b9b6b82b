//! The nameservers that this machine asks.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;

/// More are not asked by the system either (resolv.conf(5), MAXNS).
const SERVERS_MAX: usize = 3;

/// The nameservers of a `resolv.conf`; none where it cannot be read.
pub fn nameservers(file: &Path) -> Vec<SocketAddr> {
    let text = fs::read(file).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let servers = text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words
            .next()
            .filter(|w| *w == "nameserver")
            .and(words.next());
        Some(SocketAddr::new(address?.parse::<IpAddr>().ok()?, 53))
    });
    servers.take(SERVERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_system_reads() {
        let file = std::env::temp_dir().join(format!("certkeeper-resolv-{}", std::process::id()));
        let text = "# nameserver 1.1.1.1\nsearch lan\nnameserver 127.0.0.1\n nameserver\t2001:db8::1 x\n\
                    nameserver\nnameserver name\nnameserver 192.0.2.1\nnameserver 192.0.2.2\n";
        fs::write(&file, text).expect("a file");
        let found: Vec<String> = nameservers(&file).iter().map(ToString::to_string).collect();
        fs::remove_file(&file).expect("removed");
        assert_eq!(found, ["127.0.0.1:53", "[2001:db8::1]:53", "192.0.2.1:53"]);
        assert!(nameservers(&file).is_empty());
    }
}
