//! The HTTP client: ureq over our own links. Nothing is taken from the environment, nothing is
//! followed, every wait and every size is bounded.

use super::link::{Dialer, Failure};
use super::peer::Peer;
use super::roots::Roots;
use super::tls::Tls;
use crate::types::{Method, Request, Response, Transport, TransportError};
use std::io::Read;
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::{self, Uri, header};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Agent, AsSendBody, Timeout};

/// In and out: a TLS record holds no more (RFC 8446 section 5.1).
const BUFFER: usize = 16 * 1024;

/// Must be smaller than the buffer, or ureq would wait for room that never comes.
const MAX_HEADERS: usize = BUFFER - 1024;

/// Servers close idle connections after a minute or so; a connection that one has closed
/// meanwhile costs nothing but a new one.
const MAX_IDLE: Duration = Duration::from_secs(60);

/// How long a call may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Name lookup, TCP and TLS together.
    pub connect: Duration,
    /// The whole call, connecting included.
    pub call: Duration,
}

impl Default for Limits {
    /// The limits of ACME 'Protocol'.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            call: Duration::from_secs(30),
        }
    }
}

/// What a [`Client`] is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// The User-Agent header, `certkeeper/<version>`.
    pub user_agent: String,
    /// What server certificates must lead to.
    pub roots: Roots,
    /// Takes http URLs, too.
    pub allow_http: bool,
    /// How long a call may take.
    pub limits: Limits,
}

/// Sends requests, over one kept connection a host.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    user_agent: String,
    allow_http: bool,
    limits: Limits,
}

impl Client {
    /// A client without connections. The roots are read when a handshake needs them.
    pub fn new(options: Options) -> Self {
        let config = Config::builder()
            .proxy(None)
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent("")
            .accept("")
            .accept_encoding("")
            .max_response_header_size(MAX_HEADERS)
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .max_idle_connections_per_host(1)
            .max_idle_age(MAX_IDLE)
            .timeout_connect(Some(options.limits.connect))
            .timeout_global(Some(options.limits.call))
            .build();
        Self {
            agent: Agent::with_parts(config, Dialer::new(Tls::new(options.roots)), LinksResolve),
            user_agent: options.user_agent,
            allow_http: options.allow_http,
            limits: options.limits,
        }
    }

    fn target(&self, url: &str) -> Result<(Uri, Peer), TransportError> {
        // The parser's error does not repeat the URL.
        let uri: Uri = url
            .parse()
            .map_err(|error| TransportError::BadUrl(format!("this is not a URL: {error}")))?;
        let peer = Peer::of(&uri)?;
        if !peer.tls && !self.allow_http {
            return Err(TransportError::BadUrl(format!(
                "the URL at {peer} must start with https://"
            )));
        }
        Ok((uri, peer))
    }

    fn send(
        &self,
        request: &Request<'_>,
        uri: &Uri,
        left: Duration,
    ) -> Result<http::Response<ureq::Body>, ureq::Error> {
        let mut builder = http::Request::builder()
            .method(method(request.method))
            .uri(uri.clone())
            .header(header::USER_AGENT, &self.user_agent);
        for (name, value) in request.headers {
            builder = builder.header(*name, *value);
        }
        let (mut bytes, mut nothing) = (request.body, ());
        let body = if bytes.is_empty() && !expects_body(request.method) {
            nothing.as_body()
        } else {
            bytes.as_body()
        };
        let built = builder.body(body)?;
        let configured = self.agent.configure_request(built);
        self.agent
            .run(configured.timeout_global(Some(left)).build())
    }

    fn told(&self, peer: &Peer, error: ureq::Error) -> TransportError {
        let broken = |why: &dyn std::fmt::Display| {
            TransportError::Broken(format!("{peer} sent no whole reply: {why}"))
        };
        match error {
            ureq::Error::Other(error) => {
                match error.downcast::<Failure>().map(|failure| *failure) {
                    Ok(Failure::Unopened(error)) => error,
                    Ok(failure) => broken(&failure),
                    Err(error) => broken(&error),
                }
            }
            ureq::Error::Timeout(Timeout::Connect) => TransportError::Timeout(format!(
                "{peer} could not be reached within {:?}",
                self.limits.connect
            )),
            ureq::Error::Timeout(_) => TransportError::Timeout(format!(
                "{peer} did not reply within {:?}",
                self.limits.call
            )),
            ureq::Error::LargeResponseHeader(..) => TransportError::TooLarge(format!(
                "the reply of {peer} begins with more than {MAX_HEADERS} bytes of headers"
            )),
            ureq::Error::Http(error) => TransportError::BadUrl(format!(
                "the request to {peer} holds a character that cannot be sent: {error}"
            )),
            ureq::Error::Io(error) => broken(&error),
            error => broken(&error),
        }
    }
}

impl Transport for Client {
    fn call(&self, request: &Request<'_>) -> Result<Response, TransportError> {
        let (uri, peer) = self.target(request.url)?;
        let start = Instant::now();
        let mut reply = self.send(request, &uri, self.limits.call);
        if let Err(ureq::Error::Other(error)) = &reply
            && let Some(Failure::Stale) = error.downcast_ref()
        {
            // Once, on a new connection: ACME protects POSTs by nonces (RFC 8555 section 6.5), and
            // a server that closed before any byte of a reply has hardly acted.
            let left = self.limits.call.saturating_sub(start.elapsed());
            reply = self.send(request, &uri, left);
        }
        let reply = reply.map_err(|error| self.told(&peer, error))?;
        let (head, body) = reply.into_parts();
        Ok(Response {
            status: head.status.as_u16(),
            headers: headers(&head.headers),
            body: read(body, request.max_reply).map_err(|error| match error {
                Unread::Large => TransportError::TooLarge(format!(
                    "the reply of {peer} is larger than {} bytes",
                    request.max_reply
                )),
                Unread::Error(error) => self.told(&peer, error),
            })?,
        })
    }
}

/// Why a body was not read.
enum Unread {
    Large,
    Error(ureq::Error),
}

fn read(body: ureq::Body, limit: usize) -> Result<Vec<u8>, Unread> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let length = body.content_length().unwrap_or(0);
    if length > limit {
        return Err(Unread::Large);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    body.into_reader()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| Unread::Error(error.into()))?;
    if bytes.len() as u64 > limit {
        return Err(Unread::Large);
    }
    Ok(bytes)
}

fn headers(map: &http::HeaderMap) -> Vec<(String, String)> {
    map.iter()
        .filter_map(|(name, value)| {
            let value = std::str::from_utf8(value.as_bytes()).ok()?;
            Some((name.as_str().to_owned(), value.to_owned()))
        })
        .collect()
}

fn method(method: Method) -> http::Method {
    match method {
        Method::Get => http::Method::GET,
        Method::Head => http::Method::HEAD,
        Method::Post => http::Method::POST,
        Method::Put => http::Method::PUT,
        Method::Patch => http::Method::PATCH,
        Method::Delete => http::Method::DELETE,
    }
}

/// These send `Content-Length: 0` where there is no body (RFC 9110 section 8.6).
fn expects_body(method: Method) -> bool {
    matches!(method, Method::Post | Method::Put | Method::Patch)
}

/// Leaves name lookup to the links: ureq would ask before each request, on kept connections, too.
#[derive(Debug)]
struct LinksResolve;

impl Resolver for LinksResolve {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}
