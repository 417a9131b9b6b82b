//! What a server presents before it is trusted: our choice of roots by the issuers in the chain must
//! never change the verdict of webpki. The file is compiled in, since its verifier is not public.
//!
//! The input is a chain, its certificates as DER with lines `### next` between them; then, behind a
//! line `### bundle`, the PEM file of the roots. Without that line, three roots of the corpus are it.
#![no_main]

// Formatted where it belongs.
#[rustfmt::skip]
#[allow(dead_code, reason = "parts that the HTTP client uses")]
#[path = "../../../src/net/roots.rs"]
mod roots;

use certkeeper::x509::to_pem;
use certkeeper_fuzz::{folder, split_at_line};
use libfuzzer_sys::fuzz_target;
use roots::{Roots, Verifier};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// When the corpus is valid, but for one leaf that is over.
const NOW: Duration = Duration::from_secs(1_830_000_000); // 2027-12-28

/// Two of them have the same name.
const ROOTS: [&[u8]; 3] = [
    include_bytes!("../corpus/roots/twin.root"),
    include_bytes!("../corpus/roots/a.root"),
    include_bytes!("../corpus/roots/b.root"),
];

struct World {
    /// The file of [`ROOTS`], and our verifier with it.
    ours: Verifier,
    /// webpki with all of [`ROOTS`].
    plain: Arc<WebPkiServerVerifier>,
    /// The bundle of an input, and our verifier with it.
    bundle: PathBuf,
    other: Verifier,
}

static WORLD: LazyLock<World> = LazyLock::new(|| {
    let provider = Arc::new(ring::default_provider());
    let folder = folder("roots");
    let [file, bundle] = ["roots.pem", "bundle.pem"].map(|name| folder.join(name));
    fs::write(&file, ROOTS.map(to_pem).concat()).expect("a file");
    let verifier = |path: &PathBuf| Verifier::new(Roots::Bundle(path.clone()), provider.clone());
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(ROOTS.map(CertificateDer::from));
    assert_eq!(store.len(), ROOTS.len());
    let plain = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone());
    let plain = plain.build().expect("a verifier");
    // Or every chain would be refused for the same reason.
    let good = CertificateDer::from(include_bytes!("../corpus/roots/leaf_of_a").as_slice());
    assert_eq!(judge(&*plain, &good, &[]), Ok(()));
    World {
        ours: verifier(&file),
        plain,
        other: verifier(&bundle),
        bundle,
    }
});

fuzz_target!(|input: &[u8]| {
    let world = &*WORLD;
    let (mut rest, bundle) = split_at_line(input, b"### bundle");
    let given = rest.len() < input.len();
    let mut chain = Vec::new();
    while !rest.is_empty() {
        let (der, next) = split_at_line(rest, b"### next");
        // The newline before the line is not the certificate's.
        let ends = der.len() < rest.len() || given;
        let der = der.strip_suffix(b"\n").filter(|_| ends).unwrap_or(der);
        chain.push(CertificateDer::from(der));
        rest = next;
    }
    let Some((leaf, above)) = chain.split_first() else {
        return;
    };
    if given {
        fs::write(&world.bundle, bundle).expect("a file");
        let _ = judge(&world.other, leaf, above);
        return;
    }
    let plain = judge(&*world.plain, leaf, above);
    assert_eq!(judge(&world.ours, leaf, above), plain);
});

/// The verdict in words.
fn judge(
    verifier: &dyn ServerCertVerifier,
    leaf: &CertificateDer<'_>,
    above: &[CertificateDer<'_>],
) -> Result<(), String> {
    let name = ServerName::try_from("host.example").expect("a name");
    verifier
        .verify_server_cert(leaf, above, &name, &[], UnixTime::since_unix_epoch(NOW))
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}
