//! Presentation format of rdata, read and written (RFC 1035 §5.1, RFC 4034 §2.2, §3.2, §4.2, §5.3, RFC 5155 §3.3, RFC 3597 §5).
//!
//! One table says which fields a type has; reading and writing both follow it. Types that are rare in zones are not here:
//! Python reads and writes those.

use std::borrow::Cow;
use std::io::Write as _;

use crate::base32;
use crate::bitmap;
use crate::encoding::{civil_time, push_base64, push_hex, push_number, time_from_civil, Base64Decoder, HexDecoder};
use crate::error::WireError;
use crate::name::{self, NameBuf};
use crate::rdata;
use crate::reader::Reader;
use crate::types as t;

/// RFC 1035 §3.2.1: the length of rdata is a 16-bit number.
const MAX_RDATA: usize = 65535;
/// RFC 1035 §3.3: a character-string has at most 255 octets.
const MAX_STRING: usize = 255;

#[derive(Clone, Copy)]
enum Field {
    U8,
    U16,
    U32,
    /// Seconds, also with units (`1h30m`).
    Seconds,
    /// A number or mnemonic of the IANA registry (RFC 4034 §2.2).
    Algorithm,
    Type,
    /// `YYYYMMDDHHmmSS` or seconds (RFC 4034 §3.2).
    Time,
    Name,
    Ip4,
    Ip6,
    /// One character-string.
    Text,
    /// One or more character-strings.
    Texts,
    /// Letters and digits with a length (RFC 8659 §4.1).
    Tag,
    /// A string without a length: the rest of the rdata.
    LongText,
    Hex,
    Base64,
    /// Hex with a length, `-` when empty (RFC 5155 §3.3).
    Salt,
    /// base32hex with a length (RFC 5155 §3.3).
    Hash,
    Bitmap,
}

use Field::{
    Algorithm, Base64, Bitmap, Hash, Hex, Ip4, Ip6, LongText, Name, Salt, Seconds, Tag, Text, Texts, Time, Type, U16,
    U32, U8,
};

fn fields(rdtype: u16) -> Option<&'static [Field]> {
    Some(match rdtype {
        t::A => &[Ip4],
        t::AAAA => &[Ip6],
        t::NS | t::MD | t::MF | t::CNAME | t::MB | t::MG | t::MR | t::PTR | t::DNAME => &[Name],
        t::SOA => &[Name, Name, U32, Seconds, Seconds, Seconds, Seconds],
        t::HINFO => &[Text, Text],
        t::MINFO | t::RP => &[Name, Name],
        t::MX | t::AFSDB | t::RT | t::KX => &[U16, Name],
        t::TXT | t::SPF | t::AVC | t::NINFO | t::RESINFO => &[Texts],
        t::SRV => &[U16, U16, U16, Name],
        t::NAPTR => &[U16, U16, Text, Text, Text, Name],
        t::DS | t::CDS | t::DLV | t::TA => &[U16, Algorithm, U8, Hex],
        t::SSHFP => &[U8, U8, Hex],
        t::RRSIG => &[Type, Algorithm, U8, Seconds, Time, Time, U16, Name, Base64],
        t::NSEC => &[Name, Bitmap],
        t::DNSKEY | t::CDNSKEY => &[U16, U8, Algorithm, Base64],
        t::DHCID | t::OPENPGPKEY => &[Base64],
        t::NSEC3 => &[U8, U8, U16, Salt, Hash, Bitmap],
        t::NSEC3PARAM => &[U8, U8, U16, Salt],
        t::TLSA | t::SMIMEA => &[U8, U8, U8, Hex],
        t::CSYNC => &[U32, U16, Bitmap],
        t::ZONEMD => &[U32, U8, U8, Hex],
        t::CAA => &[U8, Tag, LongText],
        _ => return None,
    })
}

/// Whether rdata of that type is read and written here.
pub fn is_known(rdtype: u16) -> bool {
    fields(rdtype).is_some()
}

// --- reading ------------------------------------------------------------------------------------------------------------

/// A word of presentation format as it stands in the text, escapes and all, but without the quotes around it.
#[derive(Clone, Copy)]
pub(crate) struct Word<'a> {
    pub text: &'a [u8],
    pub quoted: bool,
}

