//! Whole zones: scanned, signed, verified, written.

use std::fs::OpenOptions;
use std::io::BufWriter;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::{PyInterruptedError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use unbroken_core::zone::{self, Denial, Origin, Progress, ScanError, ScanOptions, SigningPlan};
use unbroken_core::{types, Octets, RRset};

use crate::crypto::PySigningKey;
use crate::errors::{Num, Problem, Result};
use crate::name::PyName;
use crate::records::PyRRset;

/// How far work has come; another thread may look at it, and stop it.
#[pyclass(frozen, name = "Progress", module = "unbroken._kernel")]
pub struct PyProgress(Arc<Progress>);

#[pymethods]
impl PyProgress {
    #[new]
    fn new() -> Self {
        Self(Arc::default())
    }

    /// Names done, and names in all.
    fn state(&self) -> (usize, usize) {
        self.0.state()
    }

    fn cancel(&self) {
        self.0.cancel();
    }
}

/// Records on their way to a zone.
#[pyclass(frozen, name = "ZoneBuilder", module = "unbroken._kernel")]
pub struct PyZoneBuilder(Mutex<Option<zone::ZoneBuilder>>);

impl PyZoneBuilder {
    fn with<T>(&self, work: impl FnOnce(&mut zone::ZoneBuilder) -> Result<T>) -> Result<T> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match held.as_mut() {
            Some(builder) => work(builder),
            None => Err(Problem::Value("the zone is finished".to_owned())),
        }
    }
}

type Foreign = (u16, String, Option<PyName>, String, u32, u32);
type Given<'py> = (Bound<'py, PyBytes>, Bound<'py, PyBytes>);

#[pymethods]
impl PyZoneBuilder {
    fn foreign(&self) -> Result<Vec<Foreign>> {
        self.with(|builder| {
            let foreign = builder.foreign().iter();
            Ok(foreign
                .map(|f| (f.rdtype, f.text.clone(), f.origin.clone().map(PyName), f.file.clone(), f.line, f.column))
                .collect())
        })
    }

    #[getter]
    fn unended(&self) -> Result<Vec<String>> {
        self.with(|builder| Ok(builder.unended().into_iter().map(str::to_owned).collect()))
    }

    fn supply(&self, found: Vec<Given<'_>>) -> Result<()> {
        let found: Vec<_> = found.iter().map(|(w, t)| (w.as_bytes().to_vec(), t.as_bytes().to_vec())).collect();
        self.with(|builder| Ok(builder.supply(&found)?))
    }

    fn apex(&self) -> Result<PyName> {
        self.with(|builder| Ok(PyName(builder.apex()?)))
    }

    fn rrset(&self, name: &PyName, rdtype: Num<u16>) -> Result<Option<PyRRset>> {
        self.with(|builder| {
            let found = builder.rdatas(&name.0, rdtype.0);
            let Some(ttl) = found.iter().map(|(ttl, _)| *ttl).min() else { return Ok(None) };
            let rdatas = found.iter().map(|(_, octets)| Octets::from(*octets)).collect();
            Ok(Some(PyRRset::new(RRset::new(name.0.clone(), rdtype.0, ttl, rdatas, 1)?)))
        })
    }

    #[pyo3(signature = (rdtypes, name = None), text_signature = "($self, rdtypes, name=None)")]
    fn drop_types(&self, py: Python<'_>, rdtypes: Vec<u16>, name: Option<&PyName>) -> Result<usize> {
        let name = name.map(|name| &name.0);
        py.detach(|| self.with(|builder| Ok(builder.drop_types(&rdtypes, name))))
    }

    fn add(&self, rrset: &PyRRset) -> Result<()> {
        let rrset = &rrset.inner;
        let rdatas: Vec<&[u8]> = rrset.rdatas().iter().map(|octets| &octets[..]).collect();
        self.with(|builder| Ok(builder.add(rrset.owner(), rrset.rdtype(), rrset.ttl(), &rdatas)?))
    }

    fn finish(&self, py: Python<'_>) -> Result<PyKernelZone> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let builder = held.ok_or_else(|| Problem::Value("the zone is finished".to_owned()))?;
        let zone = py.detach(|| builder.finish())?;
        Ok(PyKernelZone(Arc::new(zone)))
    }
}

