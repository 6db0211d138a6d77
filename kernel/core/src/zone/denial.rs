//! The denial chain of a zone: NSEC (RFC 4034 §4), or NSEC3 (RFC 5155 §7.1).

use super::builder::{count, usize_of};
use super::layout::{has, push_types, Standing};
use super::store::Zone;
use crate::bitmap;
use crate::digest::nsec3_hash_wire;
use crate::error::ArgumentError;
use crate::parallel;
use crate::types as t;

/// Octets of a SHA-1 digest.
pub(crate) const HASH_LEN: usize = 20;
/// Hashes a thread should get at the least.
const WORTHWHILE: usize = 2000;
/// A hashed name that is no owner: an empty non-terminal.
const NO_OWNER: u32 = u32::MAX;

/// How a zone denies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// NSEC.
    Nsec,
    /// NSEC3 with SHA-1.
    Nsec3 {
        /// At most 255 octets.
        salt: Vec<u8>,
        /// Additional iterations.
        iterations: u16,
        /// Leave out delegations without DS, and say so (RFC 5155 §6).
        opt_out: bool,
    },
}

/// The hash of a name that exists.
#[derive(Clone, Copy)]
pub(crate) struct Hashed {
    pub(crate) hash: [u8; HASH_LEN],
    owner: u32,
}

impl Hashed {
    /// Number of the owner; None for an empty non-terminal.
    pub(crate) fn owner(&self) -> Option<usize> {
        (self.owner != NO_OWNER).then(|| usize_of(self.owner))
    }
}

/// The names that have an NSEC: those with data of the zone, and its cuts (RFC 4035 §2.3).
pub(crate) fn has_nsec(standing: Standing) -> bool {
    matches!(standing, Standing::Authoritative | Standing::Delegation)
}

/// For each owner with an NSEC, the owner that it leads to.
pub(crate) fn nsec_successors(standings: &[Standing]) -> Vec<u32> {
    let mut next = vec![NO_OWNER; standings.len()];
    // RFC 4034 §4.1.1: the last one leads back to the apex.
    let mut following = 0;
    for (number, standing) in standings.iter().enumerate().rev() {
        if has_nsec(*standing) {
            if let Some(slot) = next.get_mut(number) {
                *slot = following;
            }
            following = count(number);
        }
    }
    next
}

/// Rdata of an NSEC: the next name and the types, among them NSEC and RRSIG (RFC 4034 §4.1).
pub(crate) fn push_nsec(zone: &Zone, number: usize, next: u32, standing: Standing, out: &mut Vec<u8>) {
    let owners = zone.owners();
    let (Some(owner), Some(next)) = (owners.get(number), owners.get(usize_of(next))) else { return };
    out.extend_from_slice(zone.octets(next.name));
    let mut types = Vec::with_capacity(16);
    push_types(zone, owner, standing, &mut types);
    types.extend([t::RRSIG, t::NSEC]);
    types.sort_unstable();
    types.dedup();
    bitmap::push(&types, out);
}

/// Which names have an NSEC3.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coverage {
    /// Every name.
    Whole,
    /// Delegations without DS are left out (RFC 5155 §6).
    OptOut,
    /// So are empty non-terminals that are there only for the sake of those: the least that RFC 5155 §7.1 allows. A signer
    /// keeps them: such a name shields from a wildcard above it, which could not be proven otherwise.
    Least,
}

/// The hashes of all names that have an NSEC3, in their order.
pub(crate) fn hashed_names(
    zone: &Zone,
    standings: &[Standing],
    salt: &[u8],
    iterations: u16,
    coverage: Coverage,
    threads: usize,
) -> Result<Vec<Hashed>, ArgumentError> {
    let names = names_to_hash(zone, standings, coverage);
    let threads = parallel::thread_count(threads, names.wires.len(), WORTHWHILE);
    let hashes = parallel::map(&names.wires, threads, |(start, end, owner)| {
        let wire = names.arena.get(*start..*end).unwrap_or(&[]);
        Hashed { hash: nsec3_hash_wire(wire, salt, iterations), owner: *owner }
    });
    let mut hashes = hashes;
    hashes.sort_unstable_by_key(|hashed| hashed.hash);
    // RFC 5155 §7.1: on a collision another salt must be used.
    if hashes.windows(2).any(|pair| matches!(pair, [a, b] if a.hash == b.hash)) {
        return Err(ArgumentError("two names have the same NSEC3 hash: use another salt"));
    }
    Ok(hashes)
}

