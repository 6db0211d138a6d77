//! The digest of a zone (RFC 8976 §3.3).

use aws_lc_rs::digest::{Context, SHA384, SHA512};

use super::render::push_canonical_record;
use super::store::Zone;
use crate::types as t;

/// A digest of that number (RFC 8976 §5.3: 1 SHA-384, 2 SHA-512); None for others.
pub(crate) fn context(number: u8) -> Option<Context> {
    match number {
        1 => Some(Context::new(&SHA384)),
        2 => Some(Context::new(&SHA512)),
        _ => None,
    }
}

/// Append all records of an owner (type, TTL, rdata) in canonical order: by type, then by rdata (RFC 8976 §3.3.1).
pub(crate) fn push_owner(name: &[u8], records: &mut [(u16, u32, &[u8])], out: &mut Vec<u8>) {
    let canonical = |record: &(u16, u32, &[u8])| {
        let mut octets = Vec::new();
        crate::rdata::push_canonical(record.0, 1, record.2, &mut octets);
        octets
    };
    records.sort_by_cached_key(|record| (record.0, canonical(record)));
    for (rdtype, ttl, octets) in records.iter() {
        push_canonical_record(name, *rdtype, *ttl, octets, out);
    }
}

/// The digest of a whole zone; None for a hash that is not known.
pub fn zone_digest(zone: &Zone, number: u8) -> Option<Vec<u8>> {
    let mut context = context(number)?;
    let mut wire = Vec::new();
    for (place, owner) in zone.owners().iter().enumerate() {
        let mut records: Vec<(u16, u32, &[u8])> = Vec::new();
        for set in zone.sets(owner).iter().filter(|set| place > 0 || !is_left_out(set.rdtype, set.covers)) {
            records.extend(zone.rdatas(set).map(|rdata| (set.rdtype, set.ttl, rdata)));
        }
        wire.clear();
        push_owner(&zone.octets(owner.name).to_ascii_lowercase(), &mut records, &mut wire);
        context.update(&wire);
    }
    Some(context.finish().as_ref().to_vec())
}

/// Whether a record at the apex is left out of the digest (RFC 8976 §3.3.1): ZONEMD itself, and signatures over it.
fn is_left_out(rdtype: u16, covers: u16) -> bool {
    rdtype == t::ZONEMD || (rdtype == t::RRSIG && covers == t::ZONEMD)
}
