//! Messages (RFC 1035 §4) with EDNS (RFC 6891), and loose records (RFC 9102).

use std::collections::HashMap;

use crate::error::{ArgumentError, WireError};
use crate::name::Name;
use crate::rdata::{self, NameKind, Piece};
use crate::reader::Reader;
use crate::rrset::{covers, RRset};
use crate::types as t;
use crate::Octets;

/// QR, AA, TC, RD, RA, AD and CD in their places (RFC 1035 §4.1.1, RFC 4035 §3.1.6, §3.2.2).
pub const FLAGS: u16 = 0x87B0;
const TC: u16 = 0x0200;
/// The DO bit of the EDNS flags (RFC 3225 §3).
const DO: u32 = 0x8000;
/// RFC 1035 §4.2.2: the length of a message is counted in 16 bits.
const MAX_MESSAGE: usize = 65535;
const HEADER: usize = 12;
/// So that header, question and OPT always fit into a message.
const MAX_OPTIONS: usize = 65000;
/// Compression pointers have 14 bits (RFC 1035 §4.1.4).
const MAX_POINTER: usize = 0x3FFF;

/// Name, type and class asked for.
pub type Question = (Name, u16, u16);

/// The OPT pseudo-record (RFC 6891 §6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edns {
    /// Requestor's UDP payload size.
    pub udp_size: u16,
    /// DNSSEC OK.
    pub dnssec_ok: bool,
    /// EDNS version.
    pub version: u8,
    /// Option codes and their data.
    pub options: Vec<(u16, Octets)>,
}

/// Everything of a message but its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Message id.
    pub id: u16,
    /// Flags in their places; see `FLAGS`.
    pub flags: u16,
    /// Four bits.
    pub opcode: u8,
    /// Twelve bits with EDNS, else four.
    pub rcode: u16,
}

/// A message, its records grouped into RRsets in order of first appearance, the OPT taken out.
#[derive(Clone)]
pub struct Message {
    header: Header,
    question: Option<Question>,
    sections: [Vec<RRset>; 3],
    edns: Option<Edns>,
}

impl Message {
    /// Put a message together; an error when the header cannot say what it should.
    pub fn new(
        header: Header,
        question: Option<Question>,
        sections: [Vec<RRset>; 3],
        edns: Option<Edns>,
    ) -> Result<Message, ArgumentError> {
        if header.flags & !FLAGS != 0 {
            return Err(ArgumentError("flags other than QR, AA, TC, RD, RA, AD, CD"));
        }
        if header.opcode > 15 {
            return Err(ArgumentError("opcode over 15"));
        }
        if header.rcode > 4095 {
            return Err(ArgumentError("rcode over 4095"));
        }
        if header.rcode > 15 && edns.is_none() {
            return Err(ArgumentError("rcode over 15 without EDNS"));
        }
        if sections.iter().flatten().any(|rrset| rrset.rdtype() == t::OPT) {
            return Err(ArgumentError("OPT among the records: it is given as EDNS"));
        }
        let options = edns.iter().flat_map(|edns| &edns.options);
        if options.fold(0usize, |sum, option| sum.saturating_add(4).saturating_add(option.1.len())) > MAX_OPTIONS {
            return Err(ArgumentError("EDNS options longer than 65000 octets"));
        }
        Ok(Message { header, question, sections, edns })
    }

    /// Header fields.
    pub fn header(&self) -> Header {
        self.header
    }

    /// The question, if there is one.
    pub fn question(&self) -> Option<&Question> {
        self.question.as_ref()
    }

    /// Answer, authority, additional.
    pub fn sections(&self) -> &[Vec<RRset>; 3] {
        &self.sections
    }

    /// What the OPT record held.
    pub fn edns(&self) -> Option<&Edns> {
        self.edns.as_ref()
    }

