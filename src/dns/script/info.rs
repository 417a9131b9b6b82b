//! What a script says about itself: `dns_NAME_info='…'`, a text for people with a list of options.
//! Read tolerantly: a script that says nothing usable can still be run.

use crate::dns::{Descriptor, Field, WriteClass};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// acme.sh waits that long before it looks for a record.
const SETTLE: Duration = Duration::from_secs(20);
/// Words in the name or label of what must not be shown; scripts do not mark it.
const SECRET: [&str; 13] = [
    "key", "token", "secret", "pass", "pwd", "psw", "_pw", "apipw", "cookie", "_sk", "creds",
    "authdata", "hash",
];
/// Ends of names that are no secret although such a word is in them.
const PLAIN: [&str; 6] = ["file", "path", "url", "_id", "keyname", "username"];

/// What is known of a script. One that has not changed is known already: descriptors stay as long
/// as the process.
pub(super) fn describe(name: &str, script: &str) -> &'static Descriptor {
    static KNOWN: Mutex<Vec<(String, &'static Descriptor)>> = Mutex::new(Vec::new());
    let info = info(name, script);
    let mark = format!("{name}\n{}", info.as_deref().unwrap_or_default());
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, descriptor)) = known.iter().find(|(m, _)| *m == mark) {
        return descriptor;
    }
    let descriptor = Box::leak(Box::new(read(name, info.as_deref(), script)));
    known.push((mark, descriptor));
    descriptor
}

/// The text of the variable: up to the quote that ends it.
fn info(name: &str, script: &str) -> Option<String> {
    let (_, rest) = script.split_once(&format!("{name}_info='"))?;
    let mut text = String::new();
    let mut parts = rest.split('\'');
    text.push_str(parts.next()?);
    // A quote within is written '\''.
    while let (Some("\\"), Some(""), Some(more)) = (parts.next(), parts.next(), parts.next()) {
        text.push('\'');
        text.push_str(more);
    }
    Some(text)
}

fn read(name: &str, info: Option<&str>, script: &str) -> Descriptor {
    let lines = || info.unwrap_or_default().lines();
    let at = |key: &str| lines().find_map(|l| l.strip_prefix(key)).map(str::trim);
    let title = lines().map(str::trim).find(|l| !l.is_empty());
    let title = title.filter(|t| t.starts_with(char::is_alphanumeric) && !t.ends_with(':'));
    let docs = at("Docs:").or_else(|| at("Site:"));
    let docs = docs.map(|d| match d.contains("://") {
        true => d.to_owned(),
        false => format!("https://{d}"),
    });
    let mut fields = fields(lines());
    if fields.is_empty() {
        fields = variables(script);
    }
    Descriptor {
        name: keep(name),
        aliases: &[],
        title: keep(title.unwrap_or(name)),
        docs: keep(&docs.unwrap_or_default()),
        fields: Vec::leak(fields),
        alternatives: &[],
        writes: writes(name),
        settle: SETTLE,
        // The list may lack some, and a wrong one is the script's to tell.
        open: true,
    }
}

/// How the scripts write whose providers have little room; the others keep what is there. Read out of
/// all scripts of acme.sh 3.1.4 (2026-11): these write a value in the place of the former one, or remove
/// without saying which; lego takes turns with the same providers. selfhost has one or two places for a
/// name, df never removes.
fn writes(name: &str) -> WriteClass {
    match name.trim_start_matches(super::PREFIX) {
        "ddnss" | "df" | "dnshome" | "doapi" | "duckdns" | "freemyip" | "he_ddns" | "joker"
        | "selfhost" => WriteClass::Slots(1),
        "acmedns" => WriteClass::Slots(2),
        _ => WriteClass::PerValue,
    }
}

fn keep(text: &str) -> &'static str {
    String::leak(text.to_owned())
}

/// The indented lines below `Options:` and `OptionsAlt:`. Of two sets none is needed for sure.
fn fields<'a>(lines: impl Iterator<Item = &'a str> + Clone) -> Vec<Field> {
    let either = lines.clone().any(|l| l.starts_with("OptionsAlt:"));
    let mut fields: Vec<Field> = Vec::new();
    let mut within = false;
    for line in lines {
        if !line.starts_with(char::is_whitespace) {
            within = line.starts_with("Options:") || line.starts_with("OptionsAlt:");
            continue;
        }
        let (name, text) = line
            .trim()
            .split_once(char::is_whitespace)
            .unwrap_or((line.trim(), ""));
        if !within || !is_variable(name) || fields.iter().any(|f| f.name == name) {
            continue;
        }
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        let label = text.split(". ").next().unwrap_or_default();
        let label = label.trim_end_matches('.');
        let secret = is_secret(name, label) || has_login(text);
        let default = default(text);
        let free = either || lower.contains("optional") || default.is_some();
        fields.push(Field {
            name: keep(name),
            label: keep(if label.is_empty() { name } else { label }),
            secret,
            or_file: false,
            // A secret has no default that could be shown.
            default: free.then(|| default.filter(|_| !secret).map_or("", keep)),
        });
    }
    fields
}

