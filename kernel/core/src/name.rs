//! Domain names: uncompressed wire format, compared without regard to case, ordered canonically.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::OnceLock;

use crate::error::{ArgumentError, WireError};
use crate::reader::Reader;
use crate::Octets;

/// RFC 1035 §2.3.4: a name has at most 255 octets, root label included.
pub(crate) const MAX_NAME: usize = 255;
/// RFC 1035 §2.3.4: a label has at most 63 octets.
const MAX_LABEL: usize = 63;
/// A name has at most 127 labels, so more pointers than that serve only to waste a reader's time.
const MAX_POINTERS: usize = 127;

const TOO_LONG: ArgumentError = ArgumentError("name longer than 255 octets");
const EMPTY_LABEL: ArgumentError = ArgumentError("empty label in a name");
const LABEL_TOO_LONG: ArgumentError = ArgumentError("label longer than 63 octets");

/// An absolute domain name in wire format, case kept (RFC 1035 §3.1).
#[derive(Clone)]
pub struct Name {
    wire: Octets,
}

/// The octets of a name while it is put together: no allocation until it is whole.
pub(crate) struct NameBuf {
    octets: [u8; MAX_NAME],
    len: usize,
}

impl NameBuf {
    pub(crate) fn new() -> Self {
        Self { octets: [0; MAX_NAME], len: 0 }
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or(&[])
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), ArgumentError> {
        let stop = self.len.saturating_add(bytes.len());
        let room = self.octets.get_mut(self.len..stop).ok_or(TOO_LONG)?;
        room.copy_from_slice(bytes);
        self.len = stop;
        Ok(())
    }

    fn push_label(&mut self, label: &[u8]) -> Result<(), ArgumentError> {
        if label.is_empty() {
            return Err(EMPTY_LABEL);
        }
        if label.len() > MAX_LABEL {
            return Err(LABEL_TOO_LONG);
        }
        self.push(&[u8::try_from(label.len()).map_err(|_| LABEL_TOO_LONG)?])?;
        self.push(label)
    }

    fn finish(mut self) -> Result<Name, ArgumentError> {
        self.push(&[0])?;
        Ok(Name { wire: self.as_slice().into() })
    }

    /// Read a name at the cursor, which is left behind the name's last octet there.
    ///
    /// `pointers`: whether compression is allowed (RFC 1035 §4.1.4). A pointer must point strictly before the labels
    /// that led to it, so a loop is impossible.
    pub(crate) fn read(reader: &mut Reader<'_>, pointers: bool) -> Result<NameBuf, WireError> {
        let start = reader.pos();
        let mut name = NameBuf::new();
        let mut cursor = reader.clone();
        let (mut lowest, mut jumps) = (start, 0usize);
        loop {
            let at = cursor.pos();
            let len = cursor.u8()?;
            match len & 0xC0 {
                0x00 => {
                    let label = cursor.take(usize::from(len))?;
                    name.push(&[len]).and_then(|()| name.push(label)).map_err(|e| WireError::new(e.0, start))?;
                    if len == 0 {
                        break;
                    }
                }
                0xC0 if pointers => {
                    let target = usize::from(len & 0x3F) << 8 | usize::from(cursor.u8()?);
                    if target >= lowest {
                        return Err(WireError::new("compression pointer does not point backwards", at));
                    }
                    if jumps == 0 {
                        reader.advance_to(cursor.pos())?;
                    }
                    jumps = jumps.saturating_add(1);
                    if jumps > MAX_POINTERS {
                        return Err(WireError::new("too many compression pointers in one name", at));
                    }
                    lowest = target;
                    cursor = cursor.elsewhere(target);
                }
                0xC0 => return Err(WireError::new("compression pointer where none is allowed", at)),
                _ => return Err(WireError::new("unknown label type", at)),
            }
        }
        if jumps == 0 {
            reader.advance_to(cursor.pos())?;
        }
        Ok(name)
    }
}

impl Name {
    /// The root.
    pub fn root() -> Name {
        static ROOT: OnceLock<Name> = OnceLock::new();
        ROOT.get_or_init(|| Name { wire: Octets::from([0u8].as_slice()) }).clone()
    }

