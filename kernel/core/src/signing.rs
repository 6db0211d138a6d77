//! Private keys and signatures made with them.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, PqdsaKeyPair, RsaEncoding, RsaKeyPair,
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ML_DSA_44_SIGNING, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA512,
};

use crate::canonical;
use crate::error::ArgumentError;
use crate::name::Name;
use crate::parallel;
use crate::rrset::RRset;
use crate::types as t;

/// Fewer signatures than this on a thread cost less than the thread.
const WORTHWHILE: usize = 4;

const UNKNOWN_ALGORITHM: ArgumentError =
    ArgumentError("no signing with this algorithm: it must be 8, 10, 13, 14, 15 or 18");
const NOT_A_KEY: ArgumentError = ArgumentError("not a PKCS#8 private key of this algorithm");
const LIBRARY: ArgumentError = ArgumentError("the crypto library failed");

enum Private {
    Rsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

/// A private key. Opaque: nothing shows its secret but `to_pkcs8`.
pub struct SigningKey {
    algorithm: u8,
    private: Private,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(algorithm={})", self.algorithm)
    }
}

fn curve(algorithm: u8) -> &'static EcdsaSigningAlgorithm {
    if algorithm == 14 {
        &ECDSA_P384_SHA384_FIXED_SIGNING
    } else {
        &ECDSA_P256_SHA256_FIXED_SIGNING
    }
}

impl SigningKey {
    /// Read a PKCS#8 key of that algorithm.
    pub fn from_pkcs8(algorithm: u8, der: &[u8]) -> Result<SigningKey, ArgumentError> {
        let private = match algorithm {
            8 | 10 => RsaKeyPair::from_pkcs8(der).map(Private::Rsa),
            13 | 14 => EcdsaKeyPair::from_pkcs8(curve(algorithm), der).map(Private::Ecdsa),
            15 => Ed25519KeyPair::from_pkcs8(der).map(Private::Ed25519),
            18 => PqdsaKeyPair::from_pkcs8(&ML_DSA_44_SIGNING, der).map(Private::MlDsa),
            _ => return Err(UNKNOWN_ALGORITHM),
        };
        Ok(SigningKey { algorithm, private: private.map_err(|_| NOT_A_KEY)? })
    }

    /// Make a key; `bits` counts for RSA only.
    pub fn generate(algorithm: u8, bits: u32) -> Result<SigningKey, ArgumentError> {
        let private = match algorithm {
            8 | 10 => RsaKeyPair::generate(match bits {
                2048 => KeySize::Rsa2048,
                3072 => KeySize::Rsa3072,
                4096 => KeySize::Rsa4096,
                _ => return Err(ArgumentError("RSA keys have 2048, 3072 or 4096 bits")),
            })
            .map(Private::Rsa),
            13 | 14 => EcdsaKeyPair::generate(curve(algorithm)).map(Private::Ecdsa),
            15 => Ed25519KeyPair::generate().map(Private::Ed25519),
            18 => PqdsaKeyPair::generate(&ML_DSA_44_SIGNING).map(Private::MlDsa),
            _ => return Err(UNKNOWN_ALGORITHM),
        };
        Ok(SigningKey { algorithm, private: private.map_err(|_| LIBRARY)? })
    }

    /// Algorithm number.
    pub fn algorithm(&self) -> u8 {
        self.algorithm
    }

    /// The public key field of its DNSKEY.
    pub fn public_key(&self) -> Vec<u8> {
        match &self.private {
            Private::Rsa(key) => {
                let public = key.public_key();
                let e = public.exponent().big_endian_without_leading_zero();
                let n = public.modulus().big_endian_without_leading_zero();
                // RFC 3110 §2. The library makes and takes exponents of at most five octets.
                let mut field = vec![u8::try_from(e.len()).unwrap_or(0)];
                field.extend_from_slice(e);
                field.extend_from_slice(n);
                field
            }
            // RFC 6605 §4: the point without the octet that says it is uncompressed.
            Private::Ecdsa(key) => key.public_key().as_ref().get(1..).unwrap_or(&[]).to_vec(),
            Private::Ed25519(key) => key.public_key().as_ref().to_vec(),
            Private::MlDsa(key) => key.public_key().as_ref().to_vec(),
        }
    }

