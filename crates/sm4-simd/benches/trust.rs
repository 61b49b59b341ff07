//! `cargo xtask bench trust`, the cipher: SM4-GCM as `crypto` composes it, next to three other implementations and to
//! AES-256-GCM, in one process and in turns. One line of JSON for each comparison.
#![allow(clippy::unwrap_used, reason = "a bench")]

use aes_gcm::aead::consts::U12;
use aes_gcm::{AeadInOut, Aes256Gcm, AesGcm, KeyInit};
use gcrypt::{Algorithm, Gcrypt};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use sm4_simd::Sm4;
use std::hint::black_box;
use std::time::Instant;

const NONCE: [u8; 12] = [7; 12];

/// A contender: seals a buffer in place, and opens what it sealed where that is to be measured.
struct Contender<'a> {
    name: String,
    seal: Box<dyn FnMut(&mut [u8]) -> [u8; 16] + 'a>,
    open: Box<dyn FnMut(&mut [u8], [u8; 16]) -> bool + 'a>,
}

/// Any RustCrypto AEAD.
fn by_trait<'a, A: AeadInOut<NonceSize = U12, TagSize = aes_gcm::aead::consts::U16> + 'a>(
    name: String,
    aead: &'a A,
) -> Contender<'a> {
    Contender {
        name,
        seal: Box::new(|text| aead.encrypt_inout_detached(&NONCE.into(), &[], text.into()).unwrap().0),
        open: Box::new(|text, tag| aead.decrypt_inout_detached(&NONCE.into(), &[], text.into(), &tag.into()).is_ok()),
    }
}

fn by_gcrypt(gcrypt: &Gcrypt) -> Contender<'static> {
    let cipher = || gcrypt.gcm(Algorithm::Sm4, &[1; 16]).unwrap();
    let (mut sealing, mut opening) = (cipher(), cipher());
    Contender {
        name: format!("libgcrypt {}", gcrypt.version()),
        seal: Box::new(move |text| sealing.seal(&NONCE, text).unwrap()),
        open: Box::new(move |text, tag| opening.open(&NONCE, text, &tag).is_ok()),
    }
}

fn by_ring(key: &LessSafeKey) -> Contender<'_> {
    let nonce = || Nonce::assume_unique_for_key(NONCE);
    Contender {
        name: "ring AES-256-GCM".to_owned(),
        seal: Box::new(move |text| {
            let tag = key.seal_in_place_separate_tag(nonce(), Aad::empty(), text).unwrap();
            tag.as_ref().try_into().unwrap()
        }),
        open: Box::new(move |text, tag| {
            key.open_in_place_separate_tag(nonce(), Aad::empty(), tag.into(), text, 0..).is_ok()
        }),
    }
}

/// The best of many rounds in MB/s, sealing and opening; the contenders take turns, so that a disturbance hits all.
fn measure(contenders: &mut [Contender<'_>], size: usize) -> Vec<[f64; 2]> {
    let mut best = vec![[f64::MAX; 2]; contenders.len()];
    let mut text = vec![0u8; size];
    for _ in 0..(64 << 20) / size.max(1 << 18) {
        for (contender, best) in contenders.iter_mut().zip(&mut best) {
            let start = Instant::now();
            let tag = (contender.seal)(black_box(&mut text));
            let sealed = start.elapsed().as_secs_f64();
            let start = Instant::now();
            assert!((contender.open)(black_box(&mut text), tag));
            *best = [best[0].min(sealed), best[1].min(start.elapsed().as_secs_f64())];
        }
    }
    assert!(text.iter().all(|b| *b == 0), "what was sealed was opened");
    best.into_iter().map(|b| b.map(|s| size as f64 / s / 1e6)).collect()
}

fn main() {
    let fast = AesGcm::<Sm4, U12>::new(&[1; 16].into());
    let slow = AesGcm::<sm4::Sm4, U12>::new(&[1; 16].into());
    let aes = Aes256Gcm::new(&[1; 32].into());
    let ring = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &[1; 32]).unwrap());
    let gcrypt = Gcrypt::load();
    let ours = Sm4::new(&[1; 16].into()).backend();
    let mut contenders = vec![by_trait(format!("{ours:?}"), &fast), by_trait("RustCrypto sm4".to_owned(), &slow)];
    match &gcrypt {
        Ok(gcrypt) => contenders.push(by_gcrypt(gcrypt)),
        Err(missing) => eprintln!("left out: {missing}"),
    }
    contenders.extend([by_trait("RustCrypto AES-256-GCM".to_owned(), &aes), by_ring(&ring)]);
    for (size, label) in [(64 << 10, "64 KiB"), (1 << 20, "1 MiB")] {
        let speeds = measure(&mut contenders, size);
        for (act, way) in [(0, "seal"), (1, "open")] {
            for (peer, speed) in contenders.iter().zip(&speeds).skip(1) {
                let aim = match peer.name.as_str() {
                    "RustCrypto sm4" => Some(5.0),
                    name if name.starts_with("libgcrypt") => Some(1.0),
                    _ => None,
                };
                let line = serde_json::json!({
                    "row": format!("SM4-GCM {way} {label} ({ours:?})"), "unit": "MB/s",
                    "ours": speeds[0][act], "peer": peer.name, "theirs": speed[act], "aim": aim,
                });
                println!("{line}");
            }
        }
    }
}
