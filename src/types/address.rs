//! Addresses that mean something else everywhere, so that no public CA certifies them.

use std::net::IpAddr;

/// What kind of address it is, if it is none of the whole Internet's (RFC 6890).
pub fn local_address(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            match () {
                () if v4.is_private() => Some("a private address, RFC 1918"),
                () if v4.is_loopback() => Some("this machine itself, RFC 1122"),
                () if v4.is_link_local() => Some("an address of one link, RFC 3927"),
                () if a == 100 && b & 0xc0 == 64 => Some("shared behind a provider, RFC 6598"),
                () if a == 0 || a >= 224 => Some("no address of a host"),
                () => None,
            }
        }
        IpAddr::V6(v6) => match () {
            () if v6.is_unique_local() => Some("a private address, RFC 4193"),
            () if v6.is_loopback() => Some("this machine itself, RFC 4291"),
            () if v6.is_unicast_link_local() => Some("an address of one link, RFC 4291"),
            () if v6.is_unspecified() || v6.is_multicast() => Some("no address of a host"),
            () => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_what_is_not_of_the_whole_internet() {
        let local = |text: &str| local_address(text.parse().expect(text)).is_some();
        for text in [
            "10.0.0.1",
            "172.31.0.1",
            "192.168.1.1",
            "127.0.0.1",
            "169.254.0.1",
            "100.64.0.1",
            "100.127.0.1",
            "0.0.0.0",
            "224.0.0.1",
            "255.255.255.255",
            "fd00::1",
            "::1",
            "fe80::1",
            "::",
            "ff02::1",
        ] {
            assert!(local(text), "{text}");
        }
        for text in [
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.32.0.1",
            "2600::1",
        ] {
            assert!(!local(text), "{text}");
        }
    }
}
