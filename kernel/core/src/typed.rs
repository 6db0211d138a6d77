//! Typed views of DNSSEC rdata (RFC 4034, RFC 5155).

use std::sync::{Arc, OnceLock};

use crate::bitmap;
use crate::crypto::{Outcome, PublicKey};
use crate::error::WireError;
use crate::name::Name;
use crate::reader::Reader;
use crate::Octets;

/// RSA/MD5, whose key tag is computed differently (RFC 4034 App. B.1).
const RSAMD5: u8 = 1;

/// RFC 4034 §2.
pub struct Dnskey {
    /// Flags field.
    pub flags: u16,
    /// Protocol field, 3 in every valid key.
    pub protocol: u8,
    /// Algorithm number.
    pub algorithm: u8,
    /// Key tag (RFC 4034 App. B).
    pub key_tag: u16,
    /// All of the rdata.
    pub rdata: Octets,
    parsed: OnceLock<Result<PublicKey, Outcome>>,
}

impl Dnskey {
    pub(crate) fn parse(rdata: &Octets) -> Result<Arc<Self>, WireError> {
        let mut reader = Reader::new(rdata);
        let (flags, protocol, algorithm) = (reader.u16()?, reader.u8()?, reader.u8()?);
        let key_tag = key_tag(algorithm, rdata);
        Ok(Arc::new(Self { flags, protocol, algorithm, key_tag, rdata: rdata.clone(), parsed: OnceLock::new() }))
    }

    /// The public key field.
    pub fn public_key(&self) -> &[u8] {
        self.rdata.get(4..).unwrap_or(&[])
    }

    /// The key, parsed once; or why it cannot be used.
    pub(crate) fn parsed(&self) -> &Result<PublicKey, Outcome> {
        self.parsed.get_or_init(|| PublicKey::parse(self.algorithm, self.public_key()))
    }
}

/// RFC 4034 App. B, and B.1 for algorithm 1.
pub(crate) fn key_tag(algorithm: u8, rdata: &[u8]) -> u16 {
    if algorithm == RSAMD5 {
        // RFC 4034 App. B.1: the most significant 16 of the least significant 24 bits of the modulus, which ends the rdata.
        let key = rdata.get(4..).unwrap_or(&[]);
        return match key {
            [.., high, low, _] => u16::from_be_bytes([*high, *low]),
            _ => 0,
        };
    }
    let mut sum = 0u32;
    for pair in rdata.chunks(2) {
        let word = match pair {
            [high, low] => u16::from_be_bytes([*high, *low]),
            [high] => u16::from_be_bytes([*high, 0]),
            _ => 0,
        };
        // At most 32768 words below 2**16: the sum stays below 2**31.
        sum = sum.wrapping_add(u32::from(word));
    }
    let folded = sum.wrapping_add(sum >> 16) & 0xFFFF;
    u16::try_from(folded).unwrap_or(0)
}

/// RFC 4034 §5, also CDS.
pub struct Ds {
    /// Tag of the key referred to.
    pub key_tag: u16,
    /// Algorithm of that key.
    pub algorithm: u8,
    /// Digest type.
    pub digest_type: u8,
    /// All of the rdata.
    pub rdata: Octets,
}

impl Ds {
    pub(crate) fn parse(rdata: &Octets) -> Result<Arc<Self>, WireError> {
        let mut reader = Reader::new(rdata);
        let (key_tag, algorithm, digest_type) = (reader.u16()?, reader.u8()?, reader.u8()?);
        Ok(Arc::new(Self { key_tag, algorithm, digest_type, rdata: rdata.clone() }))
    }

    /// The digest field.
    pub fn digest(&self) -> &[u8] {
        self.rdata.get(4..).unwrap_or(&[])
    }
}

/// RFC 4034 §3.
pub struct Rrsig {
    /// Type Covered field.
    pub type_covered: u16,
    /// Algorithm number.
    pub algorithm: u8,
    /// Labels field.
    pub labels: u8,
    /// Original TTL field, seconds.
    pub original_ttl: u32,
    /// End of validity, seconds modulo 2**32.
    pub expiration: u32,
    /// Start of validity, seconds modulo 2**32.
    pub inception: u32,
    /// Tag of the key that made it.
    pub key_tag: u16,
    /// The signer's name, case kept.
    pub signer: Name,
    /// All of the rdata.
    pub rdata: Octets,
    signature_at: usize,
}

