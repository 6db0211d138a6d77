//! The crypto library's own signing loop, with nothing of ours in it: what signing a zone is measured against.
//!
//! Arguments: algorithm (13, 14 or 15), threads, signatures. Output: signatures a second, wall time.

use std::error::Error;
use std::time::Instant;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
};

enum Key {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl Key {
    fn generate(algorithm: &str) -> Result<Key, Box<dyn Error>> {
        Ok(match algorithm {
            "13" => Key::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)?),
            "14" => Key::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING)?),
            "15" => Key::Ed25519(Ed25519KeyPair::generate()?),
            other => return Err(format!("algorithm {other} is not measured here").into()),
        })
    }

    fn sign(&self, random: &SystemRandom, data: &[u8]) -> usize {
        match self {
            Key::Ecdsa(key) => key.sign(random, data).map_or(0, |signature| signature.as_ref().len()),
            Key::Ed25519(key) => key.sign(data).as_ref().len(),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    const USAGE: &str = "usage: sign_limit ALGORITHM THREADS SIGNATURES";
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [algorithm, threads, count] = &arguments[..] else { return Err(USAGE.into()) };
    let (threads, count): (usize, usize) = (threads.parse()?, count.parse()?);
    let key = Key::generate(algorithm)?;
    // As long as the data of a usual RRSIG over one record.
    let data = [7u8; 96];
    let start = Instant::now();
    let octets: usize = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let random = SystemRandom::new();
                    (0..count / threads).map(|_| key.sign(&random, &data)).sum::<usize>()
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(0)).sum()
    });
    let seconds = start.elapsed().as_secs_f64();
    if octets == 0 {
        return Err("nothing was signed".into());
    }
    println!("{:.0}", (count / threads * threads) as f64 / seconds);
    Ok(())
}
