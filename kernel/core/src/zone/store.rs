//! A whole zone, its records in canonical order (RFC 4034 §6).

use std::cmp::Ordering;
use std::collections::HashMap;

use super::builder::{count, octets_of, usize_of, OwnerRun, Raw, Span, ZoneBuilder};
use super::ScanError;
use crate::name::{push_sort_key, Name};
use crate::rdata;
use crate::rrset::{BuildError, RRset};
use crate::types as t;
use crate::Octets;

/// An owner name and its RRsets.
#[derive(Clone, Copy)]
pub(crate) struct Owner {
    pub(crate) name: Span,
    pub(crate) key: Span,
    first: u32,
    count: u32,
}

/// An RRset; for RRSIGs, those that cover one type.
#[derive(Clone, Copy)]
pub(crate) struct Set {
    pub(crate) rdtype: u16,
    pub(crate) covers: u16,
    pub(crate) ttl: u32,
    first: u32,
    count: u32,
}

impl Set {
    /// How many records it has.
    pub(crate) fn len(&self) -> usize {
        usize_of(self.count)
    }
}

/// Records of one zone: owners in canonical order, RRsets by type, rdata in canonical order without duplicates.
pub struct Zone {
    origin: Name,
    arena: Vec<u8>,
    owners: Vec<Owner>,
    sets: Vec<Set>,
    rdatas: Vec<Span>,
    texts: HashMap<Span, Span>,
    counts: Counts,
}

/// What was not as it should be, and was put right.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// Records that stood there twice (RFC 2181 §5).
    pub duplicates: usize,
    /// RRsets whose records had several TTLs: the smallest counts (RFC 2181 §5.2).
    pub mixed_ttls: usize,
}

impl ZoneBuilder {
    /// Sort everything. Records outside the zone of the SOA are an error, and so are rdatas that were not supplied.
    pub fn finish(self) -> Result<Zone, ScanError> {
        let origin = self.apex()?;
        if !self.foreign.is_empty() {
            return Err(ScanError::argument("rdata is still to be supplied"));
        }
        if u32::try_from(self.records.len()).is_err() {
            return Err(ScanError::argument("more than 4,294,967,295 records"));
        }
        self.require_inside(&origin)?;
        let ZoneBuilder { arena, owners: runs, mut records, texts, .. } = self;
        let mut apex_key = Vec::new();
        push_sort_key(origin.wire(), &mut apex_key);
        let ranks = rank_owners(&arena, &runs, apex_key.len());
        // The rank takes the place of the number, so that what follows compares numbers only.
        for record in &mut records {
            record.owner = ranks.of_run.get(usize_of(record.owner)).copied().unwrap_or(0);
        }
        let order = |record: &Raw| (record.rdtype, covers(&arena, record));
        let mut records = by_rank(records, ranks.runs.len());
        let mut zone = Zone {
            origin,
            owners: Vec::with_capacity(ranks.runs.len()),
            sets: Vec::new(),
            rdatas: Vec::with_capacity(records.len()),
            texts: texts.into_iter().collect(),
            counts: Counts::default(),
            arena: Vec::new(),
        };
        let mut canonical = CanonicalOrder::default();
        for here in records.chunk_by_mut(|a, b| a.owner == b.owner) {
            here.sort_by_key(order);
            let run = here.first().and_then(|record| ranks.runs.get(usize_of(record.owner)));
            let Some(run) = run.and_then(|run| runs.get(usize_of(*run))) else { continue };
            zone.push_owner(*run);
            for group in here.chunk_by(|a, b| order(a) == order(b)) {
                zone.push_set(&arena, group, &mut canonical);
            }
        }
        zone.arena = arena;
        Ok(zone)
    }

    fn require_inside(&self, origin: &Name) -> Result<(), ScanError> {
        let mut apex = Vec::new();
        push_sort_key(origin.wire(), &mut apex);
        let outside = self.owners.iter().find(|run| !self.octets(run.key).starts_with(&apex));
        match outside {
            None => Ok(()),
            Some(run) => {
                let what = format!("{} lies outside the zone {origin}", self.name_text(run.name));
                Err(ScanError::new(self.file(run.file), run.line, 1, what))
            }
        }
    }
}

