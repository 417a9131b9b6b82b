//! Configurations as text.

/// `config certkeeper 'global'`.
pub const GLOBAL: &str = "\
config certkeeper 'global'
\toption accept_tos '1'
\toption local_ca '0'
\toption webroot '/www'
";

/// `config account NAME`, whose server's root is in /etc/ssl/ca.pem.
pub fn account(name: &str, directory: &str) -> String {
    section(
        "account",
        name,
        &[
            ("acme_server", directory.into()),
            ("ca_file", "/etc/ssl/ca.pem".into()),
        ],
    )
}

/// `config cert NAME` with the account `pebble`, unless its options name another.
pub fn cert(name: &str, domains: &[&str], options: &[(&str, String)]) -> String {
    let mut all: Vec<(&str, String)> = domains
        .iter()
        .map(|d| ("list domains", (*d).to_owned()))
        .collect();
    if !options.iter().any(|(option, _)| *option == "account") {
        all.push(("account", "pebble".into()));
    }
    all.extend_from_slice(options);
    section("cert", name, &all)
}

/// A UCI section; an option named `list …` is a list's value.
pub fn section(kind: &str, name: &str, options: &[(&str, String)]) -> String {
    let mut text = format!("config {kind} '{name}'\n");
    for (option, value) in options {
        let line = match option.strip_prefix("list ") {
            Some(list) => format!("\tlist {list} '{value}'\n"),
            None => format!("\toption {option} '{value}'\n"),
        };
        text += &line;
    }
    text
}

/// `options` and more.
pub fn with(
    mut options: Vec<(&'static str, String)>,
    more: &[(&'static str, &str)],
) -> Vec<(&'static str, String)> {
    options.extend(
        more.iter()
            .map(|(option, value)| (*option, (*value).to_owned())),
    );
    options
}
