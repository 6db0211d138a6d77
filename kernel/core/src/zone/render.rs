//! One place of a signed zone: its records, its denial record, the signatures over them, as text and for the ZONEMD digest.

use super::builder::{usize_of, Span};
use super::denial::{nsec3_types, push_nsec, Denial, Nsec3Fields};
use super::layout::{is_signed_type, Standing};
use super::sign::{push_hash_key, Item, ZoneKey, ZoneSigning};
use super::store::{Owner, Set, Zone};
use super::zonemd;
use crate::encoding::push_number;
use crate::error::ArgumentError;
use crate::name::{label_count, push_text};
use crate::presentation::push_rdata;
use crate::rdata;
use crate::types as t;

/// What a piece comes to.
#[derive(Default)]
pub(crate) struct Rendered {
    pub(crate) text: Vec<u8>,
    /// Canonical wire format for the ZONEMD digest; empty unless one is asked for.
    pub(crate) wire: Vec<u8>,
    pub(crate) made: u64,
    pub(crate) kept: u64,
    pub(crate) denials: u64,
    pub(crate) records: u64,
    pub(crate) first_expiration: Option<u32>,
}

/// Where signatures of keys without a private part come from.
enum Elsewhere {
    /// They are being asked for: what is to be signed is collected.
    Collected(Vec<(usize, Vec<u8>)>),
    /// They are here, the next one last.
    Supplied(Vec<Vec<u8>>),
}

/// An RRset that is to be signed, its records in canonical order.
pub(crate) struct Signable<'a> {
    pub(crate) rdtype: u16,
    pub(crate) ttl: u32,
    pub(crate) rdatas: &'a [&'a [u8]],
}

/// The owner at hand.
#[derive(Default)]
struct Here {
    /// Canonical wire format.
    name: Vec<u8>,
    text: Vec<u8>,
    labels: u8,
}

/// Renders the places of one piece, one after the other.
pub(crate) struct Renderer<'a> {
    signing: &'a ZoneSigning,
    signer: Vec<u8>,
    wants_wire: bool,
    elsewhere: Elsewhere,
    rendered: Rendered,
    here: Here,
    data: Vec<u8>,
    /// Signatures at this owner: (TTL, rdata).
    signatures: Vec<(u32, Vec<u8>)>,
}

impl<'a> Renderer<'a> {
    fn new(signing: &'a ZoneSigning, elsewhere: Elsewhere) -> Self {
        Self {
            signing,
            signer: signing.zone.origin().canonical_wire(),
            wants_wire: !signing.plan.digests.is_empty(),
            elsewhere,
            rendered: Rendered::default(),
            here: Here::default(),
            data: Vec::new(),
            signatures: Vec::new(),
        }
    }

    pub(crate) fn collecting(signing: &'a ZoneSigning) -> Self {
        Self::new(signing, Elsewhere::Collected(Vec::new()))
    }

    pub(crate) fn signing(signing: &'a ZoneSigning, mut supplied: Vec<Vec<u8>>) -> Self {
        supplied.reverse();
        Self::new(signing, Elsewhere::Supplied(supplied))
    }

    pub(crate) fn into_collected(self) -> Vec<(usize, Vec<u8>)> {
        match self.elsewhere {
            Elsewhere::Collected(collected) => collected,
            Elsewhere::Supplied(_) => Vec::new(),
        }
    }

    pub(crate) fn into_rendered(self) -> Rendered {
        self.rendered
    }

    pub(crate) fn render(&mut self, item: Item) -> Result<(), ArgumentError> {
        self.signatures.clear();
        match item {
            Item::Owner(number) => self.render_owner(usize_of(number)),
            Item::Hash(number) => self.render_hash(usize_of(number)),
        }
    }

    fn render_owner(&mut self, number: usize) -> Result<(), ArgumentError> {
        let signing = self.signing;
        let zone = &*signing.zone;
        let Some((owner, standing)) = zone.owners().get(number).zip(signing.standings.get(number)) else {
            return Ok(());
        };
        let wire = zone.octets(owner.name);
        self.stand_at(wire);
        let earlier = self.earlier_owner(zone.octets(owner.key));
        let is_apex = number == 0;
        let mut records = Records::default();
        // RFC 1035 §5.2: a zone starts with its SOA; other tools insist on that in the file.
        let mut sets: Vec<&Set> = zone.sets(owner).iter().collect();
        sets.sort_by_key(|set| (set.rdtype != t::SOA, set.rdtype));
        for set in sets {
            // The digest covers all but itself (RFC 8976 §3.3.1); it is written last, when it is known.
            if is_apex && self.wants_wire && set.rdtype == t::ZONEMD {
                continue;
            }
            self.render_set(zone, set, *standing, is_apex, earlier, &mut records)?;
        }
        if let (Denial::Nsec, Some(next)) = (&signing.plan.denial, signing.successors.get(number)) {
            if super::denial::has_nsec(*standing) {
                let mut nsec = Vec::with_capacity(64);
                push_nsec(zone, number, *next, *standing, &mut nsec);
                self.render_denial(t::NSEC, nsec, earlier, &mut records)?;
            }
        }
        self.digest(records);
        Ok(())
    }

