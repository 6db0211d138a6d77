//! The crypto library's own SHA-1 over names, with nothing of ours in it: what NSEC3 hashing is measured against.
//!
//! Arguments: threads, hashes. Output: hashes a second, wall time.

use std::error::Error;
use std::time::Instant;

use aws_lc_rs::digest::{digest, SHA1_FOR_LEGACY_USE_ONLY};

fn main() -> Result<(), Box<dyn Error>> {
    const USAGE: &str = "usage: sha1_limit THREADS HASHES";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [threads, count] = &arguments[..] else { return Err(USAGE.into()) };
    let (threads, count): (usize, usize) = (threads.parse()?, count.parse()?);
    let start = Instant::now();
    let sum: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut name = *b"\x0aname000000\x07example\x04test\x00";
                    (0..count / threads)
                        .map(|number| {
                            name[5..9].copy_from_slice(&(number as u32).to_be_bytes());
                            usize::from(digest(&SHA1_FOR_LEGACY_USE_ONLY, &name).as_ref()[0])
                        })
                        .sum::<usize>()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum()
    });
    let seconds = start.elapsed().as_secs_f64();
    if sum == 0 {
        return Err("nothing was hashed".into());
    }
    println!("{:.0}", (count / threads * threads) as f64 / seconds);
    Ok(())
}
