//! Unit tests, and a bounded fuzz run that every `cargo test` makes.

use crate::error::WireError;
use crate::message::{parse_records, Edns, Header, Message};
use crate::name::Name;
use crate::rrset::{RRset, Typed};
use crate::signing::{SignJob, SigningKey};
use crate::types as t;
use crate::{base32, crypto, digest, rdata_to_text, record_wire, signed_data, Octets, Outcome};

fn name(text: &str) -> Name {
    Name::from_text(text).unwrap()
}

fn rrset(owner: &str, rdtype: u16, rdatas: &[&[u8]]) -> RRset {
    RRset::new(name(owner), rdtype, 3600, rdatas.iter().map(|octets| Octets::from(*octets)).collect(), 1).unwrap()
}

fn wire_of(parts: &[&[u8]]) -> Vec<u8> {
    parts.concat()
}

fn fails(rdtype: u16, rdata: &[u8]) -> bool {
    RRset::new(Name::root(), rdtype, 0, vec![rdata.into()], 1).is_err()
}

#[test]
fn rfc4034_6_1_canonical_name_order() {
    let sorted = [
        "example.",
        "a.example.",
        "yljkjljk.a.example.",
        "Z.a.example.",
        "zABC.a.EXAMPLE.",
        "z.example.",
        "\\001.z.example.",
        "*.z.example.",
        "\\200.z.example.",
    ];
    let names: Vec<Name> = sorted.iter().map(|text| name(text)).collect();
    let mut shuffled = names.clone();
    shuffled.reverse();
    shuffled.sort();
    assert_eq!(names, shuffled);
}

#[test]
fn a_name_has_at_most_255_octets_and_its_labels_63() {
    let label = "a".repeat(63);
    let longest = format!("{label}.{label}.{label}.{}.", "b".repeat(61));
    assert_eq!(name(&longest).wire().len(), 255);
    assert!(Name::from_text(&format!("{label}.{label}.{label}.{}.", "b".repeat(62))).is_err());
    assert!(Name::from_text(&"a".repeat(64)).is_err());
    assert_eq!(name(&"a.".repeat(127)).label_count(), 127);
    assert!(Name::from_text(&"a.".repeat(128)).is_err());
    assert!(name(&longest).prepend(b"*").is_err());
    for bad in ["", "..", "a..b", ".a", "a\\", "a\\25", "a\\256", "a b", "\u{e9}.", "\\\u{e9}"] {
        assert!(Name::from_text(bad).is_err(), "{bad:?}");
    }
    assert_eq!(name("a\\.b\\046\\\\.\\000").to_string(), "a\\.b\\.\\\\.\\000.");
}

#[test]
fn ancestors_and_substitution() {
    let deep = name("a.B.c.example.");
    assert_eq!(deep.ancestor(2), Some(name("c.example")));
    assert_eq!(deep.ancestor(5), None);
    assert_eq!(deep.common_ancestor(&name("x.b.C.example")), name("b.c.example"));
    assert!(deep.is_subdomain_of(&name("b.c.EXAMPLE")) && !deep.is_subdomain_of(&name("xb.c.example")));
    // The octets `1 b` at the end of a label are no label boundary.
    assert!(!name("x\\001b.c.").is_subdomain_of(&name("b.c.")));
    assert_eq!(deep.replace_suffix(&name("c.example"), &name("net")).unwrap(), name("a.b.net"));
    assert!(deep.replace_suffix(&deep, &name("net")).is_err());
    assert_eq!(name("*.example.").rrsig_labels(), 1);
    assert_eq!(name("a.*.example.").rrsig_labels(), 3);
}

fn message_with_name(octets: &[u8]) -> Vec<u8> {
    wire_of(&[&[0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], octets, &[0, 1, 0, 1]])
}

