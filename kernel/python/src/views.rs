//! Typed views: `Dnskey`, `Ds`, `Rrsig`, `Nsec`, `Nsec3`.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyFrozenSet};

use crate::errors::Num;
use crate::name::PyName;

fn octets_hash(octets: &[u8]) -> u64 {
    use std::hash::BuildHasher;
    static KEY: std::sync::OnceLock<std::hash::RandomState> = std::sync::OnceLock::new();
    KEY.get_or_init(std::hash::RandomState::new).hash_one(octets)
}

/// RFC 4034 §2.
#[pyclass(frozen, name = "Dnskey", module = "unbroken._kernel")]
pub struct PyDnskey(pub Arc<unbroken_core::Dnskey>);

#[pymethods]
impl PyDnskey {
    #[getter]
    fn flags(&self) -> u16 {
        self.0.flags
    }

    #[getter]
    fn protocol(&self) -> u8 {
        self.0.protocol
    }

    #[getter]
    fn algorithm(&self) -> u8 {
        self.0.algorithm
    }

    #[getter]
    fn public_key<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.public_key())
    }

    #[getter]
    fn key_tag(&self) -> u16 {
        self.0.key_tag
    }

    /// RFC 4034 §2.1.1: bit 7 of the flags, counted from the most significant.
    #[getter]
    fn is_zone_key(&self) -> bool {
        self.0.flags & 0x0100 != 0
    }

    /// RFC 4034 §2.1.1: bit 15.
    #[getter]
    fn is_secure_entry_point(&self) -> bool {
        self.0.flags & 0x0001 != 0
    }

    /// RFC 5011 §2.1: bit 8.
    #[getter]
    fn is_revoked(&self) -> bool {
        self.0.flags & 0x0080 != 0
    }

    #[getter]
    fn rdata<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.rdata)
    }

    fn __eq__(&self, other: &PyDnskey) -> bool {
        self.0.rdata == other.0.rdata
    }

    fn __hash__(&self) -> u64 {
        octets_hash(&self.0.rdata)
    }

    fn __repr__(&self) -> String {
        let key = &self.0;
        format!("Dnskey(flags={}, algorithm={}, key_tag={})", key.flags, key.algorithm, key.key_tag)
    }
}

/// RFC 4034 §5 (also CDS).
#[pyclass(frozen, name = "Ds", module = "unbroken._kernel")]
pub struct PyDs(pub Arc<unbroken_core::Ds>);

#[pymethods]
impl PyDs {
    #[getter]
    fn key_tag(&self) -> u16 {
        self.0.key_tag
    }

    #[getter]
    fn algorithm(&self) -> u8 {
        self.0.algorithm
    }

    #[getter]
    fn digest_type(&self) -> u8 {
        self.0.digest_type
    }

    #[getter]
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.digest())
    }

    #[getter]
    fn rdata<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.rdata)
    }

    fn __eq__(&self, other: &PyDs) -> bool {
        self.0.rdata == other.0.rdata
    }

    fn __hash__(&self) -> u64 {
        octets_hash(&self.0.rdata)
    }

    fn __repr__(&self) -> String {
        let ds = &self.0;
        format!("Ds(key_tag={}, algorithm={}, digest_type={})", ds.key_tag, ds.algorithm, ds.digest_type)
    }
}

/// RFC 4034 §3. Times are seconds modulo 2**32, to be compared by RFC 1982.
#[pyclass(frozen, name = "Rrsig", module = "unbroken._kernel")]
pub struct PyRrsig {
    pub inner: Arc<unbroken_core::Rrsig>,
    signer: PyOnceLock<Py<PyName>>,
}

impl PyRrsig {
    pub fn new(inner: Arc<unbroken_core::Rrsig>) -> Self {
        Self { inner, signer: PyOnceLock::new() }
    }
}

#[pymethods]
impl PyRrsig {
    #[getter]
    fn type_covered(&self) -> u16 {
        self.inner.type_covered
    }

    #[getter]
    fn algorithm(&self) -> u8 {
        self.inner.algorithm
    }

    #[getter]
    fn labels(&self) -> u8 {
        self.inner.labels
    }

    #[getter]
    fn original_ttl(&self) -> u32 {
        self.inner.original_ttl
    }

    #[getter]
    fn expiration(&self) -> u32 {
        self.inner.expiration
    }