#[derive(Default)]
struct NamesToHash {
    arena: Vec<u8>,
    /// Start and end in the arena of a name in lower case, and its owner.
    wires: Vec<(usize, usize, u32)>,
}

impl NamesToHash {
    fn push(&mut self, wire: &[u8], owner: u32) {
        let start = self.arena.len();
        self.arena.extend(wire.iter().map(u8::to_ascii_lowercase));
        self.wires.push((start, self.arena.len(), owner));
    }
}

/// RFC 5155 §7.1: every name with data of the zone, every cut (but see `Coverage`), every empty non-terminal.
fn names_to_hash(zone: &Zone, standings: &[Standing], coverage: Coverage) -> NamesToHash {
    let mut names = NamesToHash::default();
    let apex_labels = zone.origin().label_count();
    let mut before: &[u8] = &[];
    for (number, (owner, standing)) in zone.owners().iter().zip(standings).enumerate() {
        let is_unsigned_cut = *standing == Standing::Delegation && !has(zone, owner, t::DS);
        if !has_nsec(*standing) || (is_unsigned_cut && coverage == Coverage::Least) {
            continue;
        }
        let (wire, key) = (zone.octets(owner.name), zone.octets(owner.key));
        if !is_unsigned_cut || coverage == Coverage::Whole {
            names.push(wire, count(number));
        }
        // Canonical order puts a name behind all names above it, so what is above this one and not above, or equal to, the
        // one before has not been met: it has no data.
        let labels = labels_of(key);
        let shared = shared_labels(key, before);
        for depth in (shared.max(apex_labels).saturating_add(1)..labels).rev() {
            names.push(suffix(wire, labels.saturating_sub(depth)), NO_OWNER);
        }
        before = key;
    }
    names
}

fn labels_of(key: &[u8]) -> usize {
    key.iter().filter(|octet| **octet == 0).count()
}

/// How many labels, from the right, two names share, by their sort keys.
fn shared_labels(a: &[u8], b: &[u8]) -> usize {
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).map(|(x, _)| *x);
    same.filter(|octet| *octet == 0).count()
}

/// The name without its first `skip` labels.
fn suffix(wire: &[u8], skip: usize) -> &[u8] {
    let mut rest = wire;
    for _ in 0..skip {
        let Some(behind) = rest.first().and_then(|length| rest.get(usize::from(*length).saturating_add(1)..)) else {
            return rest;
        };
        rest = behind;
    }
    rest
}

/// Rdata of an NSEC3 (RFC 5155 §3.2).
pub(crate) struct Nsec3Fields<'a> {
    pub(crate) salt: &'a [u8],
    pub(crate) iterations: u16,
    pub(crate) opt_out: bool,
}

impl Nsec3Fields<'_> {
    pub(crate) fn push(&self, next: &[u8; HASH_LEN], types: &[u16], out: &mut Vec<u8>) {
        out.extend_from_slice(&[1, u8::from(self.opt_out)]);
        out.extend_from_slice(&self.iterations.to_be_bytes());
        out.push(u8::try_from(self.salt.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(self.salt);
        out.push(u8::try_from(HASH_LEN).unwrap_or(0));
        out.extend_from_slice(next);
        bitmap::push(types, out);
    }
}

/// The types in the bitmap of an NSEC3 (RFC 5155 §7.1): RRSIG only where something at the name is signed.
pub(crate) fn nsec3_types(zone: &Zone, standings: &[Standing], hashed: &Hashed) -> Vec<u16> {
    let mut types = Vec::with_capacity(16);
    let number = hashed.owner();
    let found = number.and_then(|number| zone.owners().get(number).zip(standings.get(number)));
    if let Some((owner, standing)) = found {
        push_types(zone, owner, *standing, &mut types);
        if *standing == Standing::Authoritative || types.contains(&t::DS) {
            types.push(t::RRSIG);
        }
    }
    types.sort_unstable();
    types.dedup();
    types
}