    /// Parse a whole message. With TC set, it may end early at any record.
    pub fn from_wire(wire: &[u8]) -> Result<Message, WireError> {
        if wire.len() > MAX_MESSAGE {
            return Err(WireError::new("message longer than 65535 octets", MAX_MESSAGE));
        }
        let mut reader = Reader::new(wire);
        let (id, bits) = (reader.u16()?, reader.u16()?);
        let questions = reader.u16()?;
        let counts = [reader.u16()?, reader.u16()?, reader.u16()?];
        if questions > 1 {
            return Err(WireError::new("more than one question", 4));
        }
        let mut parser = Parser { truncated: bits & TC != 0, sections: [vec![], vec![], vec![]], opt: None };
        let question = match questions {
            0 => None,
            _ => Some((Name::read(&mut reader, true)?, reader.u16()?, reader.u16()?)),
        };
        parser.records(&mut reader, counts)?;
        let (edns, rcode_high) = parser.opt.map_or((None, 0), |(edns, high)| (Some(edns), u16::from(high) << 4));
        let header = Header {
            id,
            flags: bits & FLAGS,
            opcode: u8::try_from(bits >> 11 & 15).unwrap_or(0),
            rcode: rcode_high | bits & 15,
        };
        Ok(Message { header, question, sections: parser.sections, edns })
    }

    /// Write the message. What does not fit into `max_size` is left out from the end, whole RRsets at a time; TC says so
    /// unless only the additional section lost any (RFC 2181 §9). Header, question and OPT are always there.
    pub fn to_wire(&self, max_size: usize) -> Vec<u8> {
        let opt = self.opt_wire();
        let limit = max_size.min(MAX_MESSAGE).saturating_sub(opt.len());
        let mut out = Writer::new();
        out.octets.extend_from_slice(&[0; HEADER]);
        if let Some((name, rdtype, rdclass)) = &self.question {
            out.name(name.wire());
            out.u16(*rdtype);
            out.u16(*rdclass);
        }
        let (counts, lost) = self.write_sections(&mut out, limit);
        out.octets.extend_from_slice(&opt);
        let mut bits = self.header.flags | u16::from(self.header.opcode & 15) << 11 | self.header.rcode & 15;
        if lost {
            bits |= TC;
        }
        let arcount = counts[2].saturating_add(u16::from(!opt.is_empty()));
        let words = [self.header.id, bits, u16::from(self.question.is_some()), counts[0], counts[1], arcount];
        for (slot, word) in out.octets.chunks_exact_mut(2).zip(words) {
            slot.copy_from_slice(&word.to_be_bytes());
        }
        out.octets
    }

    /// Record counts by section, and whether answer or authority lost any.
    fn write_sections(&self, out: &mut Writer, limit: usize) -> ([u16; 3], bool) {
        let mut counts = [0u16; 3];
        for (at, (section, count)) in self.sections.iter().zip(counts.iter_mut()).enumerate() {
            for rrset in section {
                let records = u16::try_from(rrset.rdatas().len()).ok().and_then(|more| count.checked_add(more));
                let mark = out.octets.len();
                if let (Some(records), true) = (records, out.rrset(rrset, limit)) {
                    *count = records;
                } else {
                    out.octets.truncate(mark);
                    // RFC 2181 §9: TC is not set merely because extra information could not be included.
                    return (counts, at < 2);
                }
            }
        }
        (counts, false)
    }

    fn opt_wire(&self) -> Vec<u8> {
        let Some(edns) = &self.edns else { return Vec::new() };
        let mut out = Writer::new();
        out.octets.push(0);
        out.u16(t::OPT);
        out.u16(edns.udp_size);
        let rcode_high = u32::from(self.header.rcode >> 4 & 0xFF);
        let flags = if edns.dnssec_ok { DO } else { 0 };
        out.octets.extend_from_slice(&(rcode_high << 24 | u32::from(edns.version) << 16 | flags).to_be_bytes());
        let mut options = Writer::new();
        for (code, data) in &edns.options {
            options.u16(*code);
            options.counted(data);
        }
        out.counted(&options.octets);
        out.octets
    }
}

