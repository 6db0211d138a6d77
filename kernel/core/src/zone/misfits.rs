//! Records that must not stand where they do, whether they are signed or not: no server can answer with them.

use super::check::{Problem, ProblemCode as Code};
use super::store::{Set, Zone};
use crate::types as t;

/// All of them in a zone.
pub fn misfits(zone: &Zone) -> Vec<Problem> {
    let mut found = Vec::new();
    for (number, owner) in zone.owners().iter().enumerate() {
        push_misfits(zone.octets(owner.name), zone.sets(owner), number == 0, &mut found);
    }
    found
}

/// Those at one owner.
pub(crate) fn push_misfits(wire: &[u8], sets: &[Set], is_apex: bool, found: &mut Vec<Problem>) {
    // RFC 1034 §3.6.2, RFC 4035 §2.5: a name with a CNAME has nothing else but what denies and signs it.
    let beside = |set: &Set| !matches!(set.rdtype, t::CNAME | t::RRSIG | t::NSEC | t::NSEC3);
    if sets.iter().any(|set| set.rdtype == t::CNAME) && sets.iter().any(beside) {
        found.push(Problem::at(Code::CnameAndOther, wire, t::CNAME));
    }
    for set in sets {
        match set.rdtype {
            // RFC 2181 §10.1, RFC 6672 §2.4: there is only one.
            t::CNAME | t::DNAME if set.len() > 1 => found.push(Problem::at(Code::SeveralAliases, wire, set.rdtype)),
            // RFC 1035 §5.2: exactly one SOA at the top of the zone.
            t::SOA if set.len() > 1 => found.push(Problem::at(Code::SeveralSoas, wire, t::SOA)),
            // RFC 4035 §2.4: DS RRsets MUST NOT appear at a zone's apex.
            t::DS if is_apex => found.push(Problem::at(Code::DsAtApex, wire, t::DS)),
            _ => {}
        }
    }
}