/// Why rdata text can't be read, and at which of its words (one past the last: the text ends too early).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TextError {
    pub what: Cow<'static, str>,
    pub word: usize,
}

type Read<T> = Result<T, TextError>;

struct Words<'a, I: Iterator<Item = Word<'a>>> {
    words: std::iter::Peekable<I>,
    taken: usize,
}

impl<'a, I: Iterator<Item = Word<'a>>> Words<'a, I> {
    fn fail<T>(&self, what: &'static str) -> Read<T> {
        Err(TextError { what: what.into(), word: self.taken.saturating_sub(1) })
    }

    fn next(&mut self) -> Read<Word<'a>> {
        self.taken = self.taken.saturating_add(1);
        match self.words.next() {
            Some(word) => Ok(word),
            None => self.fail("the record ends too early"),
        }
    }

    fn plain(&mut self) -> Read<&'a [u8]> {
        let word = self.next()?;
        if word.quoted {
            return self.fail("a quoted string stands where a number or name is expected");
        }
        Ok(word.text)
    }

    fn is_at_end(&mut self) -> bool {
        self.words.peek().is_none()
    }
}

/// Wire format of the rdata that the words spell, appended to `out`. Relative names are completed by `origin` (wire format).
///
/// The type must be known (`is_known`), or the words be the generic form of RFC 3597 §5.
pub(crate) fn read_rdata<'a>(
    rdtype: u16,
    words: impl Iterator<Item = Word<'a>>,
    origin: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> Read<()> {
    let mut words = Words { words: words.peekable(), taken: 0 };
    let start = out.len();
    let is_generic = words.words.peek().is_some_and(|word| !word.quoted && word.text == br"\#");
    if is_generic {
        read_generic(&mut words, out)?;
    } else {
        let fields = fields(rdtype).ok_or(TextError { what: "a type that is not read here".into(), word: 0 })?;
        for field in fields {
            read_field(*field, &mut words, origin, out)?;
        }
    }
    if !words.is_at_end() {
        words.next()?;
        return words.fail("unexpected text behind the record");
    }
    let octets = out.get(start..).unwrap_or(&[]);
    if octets.len() > MAX_RDATA {
        return words.fail("rdata longer than 65535 octets");
    }
    if is_generic {
        // What was read field by field is of its type's form already.
        rdata::check(rdtype, 1, octets).or_else(|e| words.fail(e.what))?;
    }
    Ok(())
}

/// RFC 3597 §5: `\#`, the length, and that many octets in hex.
fn read_generic<'a>(words: &mut Words<'a, impl Iterator<Item = Word<'a>>>, out: &mut Vec<u8>) -> Read<()> {
    words.next()?;
    let length: u16 = number(words)?;
    let start = out.len();
    read_hex(words, out)?;
    if out.len().saturating_sub(start) != usize::from(length) {
        return words.fail("the length behind \\# is not that of the octets");
    }
    Ok(())
}

fn read_field<'a>(
    field: Field,
    words: &mut Words<'a, impl Iterator<Item = Word<'a>>>,
    origin: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> Read<()> {
    match field {
        U8 => out.push(number(words)?),
        U16 => out.extend_from_slice(&number::<u16>(words)?.to_be_bytes()),
        U32 => out.extend_from_slice(&number::<u32>(words)?.to_be_bytes()),
        Seconds => {
            let seconds = seconds(words.plain()?);
            out.extend_from_slice(&seconds.map_or_else(|| words.fail("not a number of seconds"), Ok)?.to_be_bytes());
        }
        Algorithm => {
            let number = algorithm(words.plain()?);
            out.push(number.map_or_else(|| words.fail("not a DNSSEC algorithm"), Ok)?);
        }
        Type => {
            let rdtype = rdtype(words.plain()?);
            out.extend_from_slice(&rdtype.map_or_else(|| words.fail("unknown RR type"), Ok)?.to_be_bytes());
        }
        Time => {
            let time = time(words.plain()?);
            let time = time.map_or_else(|| words.fail("neither YYYYMMDDHHmmSS nor a number of seconds"), Ok)?;
            out.extend_from_slice(&time.to_be_bytes());
        }
        Name => {
            let mut buf = NameBuf::new();
            name::read_text(words.plain()?, origin, &mut buf).or_else(|e| words.fail(e.0))?;
            out.extend_from_slice(buf.as_slice());
        }
        Ip4 => out.extend_from_slice(&address::<std::net::Ipv4Addr>(words, "not an IPv4 address")?.octets()),
        Ip6 => out.extend_from_slice(&address::<std::net::Ipv6Addr>(words, "not an IPv6 address")?.octets()),
        Text => read_string(words, out)?,
        Texts => {
            read_string(words, out)?;
            while !words.is_at_end() {
                read_string(words, out)?;
            }
        }
        Tag | LongText => read_caa(field, words, out)?,
        Hex => read_hex(words, out)?,
        Base64 => read_base64(words, out)?,
        Salt | Hash => read_nsec3(field, words, out)?,
        Bitmap => read_bitmap(words, out)?,
    }
    Ok(())
}