type Key = (Name, u16, u16, u16);

struct Parser {
    truncated: bool,
    sections: [Vec<RRset>; 3],
    opt: Option<(Edns, u8)>,
}

/// Records of one RRset while the message is read.
struct Group {
    key: Key,
    ttl: u32,
    rdatas: Vec<Octets>,
}

impl Parser {
    fn records(&mut self, reader: &mut Reader<'_>, counts: [u16; 3]) -> Result<(), WireError> {
        for (at, count) in counts.into_iter().enumerate() {
            let mut groups: Vec<Group> = Vec::new();
            let ended = self.section(reader, at == 2, count, &mut groups);
            if let Some(section) = self.sections.get_mut(at) {
                section.extend(groups.into_iter().map(|group| {
                    let (owner, rdtype, rdclass, _) = group.key;
                    RRset::from_checked(owner, rdtype, rdclass, group.ttl, group.rdatas)
                }));
            }
            match ended {
                Ok(()) => (),
                // RFC 2181 §9: a truncated message may hold part of an RRset and then stop.
                Err(e) if self.truncated && e.truncated => return Ok(()),
                Err(e) => return Err(e),
            }
        }
        if !reader.is_at_end() {
            return Err(WireError::new("octets behind the last record", reader.pos()));
        }
        Ok(())
    }

    fn section(
        &mut self,
        reader: &mut Reader<'_>,
        additional: bool,
        count: u16,
        groups: &mut Vec<Group>,
    ) -> Result<(), WireError> {
        // Records of one RRset need not stand together. The map is keyed by a secret, so that the work stays linear.
        let mut index: HashMap<Key, usize> = HashMap::new();
        for _ in 0..count {
            let start = reader.pos();
            let owner = Name::read(reader, true)?;
            let (rdtype, rdclass, ttl, len) = (reader.u16()?, reader.u16()?, reader.u32()?, reader.u16()?);
            let section = reader.section(usize::from(len))?;
            if rdtype == t::OPT {
                self.opt(&owner, additional, rdclass, ttl, section, start)?;
                continue;
            }
            let octets = rdata::read(rdtype, rdclass, section, true)?;
            let key = (owner, rdtype, rdclass, covers(rdtype, &octets));
            add(groups, &mut index, key, clamp_ttl(ttl), octets);
        }
        Ok(())
    }

    fn opt(
        &mut self,
        owner: &Name,
        additional: bool,
        udp_size: u16,
        ttl: u32,
        mut reader: Reader<'_>,
        start: usize,
    ) -> Result<(), WireError> {
        // RFC 6891 §6.1.1: at most one OPT, in the additional section, its owner the root.
        if !additional {
            return Err(WireError::new("OPT outside of the additional section", start));
        }
        if self.opt.is_some() {
            return Err(WireError::new("two OPT records", start));
        }
        if !owner.is_root() {
            return Err(WireError::new("OPT at another name than the root", start));
        }
        let mut options = Vec::new();
        while !reader.is_at_end() {
            let option = |reader: &mut Reader<'_>| -> Result<(u16, Octets), WireError> {
                let (code, len) = (reader.u16()?, reader.u16()?);
                Ok((code, reader.take(usize::from(len))?.into()))
            };
            options.push(option(&mut reader).map_err(|e| e.within("EDNS option longer than the OPT record"))?);
        }
        let [rcode_high, version, ..] = ttl.to_be_bytes();
        self.opt = Some((Edns { udp_size, dnssec_ok: ttl & DO != 0, version, options }, rcode_high));
        Ok(())
    }
}

