//! aarch64 with the AES extension: the AES S-box on 16 bytes at once, two small tables behind it.

use crate::field::BY_AES_SBOX;
use crate::rounds::kernel;
use crate::tables::{linear_nibbles, nibbles, turn_shifted};
use cipher::consts::U16;
use core::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

kernel!(
    Neon,
    "neon,aes",
    uint8x16_t,
    4,
    U16,
    BY_AES_SBOX,
    is_aarch64_feature_detected!("neon") && is_aarch64_feature_detected!("aes")
);

#[inline]
#[target_feature(enable = "neon,aes")]
fn sixteen(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: sixteen bytes are readable at any alignment.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn splat(word: u32) -> uint8x16_t {
    vreinterpretq_u8_u32(vdupq_n_u32(word))
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn xor(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
    veorq_u8(a, b)
}

/// A map of bytes.
#[inline]
#[target_feature(enable = "neon,aes")]
fn map(tables: &[[u8; 16]; 2], x: uint8x16_t) -> uint8x16_t {
    let (low, high) = (vandq_u8(x, vdupq_n_u8(15)), vshrq_n_u8::<4>(x));
    xor(vqtbl1q_u8(sixteen(&tables[0]), low), vqtbl1q_u8(sixteen(&tables[1]), high))
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn t(x: uint8x16_t, key: uint8x16_t) -> uint8x16_t {
    const U: [[u8; 16]; 2] = nibbles(&BY_AES_SBOX.u);
    const V: [[u8; 16]; 2] = nibbles(&BY_AES_SBOX.v);
    const TURNS: [[u8; 16]; 4] = [turn_shifted(0), turn_shifted(1), turn_shifted(2), turn_shifted(3)];
    // This instruction adds the key before the S-box.
    let y = vaeseq_u8(x, key);
    let (u, v) = (map(&U, y), map(&V, y));
    let near = xor(vqtbl1q_u8(u, sixteen(&TURNS[0])), vqtbl1q_u8(v, sixteen(&TURNS[1])));
    let far = xor(vqtbl1q_u8(v, sixteen(&TURNS[2])), vqtbl1q_u8(xor(u, v), sixteen(&TURNS[3])));
    xor(near, far)
}

/// Applies a linear map to four words.
#[inline]
#[target_feature(enable = "neon,aes")]
fn carry(mut words: [uint8x16_t; 4], tables: &[[u8; 16]; 2]) -> [uint8x16_t; 4] {
    for x in &mut words {
        *x = map(tables, *x);
    }
    words
}

/// Exchanges rows and columns of two by two words, twice: of the rows `a` and `b`.
#[inline]
#[target_feature(enable = "neon,aes")]
fn turn_words(a: uint8x16_t, b: uint8x16_t) -> (uint64x2_t, uint64x2_t) {
    let (a, b) = (vreinterpretq_u32_u8(a), vreinterpretq_u32_u8(b));
    (vreinterpretq_u64_u32(vtrn1q_u32(a, b)), vreinterpretq_u64_u32(vtrn2q_u32(a, b)))
}

/// Exchanges rows and columns of four by four words.
#[inline]
#[target_feature(enable = "neon,aes")]
fn transpose([a, b, c, d]: [uint8x16_t; 4]) -> [uint8x16_t; 4] {
    let ((ab, ef), (cd, gh)) = (turn_words(a, b), turn_words(c, d));
    [
        vreinterpretq_u8_u64(vtrn1q_u64(ab, cd)),
        vreinterpretq_u8_u64(vtrn1q_u64(ef, gh)),
        vreinterpretq_u8_u64(vtrn2q_u64(ab, cd)),
        vreinterpretq_u8_u64(vtrn2q_u64(ef, gh)),
    ]
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn load([a, b, c, d]: &Group) -> [uint8x16_t; 4] {
    const INTO: [[u8; 16]; 2] = linear_nibbles(&BY_AES_SBOX.into);
    carry(transpose([sixteen(a), sixteen(b), sixteen(c), sixteen(d)]), &INTO)
}

#[inline]
#[target_feature(enable = "neon,aes")]
fn store(words: [uint8x16_t; 4], blocks: &mut Group) {
    const BACK: [[u8; 16]; 2] = linear_nibbles(&BY_AES_SBOX.back);
    for (x, block) in transpose(carry(words, &BACK)).into_iter().zip(blocks) {
        // SAFETY: sixteen bytes are writable at any alignment.
        unsafe { vst1q_u8(block.as_mut_ptr(), x) };
    }
}
