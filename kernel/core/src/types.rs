//! RR types by number and mnemonic (IANA "Domain Name System (DNS) Parameters").

use std::borrow::Cow;

use crate::error::ArgumentError;

macro_rules! types {
    ($($name:ident $text:literal $number:literal),* $(,)?) => {
        $(#[allow(missing_docs)] pub const $name: u16 = $number;)*
        const TABLE: &[(u16, &str)] = &[$(($number, $text)),*];
    };
}

// In increasing order: looked up by bisection.
types! {
    A "A" 1, NS "NS" 2, MD "MD" 3, MF "MF" 4, CNAME "CNAME" 5, SOA "SOA" 6, MB "MB" 7, MG "MG" 8, MR "MR" 9,
    NULL "NULL" 10, WKS "WKS" 11, PTR "PTR" 12, HINFO "HINFO" 13, MINFO "MINFO" 14, MX "MX" 15, TXT "TXT" 16,
    RP "RP" 17, AFSDB "AFSDB" 18, X25 "X25" 19, ISDN "ISDN" 20, RT "RT" 21, NSAP "NSAP" 22, NSAP_PTR "NSAP-PTR" 23,
    SIG "SIG" 24, KEY "KEY" 25, PX "PX" 26, GPOS "GPOS" 27, AAAA "AAAA" 28, LOC "LOC" 29, NXT "NXT" 30, EID "EID" 31,
    NIMLOC "NIMLOC" 32, SRV "SRV" 33, ATMA "ATMA" 34, NAPTR "NAPTR" 35, KX "KX" 36, CERT "CERT" 37, A6 "A6" 38,
    DNAME "DNAME" 39, SINK "SINK" 40, OPT "OPT" 41, APL "APL" 42, DS "DS" 43, SSHFP "SSHFP" 44,
    IPSECKEY "IPSECKEY" 45, RRSIG "RRSIG" 46, NSEC "NSEC" 47, DNSKEY "DNSKEY" 48, DHCID "DHCID" 49, NSEC3 "NSEC3" 50,
    NSEC3PARAM "NSEC3PARAM" 51, TLSA "TLSA" 52, SMIMEA "SMIMEA" 53, HIP "HIP" 55, NINFO "NINFO" 56, RKEY "RKEY" 57,
    TALINK "TALINK" 58, CDS "CDS" 59, CDNSKEY "CDNSKEY" 60, OPENPGPKEY "OPENPGPKEY" 61, CSYNC "CSYNC" 62,
    ZONEMD "ZONEMD" 63, SVCB "SVCB" 64, HTTPS "HTTPS" 65, DSYNC "DSYNC" 66, SPF "SPF" 99, UINFO "UINFO" 100,
    UID "UID" 101, GID "GID" 102, UNSPEC "UNSPEC" 103, NID "NID" 104, L32 "L32" 105, L64 "L64" 106, LP "LP" 107,
    EUI48 "EUI48" 108, EUI64 "EUI64" 109, NXNAME "NXNAME" 128, TKEY "TKEY" 249, TSIG "TSIG" 250, IXFR "IXFR" 251,
    AXFR "AXFR" 252, MAILB "MAILB" 253, MAILA "MAILA" 254, ANY "ANY" 255, URI "URI" 256, CAA "CAA" 257, AVC "AVC" 258,
    DOA "DOA" 259, AMTRELAY "AMTRELAY" 260, RESINFO "RESINFO" 261, WALLET "WALLET" 262, TA "TA" 32768, DLV "DLV" 32769,
}

/// IANA mnemonic, else `TYPEnnn` (RFC 3597 §5).
pub fn to_text(rdtype: u16) -> Cow<'static, str> {
    match TABLE.binary_search_by_key(&rdtype, |row| row.0).ok().and_then(|at| TABLE.get(at)) {
        Some((_, text)) => Cow::Borrowed(text),
        None => Cow::Owned(format!("TYPE{rdtype}")),
    }
}

/// Mnemonic in either case or `TYPEnnn`.
pub fn from_text(text: &str) -> Result<u16, ArgumentError> {
    const UNKNOWN: ArgumentError = ArgumentError("unknown RR type");
    // Nearly all that a zone file holds, without a walk through the table.
    match text {
        "A" => return Ok(A),
        "AAAA" => return Ok(AAAA),
        "NS" => return Ok(NS),
        "DS" => return Ok(DS),
        "MX" => return Ok(MX),
        "TXT" => return Ok(TXT),
        "RRSIG" => return Ok(RRSIG),
        "NSEC" => return Ok(NSEC),
        "NSEC3" => return Ok(NSEC3),
        _ => {}
    }
    if let Some((number, _)) = TABLE.iter().find(|row| row.1.eq_ignore_ascii_case(text)) {
        return Ok(*number);
    }
    let (word, digits) = text.split_at_checked(4).ok_or(UNKNOWN)?;
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    if !word.eq_ignore_ascii_case("TYPE") || !plain {
        return Err(UNKNOWN);
    }
    digits.parse().map_err(|_| UNKNOWN)
}
