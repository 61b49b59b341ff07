//! Does time depend on data? In the manner of dudect: one fixed input against random ones, in random order, and
//! Welch's t over the times. Statistical, so only in the long tests (`--full`): it wants a minute of a quiet processor.
//! A leak shows in every repetition, a disturbance does not: three in a row must exceed the bound.

use crate::{ciphers, noise};
use sm4_simd::cipher::{Block, BlockCipherEncrypt, KeyInit};
use sm4_simd::{Backend, Sm4};
use std::hint::black_box;
use std::time::Instant;

/// dudect takes 10 as proof of a leak.
const BOUND: f64 = 10.0;
const SAMPLES: usize = 60_000;

/// Welch's t of the times of two classes, without the slowest tenth (interrupts). Only `run` is timed.
fn t_of<T>(prepare: &mut impl FnMut(bool) -> T, run: &mut impl FnMut(&mut T)) -> f64 {
    let order = noise(SAMPLES, 4711);
    let mut times: Vec<(bool, f64)> = Vec::with_capacity(SAMPLES);
    for bit in order {
        let fixed = bit & 1 == 1;
        let mut input = black_box(prepare(fixed));
        let start = Instant::now();
        run(black_box(&mut input));
        times.push((fixed, start.elapsed().as_nanos() as f64));
    }
    let mut sorted: Vec<f64> = times.iter().map(|t| t.1).collect();
    sorted.sort_by(f64::total_cmp);
    let limit = sorted[SAMPLES * 9 / 10];
    let class = |which: bool| {
        let kept: Vec<f64> = times.iter().filter(|t| t.0 == which && t.1 <= limit).map(|t| t.1).collect();
        let n = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / n;
        let variance = kept.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
        (mean, variance / n)
    };
    let ((m0, v0), (m1, v1)) = (class(false), class(true));
    (m0 - m1) / (v0 + v1).sqrt()
}

/// The smallest t of up to three repetitions; few are needed where nothing leaks.
fn leak<T>(mut prepare: impl FnMut(bool) -> T, mut run: impl FnMut(&mut T)) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..3 {
        least = least.min(t_of(&mut prepare, &mut run).abs());
        if least < BOUND {
            break;
        }
    }
    least
}

/// 32 blocks: always the same ones, or others each time. Both come out of a table, by the same steps.
fn pick(inputs: &[[u8; 512]], turn: &mut usize, fixed: bool) -> [u8; 512] {
    *turn += 1;
    inputs[if fixed { 0 } else { *turn % inputs.len() }]
}

fn inputs() -> Vec<[u8; 512]> {
    (0..64).map(|i| if i == 0 { [0; 512] } else { noise(512, i).try_into().unwrap() }).collect()
}

#[test]
#[ignore = "statistical: wants a minute of a quiet processor"]
fn time_does_not_depend_on_blocks_or_keys() {
    let (inputs, mut turn) = (inputs(), 0);
    for cipher in ciphers(&noise(16, 77).try_into().unwrap()) {
        let blocks = |fixed| crate::blocks(&pick(&inputs, &mut turn, fixed));
        let t = leak(blocks, |work: &mut Vec<Block<Sm4>>| cipher.encrypt_blocks(work));
        println!("{cipher:?}: blocks, |t| = {t:.1}");
        assert!(t < BOUND, "{cipher:?}: time depends on the blocks (|t| = {t:.1})");
    }
    for backend in Backend::available() {
        let key = |fixed| -> [u8; 16] { pick(&inputs, &mut turn, fixed)[..16].try_into().unwrap() };
        let t = leak(key, |key| drop(black_box(Sm4::with_backend(&(*key).into(), backend))));
        println!("{backend:?}: key schedule, |t| = {t:.1}");
        assert!(t < BOUND, "{backend:?}: time of the key schedule depends on the key (|t| = {t:.1})");
    }
}

/// The method sees a leak where there is one: eight blocks more in one class.
#[test]
#[ignore = "statistical: wants a minute of a quiet processor"]
fn the_method_sees_a_leak() {
    let cipher = Sm4::new(&[1; 16].into());
    let blocks = |fixed| vec![Block::<Sm4>::default(); if fixed { 40 } else { 32 }];
    let t = leak(blocks, |work: &mut Vec<Block<Sm4>>| cipher.encrypt_blocks(work));
    assert!(t >= BOUND, "|t| = {t:.1}");
}