#[test]
fn rfc1035_4_1_4_pointers_go_backwards_only() {
    for bad in [&[0xC0, 12][..], &[0xC0, 14], &[0xC0, 0xFF], &[1, b'a', 0xC0, 12], &[0x40], &[0x80]] {
        assert!(Message::from_wire(&message_with_name(bad)).is_err(), "{bad:?}");
    }
    // The count of additional records starts with a zero octet: the root name.
    assert!(Message::from_wire(&message_with_name(&[0xC0, 10])).is_ok());
}

#[test]
fn rdata_must_fit_its_type() {
    assert!(fails(t::A, &[1, 2, 3]) && fails(t::A, &[1, 2, 3, 4, 5]) && fails(t::AAAA, &[0; 15]));
    assert!(fails(t::SOA, &[0, 0, 1]) && fails(t::MX, &[0, 1]) && fails(t::MX, &[0, 1, 0, 0]));
    assert!(fails(t::DS, &[0, 0, 8]) && fails(t::DNSKEY, &[1, 1, 3]) && fails(t::RRSIG, &[0; 18]));
    assert!(fails(t::TXT, &[]) && fails(t::TXT, &[2, b'a']) && fails(t::NS, &[0xC0, 0]));
    assert!(fails(t::NSEC3, &[1, 0, 0, 0, 0, 0]) && fails(t::CAA, &[0, 0]) && fails(t::NSEC3PARAM, &[1, 0, 0, 0, 1]));
    assert!(!fails(65280, &[]));
    // Class CH defines its own A (RFC 1035 §3.4.1 is about IN only).
    assert!(RRset::new(Name::root(), t::A, 0, vec![Octets::from([0u8, 1, 2].as_slice())], 3).is_ok());
}

#[test]
fn rfc4034_4_1_2_type_bitmaps() {
    let good = rrset("a.", t::NSEC, &[&[0, 0, 6, 0x40, 0x01, 0, 0, 0, 0x03, 1, 1, 0x40]]);
    let Ok(Typed::Nsecs(views)) = good.typed() else { panic!() };
    assert_eq!(views[0].types(), [1, 15, 46, 47, 257]);
    assert!(views[0].has_type(257) && !views[0].has_type(258) && !views[0].has_type(513));
    for bad in [
        &[0, 0, 0][..],
        &[0, 0, 33],
        &[0, 0, 1, 0],
        &[0, 1, 1, 1, 0, 1, 1],
        &[0, 0, 1, 1, 0, 1, 1],
        &[0, 0],
        &[0, 0, 2, 1],
    ] {
        assert!(fails(t::NSEC, bad), "{bad:?}");
    }
}

#[test]
fn rfc6840_5_1_canonical_rdata_lowers_rrsig_but_not_nsec() {
    let upper = name("UP.example.");
    let nsec = rrset("a.", t::NSEC, &[&wire_of(&[upper.wire(), &[0, 1, 0x40]])]);
    assert!(nsec.canonical_rdatas()[0].starts_with(upper.wire()));
    let rrsig = rrset("a.", t::RRSIG, &[&wire_of(&[&[0; 18], upper.wire(), b"SIG"])]);
    assert_eq!(&rrsig.canonical_rdatas()[0][18..], wire_of(&[&upper.canonical_wire(), b"SIG"]));
    let hinfo = rrset("a.", t::HINFO, &[&[1, b'A', 1, b'B']]);
    assert_eq!(hinfo.canonical_rdatas()[0].as_ref(), [1, b'A', 1, b'B']);
    let svcb = rrset("a.", t::SVCB, &[&wire_of(&[&[0, 1], upper.wire()])]);
    assert!(svcb.canonical_rdatas()[0].ends_with(upper.wire()));
}