fn options(origin: Option<&PyName>, default_ttl: Option<Num<u32>>, include: bool) -> ScanOptions {
    ScanOptions { origin: origin.map(|name| name.0.clone()), default_ttl: default_ttl.map(|ttl| ttl.0), include }
}

fn built(py: Python<'_>, origin: Origin, options: &ScanOptions) -> Result<PyZoneBuilder> {
    let builder = py.detach(|| zone::scan(origin, options))?;
    Ok(PyZoneBuilder(Mutex::new(Some(builder))))
}

/// The records of a master file; `-` is standard input.
#[pyfunction]
#[pyo3(signature = (path, origin = None, default_ttl = None, include = true),
       text_signature = "(path, origin=None, default_ttl=None, include=True)")]
pub fn scan_zone(
    py: Python<'_>,
    path: PathBuf,
    origin: Option<&PyName>,
    default_ttl: Option<Num<u32>>,
    include: bool,
) -> Result<PyZoneBuilder> {
    built(py, Origin::Path(path), &options(origin, default_ttl, include))
}

/// The records of master-file text; `name` stands for it in errors.
#[pyfunction]
#[pyo3(signature = (name, text, origin = None, default_ttl = None, include = false),
       text_signature = "(name, text, origin=None, default_ttl=None, include=False)")]
pub fn scan_zone_text(
    py: Python<'_>,
    name: String,
    text: &[u8],
    origin: Option<&PyName>,
    default_ttl: Option<Num<u32>>,
    include: bool,
) -> Result<PyZoneBuilder> {
    built(py, Origin::Text(name, text.to_vec()), &options(origin, default_ttl, include))
}

/// A whole zone in canonical order.
#[pyclass(frozen, name = "KernelZone", module = "unbroken._kernel")]
pub struct PyKernelZone(pub Arc<zone::Zone>);

#[pymethods]
impl PyKernelZone {
    #[getter]
    fn origin(&self) -> PyName {
        PyName(self.0.origin().clone())
    }

    #[getter]
    fn record_count(&self) -> usize {
        self.0.record_count()
    }

    #[getter]
    fn owner_count(&self) -> usize {
        self.0.owner_count()
    }

    #[getter]
    fn duplicates(&self) -> usize {
        self.0.counts().duplicates
    }

    #[getter]
    fn mixed_ttls(&self) -> usize {
        self.0.counts().mixed_ttls
    }

    /// Records that must not stand where they do, in the form of `verify_zone`.
    fn misfits(&self, py: Python<'_>) -> Result<Vec<Found>> {
        py.detach(|| zone::misfits(&self.0)).into_iter().map(problem).collect()
    }

    #[pyo3(signature = (owner, rdtype, covers = Num(0)), text_signature = "($self, owner, rdtype, covers=0)")]
    fn rrset(&self, owner: &PyName, rdtype: Num<u16>, covers: Num<u16>) -> Result<Option<PyRRset>> {
        Ok(self.0.rrset(&owner.0, rdtype.0, covers.0)?.map(PyRRset::new))
    }
}

type Found = (String, PyName, u16, u16, u8, bool, u32, String);
type Unverified = (PyRRset, PyRRset, PyRRset);

/// Everything that is wrong with a zone, by `(code, owner, type, key tag, algorithm, is harmless, time, detail)`; and counts.
#[pyfunction]
#[pyo3(signature = (zone, now, earlier = None, progress = None, threads = Num(0)),
       text_signature = "(zone, now, earlier=None, progress=None, threads=0)")]
pub fn verify_zone<'py>(
    py: Python<'py>,
    zone: &PyKernelZone,
    now: Num<u32>,
    earlier: Option<&PyKernelZone>,
    progress: Option<&PyProgress>,
    threads: Num<usize>,
) -> Result<Bound<'py, PyDict>> {
    let progress = progress.map(|progress| progress.0.clone()).unwrap_or_default();
    let (zone, earlier) = (zone.0.clone(), earlier.map(|zone| zone.0.clone()));
    let options = zone::VerifyOptions { now: now.0, threads: threads.0 };
    let report = py.detach(|| zone::verify(&zone, earlier.as_ref(), &options, &progress));
    let report = report.ok_or_else(|| Problem::Python(PyInterruptedError::new_err("stopped")))?;
    let found = PyDict::new(py);
    let problems = report.problems.into_iter().map(problem).collect::<Result<Vec<Found>>>()?;
    found.set_item("problems", problems)?;
    let unverified = report.unverified.into_iter().map(|u| unverified(&zone, &u)).collect::<Result<Vec<_>>>()?;
    found.set_item("unverified", unverified)?;
    found.set_item("verified", report.verified)?;
    found.set_item("skipped", report.skipped)?;
    found.set_item("signed_rrsets", report.signed_rrsets)?;
    let signers: Vec<_> = report.dnskey_signers.iter().map(|key| PyBytes::new(py, key)).collect();
    found.set_item("dnskey_signers", signers)?;
    found.set_item("first_expiration", report.first_expiration)?;
    found.set_item("has_nsec", report.has_nsec)?;
    let chains = report.nsec3.iter().map(|(salt, iterations, opt_out)| (PyBytes::new(py, salt), *iterations, *opt_out));
    found.set_item("nsec3", chains.collect::<Vec<_>>())?;
    Ok(found)
}

