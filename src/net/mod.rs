//! Everything that goes over the network: HTTP requests and DNS questions; the firewall and routes.

mod clock;
mod connect;
mod dns_exchange;
mod dns_reply;
mod dns_types;
mod dns_update;
mod dns_wire;
mod doh;
mod firewall;
mod holder;
mod http;
mod link;
mod peer;
mod resolv_conf;
mod resolver;
mod roots;
mod routes;
pub(crate) mod served;
mod tls;
mod tsig;
mod updater;

pub use clock::SystemClock;
pub use dns_reply::{SmallZone, reply};
pub use dns_types::{Answer, Data, Rcode, Record, RecordType};
pub use firewall::{Firewall, Redirect};
pub use holder::holder;
pub use http::{Client, Limits, Options};
pub use resolv_conf::nameservers;
pub use resolver::{Over, ResolveError, Resolver, ask_each, ask_one, lookup_host};
pub use roots::Roots;
pub use routes::{default_devices, devices};
pub use served::{Signed, Unseen, served_certificate};
pub use updater::Updater;

#[cfg(test)]
#[path = "../../tests/net/ca.rs"]
mod test_ca;
