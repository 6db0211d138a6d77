//! The denial chain of a zone, held against what it should be: NSEC (RFC 4034 §4), NSEC3 (RFC 5155 §7.1).

use super::check::{Problem, ProblemCode as Code};
use super::denial::{has_nsec, hashed_names, nsec3_types, nsec_successors, push_nsec, Coverage, Hashed, HASH_LEN};
use super::layout::{has, Standing};
use super::store::{Owner, Zone};
use crate::base32;
use crate::bitmap;
use crate::name::{push_text, wire_length};
use crate::types as t;

type Hash = [u8; HASH_LEN];

/// The chains of a zone. A zone that changes from one mechanism or set of parameters to another has several.
pub(crate) struct DenialCheck {
    pub(crate) has_nsec: bool,
    successors: Vec<u32>,
    chains: Vec<Chain>,
}

/// An NSEC3 chain of one set of parameters.
struct Chain {
    salt: Vec<u8>,
    iterations: u16,
    /// Names that must have an NSEC3.
    required: Vec<Hashed>,
    /// Names that may: delegations without DS, and what exists for their sake only (RFC 5155 §7.1).
    all: Vec<Hashed>,
    /// The records that are there, in the order of their hashes.
    present: Vec<Present>,
}

struct Present {
    hash: Hash,
    next: Hash,
    opt_out: bool,
    types: Vec<u16>,
}

impl DenialCheck {
    pub(crate) fn of(zone: &Zone, standings: &[Standing], threads: usize) -> DenialCheck {
        let apex = zone.apex();
        let has_chain = apex.is_some_and(|apex| has(zone, apex, t::NSEC));
        let has_records = has_chain || zone.owners().iter().any(|owner| has(zone, owner, t::NSEC));
        DenialCheck {
            has_nsec: has_records,
            successors: if has_records { nsec_successors(standings) } else { Vec::new() },
            chains: chains(zone, standings, threads),
        }
    }

    pub(crate) fn parameters(&self) -> Vec<(Vec<u8>, u16, bool)> {
        let opt_out = |chain: &Chain| chain.present.iter().any(|record| record.opt_out);
        self.chains.iter().map(|chain| (chain.salt.clone(), chain.iterations, opt_out(chain))).collect()
    }

    pub(crate) fn wants_nsec(&self, zone: &Zone, owner: &Owner) -> bool {
        self.has_nsec && !has(zone, owner, t::NSEC)
    }

    /// Check the denial records at one owner.
    pub(crate) fn check(&self, zone: &Zone, standings: &[Standing], number: usize, found: &mut Vec<Problem>) {
        let Some((owner, standing)) = zone.owners().get(number).zip(standings.get(number)) else { return };
        let wire = zone.octets(owner.name);
        if let Some(set) = zone.set(owner, t::NSEC, 0) {
            if !has_nsec(*standing) {
                found.push(Problem::at(Code::NsecUnexpected, wire, t::NSEC));
            } else {
                let next = self.successors.get(number).copied().unwrap_or(0);
                let mut expected = Vec::new();
                push_nsec(zone, number, next, *standing, &mut expected);
                for rdata in zone.rdatas(set) {
                    compare_nsec(wire, rdata, &expected, found);
                }
            }
        }
        if has(zone, owner, t::NSEC3) {
            self.check_nsec3(zone, standings, number, wire, found);
        }
    }

    fn check_nsec3(&self, zone: &Zone, standings: &[Standing], number: usize, wire: &[u8], found: &mut Vec<Problem>) {
        let mut is_known = false;
        let hash = hash_of(zone, number);
        for chain in &self.chains {
            let at = hash.and_then(|hash| chain.present.binary_search_by_key(&hash, |record| record.hash).ok());
            if let Some(at) = at {
                is_known = true;
                chain.check_record(zone, standings, at, wire, found);
            }
        }
        if !is_known {
            let detail = "of other parameters than NSEC3PARAM says".to_owned();
            found.push(Problem { detail, ..Problem::at(Code::Nsec3Unexpected, wire, t::NSEC3) });
        }
    }

