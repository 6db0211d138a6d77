//! RRsets: records of one owner, type and class, checked once and shared from then on.

use std::fmt;
use std::sync::{Arc, OnceLock};

use crate::error::{ArgumentError, WireError};
use crate::name::Name;
use crate::rdata;
use crate::reader::Reader;
use crate::typed::{Dnskey, Ds, Nsec, Nsec3, Rrsig};
use crate::types as t;
use crate::Octets;

/// Typed views of all records, in the order the rdata came.
pub enum Typed {
    /// DNSKEY and CDNSKEY.
    Dnskeys(Vec<Arc<Dnskey>>),
    /// DS and CDS.
    Dses(Vec<Arc<Ds>>),
    /// RRSIG.
    Rrsigs(Vec<Arc<Rrsig>>),
    /// NSEC.
    Nsecs(Vec<Arc<Nsec>>),
    /// NSEC3.
    Nsec3s(Vec<Arc<Nsec3>>),
    /// The target names of NS, CNAME, DNAME, PTR and MX.
    Names(Vec<Name>),
    /// A type without a typed view.
    Opaque,
}

/// Why an RRset cannot be made.
#[derive(Debug)]
pub enum BuildError {
    /// Rdata does not fit its type.
    Wire(WireError),
    /// The arguments do not fit each other.
    Argument(ArgumentError),
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wire(e) => e.fmt(f),
            Self::Argument(e) => e.fmt(f),
        }
    }
}

impl From<WireError> for BuildError {
    fn from(e: WireError) -> Self {
        Self::Wire(e)
    }
}

/// What does not depend on owner and TTL.
struct Body {
    rdtype: u16,
    rdclass: u16,
    covers: u16,
    rdatas: Vec<Octets>,
    canonical: Vec<Octets>,
    typed: OnceLock<Result<Typed, WireError>>,
}

/// Records of one owner, type and class (and covered type, for RRSIGs).
#[derive(Clone)]
pub struct RRset {
    owner: Name,
    ttl: u32,
    body: Arc<Body>,
}

impl RRset {
    /// Check uncompressed rdata and put it together. Duplicates are dropped (RFC 2181 §5).
    pub fn new(owner: Name, rdtype: u16, ttl: u32, rdatas: Vec<Octets>, rdclass: u16) -> Result<RRset, BuildError> {
        let Some(first) = rdatas.first() else {
            return Err(BuildError::Argument(ArgumentError("an RRset has at least one record")));
        };
        for octets in &rdatas {
            rdata::check(rdtype, rdclass, octets)?;
        }
        let covers = covers(rdtype, first);
        if rdatas.iter().any(|octets| self::covers(rdtype, octets) != covers) {
            return Err(BuildError::Argument(ArgumentError("RRSIGs of several covered types in one RRset")));
        }
        Ok(Self::from_checked(owner, rdtype, rdclass, ttl, rdatas))
    }

    /// From rdata that `rdata::read` or `rdata::check` let through.
    pub(crate) fn from_checked(owner: Name, rdtype: u16, rdclass: u16, ttl: u32, rdatas: Vec<Octets>) -> RRset {
        let covers = rdatas.first().map_or(0, |first| self::covers(rdtype, first));
        let (rdatas, canonical) = sort_and_drop_duplicates(rdtype, rdclass, rdatas);
        let body = Body { rdtype, rdclass, covers, rdatas, canonical, typed: OnceLock::new() };
        RRset { owner, ttl, body: Arc::new(body) }
    }

    /// Owner name, in the case it came in.
    pub fn owner(&self) -> &Name {
        &self.owner
    }

    /// RR type.
    pub fn rdtype(&self) -> u16 {
        self.body.rdtype
    }

    /// RR class.
    pub fn rdclass(&self) -> u16 {
        self.body.rdclass
    }

    /// Seconds.
    pub fn ttl(&self) -> u32 {
        self.ttl
    }

    /// The type that these RRSIGs cover; 0 for other types.
    pub fn covers(&self) -> u16 {
        self.body.covers
    }

