//! What `upload` does not take, with the words that mend it. Nothing changes by it.

use crate::elsewhere::{EC, Elsewhere, RSA, text};
use crate::site::{Site, has};
use crate::support::openssl;
use crate::upload::{NAMES, days_on, site, upload};
use std::path::{Path, PathBuf};

/// A root, its intermediate CA and what both made; the first of it is in use.
fn with_a_good_one() -> Option<(Site, Elsewhere, PathBuf, PathBuf)> {
    let (site, elsewhere) = site("")?;
    let pair = elsewhere.sell("good", NAMES, EC, &[]);
    let all = elsewhere.read("good.pem") + &elsewhere.read("middle.pem");
    let full = elsewhere.write("full.pem", all);
    upload(&site, &[&full, &pair.key], 0);
    Some((site, elsewhere, full, pair.key))
}

/// Uploads in vain; FILE in the words is the last file.
#[track_caller]
fn refuses(site: &Site, files: &[&Path], words: &str) {
    let before = (site.version(), site.temp.read("etc/ssl/domains/web.pem"));
    let run = upload(site, files, 1);
    has(
        &run.stderr,
        &[&words.replace("FILE", text(files[files.len() - 1]))],
    );
    let after = (site.version(), site.temp.read("etc/ssl/domains/web.pem"));
    assert_eq!(after, before, "{words}");
}

#[test]
fn encrypted_keys() {
    let Some((site, elsewhere, full, key)) = with_a_good_one() else {
        return;
    };
    let pass = ["-aes128", "-passout", "pass:secret"];
    let old = [&["-traditional"][..], &pass].concat();
    let der = ["-topk8", "-outform", "DER", "-passout", "pass:secret"];
    for (command, args) in [("pkey", &pass[..]), ("pkey", &old), ("pkcs8", &der)] {
        let locked = elsewhere.convert(command, &key, args, "locked");
        let words = "FILE: the private key is encrypted; `openssl pkey -in FILE -out NEW` writes it without";
        refuses(&site, &[&full, &locked], words);
        // The command does what it says.
        let open = elsewhere.convert("pkey", &locked, &["-passin", "pass:secret"], "open");
        upload(&site, &[&full, &open], 0);
    }
}

#[test]
fn what_does_not_belong_together() {
    let Some((site, elsewhere, full, key)) = with_a_good_one() else {
        return;
    };
    let other = elsewhere.sell("other", "DNS:other.example.org", RSA, &[]);
    let both = elsewhere.read("good.key") + &elsewhere.read("other.key");
    let both = elsewhere.write("both.key", both);
    let of_another =
        "the private key is of another certificate; there is: other.example.org (RSA 2048)";
    let for_another = "the certificate is not for www.example.org: it is for other.example.org";
    for (files, words) in [
        ([&other.cert, &key], of_another),
        ([&other.cert, &other.key], for_another),
        ([&full, &both], "there are 2 private keys; one is wanted"),
        (
            [&full, &full],
            "there is no private key for the certificate",
        ),
        ([&key, &key], "there is no certificate"),
    ] {
        refuses(&site, &files.map(PathBuf::as_path), words);
    }
}

#[test]
fn other_forms() {
    let Some((site, elsewhere, full, key)) = with_a_good_one() else {
        return;
    };
    let made = |name: &str, args: &[&str]| {
        let out = elsewhere.at(name);
        openssl::run(&[args, &["-out", text(&out)]].concat());
        out
    };
    let (chain, private) = (text(&full), text(&key));
    let p12 = [
        "pkcs12", "-export", "-in", chain, "-inkey", private, "-passout", "pass:",
    ];
    let p7 = |form| ["crl2pkcs7", "-nocrl", "-certfile", chain, "-outform", form];
    let csr = |form| {
        [
            "req", "-new", "-key", private, "-subj", "/CN=x", "-outform", form,
        ]
    };
    let ed = made("ed.key", &["genpkey", "-algorithm", "ed25519"]);
    let cert = elsewhere.read("good.pem");
    let cut = elsewhere.write("cut.pem", &cert[..cert.len() / 2]);
    let broken = elsewhere.write("broken.pem", cert.replace("MII", "MIA"));
    let empty = elsewhere.write("empty", "");
    let page = elsewhere.write("page.html", "<html>log in first</html>");
    let nothing = "FILE: there is neither a certificate nor a private key in it";
    let request = "FILE: it holds a request (CSR); upload the certificate";
    for (file, words) in [
        (
            made("good.p12", &p12),
            "`openssl pkcs12 -in FILE -nodes -out NEW`",
        ),
        (
            made("p7.pem", &p7("PEM")),
            "`openssl pkcs7 -in FILE -print_certs -out NEW`",
        ),
        (
            made("p7.der", &p7("DER")),
            "`openssl pkcs7 -inform DER -in FILE -print_certs",
        ),
        (made("csr.pem", &csr("PEM")), request),
        (made("csr.der", &csr("DER")), request),
        (
            ed,
            "FILE: the private key is Ed25519; allowed are RSA, and EC on P-256",
        ),
        (
            cut,
            "FILE: it is not readable as PEM: the block 'CERTIFICATE' has no END line; is it cut off?",
        ),
        (broken, "FILE: the certificate's "),
        (empty, nothing),
        (page, nothing),
        (PathBuf::from("/nowhere"), "/nowhere: No such file"),
    ] {
        refuses(&site, &[&key, &file], words);
    }
    has(
        &site.ends(&["upload", "web"], 2).stderr,
        &["usage: certkeeper upload"],
    );
    has(
        &site.ends(&["upload", "wep", "x"], 2).stderr,
        &["did you mean 'web'?"],
    );
}

#[test]
fn out_of_its_time() {
    let Some((site, _elsewhere, full, key)) = with_a_good_one() else {
        return;
    };
    for (days, words) in [
        (91, "the certificate ended on "),
        (-3, "the certificate begins on "),
    ] {
        let args = ["upload", "web", text(&full), text(&key)];
        let run = site
            .certkeeper(&args)
            .env("CERTKEEPER_NOW", &days_on(days))
            .run();
        assert_eq!(run.code(), 1, "{}", run.report());
        has(&run.stderr, &[words, "the router's clock shows "]);
        assert_eq!(site.version(), Some(1));
    }
}

#[test]
fn sections_that_serve_nothing() {
    let Some((site, _elsewhere, full, key)) = with_a_good_one() else {
        return;
    };
    for (lines, words) in [
        ("option enabled '0'", "is switched off (option enabled 0)"),
        (
            "option account 'letsencrypt'; option staging '1'",
            "is a test (option staging 1)",
        ),
        ("option enabled 'x'", "the configuration of 'web' is wrong"),
    ] {
        site.configure(lines);
        refuses(&site, &[&full, &key], words);
    }
}