fn ascii(text: &[u8]) -> Option<&str> {
    std::str::from_utf8(text).ok()
}

fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 18 || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(text.iter().fold(0u64, |sum, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit.wrapping_sub(b'0')))))
}

fn number<'a, T: TryFrom<u64>>(words: &mut Words<'a, impl Iterator<Item = Word<'a>>>) -> Read<T> {
    match digits(words.plain()?).map(T::try_from) {
        Some(Ok(value)) => Ok(value),
        Some(Err(_)) => words.fail("number too large for its field"),
        None => words.fail("not a number"),
    }
}

/// A number of seconds, or of weeks, days, hours, minutes and seconds (`1w2d`), below 2**32.
pub(crate) fn seconds(text: &[u8]) -> Option<u32> {
    if let Some(plain) = digits(text) {
        return u32::try_from(plain).ok();
    }
    let (mut total, mut rest) = (0u64, text);
    while !rest.is_empty() {
        let length = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
        let (count, unit) = rest.split_at_checked(length)?;
        let (unit, behind) = unit.split_first()?;
        let factor = match unit.to_ascii_lowercase() {
            b'w' => 604_800,
            b'd' => 86400,
            b'h' => 3600,
            b'm' => 60,
            b's' => 1,
            _ => return None,
        };
        total = total.checked_add(digits(count)?.checked_mul(factor)?)?;
        rest = behind;
    }
    (!text.is_empty()).then_some(())?;
    u32::try_from(total).ok()
}

/// IANA "DNS Security Algorithm Numbers".
const ALGORITHMS: [(&str, u8); 16] = [
    ("RSAMD5", 1),
    ("DH", 2),
    ("DSA", 3),
    ("RSASHA1", 5),
    ("DSA-NSEC3-SHA1", 6),
    ("RSASHA1-NSEC3-SHA1", 7),
    ("RSASHA256", 8),
    ("RSASHA512", 10),
    ("ECC-GOST", 12),
    ("ECDSAP256SHA256", 13),
    ("ECDSAP384SHA384", 14),
    ("ED25519", 15),
    ("ED448", 16),
    ("MLDSA44", 18),
    ("PRIVATEDNS", 253),
    ("PRIVATEOID", 254),
];

fn algorithm(text: &[u8]) -> Option<u8> {
    if let Some(number) = digits(text) {
        return u8::try_from(number).ok();
    }
    ALGORITHMS.iter().find(|row| row.0.as_bytes().eq_ignore_ascii_case(text)).map(|row| row.1)
}

/// Mnemonic or `TYPEnnn` (RFC 3597 §5).
pub(crate) fn rdtype(text: &[u8]) -> Option<u16> {
    t::from_text(ascii(text)?).ok()
}

fn time(text: &[u8]) -> Option<u32> {
    let value = digits(text)?;
    if text.len() == 14 {
        return time_from_civil(value);
    }
    // RFC 4034 §3.2: up to ten digits are seconds since 1970.
    u32::try_from(value).ok()
}

fn address<'a, T: std::str::FromStr>(
    words: &mut Words<'a, impl Iterator<Item = Word<'a>>>,
    what: &'static str,
) -> Read<T> {
    let text = words.plain()?;
    match ascii(text).map(str::parse) {
        Some(Ok(address)) => Ok(address),
        _ => words.fail(what),
    }
}

