//! What a check of a whole zone finds, and what it takes along.

use std::fmt;

use super::store::{Owner, Set, Zone};
use crate::crypto::{Outcome, PublicKey};
use crate::types as t;

/// RFC 4034 §2.1.1: the Zone Key bit.
const ZONE_KEY: u16 = 0x0100;
/// RFC 5011 §7: the REVOKE bit.
const REVOKE: u16 = 0x0080;

macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident $text:literal),* $(,)?) => {
        /// What can be wrong with a zone; the text never changes its meaning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode { $($(#[$doc])* $name),* }

        impl fmt::Display for ProblemCode {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$name => $text),* })
            }
        }
    };
}

problems! {
    /// The key could have made the signature, and did not.
    SignatureBad "signature_bad",
    /// RFC 4035 §5.3.1.
    SignatureExpired "signature_expired",
    /// RFC 4035 §5.3.1.
    SignatureNotYetValid "signature_not_yet_valid",
    /// RFC 4034 §3.1.5.
    SignatureExpiredBeforeInception "signature_expired_before_inception",
    /// RFC 4035 §5.3.1: the signer is the zone.
    SignerNotZone "signer_not_zone",
    /// RFC 4035 §2.2: Labels is the number of labels of the owner.
    SignatureLabels "signature_labels",
    /// RFC 4035 §2.2: the original TTL is that of the RRset.
    SignatureTtl "signature_ttl",
    /// RFC 4034 §3: the TTL of the RRSIG is that of the RRset.
    RrsigTtl "rrsig_ttl",
    /// No published key has its tag and algorithm.
    SignatureKeyMissing "signature_key_missing",
    /// The key is revoked, or no zone key.
    SignatureKeyUnusable "signature_key_unusable",
    /// The public key does not parse.
    SignatureKeyMalformed "signature_key_malformed",
    /// RFC 4035 §2.2: each RRset is signed by each algorithm of the DNSKEY RRset.
    SignatureMissing "signature_missing",
    /// It covers an RRset that is not there.
    SignatureWithoutRrset "signature_without_rrset",
    /// RFC 4035 §2.2: glue and the NS of a zone cut are not signed.
    SignatureUnexpected "signature_unexpected",
    /// No NSEC at a name that has data.
    NsecMissing "nsec_missing",
    /// An NSEC at a name that should have none.
    NsecUnexpected "nsec_unexpected",
    /// The next name is another.
    NsecNextWrong "nsec_next_wrong",
    /// The types are others.
    NsecTypesWrong "nsec_types_wrong",
    /// RFC 9077 §3.
    DenialTtl "denial_ttl",
    /// No NSEC3 for a name that exists.
    Nsec3Missing "nsec3_missing",
    /// An NSEC3 for a name that does not exist.
    Nsec3Unexpected "nsec3_unexpected",
    /// The next hash is another.
    Nsec3NextWrong "nsec3_next_wrong",
    /// The types are others.
    Nsec3TypesWrong "nsec3_types_wrong",
    /// A delegation is left out of a span that is not opt-out (RFC 5155 §6).
    Nsec3OptOutMissing "nsec3_opt_out_missing",
    /// Neither NSEC nor NSEC3PARAM.
    DenialMissing "denial_missing",
    /// RFC 1034 §3.6.2.
    CnameAndOther "cname_and_other",
    /// RFC 2181 §10.1, RFC 6672 §2.4: there is only one.
    SeveralAliases "several_aliases",
    /// RFC 1035 §5.2: there is exactly one.
    SeveralSoas "several_soas",
    /// RFC 4035 §2.4: it belongs to the parent.
    DsAtApex "ds_at_apex",
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What.
    pub code: ProblemCode,
    /// At which name: wire format.
    pub owner: Vec<u8>,
    /// Of which type; 0 where it is about the name.
    pub rdtype: u16,
    /// Key tag of the signature; 0 where there is none.
    pub key_tag: u16,
    /// Algorithm of the signature, or the one that is missing; 0 where there is none.
    pub algorithm: u8,
    /// Validators accept the RRset all the same: another signature of this algorithm is good.
    pub is_harmless: bool,
    /// A moment of the signature (seconds modulo 2**32), where the code is about one.
    pub time: u32,
    /// What is there, or should be, in words.
    pub detail: String,
}

impl Problem {
    pub(crate) fn at(code: ProblemCode, owner: &[u8], rdtype: u16) -> Problem {
        Problem {
            code,
            owner: owner.to_vec(),
            rdtype,
            key_tag: 0,
            algorithm: 0,
            is_harmless: false,
            time: 0,
            detail: String::new(),
        }
    }
}

