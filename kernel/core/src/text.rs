//! Presentation format of the rdata that is shown often.

use std::fmt::{self, Display, Write as _};

use crate::base32;
use crate::error::WireError;
use crate::name::Name;
use crate::rdata;
use crate::reader::Reader;
use crate::typed::{Nsec, Nsec3};
use crate::types as t;
use crate::Octets;

/// The types that are shown often.
const SHOWN: [u16; 20] = [
    t::A,
    t::NS,
    t::CNAME,
    t::SOA,
    t::PTR,
    t::MX,
    t::TXT,
    t::AAAA,
    t::SRV,
    t::DNAME,
    t::DS,
    t::RRSIG,
    t::NSEC,
    t::DNSKEY,
    t::NSEC3,
    t::NSEC3PARAM,
    t::TLSA,
    t::CDS,
    t::CDNSKEY,
    t::CAA,
];

/// Presentation format; None for types that are not shown often.
pub fn rdata_to_text(rdtype: u16, rdata: &[u8]) -> Result<Option<String>, WireError> {
    if !SHOWN.contains(&rdtype) {
        return Ok(None);
    }
    rdata::check(rdtype, 1, rdata)?;
    shown_to_text(rdtype, rdata).map(Some)
}

fn shown_to_text(rdtype: u16, rdata: &[u8]) -> Result<String, WireError> {
    let mut r = Reader::new(rdata);
    Ok(match rdtype {
        t::A => r.rest()?.iter().map(u8::to_string).collect::<Vec<_>>().join("."),
        t::AAAA => std::net::Ipv6Addr::from(u128_of(r.rest()?)).to_string(),
        t::MX => format!("{} {}", r.u16()?, Name::read(&mut r, false)?),
        t::SRV => format!("{} {} {} {}", r.u16()?, r.u16()?, r.u16()?, Name::read(&mut r, false)?),
        t::SOA => soa(&mut r)?,
        t::TXT => strings(&mut r)?,
        t::DS | t::CDS => format!("{} {} {} {}", r.u16()?, r.u8()?, r.u8()?, Hex(r.rest()?)),
        t::TLSA => format!("{} {} {} {}", r.u8()?, r.u8()?, r.u8()?, Hex(r.rest()?)),
        t::DNSKEY | t::CDNSKEY => format!("{} {} {} {}", r.u16()?, r.u8()?, r.u8()?, Base64(r.rest()?)),
        t::RRSIG => rrsig(&mut r)?,
        t::NSEC => nsec(&rdata.into())?,
        t::NSEC3 => nsec3(&rdata.into())?,
        t::NSEC3PARAM => format!("{} {} {} {}", r.u8()?, r.u8()?, r.u16()?, Salt(r.counted()?)),
        t::CAA => caa(&mut r)?,
        _ => Name::read(&mut r, false)?.to_string(),
    })
}

fn u128_of(octets: &[u8]) -> u128 {
    octets.iter().fold(0, |sum, octet| sum << 8 | u128::from(*octet))
}

fn soa(r: &mut Reader<'_>) -> Result<String, WireError> {
    let (mname, rname) = (Name::read(r, false)?, Name::read(r, false)?);
    Ok(format!("{mname} {rname} {} {} {} {} {}", r.u32()?, r.u32()?, r.u32()?, r.u32()?, r.u32()?))
}

fn strings(r: &mut Reader<'_>) -> Result<String, WireError> {
    let mut words = Vec::new();
    while !r.is_at_end() {
        words.push(Quoted(r.counted()?).to_string());
    }
    Ok(words.join(" "))
}

fn rrsig(r: &mut Reader<'_>) -> Result<String, WireError> {
    let (covered, algorithm, labels, ttl) = (r.u16()?, r.u8()?, r.u8()?, r.u32()?);
    let (expiration, inception, tag) = (Time(r.u32()?), Time(r.u32()?), r.u16()?);
    let signer = Name::read(r, false)?;
    let (covered, signature) = (t::to_text(covered), Base64(r.rest()?));
    Ok(format!("{covered} {algorithm} {labels} {ttl} {expiration} {inception} {tag} {signer} {signature}"))
}

fn nsec(rdata: &Octets) -> Result<String, WireError> {
    let nsec = Nsec::parse(rdata)?;
    let mut text = nsec.next_name.to_string();
    push_types(&mut text, &nsec.types());
    Ok(text)
}

fn nsec3(rdata: &Octets) -> Result<String, WireError> {
    let nsec3 = Nsec3::parse(rdata)?;
    let (salt, hash) = (Salt(nsec3.salt()), base32::encode(nsec3.next_hash()));
    let mut text = format!("{} {} {} {salt} {hash}", nsec3.hash_algorithm, nsec3.flags, nsec3.iterations);
    push_types(&mut text, &nsec3.types());
    Ok(text)
}

fn push_types(text: &mut String, types: &[u16]) {
    for rdtype in types {
        text.push(' ');
        text.push_str(&t::to_text(*rdtype));
    }
}

fn caa(r: &mut Reader<'_>) -> Result<String, WireError> {
    let (flags, tag) = (r.u8()?, r.counted()?);
    // RFC 8659 §4.1: tags are ASCII letters and digits; anything else is shown escaped.
    let mut text = format!("{flags} ");
    for octet in tag {
        if octet.is_ascii_alphanumeric() {
            text.push(char::from(*octet));
        } else {
            text.push_str(&format!("\\{octet:03}"));
        }
    }
    Ok(format!("{text} {}", Quoted(r.rest()?)))
}

struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

/// An NSEC3 salt; `-` when empty (RFC 5155 §3.3).
struct Salt<'a>(&'a [u8]);

impl Display for Salt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_char('-');
        }
        Hex(self.0).fmt(f)
    }
}

/// A character-string in quotes (RFC 1035 §5.1).
struct Quoted<'a>(&'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        for octet in self.0 {
            match octet {
                b'"' | b'\\' => write!(f, "\\{}", char::from(*octet))?,
                0x20..=0x7E => f.write_char(char::from(*octet))?,
                _ => write!(f, "\\{octet:03}")?,
            }
        }
        f.write_char('"')
    }
}

struct Base64<'a>(&'a [u8]);

impl Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for triple in self.0.chunks(3) {
            let mut octets = triple.iter().copied().chain([0, 0]);
            let bits = (0..3).fold(0usize, |sum, _| sum << 8 | usize::from(octets.next().unwrap_or(0)));
            for (at, shift) in [18, 12, 6, 0].into_iter().enumerate() {
                let digit = ALPHABET.get(bits >> shift & 63).copied().filter(|_| at <= triple.len());
                f.write_char(char::from(digit.unwrap_or(b'=')))?;
            }
        }
        Ok(())
    }
}

/// `YYYYMMDDHHmmSS` in UTC (RFC 4034 §3.2).
struct Time(u32);

impl Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.0 / 86400, self.0 % 86400);
        let (year, month, day) = civil(days);
        let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        write!(f, "{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
    }
}

/// The Gregorian date of a number of days since 1970-01-01, counting years from March so that leap days come last.
fn civil(days: u32) -> (u32, u32, u32) {
    let days = days.saturating_add(719_468);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leaps = day_of_era / 1460 + day_of_era / 146_096;
    let year_of_era = day_of_era.saturating_add(day_of_era / 36524).saturating_sub(leaps) / 365;
    let elapsed = (365 * year_of_era + year_of_era / 4).saturating_sub(year_of_era / 100);
    let day_of_year = day_of_era.saturating_sub(elapsed);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year.saturating_sub((153 * shifted + 2) / 5) + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u32::from(month <= 2);
    (year, month, day)
}
