//! Which clients get repeated replies, and how many a second.

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;

/// Slots of the table of clients. Two that share one push each other out, which gives back a full allowance: seldom, and harmless.
const SLOTS: usize = 1 << 14;
/// Bits of an IPv6 address that tell clients apart: they have at least so large a network to choose from (RFC 6177 §2).
const SITE_BITS: u32 = 64;

/// A prefix of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// The addresses that share the first `bits` bits with `address`. None if it has not so many.
    #[must_use]
    pub fn new(address: IpAddr, bits: u32) -> Option<Self> {
        (bits <= if address.is_ipv4() { 32 } else { 128 }).then_some(Self { address, bits })
    }

    fn holds(&self, client: IpAddr) -> bool {
        match (self.address, client) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                same_prefix(own.to_bits().into(), other.to_bits().into(), 32 - self.bits)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => same_prefix(own.to_bits(), other.to_bits(), 128 - self.bits),
            _ => false,
        }
    }
}

fn same_prefix(first: u128, second: u128, rest: u32) -> bool {
    (first ^ second).checked_shr(rest).unwrap_or(0) == 0
}

#[derive(Clone, Copy)]
struct Allowance {
    site: u128,
    left: f32,
    counted_at: u64,
}

/// Access lists, and an allowance of replies a second for each client.
pub struct Clients {
    allow: Vec<Network>,
    deny: Vec<Network>,
    /// Replies a second, and at once. A rate of 0: any number.
    rate: f32,
    burst: f32,
    hasher: RandomState,
    allowances: Vec<Option<Allowance>>,
}

impl Clients {
    /// Clients in `allow` and not in `deny`. `rate`: replies a second that each may have in the long run, 0 for any number;
    /// `burst`: how many at once.
    #[must_use]
    pub fn new(allow: Vec<Network>, deny: Vec<Network>, rate: f32, burst: f32) -> Self {
        let slots = if rate > 0.0 { SLOTS } else { 0 };
        Self { allow, deny, rate, burst, hasher: RandomState::new(), allowances: vec![None; slots] }
    }

    /// Whether the lists let this client ask.
    #[must_use]
    pub fn admit(&self, client: IpAddr) -> bool {
        self.allow.iter().any(|network| network.holds(client)) && !self.deny.iter().any(|network| network.holds(client))
    }

    /// Take one reply off the client's allowance at `now` (milliseconds); false when nothing is left of it.
    pub fn take(&mut self, client: IpAddr, now: u64) -> bool {
        let site = match client {
            IpAddr::V4(address) => u128::from(address.to_bits()),
            // The bit keeps them apart from the IPv4 ones.
            IpAddr::V6(address) => address.to_bits() >> (128 - SITE_BITS) | 1 << 127,
        };
        let slot = usize::try_from(self.hasher.hash_one(site)).unwrap_or_default() % SLOTS;
        let Some(slot) = self.allowances.get_mut(slot) else { return true };
        let fresh = Allowance { site, left: self.burst, counted_at: now };
        let allowance = match slot {
            Some(known) if known.site == site => known,
            _ => slot.insert(fresh),
        };
        #[allow(clippy::cast_precision_loss)]
        let seconds = now.saturating_sub(allowance.counted_at) as f32 / 1000.0;
        allowance.left = (allowance.left + seconds * self.rate).min(self.burst);
        allowance.counted_at = now;
        if allowance.left < 1.0 {
            return false;
        }
        allowance.left -= 1.0;
        true
    }
}
