//! Signing a whole zone: denial chain and signatures are made piece by piece, in canonical order, and written at once.
//!
//! No signature is held longer than until its piece is written, so that memory grows with the zone that came in, not with
//! the one that goes out.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::builder::{count, usize_of};
use super::check::{dnskeys, is_sole_maker};
use super::denial::{hashed_names, nsec_successors, Coverage, Denial, Hashed};
use super::layout::{standings, Standing};
use super::render::{Rendered, Renderer};
use super::store::Zone;
use crate::error::ArgumentError;
use crate::name::push_sort_key;
use crate::parallel;
use crate::signing::SigningKey;
use crate::types as t;

/// Names in a piece.
const PIECE: usize = 256;

/// A key of the zone, as it is published.
pub struct ZoneKey {
    /// DNSKEY rdata.
    pub dnskey: Vec<u8>,
    /// Algorithm number.
    pub algorithm: u8,
    /// Key tag.
    pub key_tag: u16,
    /// Whether it signs the DNSKEY, CDS and CDNSKEY RRsets.
    pub signs_keys: bool,
    /// Whether it signs everything else.
    pub signs_data: bool,
    /// The private key; None when its signatures are made elsewhere.
    pub private: Option<Arc<SigningKey>>,
}

/// What to sign with, and until when. Times are seconds modulo 2**32 (RFC 4034 §3.1.5).
pub struct SigningPlan {
    /// How the zone denies.
    pub denial: Denial,
    /// The keys that sign.
    pub keys: Vec<ZoneKey>,
    /// Start of validity.
    pub inception: u32,
    /// End of validity.
    pub expiration: u32,
    /// Up to so many seconds less, a different number for each RRset, so that not all signatures end at once.
    pub jitter: u32,
    /// The time of signing.
    pub now: u32,
    /// Signatures of the earlier zone that are valid for at least so long are kept.
    pub refresh: u32,
    /// Digest everything that is written, for ZONEMD: SHA-384, SHA-512 (RFC 8976 §5.3).
    pub digests: Vec<u8>,
}

/// What was done.
#[derive(Clone, Debug, Default)]
pub struct SigningStats {
    /// Signatures made.
    pub made: u64,
    /// Signatures of the earlier zone that were kept.
    pub kept: u64,
    /// NSEC or NSEC3 records.
    pub denials: u64,
    /// Records written, signatures and denials among them.
    pub records: u64,
    /// Octets written.
    pub octets: u64,
    /// The earliest expiration, seconds modulo 2**32, by distance from `now`.
    pub first_expiration: Option<u32>,
    /// One digest for each that was asked for.
    pub digests: Vec<Vec<u8>>,
}

/// Why a zone was not signed.
#[derive(Debug)]
pub enum SignError {
    /// The arguments do not fit each other.
    Argument(ArgumentError),
    /// The output can't be written.
    Io(io::Error),
    /// Somebody asked to stop.
    Cancelled,
}

impl From<ArgumentError> for SignError {
    fn from(e: ArgumentError) -> Self {
        Self::Argument(e)
    }
}

impl From<io::Error> for SignError {
    fn from(e: io::Error) -> Self {
        Self::Io(e)
    }
}

/// How far work has come; others may look at it, and stop it, while it goes on.
#[derive(Default)]
pub struct Progress {
    done: AtomicUsize,
    total: AtomicUsize,
    cancelled: AtomicBool,
}

