//! Keys and certificates against OpenSSL, which is the judge of every form here.

mod certificates;
mod mutants;
mod openssl;
mod private;
#[allow(dead_code, reason = "the servers of other tests")]
#[path = "../support/tools.rs"]
mod tools;
