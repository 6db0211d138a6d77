//! Verification of signatures through aws-lc.

use std::sync::Arc;

use aws_lc_rs::signature::{
    self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm, ECDSA_P256_SHA256_FIXED,
    ECDSA_P384_SHA384_FIXED, ED25519, ML_DSA_44,
};

use crate::canonical::signed_data;
use crate::parallel;
use crate::rrset::RRset;
use crate::typed::{Dnskey, Rrsig};

/// Octets of an ML-DSA-44 public key (FIPS 204, table 2).
const ML_DSA_44_KEY: usize = 1312;
/// The library takes public exponents of up to 33 bits.
const MAX_EXPONENT_BITS: usize = 33;
/// Fewer signatures than this on a thread cost less than the thread.
const WORTHWHILE: usize = 4;

/// What became of one verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The signature is the key's own, over this data.
    Verified = 0,
    /// The key is usable, the signature is not its own.
    BadSignature = 1,
    /// The library cannot: algorithm or key size.
    Unsupported = 2,
    /// The public key does not parse for its algorithm.
    MalformedKey = 3,
}

/// A public key, ready to verify with.
pub(crate) struct PublicKey(ParsedPublicKey);

impl PublicKey {
    /// From the public key field of a DNSKEY.
    pub(crate) fn parse(algorithm: u8, field: &[u8]) -> Result<PublicKey, Outcome> {
        match algorithm {
            5 | 7 => parse_rsa(&signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY, field),
            8 => parse_rsa(&signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, field),
            10 => parse_rsa(&signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, field),
            // RFC 6605 §4: the point without the octet that says it is uncompressed.
            13 => parse_plain(&ECDSA_P256_SHA256_FIXED, &uncompressed(field), 65),
            14 => parse_plain(&ECDSA_P384_SHA384_FIXED, &uncompressed(field), 97),
            // RFC 8080 §3.
            15 => parse_plain(&ED25519, field, 32),
            18 => parse_plain(&ML_DSA_44, field, ML_DSA_44_KEY),
            _ => Err(Outcome::Unsupported),
        }
    }

    pub(crate) fn verify(&self, signature: &[u8], data: &[u8]) -> Outcome {
        match self.0.verify_sig(data, signature) {
            Ok(()) => Outcome::Verified,
            Err(_) => Outcome::BadSignature,
        }
    }
}

fn uncompressed(point: &[u8]) -> Vec<u8> {
    let mut octets = Vec::with_capacity(point.len().saturating_add(1));
    octets.push(4);
    octets.extend_from_slice(point);
    octets
}

fn parse_plain(
    algorithm: &'static dyn VerificationAlgorithm,
    octets: &[u8],
    expected: usize,
) -> Result<PublicKey, Outcome> {
    // The library also takes whole SubjectPublicKeyInfo structures, which a DNSKEY never holds.
    if octets.len() != expected {
        return Err(Outcome::MalformedKey);
    }
    ParsedPublicKey::new(algorithm, octets).map(PublicKey).map_err(|_| Outcome::MalformedKey)
}

/// RFC 3110 §2: the exponent with its length in one octet, or in three of which the first is zero; then the modulus.
fn split_rsa(field: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = field.split_first()?;
    if *first != 0 {
        return rest.split_at_checked(usize::from(*first));
    }
    let (length, rest) = rest.split_at_checked(2)?;
    let length = length.iter().fold(0usize, |sum, octet| sum << 8 | usize::from(*octet));
    rest.split_at_checked(length)
}

fn without_leading_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|octet| **octet == 0).count();
    number.get(zeros..).unwrap_or(&[])
}

fn bit_length(number: &[u8]) -> usize {
    let Some((first, rest)) = number.split_first() else { return 0 };
    let top = 8usize.saturating_sub(usize::try_from(first.leading_zeros()).unwrap_or(8));
    rest.len().saturating_mul(8).saturating_add(top)
}

fn parse_rsa(parameters: &'static RsaParameters, field: &[u8]) -> Result<PublicKey, Outcome> {
    let (e, n) = split_rsa(field).ok_or(Outcome::MalformedKey)?;
    // RFC 3110 §2 forbids leading zeros in both; they change nothing about the number, so be lenient.
    let (e, n) = (without_leading_zeros(e), without_leading_zeros(n));
    let odd = |number: &[u8]| number.last().is_some_and(|octet| octet & 1 == 1);
    if !odd(e) || !odd(n) || e == [1] {
        return Err(Outcome::MalformedKey);
    }
    if bit_length(e) > MAX_EXPONENT_BITS || !(1024..=8192).contains(&bit_length(n)) {
        return Err(Outcome::Unsupported);
    }
    let components = RsaPublicKeyComponents { n, e };
    components.to_parsed_public_key(parameters).map(PublicKey).map_err(|_| Outcome::MalformedKey)
}

/// One signature by one key. The key's algorithm decides; nothing else is compared.
pub fn verify(rrset: &RRset, rrsig: &Rrsig, dnskey: &Dnskey) -> Outcome {
    let key = match dnskey.parsed() {
        Ok(key) => key,
        Err(outcome) => return *outcome,
    };
    match signed_data(rrset, rrsig) {
        Ok(data) => key.verify(rrsig.signature(), &data),
        // Labels exceeds the owner's: no data could have been signed under this owner.
        Err(_) => Outcome::BadSignature,
    }
}

/// One verification: records, signature, key.
pub type VerifyJob = (RRset, Arc<Rrsig>, Arc<Dnskey>);

/// Outcomes in the order of the jobs; `threads` 0 stands for all cores.
pub fn verify_many(jobs: &[VerifyJob], threads: usize) -> Vec<Outcome> {
    let threads = parallel::thread_count(threads, jobs.len(), WORTHWHILE);
    parallel::map(jobs, threads, |(rrset, rrsig, dnskey)| verify(rrset, rrsig, dnskey))
}

/// A signature over bare data.
pub fn verify_raw(algorithm: u8, public_key: &[u8], signature: &[u8], data: &[u8]) -> Outcome {
    match PublicKey::parse(algorithm, public_key) {
        Ok(key) => key.verify(signature, data),
        Err(outcome) => outcome,
    }
}