    /// A whole uncompressed name; octets behind it are an error.
    pub fn from_wire(wire: &[u8]) -> Result<Name, WireError> {
        let mut reader = Reader::new(wire);
        let name = Name::read(&mut reader, false)?;
        if !reader.is_at_end() {
            return Err(WireError::new("octets behind the name", reader.pos()));
        }
        Ok(name)
    }

    pub(crate) fn read(reader: &mut Reader<'_>, pointers: bool) -> Result<Name, WireError> {
        Ok(Name { wire: NameBuf::read(reader, pointers)?.as_slice().into() })
    }

    /// Labels, leftmost first, without the root label.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Result<Name, ArgumentError> {
        let mut buf = NameBuf::new();
        for label in labels {
            buf.push_label(label)?;
        }
        buf.finish()
    }

    /// Presentation format (RFC 1035 §5.1): `\DDD` and `\X` escapes; a missing final dot is added.
    pub fn from_text(text: &str) -> Result<Name, ArgumentError> {
        let mut buf = NameBuf::new();
        if !read_labels(text.as_bytes(), &mut buf)? {
            buf.push(&[0])?;
        }
        Ok(Name { wire: buf.as_slice().into() })
    }

    /// Uncompressed wire format.
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// Lower-cased wire format (RFC 4034 §6.2). Length octets are below `A`, so they stay.
    pub fn canonical_wire(&self) -> Vec<u8> {
        self.wire.to_ascii_lowercase()
    }

    /// The name in lower case; itself when it is so already.
    pub fn to_canonical(&self) -> Name {
        if self.wire.iter().any(u8::is_ascii_uppercase) {
            Name { wire: self.canonical_wire().into() }
        } else {
            self.clone()
        }
    }

    /// Labels, leftmost first, without the root label.
    pub fn labels(&self) -> Labels<'_> {
        Labels { rest: &self.wire }
    }

    /// Labels without the root; a wildcard label counts.
    pub fn label_count(&self) -> usize {
        self.labels().count()
    }

    /// The Labels field of an RRSIG over this owner: without root and leading `*` (RFC 4034 §3.1.3).
    pub fn rrsig_labels(&self) -> u8 {
        let count = self.label_count().saturating_sub(usize::from(self.is_wildcard()));
        u8::try_from(count).unwrap_or(u8::MAX)
    }

    /// Is it the root?
    pub fn is_root(&self) -> bool {
        self.wire.len() == 1
    }

    /// Is the leftmost label exactly `*` (RFC 4592 §2.1.1)?
    pub fn is_wildcard(&self) -> bool {
        self.wire.starts_with(&[1, b'*'])
    }

    /// The wire format from the label that `skip` labels stand before; shorter when there are fewer.
    fn suffix_wire(&self, skip: usize) -> &[u8] {
        let mut labels = self.labels();
        for _ in 0..skip {
            if labels.next().is_none() {
                break;
            }
        }
        labels.rest
    }

    /// One label fewer; None at the root.
    pub fn parent(&self) -> Option<Name> {
        if self.is_root() {
            return None;
        }
        Some(Name { wire: self.suffix_wire(1).into() })
    }

    /// The name of the rightmost `count` labels; None when there are fewer.
    pub fn ancestor(&self, count: usize) -> Option<Name> {
        let skip = self.label_count().checked_sub(count)?;
        if skip == 0 {
            return Some(self.clone());
        }
        Some(Name { wire: self.suffix_wire(skip).into() })
    }

    /// Equal to or below `other`.
    pub fn is_subdomain_of(&self, other: &Name) -> bool {
        self.without_suffix(other).is_some()
    }

    /// The octets before `suffix`, which ends this name at a label boundary; else None.
    fn without_suffix(&self, suffix: &Name) -> Option<&[u8]> {
        let mut labels = self.labels();
        while labels.rest.len() > suffix.wire.len() {
            labels.next()?;
        }
        if labels.rest.len() != suffix.wire.len() || !labels.rest.eq_ignore_ascii_case(&suffix.wire) {
            return None;
        }
        self.wire.get(..self.wire.len().saturating_sub(suffix.wire.len()))
    }

    /// The longest name that both are equal to or below. Case is this name's.
    pub fn common_ancestor(&self, other: &Name) -> Name {
        let (mine, theirs) = (Offsets::of(&self.wire), Offsets::of(&other.wire));
        let mut skip = mine.len();
        for (a, b) in mine.rev(&self.wire).zip(theirs.rev(&other.wire)) {
            if !a.eq_ignore_ascii_case(b) {
                break;
            }
            skip = skip.saturating_sub(1);
        }
        if skip == 0 {
            return self.clone();
        }
        Name { wire: self.suffix_wire(skip).into() }
    }

    /// `label` and this name.
    pub fn prepend(&self, label: &[u8]) -> Result<Name, ArgumentError> {
        let mut buf = NameBuf::new();
        buf.push_label(label)?;
        buf.push(&self.wire)?;
        Ok(Name { wire: buf.as_slice().into() })
    }

    /// DNAME substitution (RFC 6672 §2.3).
    pub fn replace_suffix(&self, suffix: &Name, replacement: &Name) -> Result<Name, ArgumentError> {
        let prefix = self.without_suffix(suffix).filter(|prefix| !prefix.is_empty());
        let prefix = prefix.ok_or(ArgumentError("name is not strictly below the suffix to replace"))?;
        let mut buf = NameBuf::new();
        buf.push(prefix)?;
        buf.push(&replacement.wire)?;
        Ok(Name { wire: buf.as_slice().into() })
    }

    /// A hash that ignores case; keyed by a secret of this process, so that nobody can aim at collisions.
    pub fn keyed_hash(&self) -> u64 {
        static KEY: OnceLock<RandomState> = OnceLock::new();
        KEY.get_or_init(RandomState::new).hash_one(self)
    }
}

