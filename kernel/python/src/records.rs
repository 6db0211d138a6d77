//! `RRset`, and records outside of messages.

use std::hash::{Hash, Hasher};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyTuple};
use unbroken_core::{types, Octets, Typed};

use crate::errors::{Num, Problem, Result};
use crate::name::PyName;
use crate::views::{PyDnskey, PyDs, PyNsec, PyNsec3, PyRrsig};

/// Records of one owner, type and class. Rdata is uncompressed, in the case and order it came in.
#[pyclass(frozen, name = "RRset", module = "unbroken._kernel")]
pub struct PyRRset {
    pub inner: unbroken_core::RRset,
    // Python objects are made when asked for, once: a validator asks for the same ones again and again.
    owner: PyOnceLock<Py<PyName>>,
    rdatas: PyOnceLock<Py<PyTuple>>,
    views: PyOnceLock<Py<PyTuple>>,
}

impl PyRRset {
    pub fn new(inner: unbroken_core::RRset) -> Self {
        Self { inner, owner: PyOnceLock::new(), rdatas: PyOnceLock::new(), views: PyOnceLock::new() }
    }

    fn views(&self, py: Python<'_>) -> Result<Py<PyTuple>> {
        let made = self.views.get_or_try_init(py, || -> Result<Py<PyTuple>> {
            let typed = self.inner.typed().as_ref()?;
            Ok(match typed {
                Typed::Dnskeys(all) => tuple(py, all.iter().map(|one| Py::new(py, PyDnskey(one.clone()))))?,
                Typed::Dses(all) => tuple(py, all.iter().map(|one| Py::new(py, PyDs(one.clone()))))?,
                Typed::Rrsigs(all) => tuple(py, all.iter().map(|one| Py::new(py, PyRrsig::new(one.clone()))))?,
                Typed::Nsecs(all) => tuple(py, all.iter().map(|one| Py::new(py, PyNsec::new(one.clone()))))?,
                Typed::Nsec3s(all) => tuple(py, all.iter().map(|one| Py::new(py, PyNsec3::new(one.clone()))))?,
                Typed::Names(all) => tuple(py, all.iter().map(|one| Py::new(py, PyName(one.clone()))))?,
                Typed::Opaque => PyTuple::empty(py).unbind(),
            })
        })?;
        Ok(made.clone_ref(py))
    }

    fn views_of(&self, py: Python<'_>, allowed: &[u16]) -> Result<Py<PyTuple>> {
        if !allowed.contains(&self.inner.rdtype()) {
            let text = format!("an RRset of type {} has no such view", types::to_text(self.inner.rdtype()));
            return Err(PyTypeError::new_err(text).into());
        }
        self.views(py)
    }
}

fn tuple<T: pyo3::PyTypeInfo>(py: Python<'_>, items: impl Iterator<Item = PyResult<Py<T>>>) -> PyResult<Py<PyTuple>> {
    let items = items.collect::<PyResult<Vec<_>>>()?;
    Ok(PyTuple::new(py, items)?.unbind())
}

pub fn octets_tuple<'py>(py: Python<'py>, all: &[Octets]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, all.iter().map(|octets| PyBytes::new(py, octets)).collect::<Vec<_>>())
}

