//! The loop that reads datagrams, many at a time, repeats what it knows, and hands on the rest.

use std::collections::VecDeque;
use std::io::{IoSlice, IoSliceMut, Read, Write};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use nix::errno::Errno;
use nix::sys::socket::{recvmmsg, sendmmsg, sendto, MsgFlags, MultiHeaders, SockaddrIn, SockaddrIn6, SockaddrStorage};

use super::clients::Clients;
use super::hits::{Asked, HitCache};
use crate::error::WireError;

/// Datagrams that are read, or sent, by one system call.
const BATCH: usize = 64;
/// Octets of the largest query; a longer one is cut, and then no query any more.
const LARGEST_QUERY: usize = 4096;
/// RFC 1035 §4.1.1: the rcode has four bits in the header.
const RCODES: usize = 16;
/// Octets that a reply starts with room for.
const USUAL_REPLY: usize = 1232;

/// A query for somebody who knows more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The datagram.
    pub query: Vec<u8>,
    /// Where it came from.
    pub client: SocketAddr,
    /// Whether the client has used up its allowance.
    pub is_over_rate: bool,
}

/// What the loop did, in datagrams.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Queries that got a repeated reply, by its rcode.
    pub repeated: [u64; RCODES],
    /// Queries that were handed on.
    pub handed_on: u64,
    /// Queries that were dropped, since nobody fetched those before them.
    pub dropped: u64,
    /// Replies that the system did not take.
    pub unsent: u64,
}

#[derive(Default)]
struct Counters {
    repeated: [AtomicU64; RCODES],
    handed_on: AtomicU64,
    dropped: AtomicU64,
    unsent: AtomicU64,
}

/// A UDP socket, and the replies that may be repeated on it. Some threads run it; others put replies in and fetch what waits.
///
/// The socket stays its owner's: it must be open while the loop runs, blocking, and have a time-out for receiving, which is how
/// often the loop looks whether it is to stop.
pub struct PacketLoop {
    socket: RawFd,
    udp_size: usize,
    queue_len: usize,
    started: Instant,
    hits: Mutex<HitCache>,
    clients: Mutex<Clients>,
    waiting: Mutex<VecDeque<Waiting>>,
    /// Gets an octet when the first query comes to wait.
    bell: UnixStream,
    ear: UnixStream,
    is_stopping: AtomicBool,
    counters: Counters,
}

impl PacketLoop {
    /// A loop for `socket`. `udp_size`: octets of the largest reply; `hits_octets`: how much to keep; `queue_len`: how many queries
    /// may wait. Fails when the system has no file descriptors left.
    pub fn new(
        socket: RawFd,
        udp_size: usize,
        hits_octets: usize,
        queue_len: usize,
        clients: Clients,
    ) -> std::io::Result<Self> {
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        Ok(Self {
            socket,
            udp_size,
            queue_len,
            started: Instant::now(),
            hits: Mutex::new(HitCache::new(hits_octets)),
            clients: Mutex::new(clients),
            waiting: Mutex::new(VecDeque::new()),
            bell,
            ear,
            is_stopping: AtomicBool::new(false),
            counters: Counters::default(),
        })
    }

    /// A descriptor that is readable while queries wait.
    #[must_use]
    pub fn ear(&self) -> RawFd {
        self.ear.as_raw_fd()
    }

    /// Serve until `stop`, in as many threads as call it. Fails when the socket does.
    pub fn run(&self) -> std::io::Result<()> {
        let mut buffers = vec![[0u8; LARGEST_QUERY]; BATCH];
        let mut replies: Vec<_> = (0..BATCH).map(|_| Vec::with_capacity(USUAL_REPLY)).collect();
        let mut incoming = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
        let mut outgoing = MultiHeaders::<SockaddrStorage>::preallocate(BATCH, None);
        while !self.is_stopping.load(Ordering::Relaxed) {
            let received = match receive(self.socket, &mut buffers, &mut incoming) {
                Ok(received) => received,
                Err(error @ (Errno::EBADF | Errno::ENOTSOCK | Errno::EINVAL)) => return Err(error.into()),
                // EAGAIN: the time-out. Others are ICMP errors for an earlier reply, which say nothing of this socket.
                Err(_) => continue,
            };
            let addresses = self.serve(&buffers, &received, &mut replies);
            self.send(&replies, &addresses, &mut outgoing);
        }
        Ok(())
    }

    /// Write replies to what is known into the first of `replies`, and hand on the rest. Where each of them goes.
    fn serve(
        &self,
        buffers: &[[u8; LARGEST_QUERY]],
        received: &[(usize, Option<SockaddrStorage>)],
        replies: &mut [Vec<u8>],
    ) -> Vec<Option<SockaddrStorage>> {
        let now = self.now();
        let mut addresses = Vec::with_capacity(received.len());
        let mut rest = Vec::new();
        let mut free = replies.iter_mut();
        let mut spare = free.next();
        let (mut hits, mut clients) = (lock(&self.hits), lock(&self.clients));
        for (buffer, (len, address)) in buffers.iter().zip(received) {
            let Some((query, client)) = buffer.get(..*len).zip(address.as_ref().and_then(socket_address)) else {
                continue;
            };
            // Nobody sends from port 0, so no reply could reach them.
            if client.port() == 0 {
                continue;
            }
            let is_over_rate = !clients.take(client.ip(), now);
            let may = !is_over_rate && clients.admit(client.ip());
            let asked = if may { Asked::read(query, self.udp_size) } else { None };
            let is_repeated = match (&asked, spare.as_mut()) {
                (Some(asked), Some(out)) => hits.repeat(asked, query, now, out),
                _ => false,
            };
            if is_repeated {
                self.count_repeated(spare.as_ref().and_then(|out| out.get(3)));
                addresses.push(*address);
                spare = free.next();
            } else {
                rest.push(Waiting { query: query.to_vec(), client, is_over_rate });
            }
        }
        drop((hits, clients));
        self.hand_on(rest);
        addresses
    }

