//! `Message` and `Edns`.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyTuple};
use unbroken_core::{Header, Octets};

use crate::errors::{Num, Result};
use crate::name::PyName;
use crate::records::PyRRset;

/// The OPT pseudo-record (RFC 6891 §6).
#[pyclass(frozen, name = "Edns", module = "unbroken._kernel")]
pub struct PyEdns(unbroken_core::Edns);

type PyOption<'py> = (Num<u16>, Bound<'py, PyBytes>);

#[pymethods]
impl PyEdns {
    #[new]
    #[pyo3(signature = (udp_size = Num(1232), r#do = true, options = vec![], version = Num(0)),
           text_signature = "(udp_size=1232, do=True, options=(), version=0)")]
    fn new(udp_size: Num<u16>, r#do: bool, options: Vec<PyOption<'_>>, version: Num<u8>) -> Self {
        let options = options.into_iter().map(|(code, data)| (code.0, Octets::from(data.as_bytes()))).collect();
        PyEdns(unbroken_core::Edns { udp_size: udp_size.0, dnssec_ok: r#do, version: version.0, options })
    }

    #[getter]
    fn udp_size(&self) -> u16 {
        self.0.udp_size
    }

    #[getter]
    fn r#do(&self) -> bool {
        self.0.dnssec_ok
    }

    #[getter]
    fn version(&self) -> u8 {
        self.0.version
    }

    #[getter]
    fn options<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let options = self.0.options.iter().map(|(code, data)| (*code, PyBytes::new(py, data)));
        PyTuple::new(py, options.collect::<Vec<_>>())
    }

    fn __eq__(&self, other: &PyEdns) -> bool {
        self.0 == other.0
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        (self.0.udp_size, self.0.dnssec_ok, self.0.version, &self.0.options).hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        let edns = &self.0;
        let options: Vec<u16> = edns.options.iter().map(|option| option.0).collect();
        format!(
            "Edns(udp_size={}, do={}, version={}, options={options:?})",
            edns.udp_size, edns.dnssec_ok, edns.version
        )
    }

    #[allow(clippy::type_complexity)]
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (u16, bool, Bound<'py, PyTuple>, u8))> {
        let arguments = (self.0.udp_size, self.0.dnssec_ok, self.options(py)?, self.0.version);
        Ok((py.get_type::<PyEdns>().into_any(), arguments))
    }
}

/// A DNS message (RFC 1035 §4), its records grouped into RRsets in order of first appearance, the OPT taken out.
#[pyclass(frozen, name = "Message", module = "unbroken._kernel")]
pub struct PyMessage {
    inner: unbroken_core::Message,
    question: PyOnceLock<Option<Py<PyTuple>>>,
    sections: [PyOnceLock<Py<PyTuple>>; 3],
    edns: PyOnceLock<Option<Py<PyEdns>>>,
}

type PyQuestion<'py> = (Bound<'py, PyName>, Num<u16>, Num<u16>);

impl PyMessage {
    fn wrap(inner: unbroken_core::Message) -> Self {
        let sections = [PyOnceLock::new(), PyOnceLock::new(), PyOnceLock::new()];
        Self { inner, question: PyOnceLock::new(), sections, edns: PyOnceLock::new() }
    }

    fn section(
        &self,
        py: Python<'_>,
        cell: &PyOnceLock<Py<PyTuple>>,
        rrsets: &[unbroken_core::RRset],
    ) -> PyResult<Py<PyTuple>> {
        let made = cell.get_or_try_init(py, || {
            let items: PyResult<Vec<_>> = rrsets.iter().map(|rrset| Py::new(py, PyRRset::new(rrset.clone()))).collect();
            PyResult::Ok(PyTuple::new(py, items?)?.unbind())
        })?;
        Ok(made.clone_ref(py))
    }
}

