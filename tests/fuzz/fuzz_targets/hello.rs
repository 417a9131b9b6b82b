//! What clients say first to the listener of tls-alpn-01.
#![no_main]

use certkeeper::challenge::Hello;
use libfuzzer_sys::fuzz_target;
use rustls::server::Acceptor;

fuzz_target!(|said: &[u8]| {
    let all = Hello::read(said);
    if let Hello::Acme(name) = &all {
        assert!(name.bytes().all(|c| c.is_ascii_graphic()), "{name:?}");
    }
    // Once it is decided, more words change nothing; until then fewer were not enough.
    let half = Hello::read(&said[..said.len() / 2]);
    assert!(half == Hello::Unfinished || half == all, "{half:?} {all:?}");
    if let Some(name) = looked_for(said) {
        assert_eq!(all, Hello::Acme(name));
    }
});

/// What rustls finds in it; it is stricter than we are.
fn looked_for(said: &[u8]) -> Option<String> {
    let mut acceptor = Acceptor::default();
    let mut rest = said;
    loop {
        if acceptor.read_tls(&mut rest).ok()? == 0 {
            return None;
        }
        if let Some(accepted) = acceptor.accept().ok()? {
            let hello = accepted.client_hello();
            let offered = hello.alpn()?.any(|protocol| protocol == b"acme-tls/1");
            return hello
                .server_name()
                .filter(|_| offered)
                .map(str::to_ascii_lowercase);
        }
    }
}
