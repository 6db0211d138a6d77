//! Replies by the query that they answer.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::error::WireError;
use crate::reader::Reader;
use crate::types as t;

const HEADER: usize = 12;
const MAX_NAME: usize = 255;
/// Flags, type, class, and a name.
const MAX_KEY: usize = 6 + MAX_NAME;
/// RFC 1035 §4.2.1: octets of a reply over UDP to a query without EDNS.
const MINIMUM: usize = 512;
/// Octets that an entry takes beside its key and reply.
const OVERHEAD: usize = 200;

const QR: u16 = 0x8000;
const TC: u16 = 0x0200;
const RD: u16 = 0x0100;
const AD: u16 = 0x0020;
const CD: u16 = 0x0010;
const HAS_OPT: u16 = 0x0001;
const DO: u16 = 0x8000;

/// A plain query, as a key: what decides the reply, with the name in lower case.
pub struct Asked {
    key: [u8; MAX_KEY],
    key_len: usize,
    name_len: usize,
    limit: usize,
}

impl Asked {
    /// Read a query, for replies of at most `most` octets. None for anything but one question with, perhaps, an OPT record of
    /// version 0 without options (RFC 6891 §6.1): that is for somebody who knows more.
    #[must_use]
    pub fn read(query: &[u8], most: usize) -> Option<Self> {
        let header: &[u8; HEADER] = query.first_chunk()?;
        let [_, _, high, low, 0, 1, 0, 0, 0, 0, 0, records] = *header else { return None };
        let flags = u16::from_be_bytes([high, low]);
        // RFC 1035 §4.1.1: a standard query; of the flags only those that are a client's to set.
        if flags & !(RD | AD | CD) != 0 || records > 1 {
            return None;
        }
        let name_len = name_len(query.get(HEADER..)?)?;
        let question_end = HEADER + name_len + 4;
        let (size, bits) = match records {
            0 if query.len() == question_end => (MINIMUM, flags),
            1 => {
                let (size, dnssec_ok) = plain_opt(query.get(question_end..)?)?;
                (size, flags | HAS_OPT | if dnssec_ok { DO } else { 0 })
            }
            _ => return None,
        };
        let mut key = [0; MAX_KEY];
        let key_len = 6 + name_len;
        let (head, name) = key.get_mut(..key_len)?.split_at_mut(6);
        head.get_mut(..2)?.copy_from_slice(&bits.to_be_bytes());
        head.get_mut(2..)?.copy_from_slice(query.get(question_end - 4..question_end)?);
        name.copy_from_slice(query.get(HEADER..HEADER + name_len)?);
        name.make_ascii_lowercase();
        // RFC 6891 §6.2.3: sizes below 512 count as 512.
        Some(Self { key, key_len, name_len, limit: size.max(MINIMUM).min(most.max(MINIMUM)) })
    }

    fn key(&self) -> &[u8] {
        self.key.get(..self.key_len).unwrap_or_default()
    }
}

/// Octets of an uncompressed name at the start of `octets`, its final zero included. Lengths are below 64, so that lower-casing
/// all of it leaves them alone.
fn name_len(octets: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let len = usize::from(*octets.get(at)?);
        at += 1 + len;
        if len > 63 || at > MAX_NAME {
            return None;
        }
        if len == 0 {
            return Some(at);
        }
    }
}

/// Size and DO of an OPT record that is all of `record` and has no options.
fn plain_opt(record: &[u8]) -> Option<(usize, bool)> {
    // Owner root, type 41, class: the size, TTL: extended rcode, version and flags; no rdata (RFC 6891 §6.1.2).
    let [0, 0, 41, high, low, 0, 0, flags, 0, 0, 0] = *record else { return None };
    (flags & 0x7F == 0).then(|| (usize::from(u16::from_be_bytes([high, low])), flags != 0))
}

struct Entry {
    reply: Box<[u8]>,
    /// Where TTLs stand in `reply`.
    ttls: Box<[u16]>,
    since: u64,
    until: u64,
    is_used: bool,
}

/// Replies by the query that they answer, in a bounded number of octets. Moments are milliseconds of whatever clock.
///
/// When there is no room the oldest go, but for those that were used since they were last looked at ("second chance").
pub struct HitCache {
    entries: HashMap<Arc<[u8]>, Entry>,
    /// Every key once, in the order in which they are looked at.
    queue: VecDeque<Arc<[u8]>>,
    octets: usize,
    most: usize,
}

