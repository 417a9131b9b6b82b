//! Names and values as providers write them.

use crate::dns::DnsError;

/// The zone that holds a name: the longest of its suffixes for which `ask` has an answer, with that
/// answer. What the credentials do not allow to see is passed over.
pub(in crate::dns) fn find_zone<T>(
    name: &str,
    mut ask: impl FnMut(&str) -> Result<Option<T>, DnsError>,
) -> Result<(&str, T), DnsError> {
    let mut hidden = None;
    let mut rest = Some(name);
    while let Some(zone) = rest {
        match ask(zone) {
            Ok(Some(found)) => return Ok((zone, found)),
            Ok(None) => {}
            Err(error @ DnsError::Forbidden(_)) => hidden = hidden.or(Some(error)),
            Err(error) => return Err(error),
        }
        rest = zone.split_once('.').map(|(_, parent)| parent);
    }
    Err(hidden.unwrap_or_else(|| no_zone(name)))
}

/// No zone of the account holds the name.
pub(in crate::dns) fn no_zone(name: &str) -> DnsError {
    DnsError::NoZone(format!("there is no zone for {name} at the provider"))
}

/// A name below its zone: without the zone, `apex` for the zone itself.
pub(in crate::dns) fn relative<'a>(name: &'a str, zone: &str, apex: &'a str) -> &'a str {
    let below = name.strip_suffix(zone).unwrap_or(name);
    match below.strip_suffix('.').unwrap_or(below) {
        "" => apex,
        below => below,
    }
}

/// A value as zone files write it (RFC 1035 section 5.1); ours need no escapes.
pub(in crate::dns) fn quoted(value: &str) -> String {
    format!("\"{value}\"")
}

/// True if a provider's text is this value, with or without quotes.
pub(in crate::dns) fn same(text: &str, value: &str) -> bool {
    let bare = text.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    bare.unwrap_or(text) == value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_zone_wins() {
        let asked = |zones: &[&str]| {
            let mut seen = Vec::new();
            let found = find_zone("_a.x.example.org", |zone| {
                seen.push(zone.to_owned());
                Ok(zones.contains(&zone).then_some(()))
            });
            (found.map(|(zone, ())| zone.to_owned()), seen.len())
        };
        assert_eq!(
            asked(&["org", "example.org"]),
            (Ok("example.org".to_owned()), 3)
        );
        assert_eq!(asked(&["_a.x.example.org"]).1, 1);
        assert!(matches!(
            asked(&["other.org"]),
            (Err(DnsError::NoZone(_)), 4)
        ));
    }

    #[test]
    fn what_is_hidden_is_told_only_if_nothing_is_found() {
        let hidden = || Err::<Option<()>, _>(DnsError::Forbidden("no".into()));
        let found = find_zone(
            "a.b",
            |zone| if zone == "b" { Ok(Some(())) } else { hidden() },
        );
        assert_eq!(found, Ok(("b", ())));
        assert_eq!(
            find_zone("a.b", |_| hidden()),
            Err(DnsError::Forbidden("no".into()))
        );
    }

    #[test]
    fn names_and_values() {
        assert_eq!(relative("_a.b.example.org", "example.org", "@"), "_a.b");
        assert_eq!(relative("example.org", "example.org", "@"), "@");
        assert!(same("\"x\"", "x") && same("x", "x") && !same("\"x", "x"));
    }
}