fn problem(problem: zone::Problem) -> Result<Found> {
    let owner = PyName(unbroken_core::Name::from_wire(&problem.owner)?);
    let (code, detail) = (problem.code.to_string(), problem.detail);
    let (tag, algorithm) = (problem.key_tag, problem.algorithm);
    Ok((code, owner, problem.rdtype, tag, algorithm, problem.is_harmless, problem.time, detail))
}

/// The RRset, its signature and the key, each as an RRset.
fn unverified(zone: &zone::Zone, unverified: &zone::Unverified) -> Result<Unverified> {
    let owner = unbroken_core::Name::from_wire(&unverified.owner)?;
    let covered = zone.rrset(&owner, unverified.rdtype, 0)?;
    let covered = covered.ok_or_else(|| Problem::Value("no such RRset".to_owned()))?;
    let one = |owner: &unbroken_core::Name, rdtype, rdata: &[u8]| {
        RRset::new(owner.clone(), rdtype, 0, vec![Octets::from(rdata)], 1).map(PyRRset::new)
    };
    let rrsig = one(&owner, types::RRSIG, &unverified.rrsig)?;
    let dnskey = one(zone.origin(), types::DNSKEY, &unverified.dnskey)?;
    Ok((PyRRset::new(covered), rrsig, dnskey))
}

/// The ZONEMD digest of a zone (RFC 8976): 1 SHA-384, 2 SHA-512; None for others.
#[pyfunction]
pub fn zone_digest<'py>(py: Python<'py>, zone: &PyKernelZone, hash_algorithm: Num<u8>) -> Option<Bound<'py, PyBytes>> {
    let digest = py.detach(|| zone::zone_digest(&zone.0, hash_algorithm.0));
    digest.map(|digest| PyBytes::new(py, &digest))
}

/// A key of a zone that is signed as a whole.
#[pyclass(frozen, name = "ZoneSigningKey", module = "unbroken._kernel")]
pub struct PyZoneSigningKey {
    dnskey: Vec<u8>,
    algorithm: u8,
    key_tag: u16,
    signs_keys: bool,
    signs_data: bool,
    private: Option<Arc<unbroken_core::SigningKey>>,
}

#[pymethods]
impl PyZoneSigningKey {
    #[new]
    #[pyo3(signature = (dnskey, signs_keys, signs_data, private = None),
           text_signature = "(dnskey, signs_keys, signs_data, private=None)")]
    fn new(
        dnskey: &crate::views::PyDnskey,
        signs_keys: bool,
        signs_data: bool,
        private: Option<&PySigningKey>,
    ) -> Self {
        let key = &dnskey.0;
        Self {
            dnskey: key.rdata.to_vec(),
            algorithm: key.algorithm,
            key_tag: key.key_tag,
            signs_keys,
            signs_data,
            private: private.map(|key| key.0.clone()),
        }
    }
}

/// A zone with its denial chain, ready to be signed.
#[pyclass(frozen, name = "ZoneSigning", module = "unbroken._kernel")]
pub struct PyZoneSigning(zone::ZoneSigning);

type PyNsec3<'py> = (Bound<'py, PyBytes>, Num<u16>, bool);

