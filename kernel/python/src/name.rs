//! `Name`.

use pyo3::basic::CompareOp;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};

use crate::errors::{Num, Problem, Result};

/// A domain name, absolute, at most 255 octets and 127 labels (RFC 1035 §3.1).
#[pyclass(frozen, name = "Name", module = "unbroken._kernel")]
pub struct PyName(pub unbroken_core::Name);

fn value_error(text: &str) -> Problem {
    Problem::Value(text.to_owned())
}

#[pymethods]
impl PyName {
    #[classattr]
    #[pyo3(name = "ROOT")]
    fn root() -> PyName {
        PyName(unbroken_core::Name::root())
    }

    #[new]
    fn new(text: &str) -> Result<Self> {
        // The text is quoted, cut and escaped: it comes from whoever typed it.
        unbroken_core::Name::from_text(text).map(PyName).map_err(|e| {
            let shown: String = text.chars().take(80).collect();
            Problem::Value(format!("{e}: {shown:?}"))
        })
    }

    #[staticmethod]
    fn from_wire(wire: &[u8]) -> Result<Self> {
        Ok(PyName(unbroken_core::Name::from_wire(wire)?))
    }

    #[staticmethod]
    fn from_labels(labels: Vec<Bound<'_, PyBytes>>) -> Result<Self> {
        Ok(PyName(unbroken_core::Name::from_labels(labels.iter().map(|label| label.as_bytes()))?))
    }

    #[getter]
    fn wire<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.wire())
    }

    #[getter]
    fn canonical_wire<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.canonical_wire())
    }

    #[getter]
    fn labels<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let labels: Vec<_> = self.0.labels().map(|label| PyBytes::new(py, label)).collect();
        PyTuple::new(py, labels)
    }

    #[getter]
    fn label_count(&self) -> usize {
        self.0.label_count()
    }

    #[getter]
    fn rrsig_labels(&self) -> u8 {
        self.0.rrsig_labels()
    }

    #[getter]
    fn is_root(&self) -> bool {
        self.0.is_root()
    }

    #[getter]
    fn is_wildcard(&self) -> bool {
        self.0.is_wildcard()
    }

    fn parent(&self) -> Result<PyName> {
        self.0.parent().map(PyName).ok_or_else(|| value_error("the root has no parent"))
    }

    fn ancestor(&self, label_count: Num<usize>) -> Result<PyName> {
        self.0.ancestor(label_count.0).map(PyName).ok_or_else(|| value_error("the name has fewer labels"))
    }

    fn is_subdomain_of(&self, other: &PyName) -> bool {
        self.0.is_subdomain_of(&other.0)
    }

    fn is_below(&self, other: &PyName) -> bool {
        self.0.wire().len() > other.0.wire().len() && self.0.is_subdomain_of(&other.0)
    }

    fn common_ancestor(&self, other: &PyName) -> PyName {
        PyName(self.0.common_ancestor(&other.0))
    }

    fn wildcard(&self) -> Result<PyName> {
        Ok(PyName(self.0.prepend(b"*")?))
    }

    fn prepend(&self, label: &[u8]) -> Result<PyName> {
        Ok(PyName(self.0.prepend(label)?))
    }

    fn replace_suffix(&self, suffix: &PyName, replacement: &PyName) -> Result<PyName> {
        Ok(PyName(self.0.replace_suffix(&suffix.0, &replacement.0)?))
    }

    fn __str__(&self) -> String {
        self.0.to_string()
    }

    fn __repr__(&self) -> String {
        format!("Name({:?})", self.0.to_string())
    }

    fn __hash__(&self) -> u64 {
        self.0.keyed_hash()
    }

    fn __richcmp__(&self, other: &PyName, op: CompareOp) -> bool {
        match op {
            CompareOp::Eq => self.0 == other.0,
            CompareOp::Ne => self.0 != other.0,
            _ => op.matches(self.0.cmp(&other.0)),
        }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (Bound<'py, PyBytes>,))> {
        Ok((py.get_type::<PyName>().getattr("from_wire")?, (self.wire(py),)))
    }
}
