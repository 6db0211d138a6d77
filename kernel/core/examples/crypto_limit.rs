//! The crypto library's own verification loop, with nothing of ours in it: what the kernel is measured against.
//!
//! Standard input: a line a signature, `algorithm publickey signature data`, the last three in hex, as DNSSEC has them.
//! Arguments: threads, rounds. Output: verifications a second, wall time, keys parsed beforehand.

use std::error::Error;
use std::io::{self, BufRead};
use std::time::Instant;

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaPublicKeyComponents, VerificationAlgorithm};

struct Job {
    key: ParsedPublicKey,
    signature: Vec<u8>,
    data: Vec<u8>,
}

fn unhex(text: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    (0..text.len() / 2).map(|at| Ok(u8::from_str_radix(&text[2 * at..2 * at + 2], 16)?)).collect()
}

fn parse(line: &str) -> Result<Job, Box<dyn Error>> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let [algorithm, key, signature, data] = fields[..] else { return Err("four fields a line".into()) };
    let octets = unhex(key)?;
    let point = [&[4u8][..], &octets].concat();
    let plain = |algorithm: &'static dyn VerificationAlgorithm, octets: &[u8]| ParsedPublicKey::new(algorithm, octets);
    let key = match algorithm {
        "8" => {
            let length = usize::from(octets[0]);
            let components = RsaPublicKeyComponents { e: &octets[1..=length], n: &octets[1 + length..] };
            components.to_parsed_public_key(&signature::RSA_PKCS1_2048_8192_SHA256)?
        }
        "13" => plain(&signature::ECDSA_P256_SHA256_FIXED, &point)?,
        "14" => plain(&signature::ECDSA_P384_SHA384_FIXED, &point)?,
        "15" => plain(&signature::ED25519, &octets)?,
        other => return Err(format!("algorithm {other} is not measured here").into()),
    };
    Ok(Job { key, signature: unhex(signature)?, data: unhex(data)? })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads: usize = arguments.next().ok_or("usage: crypto_limit THREADS ROUNDS")?.parse()?;
    let rounds: usize = arguments.next().ok_or("usage: crypto_limit THREADS ROUNDS")?.parse()?;
    let lines: Vec<String> = io::stdin().lock().lines().collect::<Result<_, _>>()?;
    let jobs: Vec<Job> = lines.iter().map(|line| parse(line)).collect::<Result<_, _>>()?;
    let start = Instant::now();
    let good: usize = std::thread::scope(|scope| {
        let share = jobs.len().div_ceil(threads);
        let workers: Vec<_> = jobs
            .chunks(share)
            .map(|chunk| {
                scope.spawn(move || {
                    let once = |job: &Job| usize::from(job.key.verify_sig(&job.data, &job.signature).is_ok());
                    (0..rounds).map(|_| chunk.iter().map(once).sum::<usize>()).sum::<usize>()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum()
    });
    let seconds = start.elapsed().as_secs_f64();
    if good != jobs.len() * rounds {
        return Err("a signature did not verify".into());
    }
    println!("{:.0}", good as f64 / seconds);
    Ok(())
}