/// The settings that a script reads back, where it lists none.
fn variables(script: &str) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    for rest in script.split("_readaccountconf_mutable ").skip(1) {
        let rest = rest.trim_start_matches(['"', '\'']);
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let name = &rest[..end.unwrap_or(rest.len())];
        if is_variable(name) && !fields.iter().any(|f| f.name == name) {
            fields.push(Field {
                name: keep(name),
                label: keep(name),
                secret: is_secret(name, ""),
                or_file: false,
                default: Some(""),
            });
        }
    }
    fields
}

/// A shell variable's name, longer than a word of prose and not one.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_')
        && (name.contains('_') || name.bytes().all(|c| c.is_ascii_uppercase()))
}

fn is_secret(name: &str, label: &str) -> bool {
    let (name, label) = (name.to_ascii_lowercase(), label.to_ascii_lowercase());
    let plain = PLAIN.iter().any(|end| name.ends_with(end));
    !plain
        && SECRET
            .iter()
            .any(|word| name.contains(word) || label.contains(word))
}

/// A URL in the text shows that user and password stand in it.
fn has_login(text: &str) -> bool {
    let hosts = text.split("://").skip(1);
    let mut hosts = hosts.filter_map(|rest| rest.split(['/', ' ', '"']).next());
    hosts.any(|host| host.contains('@'))
}

/// `Default: "x"`, `(default: x)`, `Default "x"`.
fn default(text: &str) -> Option<&str> {
    let at = text.to_ascii_lowercase().find("default")?;
    let rest = text[at + "default".len()..].trim_start_matches(['s', ':', ' ']);
    let rest = rest.strip_prefix("to ").unwrap_or(rest);
    let value = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next()?,
        None => {
            let word = rest.split([' ', ')', ',']).next()?;
            word.trim_end_matches('.')
        }
    };
    (!value.is_empty()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPT: &str = "#!/usr/bin/env sh
dns_demo_info='Demo DNS, the owner'\\''s
 a line of prose about MY_KEY
Site: demo.example
Docs: demo.example/docs#dns_demo
Options:
 DEMO_User User name
 DEMO_Token API Token. From the page of tokens.
 DEMO_Url Address of the API. Default: \"https://api.demo.example\".
  DEMO_Ttl    Seconds (default: 300)
 DEMO_Panel Panel. E.g. \"https://user:word@panel.example:8443/\". Optional.
 DEMO_Zone_ID Zone. Optional.
 see the docs
Issues: demo.example/issues
 DEMO_Not an option
'
dns_demo_add() { :; }
";

    #[test]
    fn the_options_of_a_script() {
        let d = describe("dns_demo", SCRIPT);
        assert_eq!(d.title, "Demo DNS, the owner's");
        assert_eq!(d.docs, "https://demo.example/docs#dns_demo");
        let fields: Vec<_> = d
            .fields
            .iter()
            .map(|f| (f.name, f.label, f.secret, f.default))
            .collect();
        let url = Some("https://api.demo.example");
        assert_eq!(
            fields,
            [
                ("DEMO_User", "User name", false, None),
                ("DEMO_Token", "API Token", true, None),
                ("DEMO_Url", "Address of the API", false, url),
                ("DEMO_Ttl", "Seconds (default: 300)", false, Some("300")),
                ("DEMO_Panel", "Panel", true, Some("")),
                ("DEMO_Zone_ID", "Zone", false, Some("")),
            ]
        );
        assert!(std::ptr::eq(d, describe("dns_demo", SCRIPT)), "known");
    }

    #[test]
    fn of_two_sets_none_is_needed() {
        let text = "dns_two_info='Two\nOptions:\n T_Key Key\nOptionsAlt:\n T_Token Token\n'";
        let d = describe("dns_two", text);
        let free = |f: &Field| f.secret && f.default == Some("");
        assert_eq!(d.fields.iter().filter(|f| free(f)).count(), 2);
    }

    #[test]
    fn scripts_that_say_little_can_be_run() {
        for text in [
            "",
            "dns_odd_info='",
            "dns_odd_info='[\n  {\"name\":\"X\"}\n]'",
            "dns_odd_info='\nOptions:\n'",
            "dns_odd_info='\\'\\''",
        ] {
            let d = describe("dns_odd", text);
            assert_eq!((d.title, d.fields.len()), ("dns_odd", 0), "{text}");
        }
        let read =
            "A=\"${A:-$(_readaccountconf_mutable ODD_Pass)}\"; _readaccountconf_mutable \"$x\"";
        let d = describe("dns_odd2", read);
        assert_eq!((d.fields.len(), d.fields[0].name), (1, "ODD_Pass"));
        assert!(d.fields[0].secret && d.docs.is_empty());
    }
}
