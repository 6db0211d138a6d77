//! What rdata looks like, by type: one table that serves checking, decompression, canonical form and compression.

use crate::bitmap;
use crate::error::WireError;
use crate::name::NameBuf;
use crate::reader::Reader;
use crate::types as t;
use crate::Octets;

/// Class IN, to which the layouts of address-like types belong.
const CLASS_IN: u16 = 1;

/// Classes NONE and ANY, whose records have no rdata in a dynamic update (RFC 2136 §2.4, §2.5).
const CLASS_NONE: u16 = 254;
const CLASS_ANY: u16 = 255;

/// How a domain name inside rdata is treated.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// A type of RFC 1035: compressed when written (RFC 3597 §4), lower-cased in canonical form (RFC 4034 §6.2).
    Compressible,
    /// Not compressed when written, decompressed when read (RFC 3597 §4), lower-cased in canonical form (RFC 4034 §6.2).
    Lowered,
    /// Never compressed, never changed. NSEC is here: RFC 6840 §5.1 takes it off the list of RFC 4034 §6.2.
    Plain,
}

#[derive(Clone, Copy)]
enum Field {
    Fixed(usize),
    /// One octet of length, then that many octets.
    Counted,
    /// The same, not empty.
    CountedSome,
    /// The same, or nothing at all.
    CountedMaybe,
    /// One or more counted strings up to the end.
    Strings,
    Name(NameKind),
    Bitmap,
    /// Prefix length, address suffix, and a name when the prefix is not empty (RFC 2874 §3.1.1).
    A6,
    Rest,
}

use Field::{Bitmap, Counted, CountedMaybe, CountedSome, Fixed, Rest, Strings};

const C: Field = Field::Name(NameKind::Compressible);
const L: Field = Field::Name(NameKind::Lowered);
const P: Field = Field::Name(NameKind::Plain);

/// The fields of a type's rdata. What is not known is opaque (RFC 3597 §3).
fn layout(rdtype: u16, rdclass: u16) -> &'static [Field] {
    match rdtype {
        t::NS | t::MD | t::MF | t::CNAME | t::MB | t::MG | t::MR | t::PTR => &[C],
        t::SOA => &[C, C, Fixed(20)],
        t::HINFO => &[Counted, Counted],
        t::MINFO => &[C, C],
        t::MX => &[Fixed(2), C],
        t::TXT | t::SPF | t::AVC | t::NINFO | t::RESINFO | t::WALLET => &[Strings],
        t::RP => &[L, L],
        t::AFSDB | t::RT => &[Fixed(2), L],
        t::X25 => &[Counted],
        t::ISDN => &[Counted, CountedMaybe],
        t::SIG | t::RRSIG => &[Fixed(18), L, Rest],
        t::KEY | t::DNSKEY | t::CDNSKEY | t::RKEY | t::DS | t::CDS | t::TA | t::DLV | t::URI => &[Fixed(4), Rest],
        t::GPOS => &[Counted, Counted, Counted],
        t::NXT => &[L, Rest],
        t::CERT => &[Fixed(5), Rest],
        t::DNAME => &[L],
        t::SSHFP | t::AMTRELAY => &[Fixed(2), Rest],
        t::IPSECKEY | t::TLSA | t::SMIMEA => &[Fixed(3), Rest],
        t::NSEC => &[P, Bitmap],
        t::NSEC3 => &[Fixed(4), Counted, CountedSome, Bitmap],
        t::NSEC3PARAM => &[Fixed(4), Counted],
        t::TALINK => &[P, P],
        t::CSYNC => &[Fixed(6), Bitmap],
        t::ZONEMD => &[Fixed(6), Rest],
        t::DSYNC => &[Fixed(5), P],
        t::NID | t::L64 => &[Fixed(10)],
        t::L32 | t::EUI48 => &[Fixed(6)],
        t::LP => &[Fixed(2), P],
        t::EUI64 => &[Fixed(8)],
        t::TKEY | t::TSIG => &[P, Rest],
        t::CAA => &[Fixed(1), CountedSome, Rest],
        _ if rdclass == CLASS_IN => layout_in(rdtype),
        _ => &[Rest],
    }
}

/// Types whose rdata is defined for class IN only.
fn layout_in(rdtype: u16) -> &'static [Field] {
    match rdtype {
        t::A => &[Fixed(4)],
        t::WKS => &[Fixed(5), Rest],
        t::NSAP_PTR => &[P],
        t::PX => &[Fixed(2), L, L],
        t::AAAA => &[Fixed(16)],
        t::SRV => &[Fixed(6), L],
        t::NAPTR => &[Fixed(4), Counted, Counted, Counted, L],
        t::KX => &[Fixed(2), L],
        t::A6 => &[Field::A6],
        t::SVCB | t::HTTPS => &[Fixed(2), P, Rest],
        _ => &[Rest],
    }
}

fn has_lowered_names(rdtype: u16, rdclass: u16) -> bool {
    layout(rdtype, rdclass).iter().any(|field| match field {
        Field::Name(kind) => *kind != NameKind::Plain,
        Field::A6 => true,
        _ => false,
    })
}

fn has_compressible_names(rdtype: u16) -> bool {
    layout(rdtype, CLASS_IN).iter().any(|field| matches!(field, Field::Name(NameKind::Compressible)))
}

