//! Batches over scoped threads: results come back in the order of the jobs.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// More threads than this never help, whatever a caller asks for.
const MAX_THREADS: usize = 256;

/// How many threads to use for `jobs` pieces of work, of which one thread should get at least `worthwhile`.
///
/// `threads`: what the caller asks for; 0 stands for all cores.
pub(crate) fn thread_count(threads: usize, jobs: usize, worthwhile: usize) -> usize {
    let cores = || thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let wanted = if threads == 0 { cores() } else { threads };
    wanted.min(MAX_THREADS).min(jobs.checked_div(worthwhile.max(1)).unwrap_or(1)).max(1)
}

/// `work` of every job, on `threads` threads of which the calling one is the first.
pub(crate) fn map<J: Sync, R: Send>(jobs: &[J], threads: usize, work: impl Fn(&J) -> R + Sync) -> Vec<R> {
    if threads <= 1 {
        return jobs.iter().map(work).collect();
    }
    // Small chunks from a shared counter: jobs differ in cost by a factor of ten (RSA and ECDSA in one batch).
    let chunk = jobs.len().div_ceil(threads.saturating_mul(8)).max(1);
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done: Vec<(usize, Vec<R>)> = Vec::new();
        loop {
            let start = next.fetch_add(chunk, Ordering::Relaxed);
            let Some(rest) = jobs.get(start..).filter(|rest| !rest.is_empty()) else { return done };
            done.push((start, rest.iter().take(chunk).map(&work).collect()));
        }
    };
    let mut done = thread::scope(|scope| {
        // A thread that cannot be started is one thread less: the others do its share.
        let spawn = |_| thread::Builder::new().spawn_scoped(scope, run).ok();
        let helpers: Vec<_> = (1..threads).map_while(spawn).collect();
        let mut done = run();
        for helper in helpers {
            match helper.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    // Whole chunks are put in order, so that this costs next to nothing however many jobs there are.
    done.sort_unstable_by_key(|(start, _)| *start);
    done.into_iter().flat_map(|(_, results)| results).collect()
}
