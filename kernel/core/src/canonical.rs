//! What signatures are over (RFC 4034 §3.1.8.1), and records as RFC 9102 chains hold them.

use crate::error::ArgumentError;
use crate::name::Name;
use crate::rrset::RRset;
use crate::typed::Rrsig;

/// RRSIG rdata without the signature, then every record in canonical form and order (RFC 4034 §3.1.8.1).
pub fn signed_data(rrset: &RRset, rrsig: &Rrsig) -> Result<Vec<u8>, ArgumentError> {
    let owner = signed_owner(rrset.owner(), rrsig.labels)?;
    Ok(build(rrset, rrsig.fixed_part(), &rrsig.signer, rrsig.original_ttl, &owner))
}

/// The owner name that was signed (RFC 4035 §5.3.2): the wildcard when Labels says that the name came from one.
fn signed_owner(owner: &Name, labels: u8) -> Result<Vec<u8>, ArgumentError> {
    let own = owner.rrsig_labels();
    // RFC 4035 §5.3.1: the owner has at least as many labels as the Labels field says.
    if labels > own {
        return Err(ArgumentError("the Labels field exceeds the labels of the owner name"));
    }
    if labels == own {
        return Ok(owner.canonical_wire());
    }
    let closest = owner.ancestor(usize::from(labels)).unwrap_or_else(Name::root);
    let mut wildcard = vec![1, b'*'];
    wildcard.extend(closest.canonical_wire());
    Ok(wildcard)
}

/// `fixed` is the RRSIG rdata before the signer's name.
pub(crate) fn build(rrset: &RRset, fixed: &[u8], signer: &Name, original_ttl: u32, owner: &[u8]) -> Vec<u8> {
    let records = rrset.canonical_rdatas();
    let each = owner.len().saturating_add(10);
    let total = records.iter().fold(0usize, |sum, octets| sum.saturating_add(each).saturating_add(octets.len()));
    let mut data = Vec::with_capacity(total.saturating_add(fixed.len()).saturating_add(signer.wire().len()));
    data.extend_from_slice(fixed);
    data.extend(signer.wire().iter().map(u8::to_ascii_lowercase));
    for octets in records {
        push_record(&mut data, owner, rrset, original_ttl, octets);
    }
    data
}

fn push_record(out: &mut Vec<u8>, owner: &[u8], rrset: &RRset, ttl: u32, rdata: &[u8]) {
    out.extend_from_slice(owner);
    out.extend_from_slice(&rrset.rdtype().to_be_bytes());
    out.extend_from_slice(&rrset.rdclass().to_be_bytes());
    out.extend_from_slice(&ttl.to_be_bytes());
    // Rdata is at most 65535 octets long: it was checked when the RRset was made.
    out.extend_from_slice(&u16::try_from(rdata.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(rdata);
}

/// The records of an RRset one after another, uncompressed, in the order they came (RFC 9102 §3).
pub fn record_wire(rrset: &RRset) -> Vec<u8> {
    let mut out = Vec::new();
    for octets in rrset.rdatas() {
        push_record(&mut out, rrset.owner().wire(), rrset, rrset.ttl(), octets);
    }
    out
}