/// The octets of a word, escapes undone (RFC 1035 §5.1).
fn unescape(text: &[u8], mut sink: impl FnMut(u8)) -> Option<()> {
    let mut octets = text.iter();
    while let Some(octet) = octets.next() {
        match octet {
            b'\\' => sink(name::unescape(&mut octets.by_ref().copied()).ok()?),
            _ => sink(*octet),
        }
    }
    Some(())
}

fn read_string<'a>(words: &mut Words<'a, impl Iterator<Item = Word<'a>>>, out: &mut Vec<u8>) -> Read<()> {
    let word = words.next()?;
    let at = out.len();
    out.push(0);
    if word.text.contains(&b'\\') {
        if unescape(word.text, |octet| out.push(octet)).is_none() {
            return words.fail("bad escape in a character-string");
        }
    } else {
        out.extend_from_slice(word.text);
    }
    let length = out.len().saturating_sub(at).saturating_sub(1);
    match (u8::try_from(length), out.get_mut(at)) {
        (Ok(length), Some(octet)) => *octet = length,
        _ => return words.fail("character-string longer than 255 octets"),
    }
    Ok(())
}

fn read_caa<'a>(field: Field, words: &mut Words<'a, impl Iterator<Item = Word<'a>>>, out: &mut Vec<u8>) -> Read<()> {
    if let Tag = field {
        let tag = words.plain()?;
        if tag.is_empty() || tag.len() > MAX_STRING || !tag.iter().all(u8::is_ascii_alphanumeric) {
            return words.fail("a CAA tag consists of letters and digits");
        }
        out.push(u8::try_from(tag.len()).unwrap_or(u8::MAX));
        out.extend_from_slice(tag);
        return Ok(());
    }
    let value = words.next()?;
    if unescape(value.text, |octet| out.push(octet)).is_none() {
        return words.fail("bad escape in a string");
    }
    Ok(())
}

fn read_hex<'a>(words: &mut Words<'a, impl Iterator<Item = Word<'a>>>, out: &mut Vec<u8>) -> Read<()> {
    let mut decoder = HexDecoder::default();
    while !words.is_at_end() {
        let text = words.plain()?;
        if decoder.push(text, out).is_none() {
            return words.fail("not a hexadecimal digit");
        }
    }
    if decoder.is_between() {
        return words.fail("odd number of hexadecimal digits");
    }
    Ok(())
}

fn read_base64<'a>(words: &mut Words<'a, impl Iterator<Item = Word<'a>>>, out: &mut Vec<u8>) -> Read<()> {
    let mut decoder = Base64Decoder::default();
    if words.is_at_end() {
        words.next()?;
    }
    while !words.is_at_end() {
        let text = words.plain()?;
        if decoder.push(text, out).is_none() {
            return words.fail("not base64");
        }
    }
    if !decoder.is_complete() {
        return words.fail("base64 ends too early");
    }
    Ok(())
}

fn read_nsec3<'a>(field: Field, words: &mut Words<'a, impl Iterator<Item = Word<'a>>>, out: &mut Vec<u8>) -> Read<()> {
    let text = words.plain()?;
    let at = out.len();
    out.push(0);
    if let Salt = field {
        let mut decoder = HexDecoder::default();
        if text != b"-" && (decoder.push(text, out).is_none() || decoder.is_between()) {
            return words.fail("a salt is hexadecimal, or - when empty");
        }
    } else {
        match base32::decode(text) {
            Some(hash) => out.extend_from_slice(&hash),
            None => return words.fail("not base32hex"),
        }
    }
    let length = out.len().saturating_sub(at).saturating_sub(1);
    match (u8::try_from(length), out.get_mut(at)) {
        (Ok(length), Some(octet)) => *octet = length,
        _ => return words.fail("longer than 255 octets"),
    }
    Ok(())
}

fn read_bitmap<'a>(words: &mut Words<'a, impl Iterator<Item = Word<'a>>>, out: &mut Vec<u8>) -> Read<()> {
    let mut types = Vec::with_capacity(16);
    while !words.is_at_end() {
        let text = words.plain()?;
        types.push(rdtype(text).map_or_else(|| words.fail("unknown RR type"), Ok)?);
    }
    types.sort_unstable();
    types.dedup();
    bitmap::push(&types, out);
    Ok(())
}

// --- writing ------------------------------------------------------------------------------------------------------------

