//! Keys and certificates against OpenSSL, which is the judge of every form here.

mod certificates;
mod mutants;
mod openssl;
mod private;
