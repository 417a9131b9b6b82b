//! An uploaded certificate gives way to the CA's when it would be renewed.

use crate::renewal::{ends, in_days};
use crate::site::Site;
use crate::support::openssl;
use crate::uci::cert;

/// A certificate for a name, signed by its own key, 90 days; certificate and key in one file.
pub fn sold(site: &Site, name: &str) -> String {
    let folder = site.temp.server_folder("elsewhere");
    let [cert, key] = ["cert.pem", "sold.pem"].map(|file| folder.join(file));
    openssl::self_signed(&cert, &key, &format!("DNS:{name}"));
    let both = [&key, &cert].map(|file| std::fs::read_to_string(file).expect("made"));
    std::fs::write(&key, both.concat()).expect("written");
    key.to_str().expect("text").to_owned()
}

#[test]
fn the_ca_takes_over_near_its_end() {
    let Some(site) = Site::web() else { return };
    site.configure(&[cert("web", &["www.demo.example"], &site.by_webroot())]);
    site.renew();
    site.ends(&["upload", "web", &sold(&site, "www.demo.example")], 0);
    assert_eq!(site.status("web")["source"], "upload");
    assert_eq!(site.version("web"), Some(2));
    for days in [0, 56] {
        ends(&in_days(&site, days, &["renew"]), 0);
        assert_eq!(site.version("web"), Some(2), "after {days} days");
    }
    assert_eq!(site.asked("POST /order-plz"), 1);
    ends(&in_days(&site, 61, &["renew"]), 0);
    assert_eq!(site.version("web"), Some(3));
    assert_eq!(site.status("web")["source"], "acme");
    site.is_good("web", &["www.demo.example"]);
    site.is_tidy("web");
}

#[test]
fn it_ends_an_order_under_way() {
    let Some(site) = Site::web() else { return };
    let ca_down = cert("web", &["www.demo.example"], &site.by_standalone());
    site.configure(&[ca_down]);
    // Nobody answers for the name but nginx, so that the first attempt fails.
    site.ends(&["renew"], 1);
    assert_eq!(site.attempt("web")["failures"], 1);
    site.ends(&["upload", "web", &sold(&site, "www.demo.example")], 0);
    site.is_tidy("web");
    let status = site.status("web");
    assert_eq!(
        (&status["state"], &status["source"]),
        (&"valid".into(), &"upload".into())
    );
    site.renew();
}