    fn count_repeated(&self, flags: Option<&u8>) {
        let rcode = usize::from(flags.copied().unwrap_or_default() & 0x0F);
        if let Some(counter) = self.counters.repeated.get(rcode) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn hand_on(&self, rest: Vec<Waiting>) {
        if rest.is_empty() {
            return;
        }
        let mut waiting = lock(&self.waiting);
        let was_empty = waiting.is_empty();
        let room = self.queue_len.saturating_sub(waiting.len()).min(rest.len());
        self.counters.handed_on.fetch_add(count(room), Ordering::Relaxed);
        self.counters.dropped.fetch_add(count(rest.len() - room), Ordering::Relaxed);
        waiting.extend(rest.into_iter().take(room));
        if was_empty {
            // A full pipe is no loss: then it is readable already.
            let _ = (&self.bell).write(&[1]);
        }
    }

    fn send(
        &self,
        replies: &[Vec<u8>],
        addresses: &[Option<SockaddrStorage>],
        headers: &mut MultiHeaders<SockaddrStorage>,
    ) {
        let mut done = 0;
        while let Some(left) = addresses.get(done..).filter(|left| !left.is_empty()) {
            let slices: Vec<_> = replies.iter().skip(done).map(|reply| [IoSlice::new(reply)]).collect();
            let sent =
                sendmmsg(self.socket, headers, slices.iter(), left, [], MsgFlags::MSG_DONTWAIT).map(Iterator::count);
            match sent {
                Ok(sent) if sent > 0 => done += sent,
                // The first of them can't be sent: no room, no way there. Over UDP a reply may get lost, and the client asks again.
                _ => {
                    self.counters.unsent.fetch_add(1, Ordering::Relaxed);
                    done += 1;
                }
            }
        }
    }

    /// Up to `most` queries that wait, in the order they came.
    pub fn fetch(&self, most: usize) -> Vec<Waiting> {
        let mut waiting = lock(&self.waiting);
        let fetched: Vec<_> = (0..most).map_while(|_| waiting.pop_front()).collect();
        if waiting.is_empty() {
            let mut rung = [0; 16];
            while matches!((&self.ear).read(&mut rung), Ok(octets) if octets > 0) {}
        }
        fetched
    }

    /// Send a reply to a query that was fetched. False when the system does not take it.
    pub fn reply(&self, reply: &[u8], client: SocketAddr) -> bool {
        let is_sent = match client {
            SocketAddr::V4(to) => sendto(self.socket, reply, &SockaddrIn::from(to), MsgFlags::MSG_DONTWAIT).is_ok(),
            SocketAddr::V6(to) => sendto(self.socket, reply, &SockaddrIn6::from(to), MsgFlags::MSG_DONTWAIT).is_ok(),
        };
        if !is_sent {
            self.counters.unsent.fetch_add(1, Ordering::Relaxed);
        }
        is_sent
    }

    /// Repeat a reply to those who ask the same, for `lifetime` milliseconds. See `HitCache::put`.
    pub fn put(&self, query: &[u8], reply: &[u8], lifetime: u64) -> Result<bool, WireError> {
        let now = self.now();
        lock(&self.hits).put(query, reply, now, now.saturating_add(lifetime))
    }

    /// From now on these clients, with these allowances.
    pub fn serve_clients(&self, clients: Clients) {
        *lock(&self.clients) = clients;
    }

    /// Forget all replies.
    pub fn clear(&self) {
        lock(&self.hits).clear();
    }

    /// How many replies are kept, and the octets that they take.
    #[must_use]
    pub fn size(&self) -> (usize, usize) {
        let hits = lock(&self.hits);
        (hits.len(), hits.octets())
    }

    /// What was done so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            repeated: std::array::from_fn(|rcode| self.counters.repeated.get(rcode).map_or(0, of)),
            handed_on: of(&self.counters.handed_on),
            dropped: of(&self.counters.dropped),
            unsent: of(&self.counters.unsent),
        }
    }

    /// Let `run` return, within the socket's time-out.
    pub fn stop(&self) {
        self.is_stopping.store(true, Ordering::Relaxed);
    }

    fn now(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

type Received = Vec<(usize, Option<SockaddrStorage>)>;

/// Wait for a datagram, and read all that are there: their octets, and where they came from.
fn receive(
    socket: RawFd,
    buffers: &mut [[u8; LARGEST_QUERY]],
    headers: &mut MultiHeaders<SockaddrStorage>,
) -> Result<Received, Errno> {
    let mut slices: Vec<_> = buffers.iter_mut().map(|buffer| [IoSliceMut::new(buffer)]).collect();
    let received = recvmmsg(socket, headers, slices.iter_mut(), MsgFlags::MSG_WAITFORONE, None)?;
    Ok(received.map(|one| (one.bytes, one.address)).collect())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while it holds one; if something did, what is behind it is still whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(address) = address.as_sockaddr_in() {
        return Some(SocketAddr::new(IpAddr::V4(address.ip()), address.port()));
    }
    address.as_sockaddr_in6().map(|address| SocketAddr::V6((*address).into()))
}