fn inner(section: &[Bound<'_, PyRRset>]) -> Vec<unbroken_core::RRset> {
    section.iter().map(|rrset| rrset.get().inner.clone()).collect()
}

#[pymethods]
impl PyMessage {
    #[new]
    #[pyo3(signature = (id, flags, question, answer = vec![], authority = vec![], additional = vec![], *,
                        opcode = Num(0), rcode = Num(0), edns = None),
           text_signature = "(id, flags, question, answer=(), authority=(), additional=(), *, opcode=0, rcode=0, edns=None)")]
    #[allow(clippy::too_many_arguments)]
    fn new(
        id: Num<u16>,
        flags: Num<u16>,
        question: Option<PyQuestion<'_>>,
        answer: Vec<Bound<'_, PyRRset>>,
        authority: Vec<Bound<'_, PyRRset>>,
        additional: Vec<Bound<'_, PyRRset>>,
        opcode: Num<u8>,
        rcode: Num<u16>,
        edns: Option<Bound<'_, PyEdns>>,
    ) -> Result<Self> {
        let header = Header { id: id.0, flags: flags.0, opcode: opcode.0, rcode: rcode.0 };
        let question = question.map(|(name, rdtype, rdclass)| (name.get().0.clone(), rdtype.0, rdclass.0));
        let sections = [inner(&answer), inner(&authority), inner(&additional)];
        let edns = edns.map(|edns| edns.get().0.clone());
        Ok(Self::wrap(unbroken_core::Message::new(header, question, sections, edns)?))
    }

    #[staticmethod]
    fn from_wire(py: Python<'_>, wire: &[u8]) -> Result<Self> {
        // Small messages take less time than handing over the interpreter.
        let parse = || unbroken_core::Message::from_wire(wire);
        let parsed = if wire.len() < 4096 { parse() } else { py.detach(parse) };
        Ok(Self::wrap(parsed?))
    }

    #[pyo3(signature = (max_size = Num(65535)), text_signature = "($self, max_size=65535)")]
    fn to_wire<'py>(&self, py: Python<'py>, max_size: Num<usize>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.inner.to_wire(max_size.0))
    }

    #[getter]
    fn id(&self) -> u16 {
        self.inner.header().id
    }

    #[getter]
    fn flags(&self) -> u16 {
        self.inner.header().flags
    }

    #[getter]
    fn opcode(&self) -> u8 {
        self.inner.header().opcode
    }

    #[getter]
    fn rcode(&self) -> u16 {
        self.inner.header().rcode
    }

    #[getter]
    fn question(&self, py: Python<'_>) -> PyResult<Option<Py<PyTuple>>> {
        let made = self.question.get_or_try_init(py, || -> PyResult<Option<Py<PyTuple>>> {
            let Some((name, rdtype, rdclass)) = self.inner.question() else { return Ok(None) };
            let fields = (Py::new(py, PyName(name.clone()))?, *rdtype, *rdclass);
            Ok(Some(fields.into_pyobject(py)?.unbind()))
        })?;
        Ok(made.as_ref().map(|question| question.clone_ref(py)))
    }

    #[getter]
    fn answer(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        self.section(py, &self.sections[0], &self.inner.sections()[0])
    }

    #[getter]
    fn authority(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        self.section(py, &self.sections[1], &self.inner.sections()[1])
    }

    #[getter]
    fn additional(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        self.section(py, &self.sections[2], &self.inner.sections()[2])
    }

    #[getter]
    fn edns(&self, py: Python<'_>) -> PyResult<Option<Py<PyEdns>>> {
        let made = self
            .edns
            .get_or_try_init(py, || self.inner.edns().map(|edns| Py::new(py, PyEdns(edns.clone()))).transpose())?;
        Ok(made.as_ref().map(|edns| edns.clone_ref(py)))
    }

    fn is_authoritative(&self) -> bool {
        self.flags() & 0x0400 != 0
    }

    fn is_truncated(&self) -> bool {
        self.flags() & 0x0200 != 0
    }

    fn __repr__(&self) -> String {
        let header = self.inner.header();
        let question = match self.inner.question() {
            Some((name, rdtype, _)) => format!("{name} {}", unbroken_core::types::to_text(*rdtype)),
            None => "no question".to_owned(),
        };
        let [answer, authority, additional] = self.inner.sections();
        let counts = (answer.len(), authority.len(), additional.len());
        format!("<Message id={} rcode={} {question}, RRsets {counts:?}>", header.id, header.rcode)
    }
}