#[test]
fn rfc2181_5_duplicates_are_dropped_and_order_is_canonical() {
    let set = rrset("a.", t::NS, &[&[1, b'Z', 0], &[1, b'a', 0], &[1, b'z', 0], &[1, b'a', 0]]);
    assert_eq!(set.rdatas().iter().map(AsRef::as_ref).collect::<Vec<_>>(), [&[1, b'Z', 0][..], &[1, b'a', 0]]);
    assert_eq!(
        set.canonical_rdatas().iter().map(AsRef::as_ref).collect::<Vec<_>>(),
        [&[1, b'a', 0][..], &[1, b'z', 0]]
    );
    assert!(set == rrset("A.", t::NS, &[&[1, b'a', 0], &[1, b'z', 0]]));
}

#[test]
fn rrsigs_of_several_covered_types_do_not_mix() {
    let sig = |covered: u8| Octets::from(wire_of(&[&[0, covered], &[0; 17]]));
    assert!(RRset::new(Name::root(), t::RRSIG, 0, vec![sig(1), sig(2)], 1).is_err());
    assert!(RRset::new(Name::root(), t::RRSIG, 0, vec![], 1).is_err());
}

#[test]
fn rfc5155_appendix_a_hashes() {
    let expected = [
        ("example", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom"),
        ("a.example", "35mthgpgcu1qg68fab165klnsnk3dpvl"),
        ("ai.example", "gjeqe526plbf1g8mklp59enfd789njgi"),
        ("ns1.example", "2t7b4g4vsa5smi47k61mv5bv1a22bojr"),
        ("*.w.example", "r53bq7cc2uvmubfu5ocmm6pers9tk9en"),
        ("X.Y.W.example", "2vptu5timamqttgl4luu9kg21e0aor3s"),
    ];
    for (text, hash) in expected {
        assert_eq!(base32::encode(&digest::nsec3_hash(&name(text), &[0xAA, 0xBB, 0xCC, 0xDD], 12)), hash);
    }
}

#[test]
fn rfc4648_10_base32hex() {
    for (plain, coded) in
        [("", ""), ("f", "co"), ("fo", "cpng"), ("foo", "cpnmu"), ("foob", "cpnmuog"), ("foobar", "cpnmuoj1e8")]
    {
        assert_eq!(base32::encode(plain.as_bytes()), coded);
        assert_eq!(base32::decode(coded.to_uppercase().as_bytes()).as_deref(), Some(plain.as_bytes()));
    }
    for bad in ["c", "co=", "cp!g", "cw", "cpn", "cp"] {
        assert_eq!(base32::decode(bad.as_bytes()), None, "{bad}");
    }
}

fn key_and_signature(algorithm: u8) -> (RRset, RRset, RRset) {
    let key = std::sync::Arc::new(SigningKey::generate(algorithm, 2048).unwrap());
    let dnskey = rrset("example.", t::DNSKEY, &[&wire_of(&[&[1, 1, 3, algorithm], &key.public_key()])]);
    let data = rrset("*.Example.", t::MX, &[&wire_of(&[&[0, 5], name("MAIL.example").wire()]), &[0, 1, 0]]);
    let job = SignJob::new(data.clone(), key, 1, name("EXAMPLE."), 0, 9).unwrap();
    let signed = crate::sign_many(&[std::sync::Arc::new(job)], 0).unwrap();
    let rrsig = rrset("*.example.", t::RRSIG, &[&signed[0]]);
    (data, rrsig, dnskey)
}

#[test]
fn what_is_signed_verifies_also_expanded_from_the_wildcard() {
    for algorithm in [8, 10, 13, 14, 15, 18] {
        let (data, rrsig, dnskey) = key_and_signature(algorithm);
        let (Ok(Typed::Rrsigs(sigs)), Ok(Typed::Dnskeys(keys))) = (rrsig.typed(), dnskey.typed()) else { panic!() };
        let check = |owner: &str| crypto::verify(&data.with_owner(name(owner)), &sigs[0], &keys[0]);
        assert_eq!(check("*.example"), Outcome::Verified);
        assert_eq!(check("a.b.EXAMPLE"), Outcome::Verified);
        assert_eq!(check("a.b.example2"), Outcome::BadSignature);
        assert_eq!(check("."), Outcome::BadSignature);
        assert_eq!(crypto::verify(&data.with_ttl(1), &sigs[0], &keys[0]), Outcome::Verified);
        let jobs = vec![(data.clone(), sigs[0].clone(), keys[0].clone()); 50];
        assert_eq!(crate::verify_many(&jobs, 3), vec![Outcome::Verified; 50]);
    }
}

#[test]
fn keys_that_do_not_parse_and_algorithms_that_are_not_there() {
    let raw = |algorithm, key: &[u8]| crypto::verify_raw(algorithm, key, &[0; 64], b"");
    for algorithm in [0, 1, 3, 6, 12, 16, 17, 253, 255] {
        assert_eq!(raw(algorithm, &[]), Outcome::Unsupported);
    }
    for algorithm in [5, 7, 8, 10, 13, 14, 15, 18] {
        for key in [&[][..], &[0], &[0, 0], &[0, 0, 1], &[1, 3], &[200, 3], &[1, 0, 1], &[7; 31], &[9; 64], &[9; 96]] {
            let outcome = raw(algorithm, key);
            assert_ne!(outcome, Outcome::Verified);
            assert!(matches!(outcome, Outcome::MalformedKey) || matches!(algorithm, 5..=10), "{algorithm} {key:?}");
        }
    }
    let modulus = |octets: usize| wire_of(&[&[1, 3], &vec![0xFF; octets]]);
    assert_eq!(raw(8, &modulus(64)), Outcome::Unsupported);
    assert_eq!(raw(8, &modulus(127)), Outcome::Unsupported);
    assert_eq!(raw(8, &modulus(128)), Outcome::BadSignature);
    assert_eq!(raw(8, &modulus(1025)), Outcome::Unsupported);
    // RFC 3110 §2: the long form of the exponent's length; and a leading zero that changes nothing.
    assert_eq!(raw(8, &wire_of(&[&[0, 0, 1, 3, 0], &[0xFF; 128]])), Outcome::BadSignature);
}

#[test]
fn a_message_is_cut_at_whole_rrsets() {
    let header = Header { id: 7, flags: 0x8400, opcode: 0, rcode: 16 };
    let txt = |owner: &str| rrset(owner, t::TXT, &[&wire_of(&[&[200], &[b'x'; 200]])]);
    let edns =
        Edns { udp_size: 1232, dnssec_ok: true, version: 0, options: vec![(10, Octets::from([1u8; 8].as_slice()))] };
    let sections = [vec![txt("a."), txt("b.")], vec![txt("c.")], vec![txt("d.")]];
    let message = Message::new(header, Some((name("a."), 16, 1)), sections, Some(edns)).unwrap();
    let counts = |size: usize| {
        let wire = message.to_wire(size);
        assert!(wire.len() <= size.max(60));
        let parsed = Message::from_wire(&wire).unwrap();
        assert_eq!((parsed.edns(), parsed.header().rcode), (message.edns(), 16));
        (parsed.sections().each_ref().map(Vec::len), parsed.header().flags & 0x0200 != 0)
    };
    assert_eq!(counts(65535), ([2, 1, 1], false));
    assert_eq!(counts(800), ([2, 1, 0], false));
    assert_eq!(counts(600), ([2, 0, 0], true));
    assert_eq!(counts(0), ([0, 0, 0], true));
}

#[test]
fn names_are_compressed_in_types_of_rfc1035_only() {
    let target = name("ns.example.");
    let compressed = |rdtype: u16, prefix: &[u8]| {
        let set = rrset("example.", rdtype, &[&wire_of(&[prefix, target.wire()])]);
        let header = Header { id: 0, flags: 0, opcode: 0, rcode: 0 };
        let wire = Message::new(header, None, [vec![set.clone()], vec![], vec![]], None).unwrap().to_wire(512);
        assert!(Message::from_wire(&wire).unwrap().sections()[0][0] == set);
        wire.len() < 12 + 9 + 10 + prefix.len() + target.wire().len()
    };
    assert!(compressed(t::NS, &[]) && compressed(t::MX, &[0, 1]));
    assert!(!compressed(t::DNAME, &[]) && !compressed(t::SRV, &[0; 6]) && !compressed(t::SVCB, &[0, 1]));
}

fn record(owner: &[u8], rdtype: u16, ttl: u32, rdata: &[u8]) -> Vec<u8> {
    let len = u16::try_from(rdata.len()).unwrap();
    wire_of(&[owner, &rdtype.to_be_bytes(), &[0, 1], &ttl.to_be_bytes(), &len.to_be_bytes(), rdata])
}

fn answer_of(records: &[Vec<u8>], flags: u8) -> Vec<u8> {
    let count = u8::try_from(records.len()).unwrap();
    wire_of(&[&[0, 1, flags, 0, 0, 0, 0, count, 0, 0, 0, 0], &records.concat()])
}

#[test]
fn records_of_one_rrset_are_merged_and_the_lowest_ttl_stays() {
    let a = |last: u8, ttl: u32| record(&[1, b'a', 0], t::A, ttl, &[1, 1, 1, last]);
    let other = record(&[1, b'b', 0], t::A, 9, &[1, 1, 1, 1]);
    let wire = answer_of(&[a(1, 300), other, a(2, 200), a(1, 0x8000_0000)], 0);
    let message = Message::from_wire(&wire).unwrap();
    let answer = &message.sections()[0];
    assert_eq!((answer.len(), answer[0].rdatas().len(), answer[0].ttl()), (2, 2, 0));
}

#[test]
fn only_a_truncated_message_may_end_early() {
    let full = answer_of(&[record(&[0], t::A, 1, &[1, 1, 1, 1]), record(&[0], t::NS, 1, &[0])], 0x02);
    for len in 12..full.len() {
        let cut = full.get(..len).unwrap();
        assert!(Message::from_wire(cut).is_ok(), "{len}");
        let mut whole = cut.to_vec();
        whole[2] = 0;
        assert!(Message::from_wire(&whole).is_err(), "{len}");
    }
    let short_rdata = answer_of(&[record(&[0], t::A, 1, &[1, 1, 1])], 0x02);
    assert!(Message::from_wire(&short_rdata).is_err());
    assert!(Message::from_wire(&wire_of(&[&full, &[0]])).is_err());
}

#[test]
fn rfc6891_6_1_1_one_opt_at_the_root_in_the_additional_section() {
    let opt = record(&[0], t::OPT, 0, &[]);
    let additional = |records: &[Vec<u8>]| {
        let count = u8::try_from(records.len()).unwrap();
        Message::from_wire(&wire_of(&[&[0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, count], &records.concat()]))
    };
    assert!(additional(std::slice::from_ref(&opt)).unwrap().edns().is_some());
    assert!(additional(&[opt.clone(), opt.clone()]).is_err());
    assert!(additional(&[record(&[1, b'a', 0], t::OPT, 0, &[])]).is_err());
    assert!(additional(&[record(&[0], t::OPT, 0, &[0, 1, 0, 2, 9])]).is_err());
    assert!(Message::from_wire(&answer_of(&[opt], 0)).is_err());
}

#[test]
fn errors_tell_where() {
    let error: WireError = Message::from_wire(&answer_of(&[record(&[0], t::A, 1, &[1, 1, 1])], 0)).err().unwrap();
    assert_eq!((error.offset, error.to_string()), (23, "rdata too short for its type at offset 23".to_owned()));
}

#[test]
fn hostile_messages_cost_linear_work() {
    // As many distinct owners as fit, all records of one RRset, and a chain of pointers under every name.
    let owner = |n: u16| name(&format!("{n}")).wire().to_vec();
    let distinct: Vec<u8> = (0u16..3500).flat_map(|n| record(&owner(n), t::TXT, 1, &[0])).collect();
    let same: Vec<u8> = (0u16..3500).flat_map(|n| record(&[0], t::A, 1, &[0, 0, (n >> 8) as u8, n as u8])).collect();
    for body in [distinct, same] {
        let wire = wire_of(&[&[0, 1, 0, 0, 0, 0], &3500u16.to_be_bytes(), &[0; 4], &body]);
        let message = Message::from_wire(&wire).unwrap();
        assert_eq!(message.sections()[0].iter().map(|set| set.rdatas().len()).sum::<usize>(), 3500);
        assert!(Message::from_wire(&message.to_wire(65535)).is_ok());
    }
    let mut chain = vec![0u8];
    chain.extend((0u16..200).flat_map(|n| (0xC000 | if n == 0 { 23 } else { 22 + n * 2 }).to_be_bytes()));
    let blob = record(&[0], 65280, 1, &chain);
    let end = u16::try_from(12 + blob.len() - 2).unwrap();
    let looped = record(&(0xC000 | end).to_be_bytes(), t::A, 1, &[1, 1, 1, 1]);
    assert!(Message::from_wire(&answer_of(&[blob, looped], 0)).is_err());
}

/// xorshift64*: the same run every time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % bound.max(1)
    }

    fn octet(&mut self) -> u8 {
        const TELLING: [u8; 12] = [0, 1, 2, 12, 41, 46, 47, 48, 63, 64, 0xC0, 0xFF];
        if self.below(2) == 0 {
            TELLING[self.below(TELLING.len())]
        } else {
            self.below(256) as u8
        }
    }

    fn mutate(&mut self, wire: &mut Vec<u8>) {
        for _ in 0..=self.below(4) {
            let at = self.below(wire.len());
            match self.below(6) {
                0 if !wire.is_empty() => wire[at] ^= 1 << self.below(8),
                1 if !wire.is_empty() => wire[at] = self.octet(),
                2 => wire.insert(at, self.octet()),
                3 if !wire.is_empty() => drop(wire.remove(at)),
                4 => wire.truncate(at.max(12)),
                _ => {
                    let stop = (at + self.below(40)).min(wire.len());
                    let piece: Vec<u8> = wire[at.min(stop)..stop].to_vec();
                    let to = self.below(wire.len());
                    wire.splice(to..to, piece);
                }
            }
        }
    }
}