    /// What is not there at all.
    pub(crate) fn gaps(&self, zone: &Zone) -> Vec<Problem> {
        let mut found = Vec::new();
        if !self.has_nsec && self.chains.is_empty() {
            found.push(Problem::at(Code::DenialMissing, zone.origin().wire(), 0));
        }
        for chain in &self.chains {
            chain.gaps(zone, &mut found);
        }
        found
    }
}

fn compare_nsec(wire: &[u8], rdata: &[u8], expected: &[u8], found: &mut Vec<Problem>) {
    let split = |octets: &[u8]| wire_length(octets).unwrap_or(0);
    let (actual_name, actual_types) = rdata.split_at_checked(split(rdata)).unwrap_or((rdata, &[]));
    let (name, types) = expected.split_at_checked(split(expected)).unwrap_or((expected, &[]));
    if !actual_name.eq_ignore_ascii_case(name) {
        let detail = format!("{} instead of {}", text_of(actual_name), text_of(name));
        found.push(Problem { detail, ..Problem::at(Code::NsecNextWrong, wire, t::NSEC) });
    }
    if actual_types != types {
        let detail = difference(&bitmap::types(actual_types), &bitmap::types(types));
        found.push(Problem { detail, ..Problem::at(Code::NsecTypesWrong, wire, t::NSEC) });
    }
}

