//! DNS wire format, canonical form, and batches of signatures and NSEC3 hashes.
//!
//! No policy lives here: no clock, no list of allowed algorithms, no limits on how much work a caller may ask for. Every
//! value is immutable once built. Nothing panics on any input, and work is bounded by the size of the input.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

pub mod base32;
mod bitmap;
mod canonical;
mod crypto;
mod digest;
mod encoding;
mod error;
mod message;
mod name;
mod parallel;
mod presentation;
mod rdata;
mod reader;
mod rrset;
pub mod serve;
mod signing;
mod typed;
pub mod types;
pub mod zone;

pub use canonical::{record_wire, signed_data};
pub use crypto::{verify, verify_many, verify_raw, Outcome, VerifyJob};
pub use digest::{ds_digest, nsec3_hash, nsec3_hash_many};
pub use error::{ArgumentError, WireError};
pub use message::{parse_records, Edns, Header, Message, Question, FLAGS};
pub use name::Name;
pub use presentation::rdata_to_text;
pub use rrset::{BuildError, RRset, Typed};
pub use signing::{sign_many, SignJob, SigningKey};
pub use typed::{Dnskey, Ds, Nsec, Nsec3, Rrsig};

/// Immutable octets that several records may share.
pub type Octets = std::sync::Arc<[u8]>;

#[cfg(test)]
mod tests;