struct Ranks {
    /// Rank of each run of records.
    of_run: Vec<u32>,
    /// A run for each rank.
    runs: Vec<u32>,
}

/// `shared`: how many octets the sort keys of all names begin with alike, those of the apex.
fn rank_owners(arena: &[u8], runs: &[OwnerRun], shared: usize) -> Ranks {
    let key = |run: u32| runs.get(usize_of(run)).map_or(&[][..], |run| octets_of(arena, run.key));
    // The octets behind the apex decide nearly always, and lie here together, not all over the arena.
    let head = |run: u32| {
        let mut octets = [0; 8];
        for (to, from) in octets.iter_mut().zip(key(run).get(shared..).unwrap_or(&[])) {
            *to = *from;
        }
        u64::from_be_bytes(octets)
    };
    let mut order: Vec<(u64, u32)> = (0..count(runs.len())).map(|run| (head(run), run)).collect();
    // By number last: of runs with one name, the first gives the name its case.
    order.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| key(a.1).cmp(key(b.1))).then(a.1.cmp(&b.1)));
    let mut ranks = Ranks { of_run: vec![0; runs.len()], runs: Vec::with_capacity(runs.len()) };
    let mut before = 0;
    for (head, run) in order {
        let is_same = ranks.runs.last().is_some_and(|last| before == head && key(*last) == key(run));
        before = head;
        if !is_same {
            ranks.runs.push(run);
        }
        if let Some(slot) = ranks.of_run.get_mut(usize_of(run)) {
            *slot = count(ranks.runs.len()).saturating_sub(1);
        }
    }
    ranks
}

/// The records by the rank that stands in the place of their owner, in linear time; those of one owner in the order they came.
fn by_rank(records: Vec<Raw>, ranks: usize) -> Vec<Raw> {
    if records.is_sorted_by_key(|record| record.owner) {
        return records;
    }
    let mut next = vec![0usize; ranks.saturating_add(1)];
    for record in &records {
        if let Some(slot) = next.get_mut(usize_of(record.owner).saturating_add(1)) {
            *slot = slot.saturating_add(1);
        }
    }
    let mut sum = 0usize;
    for slot in &mut next {
        sum = sum.saturating_add(*slot);
        *slot = sum;
    }
    let mut sorted = records.clone();
    for record in records {
        if let Some(slot) = next.get_mut(usize_of(record.owner)) {
            if let Some(place) = sorted.get_mut(*slot) {
                *place = record;
            }
            *slot = slot.saturating_add(1);
        }
    }
    sorted
}

/// The type that an RRSIG covers; 0 for other types.
fn covers(arena: &[u8], record: &Raw) -> u16 {
    if record.rdtype != t::RRSIG {
        return 0;
    }
    octets_of(arena, record.rdata).first_chunk().map_or(0, |octets| u16::from_be_bytes(*octets))
}

/// Room to compare rdata in canonical form (RFC 4034 §6.3) without a new allocation each time.
#[derive(Default)]
struct CanonicalOrder {
    lowered: Vec<u8>,
    entries: Vec<(usize, usize, Span)>,
}

impl CanonicalOrder {
    /// Sort the rdatas of an RRset; the number of those that are there twice, which are dropped.
    fn sort(&mut self, arena: &[u8], rdtype: u16, rdatas: &mut Vec<Span>) -> usize {
        self.lowered.clear();
        self.entries.clear();
        for span in rdatas.iter() {
            let start = self.lowered.len();
            rdata::push_canonical(rdtype, 1, octets_of(arena, *span), &mut self.lowered);
            self.entries.push((start, self.lowered.len(), *span));
        }
        let lowered = &self.lowered;
        let octets = |entry: &(usize, usize, Span)| lowered.get(entry.0..entry.1).unwrap_or(&[]);
        // Stable: of two records that are the same, the one that came first stays.
        self.entries.sort_by(|a, b| octets(a).cmp(octets(b)));
        let before = self.entries.len();
        self.entries.dedup_by(|a, b| octets(a).cmp(octets(b)) == Ordering::Equal);
        rdatas.clear();
        rdatas.extend(self.entries.iter().map(|entry| entry.2));
        before.saturating_sub(rdatas.len())
    }
}

impl Zone {
    fn push_owner(&mut self, run: OwnerRun) {
        self.owners.push(Owner { name: run.name, key: run.key, first: count(self.sets.len()), count: 0 });
    }

