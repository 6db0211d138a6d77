//! Verification, signing and hashing.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use unbroken_core::VerifyJob;

use crate::errors::{Num, Problem, Result};
use crate::name::PyName;
use crate::records::PyRRset;
use crate::views::{PyDnskey, PyRrsig};

/// RFC 5155 §3.2: the salt has a one-octet length.
const MAX_SALT: usize = 255;

fn outcome(outcome: unbroken_core::Outcome) -> u8 {
    outcome as u8
}

/// What the signature is over (RFC 4034 §3.1.8.1).
#[pyfunction]
pub fn signed_data<'py>(py: Python<'py>, rrset: &PyRRset, rrsig: &PyRrsig) -> Result<Bound<'py, PyBytes>> {
    Ok(PyBytes::new(py, &unbroken_core::signed_data(&rrset.inner, &rrsig.inner)?))
}

/// One signature by one key; nothing but the key's algorithm is looked at.
#[pyfunction]
pub fn verify(py: Python<'_>, rrset: &PyRRset, rrsig: &PyRrsig, dnskey: &PyDnskey) -> u8 {
    outcome(py.detach(|| unbroken_core::verify(&rrset.inner, &rrsig.inner, &dnskey.0)))
}

type PyVerifyJob<'py> = (Bound<'py, PyRRset>, Bound<'py, PyRrsig>, Bound<'py, PyDnskey>);

/// Outcomes in the order of the jobs.
#[pyfunction]
#[pyo3(signature = (jobs, threads = Num(0)), text_signature = "(jobs, threads=0)")]
pub fn verify_many(py: Python<'_>, jobs: Vec<PyVerifyJob<'_>>, threads: Num<usize>) -> Vec<u16> {
    let unwrap = |(rrset, rrsig, dnskey): &PyVerifyJob<'_>| -> VerifyJob {
        (rrset.get().inner.clone(), rrsig.get().inner.clone(), dnskey.get().0.clone())
    };
    let jobs: Vec<VerifyJob> = jobs.iter().map(unwrap).collect();
    let outcomes = py.detach(|| unbroken_core::verify_many(&jobs, threads.0));
    // Wider than the outcome, since a vector of octets would become `bytes`.
    outcomes.into_iter().map(|one| u16::from(outcome(one))).collect()
}

/// A signature over bare data.
#[pyfunction]
pub fn verify_raw(py: Python<'_>, algorithm: Num<u8>, public_key: &[u8], signature: &[u8], data: &[u8]) -> u8 {
    outcome(py.detach(|| unbroken_core::verify_raw(algorithm.0, public_key, signature, data)))
}

/// A private key of algorithm 8, 10, 13, 14, 15 or 18. Opaque: `repr` shows no secret.
#[pyclass(frozen, name = "SigningKey", module = "unbroken._kernel")]
pub struct PySigningKey(pub Arc<unbroken_core::SigningKey>);

#[pymethods]
impl PySigningKey {
    #[staticmethod]
    fn from_pkcs8(algorithm: Num<u8>, der: &[u8]) -> Result<Self> {
        Ok(Self(Arc::new(unbroken_core::SigningKey::from_pkcs8(algorithm.0, der)?)))
    }

    #[staticmethod]
    #[pyo3(signature = (algorithm, bits = Num(2048)), text_signature = "(algorithm, bits=2048)")]
    fn generate(py: Python<'_>, algorithm: Num<u8>, bits: Num<u32>) -> Result<Self> {
        let key = py.detach(|| unbroken_core::SigningKey::generate(algorithm.0, bits.0))?;
        Ok(Self(Arc::new(key)))
    }

    #[getter]
    fn algorithm(&self) -> u8 {
        self.0.algorithm()
    }

    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.public_key())
    }

    fn to_pkcs8<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.to_pkcs8()?))
    }

    fn sign_raw<'py>(&self, py: Python<'py>, data: &[u8]) -> Result<Bound<'py, PyBytes>> {
        let signature = py.detach(|| self.0.sign_raw(data))?;
        Ok(PyBytes::new(py, &signature))
    }

    fn __repr__(&self) -> String {
        format!("{:?}", self.0)
    }
}