/// A name in a zone file (RFC 1035 §5.1): `@` is the origin, and one without a final dot is completed by it.
///
/// `origin`: wire format; without it a relative name is an error.
pub(crate) fn read_text(text: &[u8], origin: Option<&[u8]>, buf: &mut NameBuf) -> Result<(), ArgumentError> {
    if text != b"@" && read_labels(text, buf)? {
        return Ok(());
    }
    buf.push(origin.ok_or(ArgumentError("relative name, and there is no origin"))?)
}

/// The labels of a name in presentation format; whether it ended in a dot, so that its root label is there too.
fn read_labels(text: &[u8], buf: &mut NameBuf) -> Result<bool, ArgumentError> {
    match text {
        b"." => return buf.push(&[0]).map(|()| true),
        b"" => return Err(ArgumentError("empty name")),
        _ => {}
    }
    let mut label = [0u8; MAX_LABEL];
    let mut len = 0usize;
    let mut octets = text.iter().copied();
    let mut ended = false;
    while let Some(octet) = octets.next() {
        ended = octet == b'.';
        if ended {
            buf.push_label(label.get(..len).unwrap_or(&[]))?;
            len = 0;
            continue;
        }
        let octet = match octet {
            b'\\' => unescape(&mut octets)?,
            0x21..=0x7E => octet,
            _ => return Err(ArgumentError("white space, control or non-ASCII character in a name")),
        };
        *label.get_mut(len).ok_or(LABEL_TOO_LONG)? = octet;
        len = len.saturating_add(1);
    }
    if ended {
        buf.push(&[0])?;
    } else {
        buf.push_label(label.get(..len).unwrap_or(&[]))?;
    }
    Ok(ended)
}

/// Octets behind a backslash (RFC 1035 §5.1): `\DDD` is that octet, `\X` is X.
pub(crate) fn unescape(octets: &mut impl Iterator<Item = u8>) -> Result<u8, ArgumentError> {
    const BAD: ArgumentError = ArgumentError("bad escape in a name");
    let first = octets.next().ok_or(BAD)?;
    if !first.is_ascii_digit() {
        return if (0x20..=0x7E).contains(&first) { Ok(first) } else { Err(BAD) };
    }
    let mut value = u16::from(first.wrapping_sub(b'0'));
    for _ in 0..2 {
        let digit = octets.next().filter(u8::is_ascii_digit).ok_or(BAD)?;
        value = value.saturating_mul(10).saturating_add(u16::from(digit.wrapping_sub(b'0')));
    }
    u8::try_from(value).map_err(|_| BAD)
}

