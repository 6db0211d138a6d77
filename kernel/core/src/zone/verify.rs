//! Verifying a whole zone: every signature by every key that it names, and the denial chain record by record.

use std::sync::Arc;

use super::check::{published, Earlier, Key, Problem, ProblemCode as Code, RrsigFields, Unverified};
use super::denial::has_nsec;
use super::layout::{is_signed_type, standings, Standing};
use super::misfits::push_misfits;
use super::render::{is_unchanged, push_canonical_record, Signable};
use super::sign::{denial_ttl, Progress};
use super::store::{Owner, Set, Zone};
use super::verify_denial::DenialCheck;
use crate::crypto::Outcome;
use crate::name::label_count;
use crate::parallel;
use crate::types as t;

/// Names a thread takes at once.
const PIECE: usize = 64;

/// What `verify` is told.
pub struct VerifyOptions {
    /// The time of judgement, seconds modulo 2**32.
    pub now: u32,
    /// 0: all cores.
    pub threads: usize,
}

/// What was found.
#[derive(Default)]
pub struct Report {
    /// Everything that is wrong, in canonical order of the names.
    pub problems: Vec<Problem>,
    /// Signatures that somebody else has to verify.
    pub unverified: Vec<Unverified>,
    /// Signatures verified here.
    pub verified: u64,
    /// Signatures not verified again, since they and what they cover stood in the earlier zone.
    pub skipped: u64,
    /// RRsets that must be signed.
    pub signed_rrsets: u64,
    /// Tag and algorithm of the keys that sign the DNSKEY RRset.
    pub dnskey_signers: Vec<Vec<u8>>,
    /// The earliest expiration that lies ahead, seconds modulo 2**32.
    pub first_expiration: Option<u32>,
    /// Whether there is an NSEC chain.
    pub has_nsec: bool,
    /// NSEC3 parameters: salt, iterations, whether some span is opt-out.
    pub nsec3: Vec<(Vec<u8>, u16, bool)>,
}

/// Verify everything; None when asked to stop.
///
/// `earlier`: a zone whose signatures are taken as good where they and their RRsets are the same.
pub fn verify(
    zone: &Arc<Zone>,
    earlier: Option<&Arc<Zone>>,
    options: &VerifyOptions,
    progress: &Progress,
) -> Option<Report> {
    let owners = zone.owners().len();
    progress.begin(owners);
    let standings = standings(zone);
    let keys = published(zone);
    let mut required: Vec<u8> = keys.iter().filter(|key| key.is_usable).map(|key| key.algorithm).collect();
    required.sort_unstable();
    required.dedup();
    let denial = DenialCheck::of(zone, &standings, options.threads);
    let verifier = Verifier {
        zone,
        earlier: earlier.map(|zone| Earlier::of(zone)),
        standings: &standings,
        keys: &keys,
        required: &required,
        signer: zone.origin().canonical_wire(),
        denial: &denial,
        denial_ttl: denial_ttl(zone),
        now: options.now,
    };
    let starts: Vec<usize> = (0..owners).step_by(PIECE).collect();
    let threads = parallel::thread_count(options.threads, starts.len(), 1);
    let parts = parallel::map(&starts, threads, |start| {
        if progress.is_cancelled() {
            return Report::default();
        }
        let part = verifier.piece(*start..owners.min(start.saturating_add(PIECE)));
        progress.advance(owners.min(PIECE));
        part
    });
    if progress.is_cancelled() {
        return None;
    }
    let mut report = Report { has_nsec: denial.has_nsec, nsec3: denial.parameters(), ..Report::default() };
    for part in parts {
        report.merge(part, options.now);
    }
    report.problems.extend(denial.gaps(zone));
    Some(report)
}

impl Report {
    fn merge(&mut self, part: Report, now: u32) {
        self.problems.extend(part.problems);
        self.unverified.extend(part.unverified);
        self.verified = self.verified.saturating_add(part.verified);
        self.skipped = self.skipped.saturating_add(part.skipped);
        self.signed_rrsets = self.signed_rrsets.saturating_add(part.signed_rrsets);
        self.dnskey_signers.extend(part.dnskey_signers);
        let both = [self.first_expiration, part.first_expiration];
        self.first_expiration = both.into_iter().flatten().min_by_key(|time| time.wrapping_sub(now));
    }
}

struct Verifier<'a> {
    zone: &'a Zone,
    earlier: Option<Earlier<'a>>,
    standings: &'a [Standing],
    keys: &'a [Key],
    required: &'a [u8],
    signer: Vec<u8>,
    denial: &'a DenialCheck,
    denial_ttl: u32,
    now: u32,
}

/// The owner at hand.
struct Here<'a> {
    owner: &'a Owner,
    wire: &'a [u8],
    name: Vec<u8>,
    labels: u8,
    is_apex: bool,
    earlier: Option<&'a Owner>,
}