#[pymethods]
impl PyRRset {
    #[new]
    #[pyo3(signature = (owner, rdtype, ttl, rdatas, rdclass = Num(1)),
           text_signature = "(owner, rdtype, ttl, rdatas, rdclass=1)")]
    fn py_new(
        owner: &Bound<'_, PyName>,
        rdtype: Num<u16>,
        ttl: Num<u32>,
        rdatas: Vec<Bound<'_, PyBytes>>,
        rdclass: Num<u16>,
    ) -> Result<Self> {
        let rdatas = rdatas.iter().map(|octets| Octets::from(octets.as_bytes())).collect();
        let name = owner.get().0.clone();
        let made = Self::new(unbroken_core::RRset::new(name, rdtype.0, ttl.0, rdatas, rdclass.0)?);
        // The owner was an object already: hand out that one.
        let _ = made.owner.set(owner.py(), owner.clone().unbind());
        Ok(made)
    }

    #[getter]
    fn owner(&self, py: Python<'_>) -> PyResult<Py<PyName>> {
        let made = self.owner.get_or_try_init(py, || Py::new(py, PyName(self.inner.owner().clone())))?;
        Ok(made.clone_ref(py))
    }

    #[getter]
    fn rdtype(&self) -> u16 {
        self.inner.rdtype()
    }

    #[getter]
    fn rdclass(&self) -> u16 {
        self.inner.rdclass()
    }

    #[getter]
    fn ttl(&self) -> u32 {
        self.inner.ttl()
    }

    #[getter]
    fn covers(&self) -> u16 {
        self.inner.covers()
    }

    #[getter]
    fn rdatas(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        let make = || octets_tuple(py, self.inner.rdatas()).map(Bound::unbind);
        Ok(self.rdatas.get_or_try_init(py, make)?.clone_ref(py))
    }

    fn canonical_rdatas<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        octets_tuple(py, self.inner.canonical_rdatas())
    }

    fn dnskeys(&self, py: Python<'_>) -> Result<Py<PyTuple>> {
        self.views_of(py, &[types::DNSKEY, types::CDNSKEY])
    }

    fn dses(&self, py: Python<'_>) -> Result<Py<PyTuple>> {
        self.views_of(py, &[types::DS, types::CDS])
    }

    fn rrsigs(&self, py: Python<'_>) -> Result<Py<PyTuple>> {
        self.views_of(py, &[types::RRSIG])
    }

    fn nsec<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyAny>>> {
        let views = self.views_of(py, &[types::NSEC])?.into_bound(py);
        // RFC 4034 §4: an owner has one NSEC; several prove nothing.
        if views.len() != 1 {
            return Ok(None);
        }
        Ok(Some(views.get_item(0)?))
    }

    fn nsec3s(&self, py: Python<'_>) -> Result<Py<PyTuple>> {
        self.views_of(py, &[types::NSEC3])
    }

    fn target<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        let views = self.views_of(py, &[types::CNAME, types::DNAME, types::NS, types::PTR])?;
        Ok(views.into_bound(py).get_item(0)?)
    }

    fn names(&self, py: Python<'_>) -> Result<Py<PyTuple>> {
        self.views_of(py, &[types::NS, types::CNAME, types::DNAME, types::PTR, types::MX])
    }

    fn with_ttl(&self, ttl: Num<u32>) -> PyRRset {
        PyRRset::new(self.inner.with_ttl(ttl.0))
    }

    fn with_owner(&self, owner: &PyName) -> PyRRset {
        PyRRset::new(self.inner.with_owner(owner.0.clone()))
    }

    fn __len__(&self) -> usize {
        self.inner.rdatas().len()
    }

    fn __eq__(&self, other: &PyRRset) -> bool {
        self.inner == other.inner
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = std::hash::DefaultHasher::new();
        hasher.write_u64(self.inner.owner().keyed_hash());
        (self.inner.rdtype(), self.inner.rdclass(), self.inner.canonical_rdatas()).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let rrset = &self.inner;
        let rdtype = types::to_text(rrset.rdtype());
        format!("<RRset {} {rdtype} ttl={} records={}>", rrset.owner(), rrset.ttl(), rrset.rdatas().len())
    }

    #[allow(clippy::type_complexity)]
    fn __reduce__<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyAny>, (Py<PyName>, u16, u32, Py<PyTuple>, u16))> {
        let arguments = (self.owner(py)?, self.rdtype(), self.ttl(), self.rdatas(py)?, self.rdclass());
        Ok((py.get_type::<PyRRset>().into_any(), arguments))
    }
}

/// Uncompressed wire records one after another, each its own RRset (RFC 9102 §3).
#[pyfunction]
pub fn parse_records(py: Python<'_>, wire: &[u8]) -> Result<Vec<PyRRset>> {
    let rrsets = py.detach(|| unbroken_core::parse_records(wire))?;
    Ok(rrsets.into_iter().map(PyRRset::new).collect())
}

/// The records of an RRset one after another, uncompressed, as RFC 9102 chains hold them.
#[pyfunction]
pub fn record_wire<'py>(py: Python<'py>, rrset: &PyRRset) -> Bound<'py, PyBytes> {
    PyBytes::new(py, &unbroken_core::record_wire(&rrset.inner))
}

/// Presentation format of the types that are shown often; None for others.
#[pyfunction]
pub fn rdata_to_text(rdtype: Num<u16>, rdata: &[u8]) -> Result<Option<String>> {
    Ok(unbroken_core::rdata_to_text(rdtype.0, rdata)?)
}

/// IANA mnemonic, else TYPEnnn (RFC 3597 §5).
#[pyfunction]
pub fn type_to_text(rdtype: Num<u16>) -> String {
    types::to_text(rdtype.0).into_owned()
}

/// Mnemonic in either case or TYPEnnn.
#[pyfunction]
pub fn type_from_text(text: &str) -> Result<u16> {
    types::from_text(text).map_err(|e| {
        let shown: String = text.chars().take(40).collect();
        Problem::Value(format!("{e}: {shown:?}"))
    })
}