    fn render_hash(&mut self, number: usize) -> Result<(), ArgumentError> {
        let signing = self.signing;
        let Denial::Nsec3 { salt, iterations, opt_out } = &signing.plan.denial else { return Ok(()) };
        let hashes = &signing.hashes;
        let Some(hashed) = hashes.get(number) else { return Ok(()) };
        // RFC 5155 §3.1.7: the last one leads back to the first.
        let next = hashes.get(number.saturating_add(1)).or(hashes.first()).map_or(&hashed.hash, |next| &next.hash);
        let label = crate::base32::encode(&hashed.hash);
        let mut name = Vec::with_capacity(self.signer.len().saturating_add(33));
        name.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
        name.extend_from_slice(label.as_bytes());
        name.extend_from_slice(signing.zone.origin().wire());
        if name.len() > 255 {
            return Err(ArgumentError("the zone's name is too long for NSEC3, whose owner names are 33 octets longer"));
        }
        self.stand_at(&name);
        let mut key = Vec::new();
        push_hash_key(&signing.zone, &hashed.hash, &mut key);
        let earlier = self.earlier_owner(&key);
        let types = nsec3_types(&signing.zone, &signing.standings, hashed);
        let fields = Nsec3Fields { salt, iterations: *iterations, opt_out: *opt_out };
        let mut nsec3 = Vec::with_capacity(64);
        fields.push(next, &types, &mut nsec3);
        let mut records = Records::default();
        self.render_denial(t::NSEC3, nsec3, earlier, &mut records)?;
        self.digest(records);
        Ok(())
    }

    fn stand_at(&mut self, wire: &[u8]) {
        let here = &mut self.here;
        here.name.clear();
        here.name.extend(wire.iter().map(u8::to_ascii_lowercase));
        here.text.clear();
        push_text(wire, &mut here.text);
        // RFC 4034 §3.1.3: neither the root label nor a leading wildcard counts.
        let labels = label_count(wire).saturating_sub(usize::from(wire.starts_with(&[1, b'*'])));
        here.labels = u8::try_from(labels).unwrap_or(u8::MAX);
    }

    fn earlier_owner(&self, key: &[u8]) -> Option<(&'a Zone, &'a Owner)> {
        let earlier: &'a Zone = self.signing.earlier.as_deref()?;
        Some((earlier, earlier.find(key)?))
    }

    fn render_set(
        &mut self,
        zone: &'a Zone,
        set: &Set,
        standing: Standing,
        is_apex: bool,
        earlier: Option<(&'a Zone, &'a Owner)>,
        records: &mut Records<'a>,
    ) -> Result<(), ArgumentError> {
        let spans = zone.spans(set);
        for span in spans {
            self.write_record(set.rdtype, set.ttl, zone.octets(*span), zone.text(*span))?;
        }
        let rdatas: Vec<&'a [u8]> = spans.iter().map(|span: &Span| zone.octets(*span)).collect();
        if is_signed_type(standing, set.rdtype) {
            let signable = Signable { rdtype: set.rdtype, ttl: set.ttl, rdatas: &rdatas };
            self.sign(&signable, is_apex, earlier)?;
        }
        if self.wants_wire {
            records.borrowed.push((set.rdtype, set.ttl, rdatas));
        }
        Ok(())
    }

    fn render_denial(
        &mut self,
        rdtype: u16,
        octets: Vec<u8>,
        earlier: Option<(&'a Zone, &'a Owner)>,
        records: &mut Records<'a>,
    ) -> Result<(), ArgumentError> {
        let ttl = self.signing.denial_ttl;
        self.write_record(rdtype, ttl, &octets, None)?;
        self.sign(&Signable { rdtype, ttl, rdatas: &[&octets] }, false, earlier)?;
        self.rendered.denials = self.rendered.denials.saturating_add(1);
        if self.wants_wire {
            records.owned.push((rdtype, ttl, octets));
        }
        Ok(())
    }

