//! VAES: the AES S-box on 32 bytes at once, two small tables behind it.

use super::ymm::{gather, scatter, splat, twice, xor};
use crate::field::BY_AES_SBOX;
use crate::rounds::kernel;
use crate::tables::{linear_nibbles, nibbles, turn_shifted};
use cipher::consts::U32;
use core::arch::x86_64::*;

kernel!(
    Vaes,
    "avx2,vaes",
    __m256i,
    8,
    U32,
    BY_AES_SBOX,
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("vaes")
);

/// A map of bytes: of a low nibble and of a high one.
#[inline]
#[target_feature(enable = "avx2,vaes")]
fn map(tables: &[[u8; 16]; 2], low: __m256i, high: __m256i) -> __m256i {
    xor(_mm256_shuffle_epi8(twice(&tables[0]), low), _mm256_shuffle_epi8(twice(&tables[1]), high))
}

/// Low and high nibbles.
#[inline]
#[target_feature(enable = "avx2,vaes")]
fn halves(x: __m256i) -> (__m256i, __m256i) {
    let mask = _mm256_set1_epi8(15);
    (_mm256_and_si256(x, mask), _mm256_and_si256(_mm256_srli_epi32::<4>(x), mask))
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn t(x: __m256i, key: __m256i) -> __m256i {
    const U: [[u8; 16]; 2] = nibbles(&BY_AES_SBOX.u);
    const V: [[u8; 16]; 2] = nibbles(&BY_AES_SBOX.v);
    const TURNS: [[u8; 16]; 4] = [turn_shifted(0), turn_shifted(1), turn_shifted(2), turn_shifted(3)];
    let (low, high) = halves(_mm256_aesenclast_epi128(xor(x, key), _mm256_setzero_si256()));
    let (u, v) = (map(&U, low, high), map(&V, low, high));
    let near = xor(_mm256_shuffle_epi8(u, twice(&TURNS[0])), _mm256_shuffle_epi8(v, twice(&TURNS[1])));
    let far = xor(_mm256_shuffle_epi8(v, twice(&TURNS[2])), _mm256_shuffle_epi8(xor(u, v), twice(&TURNS[3])));
    xor(near, far)
}

/// Applies a linear map to four words.
#[inline]
#[target_feature(enable = "avx2,vaes")]
fn carry(mut words: [__m256i; 4], tables: &[[u8; 16]; 2]) -> [__m256i; 4] {
    for x in &mut words {
        let (low, high) = halves(*x);
        *x = map(tables, low, high);
    }
    words
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn load(blocks: &Group) -> [__m256i; 4] {
    const INTO: [[u8; 16]; 2] = linear_nibbles(&BY_AES_SBOX.into);
    carry(gather(blocks), &INTO)
}

#[inline]
#[target_feature(enable = "avx2,vaes")]
fn store(words: [__m256i; 4], blocks: &mut Group) {
    const BACK: [[u8; 16]; 2] = linear_nibbles(&BY_AES_SBOX.back);
    scatter(carry(words, &BACK), blocks);
}