    /// Rdata in the order and case it came in.
    pub fn rdatas(&self) -> &[Octets] {
        &self.body.rdatas
    }

    /// Rdata in canonical form (RFC 4034 §6.2, RFC 6840 §5.1) and order (RFC 4034 §6.3).
    pub fn canonical_rdatas(&self) -> &[Octets] {
        &self.body.canonical
    }

    /// Typed views, parsed once. An error only for records without rdata (RFC 2136).
    pub fn typed(&self) -> &Result<Typed, WireError> {
        self.body.typed.get_or_init(|| self.parse_typed())
    }

    fn parse_typed(&self) -> Result<Typed, WireError> {
        fn all<T>(rdatas: &[Octets], parse: fn(&Octets) -> Result<T, WireError>) -> Result<Vec<T>, WireError> {
            rdatas.iter().map(parse).collect()
        }
        let rdatas = self.rdatas();
        Ok(match self.body.rdtype {
            t::DNSKEY | t::CDNSKEY => Typed::Dnskeys(all(rdatas, Dnskey::parse)?),
            t::DS | t::CDS => Typed::Dses(all(rdatas, Ds::parse)?),
            t::RRSIG => Typed::Rrsigs(all(rdatas, Rrsig::parse)?),
            t::NSEC => Typed::Nsecs(all(rdatas, Nsec::parse)?),
            t::NSEC3 => Typed::Nsec3s(all(rdatas, Nsec3::parse)?),
            t::NS | t::CNAME | t::DNAME | t::PTR => Typed::Names(all(rdatas, |octets| Name::from_wire(octets))?),
            t::MX => Typed::Names(all(rdatas, |octets| {
                let mut reader = Reader::new(octets);
                reader.u16()?;
                Name::read(&mut reader, false)
            })?),
            _ => Typed::Opaque,
        })
    }

    /// The same records with another TTL; typed views are shared.
    pub fn with_ttl(&self, ttl: u32) -> RRset {
        RRset { owner: self.owner.clone(), ttl, body: self.body.clone() }
    }

    /// The same records at another owner; typed views are shared.
    pub fn with_owner(&self, owner: Name) -> RRset {
        RRset { owner, ttl: self.ttl, body: self.body.clone() }
    }
}

impl PartialEq for RRset {
    /// Owner, type, class and set of canonical rdata; TTL and order do not count.
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.body, &other.body);
        self.owner == other.owner
            && (Arc::ptr_eq(a, b) || a.rdtype == b.rdtype && a.rdclass == b.rdclass && a.canonical == b.canonical)
    }
}

impl Eq for RRset {}

/// The Type Covered field of an RRSIG, 0 for other types.
pub(crate) fn covers(rdtype: u16, rdata: &[u8]) -> u16 {
    match (rdtype, rdata) {
        (t::RRSIG, [high, low, ..]) => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

/// Rdata as it came without its duplicates, and the same in canonical form and order. Sorting bounds the work.
fn sort_and_drop_duplicates(rdtype: u16, rdclass: u16, rdatas: Vec<Octets>) -> (Vec<Octets>, Vec<Octets>) {
    let canonical = |octets: &Octets| rdata::canonical(rdtype, rdclass, octets);
    if rdatas.len() == 1 {
        let only = rdatas.iter().map(canonical).collect();
        return (rdatas, only);
    }
    // RFC 4034 §6.3: as left-justified unsigned octet sequences. The sort is stable, so that the first of equals stays.
    let mut keyed: Vec<(Octets, usize)> =
        rdatas.iter().enumerate().map(|(at, octets)| (canonical(octets), at)).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    keyed.dedup_by(|later, earlier| later.0 == earlier.0);
    let mut kept: Vec<usize> = keyed.iter().map(|(_, at)| *at).collect();
    kept.sort_unstable();
    let in_order = kept.into_iter().filter_map(|at| rdatas.get(at).cloned()).collect();
    (in_order, keyed.into_iter().map(|(octets, _)| octets).collect())
}