    #[getter]
    fn inception(&self) -> u32 {
        self.inner.inception
    }

    #[getter]
    fn key_tag(&self) -> u16 {
        self.inner.key_tag
    }

    #[getter]
    fn signer(&self, py: Python<'_>) -> PyResult<Py<PyName>> {
        let made = self.signer.get_or_try_init(py, || Py::new(py, PyName(self.inner.signer.clone())))?;
        Ok(made.clone_ref(py))
    }

    #[getter]
    fn signature<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.signature())
    }

    #[getter]
    fn rdata<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.rdata)
    }

    fn __eq__(&self, other: &PyRrsig) -> bool {
        self.inner.rdata == other.inner.rdata
    }

    fn __hash__(&self) -> u64 {
        octets_hash(&self.inner.rdata)
    }

    fn __repr__(&self) -> String {
        let rrsig = &self.inner;
        let covered = unbroken_core::types::to_text(rrsig.type_covered);
        format!("Rrsig({covered}, algorithm={}, key_tag={}, signer={})", rrsig.algorithm, rrsig.key_tag, rrsig.signer)
    }
}

/// RFC 4034 §4.
#[pyclass(frozen, name = "Nsec", module = "unbroken._kernel")]
pub struct PyNsec {
    inner: Arc<unbroken_core::Nsec>,
    next_name: PyOnceLock<Py<PyName>>,
    types: PyOnceLock<Py<PyFrozenSet>>,
}

impl PyNsec {
    pub fn new(inner: Arc<unbroken_core::Nsec>) -> Self {
        Self { inner, next_name: PyOnceLock::new(), types: PyOnceLock::new() }
    }
}

fn type_set(
    py: Python<'_>,
    cell: &PyOnceLock<Py<PyFrozenSet>>,
    types: impl FnOnce() -> Vec<u16>,
) -> PyResult<Py<PyFrozenSet>> {
    let made = cell.get_or_try_init(py, || PyFrozenSet::new(py, types()).map(Bound::unbind))?;
    Ok(made.clone_ref(py))
}

#[pymethods]
impl PyNsec {
    #[getter]
    fn next_name(&self, py: Python<'_>) -> PyResult<Py<PyName>> {
        let made = self.next_name.get_or_try_init(py, || Py::new(py, PyName(self.inner.next_name.clone())))?;
        Ok(made.clone_ref(py))
    }

    #[getter]
    fn types(&self, py: Python<'_>) -> PyResult<Py<PyFrozenSet>> {
        type_set(py, &self.types, || self.inner.types())
    }

    fn has_type(&self, rdtype: Num<u16>) -> bool {
        self.inner.has_type(rdtype.0)
    }

    fn __repr__(&self) -> String {
        format!("Nsec(next_name={}, types={:?})", self.inner.next_name, self.inner.types())
    }
}

/// RFC 5155 §3.
#[pyclass(frozen, name = "Nsec3", module = "unbroken._kernel")]
pub struct PyNsec3 {
    inner: Arc<unbroken_core::Nsec3>,
    types: PyOnceLock<Py<PyFrozenSet>>,
}

impl PyNsec3 {
    pub fn new(inner: Arc<unbroken_core::Nsec3>) -> Self {
        Self { inner, types: PyOnceLock::new() }
    }
}

#[pymethods]
impl PyNsec3 {
    #[getter]
    fn hash_algorithm(&self) -> u8 {
        self.inner.hash_algorithm
    }

    #[getter]
    fn flags(&self) -> u8 {
        self.inner.flags
    }

    /// RFC 5155 §3.1.2.1: the least significant bit.
    #[getter]
    fn opt_out(&self) -> bool {
        self.inner.flags & 1 != 0
    }

    #[getter]
    fn iterations(&self) -> u16 {
        self.inner.iterations
    }

    #[getter]
    fn salt<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.salt())
    }

    #[getter]
    fn next_hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.inner.next_hash())
    }

    #[getter]
    fn types(&self, py: Python<'_>) -> PyResult<Py<PyFrozenSet>> {
        type_set(py, &self.types, || self.inner.types())
    }

    fn has_type(&self, rdtype: Num<u16>) -> bool {
        self.inner.has_type(rdtype.0)
    }

    fn __repr__(&self) -> String {
        let next = unbroken_core::base32::encode(self.inner.next_hash());
        format!("Nsec3(next_hash={next}, types={:?})", self.inner.types())
    }
}
