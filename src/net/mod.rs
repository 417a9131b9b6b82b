//! Everything that goes over the network: HTTP requests and DNS questions.

mod clock;
mod connect;
mod dns_types;
mod dns_wire;
mod http;
mod link;
mod peer;
mod resolver;
mod roots;
mod served;
mod tls;

pub use clock::SystemClock;
pub use dns_types::{Answer, Data, Rcode, Record, RecordType};
pub use http::{Client, Limits, Options};
pub use resolver::{ResolveError, Resolver, lookup_host};
pub use roots::Roots;
pub use served::{Unseen, served_certificate};

#[cfg(test)]
#[path = "../../tests/net/ca.rs"]
mod test_ca;