    fn push_set(&mut self, arena: &[u8], group: &[Raw], room: &mut CanonicalOrder) {
        let Some(first) = group.first() else { return };
        let ttl = group.iter().map(|record| record.ttl).min().unwrap_or(first.ttl);
        let is_mixed = first.rdtype != t::RRSIG && group.iter().any(|record| record.ttl != ttl);
        self.counts.mixed_ttls = self.counts.mixed_ttls.saturating_add(usize::from(is_mixed));
        let start = count(self.rdatas.len());
        if group.len() == 1 {
            self.rdatas.push(first.rdata);
        } else {
            let mut rdatas: Vec<Span> = group.iter().map(|record| record.rdata).collect();
            let dropped = room.sort(arena, first.rdtype, &mut rdatas);
            self.counts.duplicates = self.counts.duplicates.saturating_add(dropped);
            self.rdatas.extend_from_slice(&rdatas);
        }
        self.sets.push(Set {
            rdtype: first.rdtype,
            covers: covers(arena, first),
            ttl,
            first: start,
            count: count(self.rdatas.len()).saturating_sub(start),
        });
        if let Some(owner) = self.owners.last_mut() {
            owner.count = owner.count.saturating_add(1);
        }
    }

    /// Name of the SOA.
    pub fn origin(&self) -> &Name {
        &self.origin
    }

    /// What was put right.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many records there are.
    pub fn record_count(&self) -> usize {
        self.rdatas.len()
    }

    /// How many owner names there are.
    pub fn owner_count(&self) -> usize {
        self.owners.len()
    }

    /// The RRset of an owner and type; for RRSIGs, of the type that they cover.
    pub fn rrset(&self, owner: &Name, rdtype: u16, covers: u16) -> Result<Option<RRset>, BuildError> {
        let mut key = Vec::new();
        push_sort_key(owner.wire(), &mut key);
        let found = self.find(&key).and_then(|here| self.set(here, rdtype, covers));
        let Some(set) = found else { return Ok(None) };
        let rdatas = self.rdatas(set).map(Octets::from).collect();
        RRset::new(owner.clone(), rdtype, set.ttl, rdatas, 1).map(Some)
    }

    pub(crate) fn owners(&self) -> &[Owner] {
        &self.owners
    }

    pub(crate) fn octets(&self, span: Span) -> &[u8] {
        octets_of(&self.arena, span)
    }

    /// The RRsets of an owner, by type.
    pub(crate) fn sets(&self, owner: &Owner) -> &[Set] {
        let first = usize_of(owner.first);
        self.sets.get(first..first.saturating_add(usize_of(owner.count))).unwrap_or(&[])
    }

    /// Where the rdatas of an RRset stand, in canonical order.
    pub(crate) fn spans(&self, set: &Set) -> &[Span] {
        let first = usize_of(set.first);
        self.rdatas.get(first..first.saturating_add(usize_of(set.count))).unwrap_or(&[])
    }

    /// The rdatas of an RRset, in canonical order.
    pub(crate) fn rdatas(&self, set: &Set) -> impl Iterator<Item = &[u8]> {
        self.spans(set).iter().map(|span| self.octets(*span))
    }

    /// The presentation format that came with foreign rdata.
    pub(crate) fn text(&self, rdata: Span) -> Option<&[u8]> {
        self.texts.get(&rdata).map(|text| self.octets(*text))
    }

    /// The owner with that sort key.
    pub(crate) fn find(&self, key: &[u8]) -> Option<&Owner> {
        let at = self.owners.binary_search_by(|owner| self.octets(owner.key).cmp(key)).ok()?;
        self.owners.get(at)
    }

    /// The RRset of a type at an owner; for RRSIGs, of the type that they cover.
    pub(crate) fn set(&self, owner: &Owner, rdtype: u16, covers: u16) -> Option<&Set> {
        self.sets(owner).iter().find(|set| set.rdtype == rdtype && set.covers == covers)
    }

    /// The owner of the SOA, which the zone has.
    pub(crate) fn apex(&self) -> Option<&Owner> {
        // Nothing lies outside the zone, and its apex comes first in canonical order.
        self.owners.first()
    }
}