#[pymethods]
impl PyZoneSigning {
    #[new]
    #[pyo3(signature = (zone, keys, inception, expiration, now, nsec3 = None, jitter = Num(0), refresh = Num(0),
                        digests = vec![], earlier = None, threads = Num(0)),
           text_signature = "(zone, keys, inception, expiration, now, nsec3=None, jitter=0, refresh=0, digests=(), \
                             earlier=None, threads=0)")]
    #[allow(clippy::too_many_arguments)]
    fn new(
        py: Python<'_>,
        zone: &PyKernelZone,
        keys: Vec<Bound<'_, PyZoneSigningKey>>,
        inception: Num<u32>,
        expiration: Num<u32>,
        now: Num<u32>,
        nsec3: Option<PyNsec3<'_>>,
        jitter: Num<u32>,
        refresh: Num<u32>,
        digests: Vec<Num<u8>>,
        earlier: Option<&PyKernelZone>,
        threads: Num<usize>,
    ) -> Result<Self> {
        let keys = keys.iter().map(|key| {
            let key = key.get();
            zone::ZoneKey {
                dnskey: key.dnskey.clone(),
                algorithm: key.algorithm,
                key_tag: key.key_tag,
                signs_keys: key.signs_keys,
                signs_data: key.signs_data,
                private: key.private.clone(),
            }
        });
        let denial = match nsec3 {
            None => Denial::Nsec,
            Some((salt, iterations, opt_out)) => {
                crate::crypto::check_salt(salt.as_bytes())?;
                Denial::Nsec3 { salt: salt.as_bytes().to_vec(), iterations: iterations.0, opt_out }
            }
        };
        let plan = SigningPlan {
            denial,
            keys: keys.collect(),
            inception: inception.0,
            expiration: expiration.0,
            jitter: jitter.0,
            now: now.0,
            refresh: refresh.0,
            digests: digests.into_iter().map(|digest| digest.0).collect(),
        };
        let (zone, earlier) = (zone.0.clone(), earlier.map(|zone| zone.0.clone()));
        Ok(Self(py.detach(|| zone::ZoneSigning::new(zone, earlier, plan, threads.0))?))
    }

    #[getter]
    fn pieces(&self) -> usize {
        self.0.pieces()
    }

    fn to_sign<'py>(&self, py: Python<'py>, piece: Num<usize>) -> Result<Vec<(usize, Bound<'py, PyBytes>)>> {
        let jobs = py.detach(|| self.0.to_sign(piece.0))?;
        Ok(jobs.iter().map(|(key, data)| (*key, PyBytes::new(py, data))).collect())
    }

    fn supply(&self, piece: Num<usize>, signatures: Vec<Bound<'_, PyBytes>>) {
        self.0.supply(piece.0, signatures.iter().map(|signature| signature.as_bytes().to_vec()).collect());
    }

    #[pyo3(signature = (path, progress = None, threads = Num(0)), text_signature = "($self, path, progress=None, threads=0)")]
    fn write<'py>(
        &self,
        py: Python<'py>,
        path: PathBuf,
        progress: Option<&PyProgress>,
        threads: Num<usize>,
    ) -> Result<Bound<'py, PyDict>> {
        let progress = progress.map(|progress| progress.0.clone()).unwrap_or_default();
        let stats = py.detach(|| {
            let file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
            self.0.write(&mut BufWriter::with_capacity(1 << 20, file), threads.0, &progress)
        })?;
        let found = PyDict::new(py);
        found.set_item("made", stats.made)?;
        found.set_item("kept", stats.kept)?;
        found.set_item("denials", stats.denials)?;
        found.set_item("records", stats.records)?;
        found.set_item("octets", stats.octets)?;
        found.set_item("first_expiration", stats.first_expiration)?;
        let digests: Vec<_> = stats.digests.iter().map(|digest| PyBytes::new(py, digest)).collect();
        found.set_item("digests", digests)?;
        Ok(found)
    }
}

impl From<ScanError> for Problem {
    fn from(e: ScanError) -> Self {
        Self::Scan(e)
    }
}

impl From<zone::SignError> for Problem {
    fn from(e: zone::SignError) -> Self {
        match e {
            zone::SignError::Argument(e) => Self::Argument(e),
            zone::SignError::Io(e) => Self::Python(os_error(&e)),
            zone::SignError::Cancelled => Self::Python(PyInterruptedError::new_err("stopped")),
        }
    }
}

/// With `errno` and `strerror`, as Python's own calls raise it.
fn os_error(error: &std::io::Error) -> PyErr {
    let text = error.to_string();
    let plain = text.split(" (os error").next().unwrap_or(&text).to_owned();
    match error.raw_os_error() {
        Some(number) => PyOSError::new_err((number, plain)),
        None => PyOSError::new_err(plain),
    }
}
