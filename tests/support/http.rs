//! One HTTP request to a server of the test.

use std::sync::Arc;
use std::time::Duration;
use ureq::http::Request;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, RequestExt};

/// A server on loopback that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The body as text.
    pub body: String,
}

impl Reply {
    /// The body of a reply 2xx.
    ///
    /// # Panics
    /// When it is another one.
    pub fn ok(self) -> String {
        assert!(
            (200..300).contains(&self.status),
            "HTTP {}: {}",
            self.status,
            self.body
        );
        self.body
    }
}

/// Fetches `url`; https is trusted up to the roots in `ca`.
pub fn get(url: &str, ca: &str) -> Reply {
    send("GET", url, &[], "", ca)
}

/// Sends a body to `url`, trusted as by [`get`].
pub fn post(url: &str, body: &str, ca: &str) -> Reply {
    send("POST", url, &[], body, ca)
}

/// Sends a request over plain http.
pub fn plain(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    send(method, url, headers, body, "")
}

/// # Panics
/// When no reply comes.
fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str, ca: &str) -> Reply {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request
        .body(body.to_owned())
        .unwrap_or_else(|e| panic!("{method} {url}: {e}"));
    let mut reply = request
        .with_agent(agent(ca))
        .run()
        .unwrap_or_else(|e| panic!("{method} {url}: {e}"));
    let status = reply.status().as_u16();
    let body = reply
        .body_mut()
        .read_to_string()
        .unwrap_or_else(|e| panic!("{method} {url}: {e}"));
    Reply { status, body }
}

fn agent(ca: &str) -> Agent {
    let roots: Vec<_> = parse_pem(ca.as_bytes())
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    let tls = TlsConfig::builder()
        .root_certs(RootCerts::new_with_certs(&roots))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build();
    Agent::config_builder()
        .timeout_global(Some(LIMIT))
        .http_status_as_error(false)
        .max_redirects(0)
        // A proxy of the environment is no way to loopback.
        .proxy(None)
        .tls_config(tls)
        .build()
        .into()
}