/// A part of rdata: names whole and uncompressed, everything else as it stands.
pub(crate) enum Piece<'a> {
    Octets(&'a [u8]),
    Name(NameKind, &'a [u8]),
}

/// Check the rdata that is all of `reader` and hand its pieces to `sink` in order.
///
/// `pointers`: the rdata stands in a message, where names may be compressed (RFC 3597 §4 says in which types).
fn walk(
    rdtype: u16,
    rdclass: u16,
    mut reader: Reader<'_>,
    pointers: bool,
    mut sink: impl FnMut(Piece<'_>),
) -> Result<(), WireError> {
    if reader.is_at_end() && matches!(rdclass, CLASS_NONE | CLASS_ANY) {
        return Ok(());
    }
    for field in layout(rdtype, rdclass) {
        walk_field(*field, &mut reader, pointers, &mut sink).map_err(|e| e.within("rdata too short for its type"))?;
    }
    if !reader.is_at_end() {
        return Err(WireError::new("rdata too long for its type", reader.pos()));
    }
    Ok(())
}

fn walk_field(
    field: Field,
    reader: &mut Reader<'_>,
    pointers: bool,
    sink: &mut impl FnMut(Piece<'_>),
) -> Result<(), WireError> {
    match field {
        Field::Name(kind) => {
            let name = NameBuf::read(reader, pointers && kind != NameKind::Plain)?;
            sink(Piece::Name(kind, name.as_slice()));
            Ok(())
        }
        Field::A6 => walk_a6(reader, pointers, sink),
        _ => {
            let mut start = reader.clone();
            skip_field(field, reader)?;
            sink(Piece::Octets(start.take(reader.pos().saturating_sub(start.pos()))?));
            Ok(())
        }
    }
}

/// Go past a field without names.
fn skip_field(field: Field, reader: &mut Reader<'_>) -> Result<(), WireError> {
    let start = reader.pos();
    match field {
        Fixed(len) => drop(reader.take(len)?),
        Counted => drop(reader.counted()?),
        CountedSome => {
            if reader.counted()?.is_empty() {
                return Err(WireError::new("empty field in rdata", start));
            }
        }
        CountedMaybe => {
            if !reader.is_at_end() {
                reader.counted()?;
            }
        }
        Strings => {
            reader.counted()?;
            while !reader.is_at_end() {
                reader.counted()?;
            }
        }
        Bitmap => bitmap::check(reader)?,
        Rest | Field::Name(_) | Field::A6 => drop(reader.rest()?),
    }
    Ok(())
}

fn walk_a6(reader: &mut Reader<'_>, pointers: bool, sink: &mut impl FnMut(Piece<'_>)) -> Result<(), WireError> {
    let mut start = reader.clone();
    let prefix = reader.u8()?;
    let suffix_bits = 128u8.checked_sub(prefix).ok_or(WireError::new("A6 prefix longer than 128", start.pos()))?;
    reader.take(usize::from(suffix_bits).div_ceil(8))?;
    sink(Piece::Octets(start.take(reader.pos().saturating_sub(start.pos()))?));
    if prefix > 0 {
        walk_field(L, reader, pointers, sink)?;
    }
    Ok(())
}

/// Check rdata in a message and take it out, uncompressed. All of `reader` is the rdata.
pub(crate) fn read(rdtype: u16, rdclass: u16, reader: Reader<'_>, pointers: bool) -> Result<Octets, WireError> {
    let start = reader.pos();
    if !pointers || !has_lowered_names(rdtype, rdclass) {
        let raw = reader.clone().rest()?;
        walk(rdtype, rdclass, reader, pointers, |_| ())?;
        return Ok(raw.into());
    }
    let mut out = Vec::with_capacity(reader.remaining().saturating_add(64));
    walk(rdtype, rdclass, reader, pointers, |piece| match piece {
        Piece::Octets(octets) | Piece::Name(_, octets) => out.extend_from_slice(octets),
    })?;
    if out.len() > usize::from(u16::MAX) {
        return Err(WireError::new("rdata longer than 65535 octets once decompressed", start));
    }
    Ok(out.into())
}

/// Check uncompressed rdata.
pub(crate) fn check(rdtype: u16, rdclass: u16, rdata: &[u8]) -> Result<(), WireError> {
    if rdata.len() > usize::from(u16::MAX) {
        return Err(WireError::new("rdata longer than 65535 octets", usize::from(u16::MAX)));
    }
    walk(rdtype, rdclass, Reader::new(rdata), false, |_| ())
}

/// Canonical form of checked rdata (RFC 4034 §6.2 as corrected by RFC 6840 §5.1). The same octets when nothing changes.
pub(crate) fn canonical(rdtype: u16, rdclass: u16, rdata: &Octets) -> Octets {
    if !has_lowered_names(rdtype, rdclass) || !rdata.iter().any(u8::is_ascii_uppercase) {
        return rdata.clone();
    }
    let mut out = Vec::with_capacity(rdata.len());
    push_canonical(rdtype, rdclass, rdata, &mut out);
    out.into()
}

/// The same, appended to `out`.
pub(crate) fn push_canonical(rdtype: u16, rdclass: u16, rdata: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    if has_lowered_names(rdtype, rdclass) && rdata.iter().any(u8::is_ascii_uppercase) {
        let walked = walk(rdtype, rdclass, Reader::new(rdata), false, |piece| match piece {
            Piece::Octets(octets) | Piece::Name(NameKind::Plain, octets) => out.extend_from_slice(octets),
            Piece::Name(_, name) => out.extend(name.iter().map(u8::to_ascii_lowercase)),
        });
        if walked.is_ok() {
            return;
        }
        out.truncate(start);
    }
    out.extend_from_slice(rdata);
}

/// The pieces of checked rdata as they are written into a message; one piece when no name in it may be compressed.
pub(crate) fn pieces(rdtype: u16, rdclass: u16, rdata: &[u8], mut sink: impl FnMut(Piece<'_>)) {
    let plain = !has_compressible_names(rdtype);
    if plain || walk(rdtype, rdclass, Reader::new(rdata), false, &mut sink).is_err() {
        sink(Piece::Octets(rdata));
    }
}
