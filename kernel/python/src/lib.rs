//! The Python face of `unbroken-core`: conversions, one error map, the GIL released around work.
#![forbid(unsafe_code)]

mod crypto;
mod errors;
mod message;
mod name;
mod packets;
mod records;
mod views;
mod zone;

use pyo3::prelude::*;

/// Wire parsing, canonical form, signature and NSEC3 batches.
#[pymodule]
mod _kernel {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::crypto::{
        base32hex, base32hex_decode, ds_digest, nsec3_hash, nsec3_hash_many, sign_many, signed_data, verify,
        verify_many, verify_raw, PySignJob, PySigningKey,
    };
    #[pymodule_export]
    use crate::errors::{ScanError, WireError};
    #[pymodule_export]
    use crate::message::{PyEdns, PyMessage};
    #[pymodule_export]
    use crate::name::PyName;
    #[pymodule_export]
    use crate::packets::PyPacketLoop;
    #[pymodule_export]
    use crate::records::{parse_records, rdata_to_text, record_wire, type_from_text, type_to_text, PyRRset};
    #[pymodule_export]
    use crate::views::{PyDnskey, PyDs, PyNsec, PyNsec3, PyRrsig};
    #[pymodule_export]
    use crate::zone::{
        scan_zone, scan_zone_text, verify_zone, zone_digest, PyKernelZone, PyProgress, PyZoneBuilder, PyZoneSigning,
        PyZoneSigningKey,
    };
    use unbroken_core::Outcome;

    #[pymodule_export]
    const VERIFIED: u8 = Outcome::Verified as u8;
    #[pymodule_export]
    const BAD_SIGNATURE: u8 = Outcome::BadSignature as u8;
    #[pymodule_export]
    const UNSUPPORTED: u8 = Outcome::Unsupported as u8;
    #[pymodule_export]
    const MALFORMED_KEY: u8 = Outcome::MalformedKey as u8;

    #[pymodule_init]
    fn init(m: &Bound<'_, PyModule>) -> PyResult<()> {
        // Each error sets its own; the class has one too, so that the attribute is always there.
        m.py().get_type::<WireError>().setattr("offset", 0)?;
        let scan_error = m.py().get_type::<ScanError>();
        for (name, value) in [("line", 0), ("column", 0)] {
            scan_error.setattr(name, value)?;
        }
        for name in ["file", "what"] {
            scan_error.setattr(name, "")?;
        }
        m.delattr("__all__")
    }
}
