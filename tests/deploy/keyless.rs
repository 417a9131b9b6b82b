//! A service that has its key elsewhere takes certificates of it (option csr).

use crate::elsewhere::{EC, Elsewhere, text};
use crate::servers::{NGINX, checker, start};
use crate::site::{NAME, Site};
use crate::support::openssl;
use certkeeper::store::{Area, Parts};
use certkeeper::types::{Meta, Paths, SectionName};
use certkeeper::x509::{Certificate, Request, split_pem_chain};
use std::fs;
use std::path::Path;

/// Stores a certificate for the request, as a run does that got it from a CA; its serial number.
fn store(site: &Site, elsewhere: &Elsewhere, request: &Path) -> String {
    let sold = elsewhere.sign(request, "sold.pem");
    let pem = fs::read_to_string(sold).unwrap();
    let leaf = Certificate::parse(&split_pem_chain(pem.as_bytes()).unwrap()[0]).unwrap();
    let request = Request::read(&fs::read(request).unwrap()).unwrap();
    let meta = Meta {
        names: vec![NAME.into()],
        key_type: "ec256".into(),
        directory: "https://127.0.0.1:1/dir".into(),
        not_before: leaf.not_before.0,
        not_after: leaf.not_after.0,
        serial: leaf.serial_hex(),
        fingerprint: leaf.fingerprint(),
        csr: Some(request.key_id()),
        ..Meta::default()
    };
    let parts = Parts {
        cert: &pem,
        chain: &elsewhere.read("middle.pem"),
        key: None,
    };
    let area = Area::new(
        &Paths::new(site.temp.root()),
        &SectionName::parse("web").unwrap(),
        false,
    );
    area.add_version(parts, &meta).expect("a version");
    leaf.serial_hex()
}

#[test]
fn nginx_with_its_own_key() {
    let Some(site) = Site::new(&["nginx"], "") else {
        return;
    };
    let elsewhere = Elsewhere::new(&site.temp);
    let (key, request) = (elsewhere.at("own.key"), site.temp.write("etc/web.csr", ""));
    let names = format!("subjectAltName=DNS:{NAME}");
    let mut args = vec![
        "req", "-new", "-nodes", "-subj", "/", "-addext", &names, "-newkey",
    ];
    args.extend(EC);
    args.extend(["-keyout", text(&key), "-out", text(&request)]);
    openssl::run(&args);
    site.configure("option csr '/etc/web.csr'");
    let first = store(&site, &elsewhere, &request);
    site.renew(0);
    let settings = NGINX.replace("DOMAINS/web.key", text(&key));
    let args = ["-e", "stderr", "-c", "CONFIG"];
    let _nginx = start(
        &site,
        "nginx",
        "etc/nginx/nginx.conf",
        &settings,
        &args,
        "HUP",
    );
    checker(&site, "nginx", "-e stderr");
    site.serves(&first);
    site.configure("option csr '/etc/web.csr'; list service 'nginx'; list verify '127.0.0.1:PORT'");
    site.renew(0);
    let second = store(&site, &elsewhere, &request);
    site.renew(0);
    site.serves(&second);
    // And back by hand.
    site.ends(&["rollback", "web"], 0);
    site.serves(&first);
}