/// Presentation format; None for types that are not written here.
pub fn rdata_to_text(rdtype: u16, octets: &[u8]) -> Result<Option<String>, WireError> {
    if !is_known(rdtype) {
        return Ok(None);
    }
    rdata::check(rdtype, 1, octets)?;
    let mut out = Vec::with_capacity(octets.len().saturating_mul(2));
    push_rdata(rdtype, octets, &mut out)?;
    // Everything that is written is ASCII.
    Ok(Some(String::from_utf8_lossy(&out).into_owned()))
}

/// Presentation format of checked rdata, appended to `out`; the generic form (RFC 3597 §5) for types not written here.
pub(crate) fn push_rdata(rdtype: u16, octets: &[u8], out: &mut Vec<u8>) -> Result<(), WireError> {
    let Some(fields) = fields(rdtype) else {
        push_generic(octets, out);
        return Ok(());
    };
    let start = out.len();
    let mut reader = Reader::new(octets);
    for (at, field) in fields.iter().enumerate() {
        if at > 0 && !matches!(field, Bitmap) {
            out.push(b' ');
        }
        push_field(*field, &mut reader, out)?;
    }
    // An empty key, digest or signature can't be written: the line would lack a field, and not be read back.
    if out.last() == Some(&b' ') {
        out.truncate(start);
        push_generic(octets, out);
    }
    Ok(())
}

/// RFC 3597 §5.
fn push_generic(octets: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(br"\# ");
    push_number(u32::try_from(octets.len()).unwrap_or(u32::MAX), out);
    if !octets.is_empty() {
        out.push(b' ');
        push_hex(octets, out);
    }
}

fn push_field(field: Field, reader: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<(), WireError> {
    match field {
        U8 | Algorithm => push_number(u32::from(reader.u8()?), out),
        U16 => push_number(u32::from(reader.u16()?), out),
        U32 | Seconds => push_number(reader.u32()?, out),
        Type => out.extend_from_slice(t::to_text(reader.u16()?).as_bytes()),
        Time => civil_time(reader.u32()?, out),
        Name => name::push_text(NameBuf::read(reader, false)?.as_slice(), out),
        Ip4 => {
            let octets = reader.take(4)?;
            for (at, octet) in octets.iter().enumerate() {
                if at > 0 {
                    out.push(b'.');
                }
                push_number(u32::from(*octet), out);
            }
        }
        Ip6 => {
            let bits = reader.take(16)?.iter().fold(0, |sum, octet| sum << 8 | u128::from(*octet));
            // Writing to a vector can't fail.
            let _ = write!(out, "{}", std::net::Ipv6Addr::from(bits));
        }
        Text => push_quoted(reader.counted()?, out),
        Texts => {
            push_quoted(reader.counted()?, out);
            while !reader.is_at_end() {
                out.push(b' ');
                push_quoted(reader.counted()?, out);
            }
        }
        Tag => push_tag(reader.counted()?, out),
        LongText => push_quoted(reader.rest()?, out),
        Hex => push_hex(reader.rest()?, out),
        Base64 => push_base64(reader.rest()?, out),
        Salt => match reader.counted()? {
            [] => out.push(b'-'),
            salt => push_hex(salt, out),
        },
        Hash => out.extend_from_slice(base32::encode(reader.counted()?).as_bytes()),
        Bitmap => bitmap::for_each(reader.rest()?, |rdtype| {
            out.push(b' ');
            out.extend_from_slice(t::to_text(rdtype).as_bytes());
        }),
    }
    Ok(())
}

/// A character-string in quotes (RFC 1035 §5.1).
fn push_quoted(octets: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for octet in octets {
        match octet {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *octet]),
            0x20..=0x7E => out.push(*octet),
            _ => push_decimal_escape(*octet, out),
        }
    }
    out.push(b'"');
}

/// RFC 8659 §4.1: tags are ASCII letters and digits; anything else is shown escaped.
fn push_tag(tag: &[u8], out: &mut Vec<u8>) {
    for octet in tag {
        if octet.is_ascii_alphanumeric() {
            out.push(*octet);
        } else {
            push_decimal_escape(*octet, out);
        }
    }
}

fn push_decimal_escape(octet: u8, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'\\', b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10]);
}