/// Octets of the uncompressed name that `octets` starts with.
pub(crate) fn wire_length(octets: &[u8]) -> Option<usize> {
    let mut at = 0usize;
    loop {
        let length = usize::from(*octets.get(at)?);
        at = at.checked_add(length)?.checked_add(1)?;
        if length == 0 {
            return (at <= octets.len()).then_some(at);
        }
    }
}

/// Labels of a name without the root.
pub(crate) fn label_count(wire: &[u8]) -> usize {
    Labels { rest: wire }.count()
}

/// Presentation format with final dot; whatever could be misread in a zone file is escaped.
pub(crate) fn push_text(wire: &[u8], out: &mut Vec<u8>) {
    if wire == [0] {
        out.push(b'.');
    }
    for label in (Labels { rest: wire }) {
        for octet in label {
            match octet {
                b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => out.extend_from_slice(&[b'\\', *octet]),
                0x21..=0x7E => out.push(*octet),
                _ => out.extend_from_slice(&[b'\\', b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10]),
            }
        }
        out.push(b'.');
    }
}

/// A key whose order as octets is the canonical order of names (RFC 4034 §6.1), and which starts with the keys of all
/// names above: lower-cased labels from the right, each ended by 0, with 0 and 1 inside a label escaped by 1.
pub(crate) fn push_sort_key(wire: &[u8], out: &mut Vec<u8>) {
    let offsets = Offsets::of(wire);
    for label in offsets.rev(wire) {
        for octet in label {
            match octet {
                0 | 1 => out.extend_from_slice(&[1, octet.wrapping_add(1)]),
                _ => out.push(octet.to_ascii_lowercase()),
            }
        }
        out.push(0);
    }
}

/// The labels of a name, leftmost first.
#[derive(Clone)]
pub struct Labels<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (len, rest) = self.rest.split_first()?;
        if *len == 0 {
            return None;
        }
        let (label, rest) = rest.split_at_checked(usize::from(*len))?;
        self.rest = rest;
        Some(label)
    }
}

/// Where the labels of a name begin, to walk them from the right.
struct Offsets {
    at: [u8; 128],
    count: usize,
}

impl Offsets {
    fn of(wire: &[u8]) -> Self {
        let mut offsets = Self { at: [0; 128], count: 0 };
        let mut pos = 0usize;
        while let Some(len) = wire.get(pos).filter(|len| **len != 0) {
            if let (Some(slot), Ok(at)) = (offsets.at.get_mut(offsets.count), u8::try_from(pos)) {
                *slot = at;
                offsets.count = offsets.count.saturating_add(1);
            }
            pos = pos.saturating_add(1).saturating_add(usize::from(*len));
        }
        offsets
    }

    fn len(&self) -> usize {
        self.count
    }

    /// Labels from the rightmost to the leftmost.
    fn rev<'a>(&'a self, wire: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.at.iter().take(self.count).rev().map(|at| {
            let rest = wire.get(usize::from(*at)..).unwrap_or(&[]);
            match rest.split_first() {
                Some((len, label)) => label.get(..usize::from(*len)).unwrap_or(&[]),
                None => &[],
            }
        })
    }
}

impl PartialEq for Name {
    /// RFC 4343 §3: ASCII case does not count.
    fn eq(&self, other: &Self) -> bool {
        self.wire.eq_ignore_ascii_case(&other.wire)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut lower = [0u8; MAX_NAME];
        for (to, from) in lower.iter_mut().zip(self.wire.iter()) {
            *to = from.to_ascii_lowercase();
        }
        state.write(lower.get(..self.wire.len()).unwrap_or(&[]));
    }
}

impl Ord for Name {
    /// RFC 4034 §6.1: by label from the right; labels as left-justified lower-cased octet strings.
    fn cmp(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (Offsets::of(&self.wire), Offsets::of(&other.wire));
        for (a, b) in mine.rev(&self.wire).zip(theirs.rev(&other.wire)) {
            let order = a.iter().map(u8::to_ascii_lowercase).cmp(b.iter().map(u8::to_ascii_lowercase));
            if order != Ordering::Equal {
                return order;
            }
        }
        mine.len().cmp(&theirs.len())
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Name {
    /// Presentation format with final dot.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::with_capacity(self.wire.len());
        push_text(&self.wire, &mut text);
        // Everything that is written is ASCII.
        f.write_str(&String::from_utf8_lossy(&text))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
