//! Which names of a zone are its own: zone cuts, what lies below them, what a DNAME hides (RFC 4035 §2.2, RFC 6672 §2.4).

use super::store::{Owner, Zone};
use crate::types as t;

/// How an owner name stands to the zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Its records are the zone's own.
    Authoritative,
    /// A zone cut: NS, and DS if there is one; all else there is the child's, or glue.
    Delegation,
    /// Below a zone cut or a DNAME: glue, or occluded.
    Below,
    /// Nothing but NSEC3 and its signature: the hash of a name (RFC 5155 §3).
    Hash,
    /// Nothing but signatures or an NSEC: no name that exists.
    Nothing,
}

/// The standing of each owner, in their order.
pub(crate) fn standings(zone: &Zone) -> Vec<Standing> {
    let mut found = Vec::with_capacity(zone.owners().len());
    // Canonical order puts all that is below a name right behind it: one cut at a time is enough.
    let mut cover: Option<&[u8]> = None;
    for (number, owner) in zone.owners().iter().enumerate() {
        let key = zone.octets(owner.key);
        if cover.is_some_and(|above| !key.starts_with(above)) {
            cover = None;
        }
        let standing = if cover.is_some() { below(zone, owner) } else { on_top(zone, owner, number == 0) };
        if standing == Standing::Delegation || (standing == Standing::Authoritative && has(zone, owner, t::DNAME)) {
            cover = Some(key);
        }
        found.push(standing);
    }
    found
}

fn below(zone: &Zone, owner: &Owner) -> Standing {
    // The hash of a name stands right below the apex; an apex DNAME hides everything else.
    match bare(zone, owner) {
        Some(standing) => standing,
        None => Standing::Below,
    }
}

fn on_top(zone: &Zone, owner: &Owner, is_apex: bool) -> Standing {
    match bare(zone, owner) {
        Some(standing) => standing,
        None if !is_apex && has(zone, owner, t::NS) => Standing::Delegation,
        None => Standing::Authoritative,
    }
}

/// The standing of an owner without data of its own.
fn bare(zone: &Zone, owner: &Owner) -> Option<Standing> {
    let mut has_hash = false;
    for set in zone.sets(owner) {
        match set.rdtype {
            t::NSEC3 => has_hash = true,
            t::RRSIG | t::NSEC => {}
            _ => return None,
        }
    }
    Some(if has_hash { Standing::Hash } else { Standing::Nothing })
}

pub(crate) fn has(zone: &Zone, owner: &Owner, rdtype: u16) -> bool {
    zone.sets(owner).iter().any(|set| set.rdtype == rdtype)
}

/// Whether an RRset is one that a signer signs (RFC 4035 §2.2): not the NS of a zone cut, not glue, not signatures.
pub(crate) fn is_signed_type(standing: Standing, rdtype: u16) -> bool {
    // RFC 5155 §7.1, §7.2.8: whatever else has come to stand at the hash of a name, the NSEC3 there is signed.
    if rdtype == t::NSEC3 {
        return true;
    }
    match standing {
        Standing::Authoritative => rdtype != t::RRSIG,
        Standing::Delegation => matches!(rdtype, t::DS | t::NSEC),
        Standing::Hash | Standing::Below | Standing::Nothing => false,
    }
}

/// The types in the bitmap of an owner's denial record, in order, without those that the record itself brings.
pub(crate) fn push_types(zone: &Zone, owner: &Owner, standing: Standing, types: &mut Vec<u16>) {
    let own = zone.sets(owner).iter().map(|set| set.rdtype);
    types.extend(own.filter(|rdtype| match standing {
        Standing::Authoritative => !matches!(*rdtype, t::RRSIG | t::NSEC | t::NSEC3),
        // RFC 4035 §2.3: at a zone cut only what the parent is authoritative for, and NS.
        Standing::Delegation => matches!(*rdtype, t::NS | t::DS),
        _ => false,
    }));
}