/// A signature that the library can't verify: its algorithm, or the size of its key.
#[derive(Clone, Debug)]
pub struct Unverified {
    /// Owner name: wire format.
    pub owner: Vec<u8>,
    /// Type covered.
    pub rdtype: u16,
    /// RRSIG rdata.
    pub rrsig: Vec<u8>,
    /// DNSKEY rdata.
    pub dnskey: Vec<u8>,
}

/// A published key.
pub(crate) struct Key {
    pub(crate) rdata: Vec<u8>,
    pub(crate) algorithm: u8,
    pub(crate) tag: u16,
    pub(crate) is_usable: bool,
    pub(crate) public: Result<PublicKey, Outcome>,
}

/// The DNSKEY rdatas that the zone publishes.
pub(crate) fn dnskeys(zone: &Zone) -> Vec<&[u8]> {
    let set = zone.apex().and_then(|apex| zone.set(apex, t::DNSKEY, 0));
    set.into_iter().flat_map(|set| zone.rdatas(set)).collect()
}

/// Whether a key is the only one of these with its algorithm and tag: a signature names no more than those (RFC 4034 §8).
pub(crate) fn is_sole_maker(dnskeys: &[&[u8]], algorithm: u8, tag: u16, rdata: &[u8]) -> bool {
    let names = |other: &&&[u8]| other.get(3) == Some(&algorithm) && crate::typed::key_tag(algorithm, other) == tag;
    dnskeys.iter().filter(names).all(|other| *other == rdata) && dnskeys.contains(&rdata)
}

/// The keys that the zone publishes.
pub(crate) fn published(zone: &Zone) -> Vec<Key> {
    dnskeys(zone).into_iter().filter_map(key).collect()
}

fn key(rdata: &[u8]) -> Option<Key> {
    let [f0, f1, protocol, algorithm, public @ ..] = rdata else { return None };
    let flags = u16::from_be_bytes([*f0, *f1]);
    Some(Key {
        rdata: rdata.to_vec(),
        algorithm: *algorithm,
        tag: crate::typed::key_tag(*algorithm, rdata),
        is_usable: flags & ZONE_KEY != 0 && flags & REVOKE == 0 && *protocol == 3,
        public: PublicKey::parse(*algorithm, public),
    })
}

/// The fields of RRSIG rdata (RFC 4034 §3.1); None when it is too short.
pub(crate) struct RrsigFields<'a> {
    pub(crate) algorithm: u8,
    pub(crate) labels: u8,
    pub(crate) original_ttl: u32,
    pub(crate) expiration: u32,
    pub(crate) inception: u32,
    pub(crate) key_tag: u16,
    pub(crate) fixed: &'a [u8],
    pub(crate) signer: &'a [u8],
    pub(crate) signature: &'a [u8],
}

impl<'a> RrsigFields<'a> {
    pub(crate) fn parse(rdata: &'a [u8]) -> Option<RrsigFields<'a>> {
        let (fixed, behind) = rdata.split_at_checked(18)?;
        let [_, _, algorithm, labels, rest @ ..] = fixed else { return None };
        let word = |at: usize| rest.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_be_bytes);
        let key_tag = fixed.last_chunk().map(|octets| u16::from_be_bytes(*octets))?;
        let length = crate::name::wire_length(behind)?;
        let (signer, signature) = behind.split_at_checked(length)?;
        Some(RrsigFields {
            algorithm: *algorithm,
            labels: *labels,
            original_ttl: word(0)?,
            expiration: word(4)?,
            inception: word(8)?,
            key_tag,
            fixed,
            signer,
            signature,
        })
    }
}

/// The zone as it was, whose signatures need not be verified again where nothing changed.
pub(crate) struct Earlier<'a> {
    pub(crate) zone: &'a Zone,
    keys: Vec<&'a [u8]>,
}

impl<'a> Earlier<'a> {
    pub(crate) fn of(zone: &'a Zone) -> Earlier<'a> {
        Earlier { zone, keys: dnskeys(zone) }
    }

    /// Whether that very signature, by that very key, stood over that very RRset.
    pub(crate) fn has(&self, owner: &Owner, rdtype: u16, rrsig: &[u8], key: &Key) -> bool {
        let set: Option<&Set> = self.zone.set(owner, t::RRSIG, rdtype);
        set.is_some_and(|set| self.zone.rdatas(set).any(|other| other == rrsig))
            && is_sole_maker(&self.keys, key.algorithm, key.tag, &key.rdata)
    }
}