/// One signature to make.
#[pyclass(frozen, name = "SignJob", module = "unbroken._kernel")]
pub struct PySignJob(Arc<unbroken_core::SignJob>);

#[pymethods]
impl PySignJob {
    #[new]
    fn new(
        rrset: &PyRRset,
        key: &PySigningKey,
        key_tag: Num<u16>,
        signer: &PyName,
        inception: Num<u32>,
        expiration: Num<u32>,
    ) -> Result<Self> {
        let (rrset, key, signer) = (rrset.inner.clone(), key.0.clone(), signer.0.clone());
        let job = unbroken_core::SignJob::new(rrset, key, key_tag.0, signer, inception.0, expiration.0)?;
        Ok(Self(Arc::new(job)))
    }
}

/// RRSIG rdata, in the order of the jobs.
#[pyfunction]
#[pyo3(signature = (jobs, threads = Num(0)), text_signature = "(jobs, threads=0)")]
pub fn sign_many<'py>(
    py: Python<'py>,
    jobs: Vec<Bound<'_, PySignJob>>,
    threads: Num<usize>,
) -> Result<Vec<Bound<'py, PyBytes>>> {
    let jobs: Vec<_> = jobs.iter().map(|job| job.get().0.clone()).collect();
    let signed = py.detach(|| unbroken_core::sign_many(&jobs, threads.0))?;
    Ok(signed.iter().map(|rdata| PyBytes::new(py, rdata)).collect())
}

/// RFC 4034 §5.1.4; None when the digest type is unknown.
#[pyfunction]
pub fn ds_digest<'py>(
    py: Python<'py>,
    owner: &PyName,
    dnskey: &PyDnskey,
    digest_type: Num<u8>,
) -> Option<Bound<'py, PyBytes>> {
    unbroken_core::ds_digest(&owner.0, &dnskey.0, digest_type.0).map(|digest| PyBytes::new(py, &digest))
}

pub fn check_salt(salt: &[u8]) -> Result<()> {
    if salt.len() > MAX_SALT {
        return Err(Problem::Value("salt longer than 255 octets".to_owned()));
    }
    Ok(())
}

/// RFC 5155 §5, SHA-1; 20 octets.
#[pyfunction]
pub fn nsec3_hash<'py>(
    py: Python<'py>,
    name: &PyName,
    salt: &[u8],
    iterations: Num<u16>,
) -> Result<Bound<'py, PyBytes>> {
    check_salt(salt)?;
    let hash = py.detach(|| unbroken_core::nsec3_hash(&name.0, salt, iterations.0));
    Ok(PyBytes::new(py, &hash))
}

/// Hashes in the order of the names.
#[pyfunction]
#[pyo3(signature = (names, salt, iterations, threads = Num(0)), text_signature = "(names, salt, iterations, threads=0)")]
pub fn nsec3_hash_many<'py>(
    py: Python<'py>,
    names: Vec<Bound<'_, PyName>>,
    salt: &[u8],
    iterations: Num<u16>,
    threads: Num<usize>,
) -> Result<Bound<'py, PyList>> {
    check_salt(salt)?;
    let names: Vec<_> = names.iter().map(|name| &name.get().0).collect();
    let hashes = py.detach(|| unbroken_core::nsec3_hash_many(&names, salt, iterations.0, threads.0));
    Ok(PyList::new(py, hashes.iter().map(|hash| PyBytes::new(py, hash)))?)
}

/// Lower case, no padding (RFC 5155 §1.3).
#[pyfunction]
pub fn base32hex(data: &[u8]) -> String {
    unbroken_core::base32::encode(data)
}

/// Either case; None when not base32hex without padding.
#[pyfunction]
pub fn base32hex_decode<'py>(py: Python<'py>, text: &[u8]) -> Option<Bound<'py, PyBytes>> {
    unbroken_core::base32::decode(text).map(|data| PyBytes::new(py, &data))
}