fn text_of(name: &[u8]) -> String {
    let mut text = Vec::new();
    push_text(name, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Which types are too many, and which are missing.
fn difference(actual: &[u16], expected: &[u16]) -> String {
    let joined = |types: Vec<&u16>| types.iter().map(|rdtype| t::to_text(**rdtype)).collect::<Vec<_>>().join(" ");
    let missing: Vec<_> = expected.iter().filter(|rdtype| !actual.contains(rdtype)).collect();
    let extra: Vec<_> = actual.iter().filter(|rdtype| !expected.contains(rdtype)).collect();
    match (missing.is_empty(), extra.is_empty()) {
        (false, true) => format!("without {}", joined(missing)),
        (true, false) => format!("with {}", joined(extra)),
        (false, false) => format!("without {} and with {}", joined(missing), joined(extra)),
        (true, true) => "not in the canonical form of a bitmap".to_owned(),
    }
}

/// The hash that an owner name stands for: one label below the apex.
fn hash_of(zone: &Zone, number: usize) -> Option<Hash> {
    let owner = zone.owners().get(number)?;
    let wire = zone.octets(owner.name);
    let (length, rest) = wire.split_first()?;
    let (label, behind) = rest.split_at_checked(usize::from(*length))?;
    if !behind.eq_ignore_ascii_case(zone.origin().wire()) {
        return None;
    }
    base32::decode(label)?.try_into().ok()
}

fn chains(zone: &Zone, standings: &[Standing], threads: usize) -> Vec<Chain> {
    let set = zone.apex().and_then(|apex| zone.set(apex, t::NSEC3PARAM, 0));
    let mut found: Vec<Chain> = Vec::new();
    for rdata in set.into_iter().flat_map(|set| zone.rdatas(set)) {
        // RFC 5155 §4.1.2: flags other than 0 mean that the chain is not complete, and the record is to be ignored.
        let [1, 0, i0, i1, _, salt @ ..] = rdata else { continue };
        let iterations = u16::from_be_bytes([*i0, *i1]);
        let hashed = |coverage| hashed_names(zone, standings, salt, iterations, coverage, threads).unwrap_or_default();
        let present = present(zone, salt, iterations);
        found.push(Chain {
            salt: salt.to_vec(),
            iterations,
            required: hashed(Coverage::Least),
            all: hashed(Coverage::Whole),
            present,
        });
    }
    found
}

fn present(zone: &Zone, salt: &[u8], iterations: u16) -> Vec<Present> {
    let mut found = Vec::new();
    for (number, owner) in zone.owners().iter().enumerate() {
        let Some(set) = zone.set(owner, t::NSEC3, 0) else { continue };
        let Some(hash) = hash_of(zone, number) else { continue };
        for rdata in zone.rdatas(set) {
            found.extend(read_nsec3(rdata, hash, salt, iterations));
        }
    }
    found.sort_unstable_by_key(|record| record.hash);
    found
}

fn read_nsec3(rdata: &[u8], hash: Hash, salt: &[u8], iterations: u16) -> Option<Present> {
    let [1, flags, i0, i1, length, rest @ ..] = rdata else { return None };
    let (its_salt, rest) = rest.split_at_checked(usize::from(*length))?;
    let (hash_length, rest) = rest.split_first()?;
    let (next, types) = rest.split_first_chunk()?;
    // RFC 5155 §8.2: with flags other than opt-out it MUST be ignored; so is a hash that is none of SHA-1.
    if *flags > 1 || usize::from(*hash_length) != HASH_LEN {
        return None;
    }
    let is_of_chain = its_salt == salt && u16::from_be_bytes([*i0, *i1]) == iterations;
    is_of_chain.then(|| Present { hash, next: *next, opt_out: flags & 1 == 1, types: bitmap::types(types) })
}

impl Chain {
    fn check_record(&self, zone: &Zone, standings: &[Standing], at: usize, wire: &[u8], found: &mut Vec<Problem>) {
        let Some(record) = self.present.get(at) else { return };
        // RFC 5155 §3.1.7: the last one leads back to the first.
        let next = self.present.get(at.saturating_add(1)).or(self.present.first());
        if let Some(next) = next.filter(|next| next.hash != record.next) {
            let detail = format!("{} instead of {}", base32::encode(&record.next), base32::encode(&next.hash));
            found.push(Problem { detail, ..Problem::at(Code::Nsec3NextWrong, wire, t::NSEC3) });
        }
        let Ok(number) = self.all.binary_search_by_key(&record.hash, |hashed| hashed.hash) else {
            let detail = "no name has this hash".to_owned();
            found.push(Problem { detail, ..Problem::at(Code::Nsec3Unexpected, wire, t::NSEC3) });
            return;
        };
        let expected = self.all.get(number).map(|hashed| nsec3_types(zone, standings, hashed)).unwrap_or_default();
        if record.types != expected {
            let detail = difference(&record.types, &expected);
            found.push(Problem { detail, ..Problem::at(Code::Nsec3TypesWrong, wire, t::NSEC3) });
        }
    }

    fn gaps(&self, zone: &Zone, found: &mut Vec<Problem>) {
        for hashed in &self.all {
            if self.present.binary_search_by_key(&hashed.hash, |record| record.hash).is_ok() {
                continue;
            }
            let is_required = self.required.binary_search_by_key(&hashed.hash, |other| other.hash).is_ok();
            let wire = hashed.owner().and_then(|number| zone.owners().get(number)).map(|owner| zone.octets(owner.name));
            let wire = wire.unwrap_or(zone.origin().wire());
            let detail = format!("for the hash {}", base32::encode(&hashed.hash));
            if is_required {
                found.push(Problem { detail, ..Problem::at(Code::Nsec3Missing, wire, t::NSEC3) });
            } else if !self.covering(&hashed.hash).is_some_and(|record| record.opt_out) {
                found.push(Problem { detail, ..Problem::at(Code::Nsec3OptOutMissing, wire, t::NSEC3) });
            }
        }
    }

    /// The record whose span a hash falls into.
    fn covering(&self, hash: &Hash) -> Option<&Present> {
        let before = self.present.partition_point(|record| record.hash < *hash);
        match before.checked_sub(1) {
            Some(at) => self.present.get(at),
            None => self.present.last(),
        }
    }
}
