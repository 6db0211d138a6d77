//! What is repeated, to whom, and for how long.

use super::hits::{Asked, HitCache};
use super::{Clients, Network};

const PLAIN_OPT: &[u8] = &[0, 0, 41, 4, 208, 0, 0, 0x80, 0, 0, 0];

/// A query for `name` (labels by dots) of type A with these header flags, and what follows the question.
fn query(name: &str, flags: u16, rest: &[u8]) -> Vec<u8> {
    let mut made = vec![0xAB, 0xCD];
    made.extend(flags.to_be_bytes());
    made.extend([0, 1, 0, 0, 0, 0, 0, u8::from(!rest.is_empty())]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        made.push(u8::try_from(label.len()).unwrap());
        made.extend(label.as_bytes());
    }
    made.extend([0, 0, 1, 0, 1]);
    made.extend(rest);
    made
}

/// A reply to it with `count` addresses, each with TTL 300, and its OPT record.
fn reply(query: &[u8], question_end: usize, count: u8) -> Vec<u8> {
    let mut made = query[..question_end].to_vec();
    made[2] |= 0x80;
    made[3] |= 0x80;
    made[7] = count;
    for last in 0..count {
        made.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, last]);
    }
    made.extend(&query[question_end..]);
    made
}

fn repeated(cache: &mut HitCache, query: &[u8], now: u64) -> Option<Vec<u8>> {
    let mut out = vec![1, 2, 3];
    let asked = Asked::read(query, 1232)?;
    cache.repeat(&asked, query, now, &mut out).then_some(out)
}

#[test]
fn a_reply_comes_back_with_the_id_the_case_and_the_ttl_of_the_moment() {
    let first = query("www.example", 0x0100, PLAIN_OPT);
    let end = first.len() - PLAIN_OPT.len();
    let mut cache = HitCache::new(10_000);
    assert_eq!(cache.put(&first, &reply(&first, end, 2), 1_000, 61_000), Ok(true));
    let mut second = query("wWw.eXample", 0x0100, PLAIN_OPT);
    second[..2].copy_from_slice(&[1, 2]);
    let mut expected = reply(&second, end, 2);
    assert_eq!(repeated(&mut cache, &second, 1_999), Some(expected.clone()));
    // Ten seconds later: 300 is 290; the OPT record's field of that place is no TTL.
    for place in [end + 9, end + 25] {
        expected[place] = 34;
    }
    assert_eq!(repeated(&mut cache, &second, 11_000), Some(expected));
    assert!(repeated(&mut cache, &second, 60_999).is_some());
    assert_eq!(repeated(&mut cache, &second, 61_000), None);
}

#[test]
fn what_is_asked_otherwise_is_another_question() {
    let first = query("www.example", 0x0100, PLAIN_OPT);
    let end = first.len() - PLAIN_OPT.len();
    let mut cache = HitCache::new(10_000);
    assert_eq!(cache.put(&first, &reply(&first, end, 1), 0, 1_000), Ok(true));
    let without_do: &[u8] = &[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0];
    for other in [
        query("www.example", 0x0000, PLAIN_OPT),
        query("www.example", 0x0110, PLAIN_OPT),
        query("www.example", 0x0120, PLAIN_OPT),
        query("www.example", 0x0100, without_do),
        query("www.example", 0x0100, &[]),
        query("ww.wexample", 0x0100, PLAIN_OPT),
    ] {
        assert!(Asked::read(&other, 1232).is_some());
        assert_eq!(repeated(&mut cache, &other, 0), None, "{other:02x?}");
    }
}

#[test]
fn what_is_no_plain_query_is_for_others() {
    let good = query("www.example", 0x0100, PLAIN_OPT);
    assert!(Asked::read(&good, 1232).is_some());
    for len in 0..good.len() {
        assert!(Asked::read(&good[..len], 1232).is_none(), "{len}");
    }
    let changed = |place: usize, octet: u8| {
        let mut made = good.clone();
        made[place] = octet;
        made
    };
    let opt = good.len() - PLAIN_OPT.len();
    for odd in [
        changed(2, 0x81),       // a response
        changed(2, 0x29),       // opcode 5
        changed(2, 0x03),       // TC
        changed(3, 0x40),       // Z
        changed(5, 2),          // two questions
        changed(7, 1),          // an answer
        changed(11, 2),         // more additional records than there are
        changed(12, 0xC0),      // a compressed name
        changed(opt, 1),        // an owner that is not the root
        changed(opt + 2, 250),  // TSIG
        changed(opt + 6, 1),    // version 1
        changed(opt + 7, 0xC0), // an unknown flag
        changed(opt + 10, 4),   // options
        [&good[..], &[0]].concat(),
    ] {
        assert!(Asked::read(&odd, 1232).is_none(), "{odd:02x?}");
    }
}

#[test]
fn names_of_255_octets_fit_and_no_longer_ones() {
    let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
    let first = query(&longest, 0x0100, &[]);
    let mut cache = HitCache::new(10_000);
    assert_eq!(cache.put(&first, &reply(&first, first.len(), 1), 0, 1_000), Ok(true));
    assert!(repeated(&mut cache, &first, 0).is_some());
    assert!(Asked::read(&query(&format!("{longest}b"), 0x0100, &[]), 1232).is_none());
}