    /// Write the signatures of an RRset, kept or made.
    fn sign(
        &mut self,
        signable: &Signable<'_>,
        is_apex: bool,
        earlier: Option<(&'a Zone, &'a Owner)>,
    ) -> Result<(), ArgumentError> {
        let by_entry_points = is_apex && matches!(signable.rdtype, t::DNSKEY | t::CDS | t::CDNSKEY);
        let signing = self.signing;
        let earlier = earlier.filter(|(zone, owner)| is_unchanged(zone, owner, signable));
        for (number, key) in signing.plan.keys.iter().enumerate() {
            if !(if by_entry_points { key.signs_keys } else { key.signs_data }) {
                continue;
            }
            let may_keep = signing.keepers.get(number).copied().unwrap_or(false);
            let kept = earlier.filter(|_| may_keep).and_then(|(zone, owner)| self.kept(zone, owner, signable, key));
            let rrsig = match kept {
                Some(rrsig) => {
                    self.rendered.kept = self.rendered.kept.saturating_add(1);
                    rrsig
                }
                None => {
                    self.rendered.made = self.rendered.made.saturating_add(1);
                    self.make(signable, number, key)?
                }
            };
            self.note_expiration(&rrsig);
            self.write_record(t::RRSIG, signable.ttl, &rrsig, None)?;
            self.signatures.push((signable.ttl, rrsig));
        }
        Ok(())
    }

    fn note_expiration(&mut self, rrsig: &[u8]) {
        let Some(expiration) = rrsig.get(8..12).and_then(|octets| octets.try_into().ok()).map(u32::from_be_bytes)
        else {
            return;
        };
        let now = self.signing.plan.now;
        let soonest = self.rendered.first_expiration.is_none_or(|t| expiration.wrapping_sub(now) < t.wrapping_sub(now));
        if soonest {
            self.rendered.first_expiration = Some(expiration);
        }
    }

    /// A signature of the earlier zone that will do.
    fn kept(&self, zone: &Zone, owner: &Owner, signable: &Signable<'_>, key: &ZoneKey) -> Option<Vec<u8>> {
        let plan = &self.signing.plan;
        let rrsigs = zone.set(owner, t::RRSIG, signable.rdtype)?;
        let wanted = self.fixed(signable, key, 0);
        let found = zone.rdatas(rrsigs).find(|rrsig| {
            let field = |at: usize| {
                rrsig
                    .get(at..at.saturating_add(4))
                    .and_then(|octets| octets.try_into().ok())
                    .map_or(0, u32::from_be_bytes)
            };
            let (expiration, inception) = (field(8), field(12));
            // RFC 4034 §3.1.5: serial number arithmetic.
            let left = expiration.wrapping_sub(plan.now);
            let is_current = left >= plan.refresh && left < 1 << 31 && plan.now.wrapping_sub(inception) < 1 << 31;
            let behind = rrsig.get(18..).unwrap_or(&[]);
            rrsig.get(..8) == wanted.get(..8)
                && rrsig.get(16..18) == wanted.get(16..18)
                && behind.get(..self.signer.len()).is_some_and(|name| name.eq_ignore_ascii_case(&self.signer))
                && behind.len() > self.signer.len()
                && is_current
        });
        found.map(<[u8]>::to_vec)
    }

    /// The fields of an RRSIG before the signer's name (RFC 4034 §3.1).
    fn fixed(&self, signable: &Signable<'_>, key: &ZoneKey, earlier_by: u32) -> Vec<u8> {
        let plan = &self.signing.plan;
        let mut fixed = Vec::with_capacity(256);
        fixed.extend_from_slice(&signable.rdtype.to_be_bytes());
        fixed.extend_from_slice(&[key.algorithm, self.here.labels]);
        fixed.extend_from_slice(&signable.ttl.to_be_bytes());
        fixed.extend_from_slice(&plan.expiration.wrapping_sub(earlier_by).to_be_bytes());
        fixed.extend_from_slice(&plan.inception.to_be_bytes());
        fixed.extend_from_slice(&key.key_tag.to_be_bytes());
        fixed
    }