impl HitCache {
    /// An empty cache of at most `most` octets.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { entries: HashMap::new(), queue: VecDeque::new(), octets: 0, most }
    }

    /// Keep the reply to a query from `now` until `until`. False when it can't be repeated: the query is not plain, or the reply is
    /// truncated, of an opcode or question that is not the query's, or too large for the cache. Fails for a malformed reply.
    pub fn put(&mut self, query: &[u8], reply: &[u8], now: u64, until: u64) -> Result<bool, WireError> {
        let Some(asked) = Asked::read(query, usize::MAX) else { return Ok(false) };
        let ttls = ttl_places(reply)?;
        if !answers(&asked, query, reply) || until <= now {
            return Ok(false);
        }
        let entry = Entry { reply: reply.into(), ttls: ttls.into(), since: now, until, is_used: false };
        let taken = cost(asked.key_len, &entry);
        if taken > self.most {
            return Ok(false);
        }
        let key: Arc<[u8]> = asked.key().into();
        match self.entries.insert(Arc::clone(&key), entry) {
            Some(old) => self.octets = self.octets.saturating_sub(cost(asked.key_len, &old)),
            None => self.queue.push_back(key),
        }
        self.octets = self.octets.saturating_add(taken);
        self.make_room();
        Ok(true)
    }

    fn make_room(&mut self) {
        // Ends: every turn takes one out, or takes its second chance, and there are as many chances as entries.
        while self.octets > self.most {
            let Some(key) = self.queue.pop_front() else { return };
            match self.entries.get_mut(&key) {
                Some(entry) if entry.is_used => {
                    entry.is_used = false;
                    self.queue.push_back(key);
                }
                _ => {
                    if let Some(old) = self.entries.remove(&key) {
                        self.octets = self.octets.saturating_sub(cost(key.len(), &old));
                    }
                }
            }
        }
    }

    /// Write the reply to `query`, which was read as `asked`, into `out`. False when there is none that holds at `now`, or none that
    /// the client has room for.
    pub fn repeat(&mut self, asked: &Asked, query: &[u8], now: u64, out: &mut Vec<u8>) -> bool {
        let Some(entry) = self.entries.get_mut(asked.key()) else { return false };
        if now >= entry.until || entry.reply.len() > asked.limit {
            return false;
        }
        entry.is_used = true;
        out.clear();
        out.extend_from_slice(&entry.reply);
        // RFC 5452 §9.2: id and question go back as they came, the letters' case included.
        for place in [0..2, HEADER..HEADER + asked.name_len] {
            if let (Some(to), Some(from)) = (out.get_mut(place.clone()), query.get(place)) {
                to.copy_from_slice(from);
            }
        }
        let elapsed = u32::try_from(now.saturating_sub(entry.since) / 1000).unwrap_or(u32::MAX);
        if elapsed > 0 {
            for place in &entry.ttls {
                count_down(out, usize::from(*place), elapsed);
            }
        }
        true
    }

    /// Forget everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.queue.clear();
        self.octets = 0;
    }

    /// How many replies are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// About what they take.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.octets
    }
}

fn cost(key_len: usize, entry: &Entry) -> usize {
    // The key is kept once, and pointed at twice.
    OVERHEAD.saturating_add(key_len).saturating_add(entry.reply.len()).saturating_add(2 * entry.ttls.len())
}

/// Whether `reply` is a whole one to `query`.
fn answers(asked: &Asked, query: &[u8], reply: &[u8]) -> bool {
    let Some([high, low]) = reply.get(2..4).and_then(|flags| flags.first_chunk::<2>().copied()) else { return false };
    let flags = u16::from_be_bytes([high, low]);
    let question_end = HEADER + asked.name_len + 4;
    let question = (query.get(HEADER..question_end), reply.get(HEADER..question_end));
    let is_same = matches!(question, (Some(asked), Some(replied)) if asked.eq_ignore_ascii_case(replied));
    flags & QR != 0 && flags & (TC | 0x7800) == 0 && is_same && reply.get(4..6) == Some(&[0, 1])
}

/// Where the TTLs of the records of a message stand; that of OPT is none (RFC 6891 §6.1.3).
fn ttl_places(message: &[u8]) -> Result<Vec<u16>, WireError> {
    let mut reader = Reader::new(message);
    reader.take(4)?;
    let questions = reader.u16()?;
    let mut records = 0u32;
    for _ in 0..3 {
        records = records.saturating_add(u32::from(reader.u16()?));
    }
    for _ in 0..questions {
        skip_name(&mut reader)?;
        reader.take(4)?;
    }
    let mut places = Vec::new();
    for _ in 0..records {
        skip_name(&mut reader)?;
        let rdtype = reader.u16()?;
        reader.take(2)?;
        let place = reader.pos();
        reader.take(4)?;
        if rdtype != t::OPT {
            places.push(u16::try_from(place).map_err(|_| WireError::truncated(place))?);
        }
        let len = usize::from(reader.u16()?);
        reader.take(len)?;
    }
    Ok(places)
}

/// Skip a name: labels, and the compression pointer that may end them (RFC 1035 §4.1.4). Pointers are not followed.
fn skip_name(reader: &mut Reader<'_>) -> Result<(), WireError> {
    loop {
        let len = reader.u8()?;
        match len {
            0 => return Ok(()),
            1..=63 => reader.take(usize::from(len)).map(drop)?,
            0xC0.. => return reader.take(1).map(drop),
            _ => return Err(WireError::truncated(reader.pos())),
        }
    }
}

fn count_down(message: &mut [u8], place: usize, elapsed: u32) {
    let Some(ttl) = message.get_mut(place..).and_then(|rest| rest.first_chunk_mut::<4>()) else { return };
    *ttl = u32::from_be_bytes(*ttl).saturating_sub(elapsed).to_be_bytes();
}