impl Progress {
    /// Names done, and names in all (0 before that is known).
    pub fn state(&self) -> (usize, usize) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }

    /// Ask the work to stop.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn begin(&self, total: usize) {
        self.done.store(0, Ordering::Relaxed);
        self.total.store(total, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, count: usize) {
        self.done.fetch_add(count, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// What stands at one place of the zone that goes out.
#[derive(Clone, Copy)]
pub(crate) enum Item {
    /// An owner of the zone.
    Owner(u32),
    /// A hashed name.
    Hash(u32),
}

/// Signatures that are made elsewhere, piece by piece.
type Supplied = Vec<Mutex<Vec<Vec<u8>>>>;

/// A zone with its denial chain, ready to be signed.
pub struct ZoneSigning {
    pub(crate) zone: Arc<Zone>,
    pub(crate) earlier: Option<Arc<Zone>>,
    pub(crate) plan: SigningPlan,
    /// For each key: whether signatures of the earlier zone that name it are its own.
    pub(crate) keepers: Vec<bool>,
    pub(crate) standings: Vec<Standing>,
    pub(crate) successors: Vec<u32>,
    pub(crate) hashes: Vec<Hashed>,
    /// TTL of NSEC and NSEC3.
    pub(crate) denial_ttl: u32,
    items: Vec<Item>,
    supplied: Supplied,
}

impl ZoneSigning {
    /// Lay out the zone and its denial chain. `threads` 0 stands for all cores.
    pub fn new(
        zone: Arc<Zone>,
        earlier: Option<Arc<Zone>>,
        plan: SigningPlan,
        threads: usize,
    ) -> Result<ZoneSigning, ArgumentError> {
        let standings = standings(&zone);
        let (mut successors, mut hashes) = (Vec::new(), Vec::new());
        match &plan.denial {
            Denial::Nsec => successors = nsec_successors(&standings),
            Denial::Nsec3 { salt, iterations, opt_out } => {
                let coverage = if *opt_out { Coverage::OptOut } else { Coverage::Whole };
                hashes = hashed_names(&zone, &standings, salt, *iterations, coverage, threads)?;
            }
        }
        let before = earlier.as_deref().map(dnskeys).unwrap_or_default();
        let is_keeper = |key: &ZoneKey| is_sole_maker(&before, key.algorithm, key.key_tag, &key.dnskey);
        let keepers = plan.keys.iter().map(is_keeper).collect();
        let denial_ttl = denial_ttl(&zone);
        let items = merge(&zone, &hashes);
        let supplied = (0..items.len().div_ceil(PIECE)).map(|_| Mutex::new(Vec::new())).collect();
        Ok(ZoneSigning { zone, earlier, plan, keepers, standings, successors, hashes, denial_ttl, items, supplied })
    }

    /// How many pieces there are to ask `to_sign` for.
    pub fn pieces(&self) -> usize {
        self.supplied.len()
    }

    fn piece(&self, number: usize) -> &[Item] {
        let start = number.saturating_mul(PIECE);
        self.items.get(start..self.items.len().min(start.saturating_add(PIECE))).unwrap_or(&[])
    }

    /// What keys without a private part have to sign in a piece: number of the key, and the data.
    pub fn to_sign(&self, piece: usize) -> Result<Vec<(usize, Vec<u8>)>, ArgumentError> {
        let mut renderer = Renderer::collecting(self);
        for item in self.piece(piece) {
            renderer.render(*item)?;
        }
        Ok(renderer.into_collected())
    }

    /// The signatures over what `to_sign` gave, in its order.
    pub fn supply(&self, piece: usize, signatures: Vec<Vec<u8>>) {
        if let Some(slot) = self.supplied.get(piece) {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = signatures;
        }
    }

    /// Sign, and write the master file.
    pub fn write(&self, out: &mut impl Write, threads: usize, progress: &Progress) -> Result<SigningStats, SignError> {
        progress.begin(self.items.len());
        let mut writer = Writer::new(out, &self.plan);
        let threads = parallel::thread_count(threads, self.pieces(), 1);
        let next = AtomicUsize::new(0);
        // A worker that is far ahead waits here, so that no more than a few pieces are in memory at once.
        let (sender, receiver) = sync_channel(threads.saturating_mul(4));
        thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    while !progress.is_cancelled() {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        if number >= self.pieces() || sender.send((number, self.render(number))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            let mut waiting = std::collections::BTreeMap::new();
            let mut expected = 0usize;
            // Leaving this block drops the receiver, and that ends the workers.
            let receiver = receiver;
            for (number, rendered) in &receiver {
                waiting.insert(number, rendered?);
                while let Some(rendered) = waiting.remove(&expected) {
                    writer.take(&rendered)?;
                    progress.advance(self.piece(expected).len());
                    expected = expected.saturating_add(1);
                }
            }
            if progress.is_cancelled() {
                return Err(SignError::Cancelled);
            }
            Ok(())
        })?;
        Ok(writer.finish()?)
    }

    fn render(&self, number: usize) -> Result<Rendered, ArgumentError> {
        let slot = self.supplied.get(number).map(|slot| slot.lock().unwrap_or_else(PoisonError::into_inner));
        let supplied = slot.map(|mut slot| std::mem::take(&mut *slot)).unwrap_or_default();
        let mut renderer = Renderer::signing(self, supplied);
        for item in self.piece(number) {
            renderer.render(*item)?;
        }
        Ok(renderer.into_rendered())
    }
}

/// Seconds that a denial lives (RFC 9077 §3, which updates RFC 4034 §4 and RFC 5155 §3): the lesser of the SOA's MINIMUM and
/// its own TTL.
pub(crate) fn denial_ttl(zone: &Zone) -> u32 {
    let soa = zone.apex().and_then(|apex| zone.set(apex, t::SOA, 0));
    let Some(soa) = soa else { return 0 };
    let minimum = zone.rdatas(soa).next().and_then(|rdata| rdata.last_chunk().copied());
    soa.ttl.min(minimum.map_or(0, u32::from_be_bytes))
}

/// Owners and hashed names in canonical order.
fn merge(zone: &Zone, hashes: &[Hashed]) -> Vec<Item> {
    let mut items = Vec::with_capacity(zone.owners().len().saturating_add(hashes.len()));
    let mut owners = (0..count(zone.owners().len())).peekable();
    let mut key = Vec::new();
    for (number, hashed) in hashes.iter().enumerate() {
        key.clear();
        push_hash_key(zone, &hashed.hash, &mut key);
        while let Some(owner) = owners.peek() {
            let other = zone.owners().get(usize_of(*owner)).map_or(&[][..], |owner| zone.octets(owner.key));
            if other > key.as_slice() {
                break;
            }
            items.push(Item::Owner(*owner));
            owners.next();
        }
        items.push(Item::Hash(count(number)));
    }
    items.extend(owners.map(Item::Owner));
    items
}

/// Sort key of the owner of an NSEC3 (RFC 5155 §3: the hash in base32hex, as one label below the apex).
pub(crate) fn push_hash_key(zone: &Zone, hash: &[u8], key: &mut Vec<u8>) {
    push_sort_key(zone.origin().wire(), key);
    key.extend_from_slice(crate::base32::encode(hash).as_bytes());
    key.push(0);
}

/// Takes the pieces in their order.
struct Writer<'a, W: Write> {
    out: &'a mut W,
    stats: SigningStats,
    digests: Vec<aws_lc_rs::digest::Context>,
    now: u32,
}

impl<'a, W: Write> Writer<'a, W> {
    fn new(out: &'a mut W, plan: &SigningPlan) -> Self {
        let digests = plan.digests.iter().filter_map(|number| super::zonemd::context(*number)).collect();
        Self { out, stats: SigningStats::default(), digests, now: plan.now }
    }

    fn take(&mut self, rendered: &Rendered) -> io::Result<()> {
        self.out.write_all(&rendered.text)?;
        for digest in &mut self.digests {
            digest.update(&rendered.wire);
        }
        let stats = &mut self.stats;
        stats.made = stats.made.saturating_add(rendered.made);
        stats.kept = stats.kept.saturating_add(rendered.kept);
        stats.denials = stats.denials.saturating_add(rendered.denials);
        stats.records = stats.records.saturating_add(rendered.records);
        stats.octets = stats.octets.saturating_add(u64::try_from(rendered.text.len()).unwrap_or(0));
        let expirations = [stats.first_expiration, rendered.first_expiration];
        // RFC 4034 §3.1.5: a moment modulo 2**32, so what counts is how far ahead it lies.
        stats.first_expiration = expirations.into_iter().flatten().min_by_key(|time| time.wrapping_sub(self.now));
        Ok(())
    }

    fn finish(self) -> io::Result<SigningStats> {
        self.out.flush()?;
        let digests = self.digests.into_iter().map(|digest| digest.finish().as_ref().to_vec()).collect();
        Ok(SigningStats { digests, ..self.stats })
    }
}