#[test]
fn rfc6891_6_2_3_a_reply_fits_the_client_or_is_left_to_others() {
    let sized = |octets: u16| query("www.example", 0x0100, &[&[0, 0, 41], &octets.to_be_bytes()[..], &[0; 6]].concat());
    let first = sized(1232);
    let end = first.len() - PLAIN_OPT.len();
    let mut cache = HitCache::new(100_000);
    let large = reply(&first, end, 50);
    assert_eq!(cache.put(&first, &large, 0, 1_000), Ok(true));
    let len = u16::try_from(large.len()).unwrap();
    assert!(len > 512);
    assert!(repeated(&mut cache, &sized(len), 0).is_some());
    assert!(repeated(&mut cache, &sized(len - 1), 0).is_none());
    assert!(repeated(&mut cache, &sized(0), 0).is_none());
    // Not even for those who take more than this server sends.
    assert!(Asked::read(&sized(4096), 600).is_some_and(|asked| !cache.repeat(&asked, &first, 0, &mut Vec::new())));
}

#[test]
fn what_can_not_be_repeated_is_not_kept() {
    let first = query("www.example", 0x0100, &[]);
    let end = first.len();
    let good = reply(&first, end, 1);
    let mut cache = HitCache::new(10_000);
    let mut truncated = good.clone();
    truncated[2] |= 2;
    let other = reply(&query("www.exbmple", 0x0100, &[]), end, 1);
    for bad in [&truncated, &other, &first] {
        assert_eq!(cache.put(&first, bad, 0, 1_000), Ok(false));
    }
    assert_eq!(cache.put(&first, &good, 5, 5), Ok(false));
    assert_eq!(cache.put(&good, &good, 0, 5), Ok(false));
    assert_eq!(HitCache::new(100).put(&first, &good, 0, 5), Ok(false));
    for len in 0..good.len() {
        assert!(cache.put(&first, &good[..len], 0, 1_000) != Ok(true), "{len}");
    }
    assert!(cache.is_empty());
}

#[test]
fn the_octets_are_bounded_and_what_is_asked_stays() {
    let mut cache = HitCache::new(20_000);
    let popular = query("popular.example", 0x0100, &[]);
    let _ = cache.put(&popular, &reply(&popular, popular.len(), 1), 0, 1_000_000);
    for number in 0..5_000 {
        assert!(repeated(&mut cache, &popular, 0).is_some(), "{number}");
        let other = query(&format!("n{number}.example"), 0x0100, &[]);
        assert_eq!(cache.put(&other, &reply(&other, other.len(), 1), 0, 1_000_000), Ok(true));
        assert!(cache.octets() <= 20_000);
    }
    assert!(cache.len() > 50);
    // The same again and again takes no more.
    let before = cache.octets();
    for _ in 0..100 {
        let _ = cache.put(&popular, &reply(&popular, popular.len(), 1), 0, 1_000_000);
    }
    assert_eq!(cache.octets(), before);
    cache.clear();
    assert_eq!((cache.len(), cache.octets()), (0, 0));
}

fn network(address: &str, bits: u32) -> Network {
    Network::new(address.parse().unwrap(), bits).unwrap()
}

#[test]
fn lists_of_prefixes() {
    let allow = vec![network("192.0.2.0", 24), network("2001:db8::", 32), network("198.51.100.7", 32)];
    let clients = Clients::new(allow, vec![network("192.0.2.128", 25)], 0.0, 0.0);
    for (address, expected) in [
        ("192.0.2.1", true),
        ("192.0.2.129", false),
        ("192.0.3.1", false),
        ("198.51.100.7", true),
        ("198.51.100.6", false),
        ("2001:db8:ffff::1", true),
        ("2001:db9::", false),
        ("::192.0.2.1", false),
    ] {
        assert_eq!(clients.admit(address.parse().unwrap()), expected, "{address}");
    }
    let all = Clients::new(vec![network("0.0.0.0", 0), network("::", 0)], vec![], 0.0, 0.0);
    assert!(all.admit("203.0.113.1".parse().unwrap()) && all.admit("fe80::1".parse().unwrap()));
    assert_eq!(Network::new("192.0.2.0".parse().unwrap(), 33), None);
}

#[test]
fn an_allowance_runs_out_and_comes_back() {
    let mut clients = Clients::new(vec![], vec![], 10.0, 5.0);
    let client = "192.0.2.1".parse().unwrap();
    assert_eq!((0..9).filter(|_| clients.take(client, 0)).count(), 5);
    assert!(clients.take("192.0.2.2".parse().unwrap(), 0));
    assert!(clients.take(client, 100));
    assert!(!clients.take(client, 100));
    // However long it was away, no more than the burst.
    assert_eq!((0..99).filter(|_| clients.take(client, 1_000_000)).count(), 5);
    // All addresses of an IPv6 site are one client.
    assert_eq!((0..9).filter(|n| clients.take(format!("2001:db8::{n}").parse().unwrap(), 0)).count(), 5);
    let mut unlimited = Clients::new(vec![], vec![], 0.0, 0.0);
    assert!((0..1000).all(|_| unlimited.take(client, 0)));
}

#[test]
fn no_octets_make_it_panic() {
    let mut state = 7u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let first = query("www.example", 0x0100, PLAIN_OPT);
    let good = reply(&first, first.len() - PLAIN_OPT.len(), 3);
    let mut cache = HitCache::new(5_000);
    for _ in 0..200_000 {
        let (mut asked, mut told) = (first.clone(), good.clone());
        for _ in 0..random() % 4 {
            let place = usize::try_from(random()).unwrap();
            let octet = u8::try_from(random() & 0xFF).unwrap();
            let len = asked.len();
            asked[place % len] = octet;
            let len = told.len();
            told[place % len] = octet;
        }
        told.truncate(usize::try_from(random()).unwrap() % 2 * 1000 + usize::try_from(random()).unwrap() % 90);
        let _ = cache.put(&asked, &told, 0, 1 + random() % 9);
        if let Some(out) = repeated(&mut cache, &asked, random() % 9) {
            assert_eq!(out[..2], asked[..2]);
        }
    }
}