/// What became of one signature.
enum Verdict {
    Good,
    /// Good as far as it can be told here.
    Elsewhere,
    Wrong(Problem),
}

impl<'a> Verifier<'a> {
    fn piece(&self, range: std::ops::Range<usize>) -> Report {
        let mut report = Report::default();
        let mut data = Vec::new();
        for number in range {
            if let Some((owner, standing)) = self.zone.owners().get(number).zip(self.standings.get(number)) {
                let here = self.stand_at(owner, number);
                self.check_owner(&here, *standing, &mut data, &mut report);
                self.denial.check(self.zone, self.standings, number, &mut report.problems);
            }
        }
        report
    }

    fn stand_at(&self, owner: &'a Owner, number: usize) -> Here<'a> {
        let wire = self.zone.octets(owner.name);
        let labels = label_count(wire).saturating_sub(usize::from(wire.starts_with(&[1, b'*'])));
        Here {
            owner,
            wire,
            name: wire.to_ascii_lowercase(),
            labels: u8::try_from(labels).unwrap_or(u8::MAX),
            is_apex: number == 0,
            earlier: self.earlier_owner(owner),
        }
    }

    fn earlier_owner(&self, owner: &Owner) -> Option<&'a Owner> {
        let earlier: &'a Zone = self.earlier.as_ref()?.zone;
        earlier.find(self.zone.octets(owner.key))
    }

    fn check_owner(&self, here: &Here<'a>, standing: Standing, data: &mut Vec<u8>, report: &mut Report) {
        let sets = self.zone.sets(here.owner);
        push_misfits(here.wire, sets, here.is_apex, &mut report.problems);
        for set in sets {
            if set.rdtype == t::RRSIG {
                if !sets.iter().any(|other| other.rdtype == set.covers) {
                    report.problems.push(Problem::at(Code::SignatureWithoutRrset, here.wire, set.covers));
                }
                continue;
            }
            let rrsigs = self.zone.set(here.owner, t::RRSIG, set.rdtype);
            if is_signed_type(standing, set.rdtype) {
                self.check_set(here, set, rrsigs, data, report);
            } else if rrsigs.is_some() {
                report.problems.push(Problem::at(Code::SignatureUnexpected, here.wire, set.rdtype));
            }
            // RFC 9077 §3: a denial lives as long as a negative answer may.
            if matches!(set.rdtype, t::NSEC | t::NSEC3) && set.ttl != self.denial_ttl {
                let detail = format!("TTL {} instead of {}", set.ttl, self.denial_ttl);
                report.problems.push(Problem { detail, ..Problem::at(Code::DenialTtl, here.wire, set.rdtype) });
            }
        }
        if has_nsec(standing) && self.denial.wants_nsec(self.zone, here.owner) {
            report.problems.push(Problem::at(Code::NsecMissing, here.wire, 0));
        }
    }

    /// RFC 4035 §2.2: each RRset is signed by a key of each algorithm in the DNSKEY RRset.
    fn check_set(&self, here: &Here<'a>, set: &Set, rrsigs: Option<&Set>, data: &mut Vec<u8>, report: &mut Report) {
        // RFC 4034 §3: the TTL of an RRSIG MUST be that of the RRset that it covers.
        if let Some(rrsigs) = rrsigs.filter(|rrsigs| rrsigs.ttl != set.ttl) {
            let detail = format!("{} over an RRset of TTL {}", rrsigs.ttl, set.ttl);
            report.problems.push(Problem { detail, ..Problem::at(Code::RrsigTtl, here.wire, set.rdtype) });
        }
        report.signed_rrsets = report.signed_rrsets.saturating_add(1);
        let mut good: Vec<u8> = Vec::with_capacity(2);
        let mut wrong: Vec<Problem> = Vec::new();
        for rrsig in rrsigs.into_iter().flat_map(|set| self.zone.rdatas(set)) {
            let Some(fields) = RrsigFields::parse(rrsig) else { continue };
            match self.check_signature(here, set, rrsig, &fields, data, report) {
                Verdict::Good | Verdict::Elsewhere => good.push(fields.algorithm),
                Verdict::Wrong(problem) => wrong.push(problem),
            }
        }
        for mut problem in wrong {
            problem.is_harmless = good.contains(&problem.algorithm) || !self.required.contains(&problem.algorithm);
            report.problems.push(problem);
        }
        for algorithm in self.required.iter().filter(|algorithm| !good.contains(*algorithm)) {
            let missing = Problem::at(Code::SignatureMissing, here.wire, set.rdtype);
            report.problems.push(Problem { algorithm: *algorithm, ..missing });
        }
    }

