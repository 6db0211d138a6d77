//! The one place where errors of the core become Python exceptions, and where integers are taken in.

use pyo3::create_exception;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyInt;

create_exception!(
    unbroken._kernel,
    WireError,
    PyValueError,
    "Bytes that are not what they should be. `str()` says what and at which offset; `offset` is that offset."
);

create_exception!(
    unbroken._kernel,
    ScanError,
    PyValueError,
    "A master file that can't be read: `file`, `line` and `column` (from 1; 0 for the whole file), `what` is wrong."
);

/// Anything the core or the conversions can complain about.
pub enum Problem {
    Wire(unbroken_core::WireError),
    Scan(unbroken_core::zone::ScanError),
    Argument(unbroken_core::ArgumentError),
    Value(String),
    Python(PyErr),
}

pub type Result<T> = std::result::Result<T, Problem>;

impl From<unbroken_core::WireError> for Problem {
    fn from(e: unbroken_core::WireError) -> Self {
        Self::Wire(e)
    }
}

impl From<&unbroken_core::WireError> for Problem {
    fn from(e: &unbroken_core::WireError) -> Self {
        Self::Wire(e.clone())
    }
}

impl From<unbroken_core::ArgumentError> for Problem {
    fn from(e: unbroken_core::ArgumentError) -> Self {
        Self::Argument(e)
    }
}

impl From<unbroken_core::BuildError> for Problem {
    fn from(e: unbroken_core::BuildError) -> Self {
        match e {
            unbroken_core::BuildError::Wire(e) => Self::Wire(e),
            unbroken_core::BuildError::Argument(e) => Self::Argument(e),
        }
    }
}

impl From<PyErr> for Problem {
    fn from(e: PyErr) -> Self {
        Self::Python(e)
    }
}

impl From<Problem> for PyErr {
    fn from(problem: Problem) -> PyErr {
        match problem {
            Problem::Wire(e) => wire_error(&e),
            Problem::Scan(e) => scan_error(&e),
            Problem::Argument(e) => PyValueError::new_err(e.to_string()),
            Problem::Value(text) => PyValueError::new_err(text),
            Problem::Python(e) => e,
        }
    }
}

fn wire_error(e: &unbroken_core::WireError) -> PyErr {
    Python::attach(|py| {
        let err = WireError::new_err(e.to_string());
        match err.value(py).setattr("offset", e.offset) {
            Ok(()) => err,
            Err(other) => other,
        }
    })
}

fn scan_error(e: &unbroken_core::zone::ScanError) -> PyErr {
    Python::attach(|py| {
        let err = ScanError::new_err(e.to_string());
        let value = err.value(py);
        let set = value
            .setattr("file", &e.file)
            .and_then(|()| value.setattr("line", e.line))
            .and_then(|()| value.setattr("column", e.column))
            .and_then(|()| value.setattr("what", &e.what));
        match set {
            Ok(()) => err,
            Err(other) => other,
        }
    })
}

/// An integer argument. Out of range is a ValueError, not Python's OverflowError, which is no ValueError.
pub struct Num<T>(pub T);

impl<'py, T: TryFrom<i64>> FromPyObject<'_, 'py> for Num<T> {
    type Error = PyErr;

    fn extract(obj: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if !obj.is_instance_of::<PyInt>() && obj.extract::<i64>().is_err() {
            return Err(PyTypeError::new_err("an integer is required"));
        }
        let value = obj.extract::<i64>().ok().and_then(|value| T::try_from(value).ok());
        value.map(Num).ok_or_else(|| PyValueError::new_err("integer out of range"))
    }
}
