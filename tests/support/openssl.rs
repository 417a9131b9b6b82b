//! OpenSSL as the oracle: what it says of a certificate counts, not what we read in it.

use super::{process, tools};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// The program behind this module.
pub const NEEDS: &[&str] = &["openssl"];

/// RSA keys of 8192 bits may be asked for on a busy machine.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs `openssl` with `args`; what it writes.
///
/// # Panics
/// When it fails.
pub fn run(args: &[&str]) -> String {
    attempt(args).ok()
}

/// Makes a certificate for these names (`DNS:…`), signed by its own RSA key, 90 days.
pub fn self_signed(cert: &Path, key: &Path, names: &str) {
    let names = format!("subjectAltName={names}");
    let what = ["-days", "90", "-subj", "/CN=sold", "-addext", &names];
    let files = ["-keyout", utf8(key), "-out", utf8(cert)];
    let how = ["req", "-x509", "-newkey", "rsa:2048", "-nodes"];
    run(&[&how[..], &what, &files].concat());
}

fn attempt(args: &[&str]) -> process::Finished {
    let mut command = Command::new(tools::path_of("openssl"));
    command.args(args);
    process::run(command, LIMIT)
}

/// True when the first certificate of `fullchain` is good for a TLS server and leads over the
/// other certificates of that file to `root`.
pub fn verifies(fullchain: &Path, root: &Path) -> bool {
    let (fullchain, root) = (utf8(fullchain), utf8(root));
    attempt(&[
        "verify",
        "-no-CApath",
        "-no-CAstore",
        "-purpose",
        "sslserver",
        "-CAfile",
        root,
        "-untrusted",
        fullchain,
        fullchain,
    ])
    .code()
        == 0
}

/// True when `key` is the private key of `cert`.
pub fn key_matches(cert: &Path, key: &Path) -> bool {
    let of_cert = run(&["x509", "-in", utf8(cert), "-noout", "-pubkey"]);
    let of_key = run(&["pkey", "-in", utf8(key), "-pubout"]);
    of_cert == of_key
}

/// The names of a certificate, sorted: `DNS:…`, `IP Address:…` in the shortest form.
pub fn names(cert: &Path) -> Vec<String> {
    let text = run(&[
        "x509",
        "-in",
        utf8(cert),
        "-noout",
        "-ext",
        "subjectAltName",
    ]);
    let mut names: Vec<_> = text
        .lines()
        .skip(1)
        .flat_map(|line| line.split(','))
        .map(|name| plain_name(name.trim()))
        .collect();
    names.sort();
    names
}

/// The serial number in lower-case hex, as Pebble's management interface writes it.
pub fn serial(cert: &Path) -> String {
    plain_serial(&run(&["x509", "-in", utf8(cert), "-noout", "-serial"]))
}

/// First and last second of a certificate, as `2026-11-21 18:00:00Z`.
pub fn dates(cert: &Path) -> (String, String) {
    let text = run(&[
        "x509",
        "-in",
        utf8(cert),
        "-noout",
        "-dates",
        "-dateopt",
        "iso_8601",
    ]);
    let date = |label: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(label))
            .unwrap_or_else(|| panic!("no {label} in {text}"))
            .to_owned()
    };
    (date("notBefore="), date("notAfter="))
}

/// The serial number of the certificate that a TLS server shows for `name`.
pub fn served_serial(server: SocketAddr, name: &str) -> String {
    // Without input s_client closes after the handshake; x509 reads the certificate out of its talk.
    let talk = run(&[
        "s_client",
        "-connect",
        &server.to_string(),
        "-servername",
        name,
    ]);
    let begin = talk.find("-----BEGIN").expect("a certificate in the talk");
    let end = talk.find("-----END CERTIFICATE-----").expect("its end");
    let pem = talk.get(begin..end).expect("a certificate");
    let folder = super::temp_root::TempRoot::new();
    let file = folder.write("served.pem", format!("{pem}-----END CERTIFICATE-----\n"));
    serial(&file)
}

/// An address in its shortest form; openssl writes all zeros of IPv6.
fn plain_name(name: &str) -> String {
    let address = name.strip_prefix("IP Address:");
    let address = address.and_then(|text| text.parse::<IpAddr>().ok());
    address.map_or_else(|| name.to_owned(), |ip| format!("IP Address:{ip}"))
}

/// `serial=0A1B` → `a1b`.
fn plain_serial(text: &str) -> String {
    text.trim()
        .trim_start_matches("serial=")
        .trim_start_matches('0')
        .to_lowercase()
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("a path of plain text")
}