/// Put a record into its group; the last one is looked at first, since RRsets mostly stand together.
fn add(groups: &mut Vec<Group>, index: &mut HashMap<Key, usize>, key: Key, ttl: u32, octets: Octets) {
    let last = groups.len().checked_sub(1).filter(|at| groups.get(*at).is_some_and(|group| group.key == key));
    let at = last.or_else(|| index.get(&key).copied());
    if let Some(group) = at.and_then(|at| groups.get_mut(at)) {
        // RFC 2181 §5.2: differing TTLs in an RRset are an error; the lowest is the safe reading.
        group.ttl = group.ttl.min(ttl);
        group.rdatas.push(octets);
        return;
    }
    index.insert(key.clone(), groups.len());
    groups.push(Group { key, ttl, rdatas: vec![octets] });
}

/// RFC 2181 §8: a TTL with its most significant bit set is read as zero.
fn clamp_ttl(ttl: u32) -> u32 {
    if ttl > 0x7FFF_FFFF {
        0
    } else {
        ttl
    }
}

/// Wire records one after another without compression, each its own RRset (RFC 9102 §3).
pub fn parse_records(wire: &[u8]) -> Result<Vec<RRset>, WireError> {
    let mut reader = Reader::new(wire);
    let mut rrsets = Vec::new();
    while !reader.is_at_end() {
        let owner = Name::read(&mut reader, false)?;
        let (rdtype, rdclass, ttl, len) = (reader.u16()?, reader.u16()?, reader.u32()?, reader.u16()?);
        let octets = rdata::read(rdtype, rdclass, reader.section(usize::from(len))?, false)?;
        rrsets.push(RRset::from_checked(owner, rdtype, rdclass, clamp_ttl(ttl), vec![octets]));
    }
    Ok(rrsets)
}

/// Octets of a message being written, and where names already stand in it.
struct Writer {
    octets: Vec<u8>,
    names: HashMap<Vec<u8>, usize>,
}

impl Writer {
    fn new() -> Self {
        Self { octets: Vec::new(), names: HashMap::new() }
    }

    fn u16(&mut self, value: u16) {
        self.octets.extend_from_slice(&value.to_be_bytes());
    }

    /// A 16-bit length and the octets. Callers have checked the length.
    fn counted(&mut self, data: &[u8]) {
        self.u16(u16::try_from(data.len()).unwrap_or(u16::MAX));
        self.octets.extend_from_slice(data);
    }

    /// A name, compressed against what came before in exactly the same case, so that case survives.
    fn name(&mut self, wire: &[u8]) {
        let mut rest = wire;
        while let Some((len, behind)) = rest.split_first() {
            let here = self.octets.len();
            if *len == 0 {
                self.octets.push(0);
                return;
            }
            if let Some(at) = self.names.get(rest).and_then(|at| u16::try_from(*at).ok()) {
                self.u16(0xC000 | at);
                return;
            }
            if here <= MAX_POINTER {
                self.names.insert(rest.to_vec(), here);
            }
            let (label, next) = behind.split_at_checked(usize::from(*len)).unwrap_or((behind, &[]));
            self.octets.push(*len);
            self.octets.extend_from_slice(label);
            rest = next;
        }
    }

    /// All records of an RRset; false when the message has grown beyond `limit`.
    fn rrset(&mut self, rrset: &RRset, limit: usize) -> bool {
        for octets in rrset.rdatas() {
            self.name(rrset.owner().wire());
            self.u16(rrset.rdtype());
            self.u16(rrset.rdclass());
            self.octets.extend_from_slice(&rrset.ttl().to_be_bytes());
            let at = self.octets.len();
            self.u16(0);
            rdata::pieces(rrset.rdtype(), rrset.rdclass(), octets, |piece| match piece {
                Piece::Name(NameKind::Compressible, name) => self.name(name),
                Piece::Octets(octets) | Piece::Name(_, octets) => self.octets.extend_from_slice(octets),
            });
            let len = self.octets.len().saturating_sub(at).saturating_sub(2);
            let (Ok(len), Some(slot)) = (u16::try_from(len), self.octets.get_mut(at..at.saturating_add(2))) else {
                return false;
            };
            slot.copy_from_slice(&len.to_be_bytes());
            if self.octets.len() > limit {
                return false;
            }
        }
        true
    }
}