    fn check_signature(
        &self,
        here: &Here<'a>,
        set: &Set,
        rrsig: &[u8],
        fields: &RrsigFields<'_>,
        data: &mut Vec<u8>,
        report: &mut Report,
    ) -> Verdict {
        let wrong = |code: Code| Problem {
            key_tag: fields.key_tag,
            algorithm: fields.algorithm,
            ..Problem::at(code, here.wire, set.rdtype)
        };
        if let Some(problem) = self.check_fields(here, set, fields, wrong) {
            return Verdict::Wrong(problem);
        }
        let both = [report.first_expiration, Some(fields.expiration)];
        report.first_expiration = both.into_iter().flatten().min_by_key(|time| time.wrapping_sub(self.now));
        let named = |key: &&Key| key.algorithm == fields.algorithm && key.tag == fields.key_tag;
        let mut problem = wrong(Code::SignatureKeyMissing);
        // Tags may collide (RFC 4034 App. B): any key with this one may be the maker.
        for key in self.keys.iter().filter(named) {
            if !key.is_usable {
                problem = wrong(Code::SignatureKeyUnusable);
                continue;
            }
            match self.try_key(here, set, rrsig, fields, key, data, report) {
                Ok(verdict) => {
                    if here.is_apex && set.rdtype == t::DNSKEY {
                        report.dnskey_signers.push(key.rdata.clone());
                    }
                    return verdict;
                }
                Err(code) => problem = wrong(code),
            }
        }
        Verdict::Wrong(problem)
    }

    /// The conditions that need no key (RFC 4035 §5.3.1, §2.2).
    fn check_fields(
        &self,
        here: &Here<'a>,
        set: &Set,
        fields: &RrsigFields<'_>,
        wrong: impl Fn(Code) -> Problem,
    ) -> Option<Problem> {
        if !fields.signer.eq_ignore_ascii_case(&self.signer) {
            return Some(wrong(Code::SignerNotZone));
        }
        // In a zone, unlike in an answer, nothing is expanded: Labels is that of the owner.
        if fields.labels != here.labels {
            let detail = format!("{} instead of {}", fields.labels, here.labels);
            return Some(Problem { detail, ..wrong(Code::SignatureLabels) });
        }
        if fields.original_ttl != set.ttl {
            let detail = format!("{} over an RRset of TTL {}", fields.original_ttl, set.ttl);
            return Some(Problem { detail, ..wrong(Code::SignatureTtl) });
        }
        // RFC 4034 §3.1.5: serial number arithmetic.
        let is_before = |a: u32, b: u32| b.wrapping_sub(a) < 1 << 31 && a != b;
        if is_before(fields.expiration, fields.inception) {
            return Some(wrong(Code::SignatureExpiredBeforeInception));
        }
        if is_before(fields.expiration, self.now) {
            return Some(Problem { time: fields.expiration, ..wrong(Code::SignatureExpired) });
        }
        if is_before(self.now, fields.inception) {
            return Some(Problem { time: fields.inception, ..wrong(Code::SignatureNotYetValid) });
        }
        None
    }

    #[allow(clippy::too_many_arguments)]
    fn try_key(
        &self,
        here: &Here<'a>,
        set: &Set,
        rrsig: &[u8],
        fields: &RrsigFields<'_>,
        key: &Key,
        data: &mut Vec<u8>,
        report: &mut Report,
    ) -> Result<Verdict, Code> {
        if self.stood_before(here, set, rrsig, key) {
            report.skipped = report.skipped.saturating_add(1);
            return Ok(Verdict::Good);
        }
        let public = match &key.public {
            Ok(public) => public,
            Err(Outcome::Unsupported) => {
                let (owner, rdtype) = (here.wire.to_vec(), set.rdtype);
                report.unverified.push(Unverified { owner, rdtype, rrsig: rrsig.to_vec(), dnskey: key.rdata.clone() });
                return Ok(Verdict::Elsewhere);
            }
            Err(_) => return Err(Code::SignatureKeyMalformed),
        };
        data.clear();
        data.extend_from_slice(fields.fixed);
        data.extend(fields.signer.iter().map(u8::to_ascii_lowercase));
        for octets in self.zone.rdatas(set) {
            push_canonical_record(&here.name, set.rdtype, fields.original_ttl, octets, data);
        }
        report.verified = report.verified.saturating_add(1);
        match public.verify(fields.signature, data) {
            Outcome::Verified => Ok(Verdict::Good),
            _ => Err(Code::SignatureBad),
        }
    }

    fn stood_before(&self, here: &Here<'a>, set: &Set, rrsig: &[u8], key: &Key) -> bool {
        let (Some(earlier), Some(owner)) = (&self.earlier, here.earlier) else { return false };
        if !earlier.has(owner, set.rdtype, rrsig, key) {
            return false;
        }
        let rdatas: Vec<&[u8]> = self.zone.rdatas(set).collect();
        is_unchanged(earlier.zone, owner, &Signable { rdtype: set.rdtype, ttl: set.ttl, rdatas: &rdatas })
    }
}
