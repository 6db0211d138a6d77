//! Digests of DS records and NSEC3 owner names.

use std::borrow::Borrow;

use aws_lc_rs::digest::{digest, Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384};

use crate::name::{Name, MAX_NAME};
use crate::parallel;
use crate::typed::Dnskey;

/// Octets of a SHA-1 digest.
const SHA1_LEN: usize = 20;
/// Rounds of hashing that cost a thread's while, at a quarter of a microsecond each.
const WORTHWHILE_ROUNDS: usize = 800;

/// RFC 4034 §5.1.4 with digest types 1, 2 (RFC 4509) and 4 (RFC 6605); None when the type is another.
pub fn ds_digest(owner: &Name, dnskey: &Dnskey, digest_type: u8) -> Option<Vec<u8>> {
    let algorithm: &'static Algorithm = match digest_type {
        1 => &SHA1_FOR_LEGACY_USE_ONLY,
        2 => &SHA256,
        4 => &SHA384,
        _ => return None,
    };
    let mut data = owner.canonical_wire();
    data.extend_from_slice(&dnskey.rdata);
    Some(digest(algorithm, &data).as_ref().to_vec())
}

/// RFC 5155 §5: SHA-1 of the canonical name and the salt, then `iterations` more rounds over digest and salt.
pub fn nsec3_hash(name: &Name, salt: &[u8], iterations: u16) -> [u8; SHA1_LEN] {
    // On the stack: hashing a name takes less time than an allocation and its release.
    let mut lowered = [0; MAX_NAME];
    for (to, from) in lowered.iter_mut().zip(name.wire()) {
        *to = from.to_ascii_lowercase();
    }
    nsec3_hash_wire(lowered.get(..name.wire().len()).unwrap_or(&[]), salt, iterations)
}

/// The same for a name in lower-cased wire format.
pub(crate) fn nsec3_hash_wire(name: &[u8], salt: &[u8], iterations: u16) -> [u8; SHA1_LEN] {
    if salt.is_empty() && iterations == 0 {
        return sha1(name);
    }
    let mut data = name.to_vec();
    data.extend_from_slice(salt);
    let mut hash = sha1(&data);
    data.clear();
    data.extend_from_slice(&hash);
    data.extend_from_slice(salt);
    for _ in 0..iterations {
        if let Some(head) = data.get_mut(..SHA1_LEN) {
            head.copy_from_slice(&hash);
        }
        hash = sha1(&data);
    }
    hash
}

fn sha1(data: &[u8]) -> [u8; SHA1_LEN] {
    let mut out = [0; SHA1_LEN];
    for (to, from) in out.iter_mut().zip(digest(&SHA1_FOR_LEGACY_USE_ONLY, data).as_ref()) {
        *to = *from;
    }
    out
}

/// Hashes in the order of the names; `threads` 0 stands for all cores.
pub fn nsec3_hash_many<N: Borrow<Name> + Sync>(
    names: &[N],
    salt: &[u8],
    iterations: u16,
    threads: usize,
) -> Vec<[u8; SHA1_LEN]> {
    let rounds = usize::from(iterations).saturating_add(1);
    let worthwhile = WORTHWHILE_ROUNDS.div_ceil(rounds);
    let threads = parallel::thread_count(threads, names.len(), worthwhile);
    parallel::map(names, threads, |name| nsec3_hash(name.borrow(), salt, iterations))
}
