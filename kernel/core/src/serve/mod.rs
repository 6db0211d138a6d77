//! Replies that were given before, repeated at once to those who ask the same: the part of a resolver that is hot.
//!
//! What a reply holds, for whom and for how long is decided elsewhere. Here it is kept with the query that it answered
//! (`hits`), clients are counted (`clients`), and datagrams are read and sent many at a time (`packets`).

mod clients;
mod hits;
mod packets;

#[cfg(test)]
mod tests;

pub use clients::{Clients, Network};
pub use hits::{Asked, HitCache};
pub use packets::{Counts, PacketLoop, Waiting};