fn samples() -> Vec<Vec<u8>> {
    let mx = rrset("*.Example.", t::MX, &[&wire_of(&[&[0, 5], name("MAIL.example").wire()]), &[0, 1, 0]]);
    let fixed = [0, 15, 13, 1, 0, 0, 14, 16, 0, 0, 0, 9, 0, 0, 0, 0, 0, 1];
    let rrsig = rrset("*.example.", t::RRSIG, &[&wire_of(&[&fixed, name("EXAMPLE.").wire(), &[7; 64]])]);
    let dnskey = rrset("example.", t::DNSKEY, &[&wire_of(&[&[1, 1, 3, 13], &[9; 64]])]);
    let target = name("Ns.example.");
    let named = |prefix: &[u8], suffix: &[u8]| wire_of(&[prefix, target.wire(), suffix]);
    let answer = vec![mx, rrsig, dnskey, rrset("example.", t::NS, &[&named(&[], &[]), &[0]])];
    let authority = vec![
        rrset("example.", t::SOA, &[&named(target.wire(), &[0; 20])]),
        rrset("a.example.", t::NSEC, &[&named(&[], &[0, 6, 0x40, 1, 0, 0, 0, 3])]),
        rrset("b.example.", t::NSEC3, &[&[1, 1, 0, 5, 2, 0xAA, 0xBB, 4, 1, 2, 3, 4, 0, 1, 0x22]]),
        rrset("c.example.", t::DS, &[&[1, 2, 13, 2, 9, 9, 9, 9]]),
    ];
    let additional = vec![
        rrset("a.example.", t::A, &[&[1, 2, 3, 4], &[1, 2, 3, 5]]),
        rrset("a.example.", t::SRV, &[&named(&[0; 6], &[])]),
        rrset("a.example.", t::NAPTR, &[&named(&[0, 1, 0, 2, 1, b'u', 0, 0], &[])]),
        rrset("a.example.", t::A6, &[&named(&[64, 1, 2, 3, 4, 5, 6, 7, 8], &[])]),
        rrset("a.example.", t::SVCB, &[&named(&[0, 1], &[0, 1, 0, 0])]),
        rrset("a.example.", t::CAA, &[b"\x00\x05issueca.example"]),
        rrset("a.example.", t::TXT, &[&[1, b'"', 2, b'\\', 0xFF]]),
        rrset("a.example.", 65280, &[&[1, 2, 3]]),
    ];
    let edns =
        Edns { udp_size: 1232, dnssec_ok: true, version: 0, options: vec![(15, Octets::from([0u8, 6].as_slice()))] };
    let question = Some((name("www.example."), t::MX, 1));
    let header = Header { id: 1, flags: 0x8580, opcode: 0, rcode: 0 };
    let small = Message::new(header, question.clone(), [answer.clone(), vec![], vec![]], None).unwrap();
    let full = Message::new(header, question, [answer, authority, additional], Some(edns)).unwrap();
    vec![small.to_wire(65535), full.to_wire(65535)]
}