impl Rrsig {
    pub(crate) fn parse(rdata: &Octets) -> Result<Arc<Self>, WireError> {
        let mut reader = Reader::new(rdata);
        Ok(Arc::new(Self {
            type_covered: reader.u16()?,
            algorithm: reader.u8()?,
            labels: reader.u8()?,
            original_ttl: reader.u32()?,
            expiration: reader.u32()?,
            inception: reader.u32()?,
            key_tag: reader.u16()?,
            signer: Name::read(&mut reader, false)?,
            rdata: rdata.clone(),
            signature_at: reader.pos(),
        }))
    }

    /// The signature field.
    pub fn signature(&self) -> &[u8] {
        self.rdata.get(self.signature_at..).unwrap_or(&[])
    }

    /// The eighteen octets before the signer's name.
    pub(crate) fn fixed_part(&self) -> &[u8] {
        self.rdata.get(..18).unwrap_or(&[])
    }
}

/// RFC 4034 §4.
pub struct Nsec {
    /// Next owner name in the zone.
    pub next_name: Name,
    rdata: Octets,
    bitmap_at: usize,
}

impl Nsec {
    pub(crate) fn parse(rdata: &Octets) -> Result<Arc<Self>, WireError> {
        let mut reader = Reader::new(rdata);
        let next_name = Name::read(&mut reader, false)?;
        let bitmap_at = reader.pos();
        bitmap::check(&mut reader)?;
        Ok(Arc::new(Self { next_name, rdata: rdata.clone(), bitmap_at }))
    }

    fn bitmap(&self) -> &[u8] {
        self.rdata.get(self.bitmap_at..).unwrap_or(&[])
    }

    /// Is the type's bit set?
    pub fn has_type(&self, rdtype: u16) -> bool {
        bitmap::has_type(self.bitmap(), rdtype)
    }

    /// All types whose bits are set, in increasing order.
    pub fn types(&self) -> Vec<u16> {
        bitmap::types(self.bitmap())
    }
}

/// RFC 5155 §3.
pub struct Nsec3 {
    /// Hash algorithm; 1 is SHA-1.
    pub hash_algorithm: u8,
    /// Flags field.
    pub flags: u8,
    /// Additional iterations.
    pub iterations: u16,
    rdata: Octets,
    salt_len: usize,
    bitmap_at: usize,
}

impl Nsec3 {
    pub(crate) fn parse(rdata: &Octets) -> Result<Arc<Self>, WireError> {
        let mut reader = Reader::new(rdata);
        let (hash_algorithm, flags, iterations) = (reader.u8()?, reader.u8()?, reader.u16()?);
        let salt_len = reader.counted()?.len();
        reader.counted()?;
        let bitmap_at = reader.pos();
        bitmap::check(&mut reader)?;
        Ok(Arc::new(Self { hash_algorithm, flags, iterations, rdata: rdata.clone(), salt_len, bitmap_at }))
    }

    /// The salt, maybe empty.
    pub fn salt(&self) -> &[u8] {
        self.rdata.get(5..self.salt_len.saturating_add(5)).unwrap_or(&[])
    }

    /// Next hashed owner name, unencoded.
    pub fn next_hash(&self) -> &[u8] {
        self.rdata.get(self.salt_len.saturating_add(6)..self.bitmap_at).unwrap_or(&[])
    }

    fn bitmap(&self) -> &[u8] {
        self.rdata.get(self.bitmap_at..).unwrap_or(&[])
    }

    /// Is the type's bit set?
    pub fn has_type(&self, rdtype: u16) -> bool {
        bitmap::has_type(self.bitmap(), rdtype)
    }

    /// All types whose bits are set, in increasing order.
    pub fn types(&self) -> Vec<u16> {
        bitmap::types(self.bitmap())
    }
}
