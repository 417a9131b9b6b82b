//! The kernel's network devices, and those that lead to the Internet.

use std::fs;

/// A route that is up (RTF_UP) and leads somewhere (not RTF_REJECT); linux/route.h.
const UP: u32 = 0x1;
const REJECT: u32 = 0x200;

/// The devices of all default routes, IPv4 first.
pub fn default_devices() -> Vec<String> {
    let read = |name: &str| fs::read_to_string(name).unwrap_or_default();
    let (ipv4, ipv6) = (read("/proc/net/route"), read("/proc/net/ipv6_route"));
    let mut devices: Vec<String> = Vec::new();
    for device in defaults_4(&ipv4).chain(defaults_6(&ipv6)) {
        if !devices.iter().any(|d| d == device) {
            devices.push(device.to_owned());
        }
    }
    devices
}

/// All devices that there are.
pub fn devices() -> Vec<String> {
    let text = fs::read_to_string("/proc/net/dev").unwrap_or_default();
    // Two lines of heading have no colon.
    let names = text.lines().filter_map(|l| l.split_once(':'));
    names.map(|(name, _)| name.trim().to_owned()).collect()
}

fn leads(flags: &str) -> bool {
    u32::from_str_radix(flags, 16).is_ok_and(|f| f & UP != 0 && f & REJECT == 0)
}

/// `Iface Destination Gateway Flags RefCnt Use Metric Mask …`
fn defaults_4(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let default = *words.get(1)? == "00000000" && *words.get(7)? == "00000000";
        (default && leads(words[3])).then(|| words[0])
    })
}

/// `destination length source length gateway metric references use flags device`; a provider's route
/// is often for its own prefix as the source alone, and a default route all the same.
fn defaults_6(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let device = *words.get(9)?;
        let default = words[0].bytes().all(|c| c == b'0') && words[1] == "00";
        (default && leads(words[8]) && device != "lo").then_some(device)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_default_routes() {
        let text = "\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
pppoe-wan\t00000000\t01007FCB\t0003\t0\t0\t0\t00000000\t0\t0\t0
wanb\t00000000\t01006433\t0003\t0\t0\t20\t00000000\t0\t0\t0
gone\t00000000\t00000000\t0201\t0\t0\t0\t00000000\t0\t0\t0
half\t00000000\t01006433\t0003\t0\t0\t20\t00000080\t0\t0\t0
br-lan\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
";
        let found: Vec<&str> = defaults_4(text).collect();
        assert_eq!(found, ["pppoe-wan", "wanb"]);
    }

    #[test]
    fn finds_default_routes_of_ipv6() {
        let none = "00000000000000000000000000000000";
        let line = |dest: &str, length: &str, source: &str, flags: &str, device: &str| {
            format!(
                "{dest} {length} {source} fe800000000000000000000000000001 00000200 00000001 00000000 {flags} {device}\n"
            )
        };
        let own = "20010db8000000000000000000000000 38";
        let text = [
            line(none, "00", own, "00450003", "pppoe-wan"),
            line(none, "00", &format!("{none} 00"), "00200200", "lo"),
            line(none, "01", &format!("{none} 00"), "00450003", "half"),
            line(
                "20010db8000000000000000000000000",
                "40",
                &format!("{none} 00"),
                "00000001",
                "br-lan",
            ),
        ]
        .concat();
        assert_eq!(defaults_6(&text).collect::<Vec<_>>(), ["pppoe-wan"]);
    }
}
