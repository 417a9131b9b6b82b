//! `certkeeper dnsapi-helper`, the hands of acme.sh's scripts: started by the functions of
//! `dns/script/dnsapi.sh` for what a shell cannot do. Not for people, and not in the help.

use crate::dns::script::{self, HELPER, ScriptRequest};
use crate::net::{Client, Limits, Options, Roots, SystemClock};
use crate::store::Saved;
use crate::types::{Clock, Transport, TransportError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

/// The word that `main` looks for.
pub const COMMAND: &str = "dnsapi-helper";

/// Some providers take their time.
const LIMITS: Limits = Limits {
    connect: Duration::from_secs(10),
    call: Duration::from_secs(60),
};
/// No request is larger.
const INPUT_MAX: u64 = 4 * 1024 * 1024;

/// An exit code, curl's where there is one, and what to say.
type Failed = (u8, String);

/// Does what the arguments say; returns the exit code.
///
/// `http KIND BUNDLE FILE`: the request on stdin; its reply's headers go to FILE, its body to
/// stdout (KIND `base64`: so encoded), or its headers (`head`).
/// `saved FILE read|save|clear KIND KEY`: on stdin the mark of the settings, a newline, the value.
/// All else: see [`script::encode`].
pub fn help(args: &[String], input: &mut dyn Read, out: &mut dyn Write, err: &mut dyn Write) -> u8 {
    let mut bytes = Vec::new();
    let done = match input.take(INPUT_MAX).read_to_end(&mut bytes) {
        Ok(_) => dispatch(args, bytes),
        Err(e) => Err((1, e.to_string())),
    };
    let written = done.and_then(|bytes| {
        let written = out.write_all(&bytes).and_then(|()| out.flush());
        written.map_err(|e| (1, e.to_string()))
    });
    written.map_or_else(
        |(code, text)| {
            let _ = writeln!(err, "{HELPER}{text}");
            code
        },
        |()| 0,
    )
}

fn dispatch(args: &[String], input: Vec<u8>) -> Result<Vec<u8>, Failed> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let failed = |text: String| (1, text);
    match args.as_slice() {
        ["http", kind, bundle, file] => http(kind, bundle, file, &input),
        ["saved", file, action, kind, key] => {
            let text = String::from_utf8_lossy(&input);
            let (mark, value) = text.split_once('\n').unwrap_or((&text, ""));
            let key = format!("{kind}.{key}");
            saved(file, action, mark, &key, value).map_err(failed)
        }
        args => {
            let clock = SystemClock::new(Default::default(), None);
            script::encode(args, input, clock.now()).map_err(failed)
        }
    }
}

fn http(kind: &str, bundle: &str, file: &str, input: &[u8]) -> Result<Vec<u8>, Failed> {
    let request = ScriptRequest::parse(input).map_err(|e| (1, e))?;
    let agent = concat!("certkeeper/", env!("CARGO_PKG_VERSION"));
    let client = Client::new(Options {
        user_agent: request.agent.clone().unwrap_or_else(|| agent.into()),
        roots: match request.insecure {
            true => Roots::Unchecked,
            false => Roots::Bundle(bundle.into()),
        },
        // Some are in the owner's own network.
        allow_http: true,
        limits: LIMITS,
    });
    // The headers of an earlier reply must not be taken for this one's.
    let note =
        |text: &str| fs::write(Path::new(file), text).map_err(|e| (1, format!("{file}: {e}")));
    note("")?;
    let reply = send(request, &client)?;
    note(&reply.headers)?;
    Ok(match kind {
        "head" => reply.headers.into_bytes(),
        "base64" => STANDARD.encode(reply.body).into_bytes(),
        _ => reply.body,
    })
}

fn send(request: ScriptRequest, http: &dyn Transport) -> Result<script::ScriptReply, Failed> {
    request.send(http).map_err(|e| {
        use TransportError as E;
        // The exit codes of curl that scripts may know.
        let code = match e {
            E::BadUrl(_) => 3,
            E::Resolve(_) => 6,
            E::Connect(_) => 7,
            E::Timeout(_) => 28,
            E::Broken(_) => 56,
            E::Tls(_) => 60,
            E::TooLarge(_) => 63,
            E::Roots(_) => 77,
        };
        (code, e.to_string())
    })
}

fn saved(file: &str, action: &str, mark: &str, key: &str, value: &str) -> Result<Vec<u8>, String> {
    let mut saved = Saved::open(file.into(), mark).map_err(|e| e.to_string())?;
    let change = match action {
        "read" => return Ok(saved.get(key).unwrap_or_default().into()),
        "save" => Some(value),
        "clear" => None,
        other => return Err(format!("saved: {other} is not known here")),
    };
    let changed = saved.set(key, change);
    changed.map_err(|e| e.to_string()).map(|()| Vec::new())
}
