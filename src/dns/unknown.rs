//! What to do instead where a name selects no provider.

use super::{all, script};
use crate::types::{Paths, nearest};

/// Names that users know and no module has, with what to do instead.
pub(super) const GONE: [(&str, &str); 6] = [
    (
        "dns_hetzner",
        "the DNS console at dns.hetzner.com was for zones that have moved to the Hetzner Console since: use hetzner, with a token of the Cloud API as HETZNER_TOKEN",
    ),
    (
        "dns_knot",
        "use rfc2136, with NSUPDATE_SERVER for KNOT_SERVER and NSUPDATE_KEY for KNOT_KEY (algorithm:name:secret)",
    ),
    ("spdyn", NO_TXT),
    ("dns_spdyn", NO_TXT),
    ("noip", NO_TXT),
    ("dns_noip", NO_TXT),
];
const NO_TXT: &str = "this provider publishes no way to set TXT records: validate by http-01 or tls-alpn-01 (validation_method standalone or alpn), or make _acme-challenge of your own domain a CNAME to a zone of another provider and name that in calias";

/// Why this name selects no provider, and what to do.
pub fn unknown(paths: &Paths, name: &str) -> String {
    let name = name.trim().to_ascii_lowercase();
    if let Some((_, text)) = GONE.iter().find(|(gone, _)| *gone == name) {
        return (*text).to_owned();
    }
    let all = all(paths);
    let known = all.iter().flat_map(|d| d.aliases.iter().chain([&d.name]));
    let known: Vec<&str> = known.copied().collect();
    let asked = |meant: Option<&str>| meant.map(|m| format!(" (did you mean '{m}'?)"));
    match name.strip_prefix(script::PREFIX) {
        // What all scripts' names begin with makes none of them alike.
        Some(own) => {
            let scripts = known.iter().filter(|n| n.starts_with(script::PREFIX));
            let owns = scripts.filter_map(|n| n.strip_prefix(script::PREFIX));
            let meant = nearest(own, owns).map(|own| format!("{}{own}", script::PREFIX));
            format!(
                "no script of that name is here{}; the packages certkeeper-dnsapi and acme-acmesh-dnsapi have acme.sh's, and your own goes in {}",
                asked(meant.as_deref()).unwrap_or_default(),
                script::OWN
            )
        }
        None => format!(
            "no such provider{}; `certkeeper providers` lists them, the package certkeeper-dnsapi adds acme.sh's scripts for others, and exec runs a program of your own",
            asked(nearest(&name, known)).unwrap_or_default()
        ),
    }
}