    /// PKCS#8, version 1.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, ArgumentError> {
        match &self.private {
            Private::Rsa(key) => key.as_der().map(|der| der.as_ref().to_vec()),
            Private::Ecdsa(key) => key.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Private::Ed25519(key) => key.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
            Private::MlDsa(key) => key.to_pkcs8v1().map(|der| der.as_ref().to_vec()),
        }
        .map_err(|_| LIBRARY)
    }

    /// The signature field of an RRSIG over this data.
    pub fn sign_raw(&self, data: &[u8]) -> Result<Vec<u8>, ArgumentError> {
        let mut signature = Vec::new();
        self.sign_onto(data, &mut signature)?;
        Ok(signature)
    }

    /// The same, appended to `out`.
    pub(crate) fn sign_onto(&self, data: &[u8], out: &mut Vec<u8>) -> Result<(), ArgumentError> {
        let random = SystemRandom::new();
        match &self.private {
            Private::Rsa(key) => {
                let padding: &'static dyn RsaEncoding =
                    if self.algorithm == 10 { &RSA_PKCS1_SHA512 } else { &RSA_PKCS1_SHA256 };
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(padding, &random, data, &mut signature).map(|()| out.extend_from_slice(&signature))
            }
            Private::Ecdsa(key) => key.sign(&random, data).map(|signature| out.extend_from_slice(signature.as_ref())),
            Private::Ed25519(key) => key.try_sign(data).map(|signature| out.extend_from_slice(signature.as_ref())),
            Private::MlDsa(key) => {
                let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
                key.sign(data, &mut signature).map(|_| out.extend_from_slice(&signature))
            }
        }
        .map_err(|_| LIBRARY)
    }
}

/// One signature to make.
pub struct SignJob {
    rrset: RRset,
    key: Arc<SigningKey>,
    signer: Name,
    fixed: Vec<u8>,
}

impl SignJob {
    /// Labels and original TTL come from the RRset; times are seconds modulo 2**32.
    pub fn new(
        rrset: RRset,
        key: Arc<SigningKey>,
        key_tag: u16,
        signer: Name,
        inception: u32,
        expiration: u32,
    ) -> Result<SignJob, ArgumentError> {
        // RFC 4035 §2.2: an RRSIG RRset is never itself signed.
        if rrset.rdtype() == t::RRSIG {
            return Err(ArgumentError("RRSIGs are not signed"));
        }
        let mut fixed = Vec::with_capacity(18);
        fixed.extend_from_slice(&rrset.rdtype().to_be_bytes());
        fixed.push(key.algorithm());
        fixed.push(rrset.owner().rrsig_labels());
        fixed.extend_from_slice(&rrset.ttl().to_be_bytes());
        fixed.extend_from_slice(&expiration.to_be_bytes());
        fixed.extend_from_slice(&inception.to_be_bytes());
        fixed.extend_from_slice(&key_tag.to_be_bytes());
        Ok(SignJob { rrset, key, signer, fixed })
    }

    /// RRSIG rdata.
    fn sign(&self) -> Result<Vec<u8>, ArgumentError> {
        let owner = self.rrset.owner().canonical_wire();
        let data = canonical::build(&self.rrset, &self.fixed, &self.signer, self.rrset.ttl(), &owner);
        let signature = self.key.sign_raw(&data)?;
        let mut rdata = self.fixed.clone();
        rdata.extend_from_slice(self.signer.wire());
        rdata.extend_from_slice(&signature);
        Ok(rdata)
    }
}

/// RRSIG rdata in the order of the jobs; `threads` 0 stands for all cores.
pub fn sign_many(jobs: &[Arc<SignJob>], threads: usize) -> Result<Vec<Vec<u8>>, ArgumentError> {
    let threads = parallel::thread_count(threads, jobs.len(), WORTHWHILE);
    parallel::map(jobs, threads, |job| job.sign()).into_iter().collect()
}