    fn make(&mut self, signable: &Signable<'_>, number: usize, key: &ZoneKey) -> Result<Vec<u8>, ArgumentError> {
        let jitter = self.jitter(signable.rdtype);
        let mut rrsig = self.fixed(signable, key, jitter);
        // RFC 4034 §3.1.8.1: what is signed is this, then every record in canonical form and order.
        rrsig.extend_from_slice(&self.signer);
        self.data.clear();
        self.data.extend_from_slice(&rrsig);
        for octets in signable.rdatas {
            push_canonical_record(&self.here.name, signable.rdtype, signable.ttl, octets, &mut self.data);
        }
        match (&key.private, &mut self.elsewhere) {
            (Some(_), Elsewhere::Collected(_)) => {}
            (Some(private), Elsewhere::Supplied(_)) => private.sign_onto(&self.data, &mut rrsig)?,
            (None, Elsewhere::Collected(collected)) => collected.push((number, self.data.clone())),
            (None, Elsewhere::Supplied(supplied)) => {
                let missing = ArgumentError("a signature that is made elsewhere was not supplied");
                rrsig.extend_from_slice(&supplied.pop().ok_or(missing)?);
            }
        }
        Ok(rrsig)
    }

    /// Seconds that an RRset's signatures end before the others': the same at each signing, so that output does not vary.
    fn jitter(&self, rdtype: u16) -> u32 {
        let span = self.signing.plan.jitter;
        if span == 0 {
            return 0;
        }
        // FNV-1a: spreads well, and nobody gains by aiming at it.
        let octets = self.here.name.iter().copied().chain(rdtype.to_be_bytes());
        let hash = octets.fold(0xCBF2_9CE4_8422_2325u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        u32::try_from((hash >> 32) % (u64::from(span).saturating_add(1))).unwrap_or(0)
    }

    fn write_record(&mut self, rdtype: u16, ttl: u32, octets: &[u8], text: Option<&[u8]>) -> Result<(), ArgumentError> {
        let out = &mut self.rendered.text;
        out.extend_from_slice(&self.here.text);
        out.push(b' ');
        push_number(ttl, out);
        out.extend_from_slice(b" IN ");
        out.extend_from_slice(t::to_text(rdtype).as_bytes());
        out.push(b' ');
        match text {
            Some(text) => out.extend_from_slice(text),
            None => push_rdata(rdtype, octets, out).map_err(|e| ArgumentError(e.what))?,
        }
        out.push(b'\n');
        self.rendered.records = self.rendered.records.saturating_add(1);
        Ok(())
    }

    /// Feed everything at this owner to the ZONEMD digest, in canonical order.
    fn digest(&mut self, records: Records<'_>) {
        if !self.wants_wire {
            return;
        }
        let mut all: Vec<(u16, u32, &[u8])> = Vec::new();
        all.extend(records.owned.iter().map(|(rdtype, ttl, octets)| (*rdtype, *ttl, octets.as_slice())));
        for (rdtype, ttl, rdatas) in &records.borrowed {
            all.extend(rdatas.iter().map(|octets| (*rdtype, *ttl, *octets)));
        }
        all.extend(self.signatures.iter().map(|(ttl, rrsig)| (t::RRSIG, *ttl, rrsig.as_slice())));
        zonemd::push_owner(&self.here.name, &mut all, &mut self.rendered.wire);
    }
}

/// The records of one owner but for signatures: of the zone, and made here.
#[derive(Default)]
struct Records<'a> {
    borrowed: Vec<(u16, u32, Vec<&'a [u8]>)>,
    owned: Vec<(u16, u32, Vec<u8>)>,
}

/// A record in canonical form (RFC 4034 §6.2); `name` is in canonical form already.
pub(crate) fn push_canonical_record(name: &[u8], rdtype: u16, ttl: u32, octets: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(&rdtype.to_be_bytes());
    out.extend_from_slice(&1u16.to_be_bytes());
    out.extend_from_slice(&ttl.to_be_bytes());
    // The canonical form is as long as the other: only case changes.
    out.extend_from_slice(&u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes());
    rdata::push_canonical(rdtype, 1, octets, out);
}

/// Whether the earlier zone had the very same RRset.
pub(crate) fn is_unchanged(zone: &Zone, owner: &Owner, signable: &Signable<'_>) -> bool {
    let Some(set) = zone.set(owner, signable.rdtype, 0).filter(|set| set.ttl == signable.ttl) else { return false };
    let rdatas = zone.spans(set);
    rdatas.len() == signable.rdatas.len()
        && rdatas.iter().zip(signable.rdatas).all(|(a, b)| is_same(signable.rdtype, zone.octets(*a), b))
}

fn is_same(rdtype: u16, a: &[u8], b: &[u8]) -> bool {
    if a == b {
        return true;
    }
    let canonical = |octets| {
        let mut out = Vec::new();
        rdata::push_canonical(rdtype, 1, octets, &mut out);
        out
    };
    a.len() == b.len() && canonical(a) == canonical(b)
}