/// Do everything with a message that can be done with one.
fn exercise(wire: &[u8]) {
    let Ok(message) = Message::from_wire(wire) else { return };
    let mut rrsigs = Vec::new();
    for set in message.sections().iter().flatten() {
        match set.typed() {
            Ok(Typed::Rrsigs(sigs)) => rrsigs.extend(sigs.iter().cloned()),
            Ok(Typed::Nsecs(nsecs)) => drop(nsecs.iter().map(|nsec| nsec.types()).collect::<Vec<_>>()),
            Ok(Typed::Nsec3s(nsecs)) => drop(nsecs.iter().map(|nsec| nsec.types()).collect::<Vec<_>>()),
            Ok(_) => (),
            Err(_) => assert!(set.rdatas().iter().any(|octets| octets.is_empty())),
        }
        for octets in set.rdatas().iter().filter(|octets| set.rdclass() == 1 || octets.is_empty()) {
            let _ = rdata_to_text(set.rdtype(), octets);
        }
        assert_eq!(parse_records(&record_wire(set)).unwrap().len(), set.rdatas().len());
        assert_eq!(Name::from_text(&set.owner().to_string()).unwrap(), *set.owner());
    }
    for set in message.sections().iter().flatten().take(3) {
        rrsigs.iter().take(3).for_each(|rrsig| drop(signed_data(set, rrsig)));
    }
    let again = Message::from_wire(&message.to_wire(65535)).unwrap();
    assert!(again.sections().iter().flatten().eq(message.sections().iter().flatten()));
    assert_eq!((again.edns(), again.question()), (message.edns(), message.question()));
    assert!(Message::from_wire(&message.to_wire(300)).is_ok());
}

#[test]
fn no_input_makes_the_parser_panic() {
    let samples = samples();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut parsed = 0usize;
    for round in 0..200_000usize {
        let mut wire = samples[round % samples.len()].clone();
        random.mutate(&mut wire);
        exercise(&wire);
        let _ = parse_records(wire.get(12..).unwrap_or(&[]));
        parsed += usize::from(Message::from_wire(&wire).is_ok());
    }
    // A run in which nothing parses would prove nothing.
    assert!(parsed > 10_000, "{parsed}");
}
