//! AES-NI: the AES S-box on 16 bytes at once, two small tables behind it. AVX only for its three-operand forms.

use crate::field::BY_AES_SBOX;
use crate::rounds::kernel;
use crate::tables::{linear_nibbles, nibbles, turn_shifted};
use cipher::consts::U16;
use core::arch::x86_64::*;

kernel!(
    AesNi,
    "avx,aes",
    __m128i,
    4,
    U16,
    BY_AES_SBOX,
    is_x86_feature_detected!("avx") && is_x86_feature_detected!("aes")
);

#[inline]
#[target_feature(enable = "avx,aes")]
fn sixteen(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: sixteen bytes are readable at any alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "avx,aes")]
fn put_sixteen(x: __m128i, bytes: &mut [u8; 16]) {
    // SAFETY: sixteen bytes are writable at any alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), x) };
}

#[inline]
#[target_feature(enable = "avx,aes")]
fn splat(word: u32) -> __m128i {
    _mm_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx,aes")]
fn xor(a: __m128i, b: __m128i) -> __m128i {
    _mm_xor_si128(a, b)
}

/// A map of bytes: of a low nibble and of a high one.
#[inline]
#[target_feature(enable = "avx,aes")]
fn map(tables: &[[u8; 16]; 2], low: __m128i, high: __m128i) -> __m128i {
    xor(_mm_shuffle_epi8(sixteen(&tables[0]), low), _mm_shuffle_epi8(sixteen(&tables[1]), high))
}

/// Low and high nibbles.
#[inline]
#[target_feature(enable = "avx,aes")]
fn halves(x: __m128i) -> (__m128i, __m128i) {
    let mask = _mm_set1_epi8(15);
    (_mm_and_si128(x, mask), _mm_and_si128(_mm_srli_epi32::<4>(x), mask))
}

#[inline]
#[target_feature(enable = "avx,aes")]
fn t(x: __m128i, key: __m128i) -> __m128i {
    const U: [[u8; 16]; 2] = nibbles(&BY_AES_SBOX.u);
    const V: [[u8; 16]; 2] = nibbles(&BY_AES_SBOX.v);
    const TURNS: [[u8; 16]; 4] = [turn_shifted(0), turn_shifted(1), turn_shifted(2), turn_shifted(3)];
    let (low, high) = halves(_mm_aesenclast_si128(xor(x, key), _mm_setzero_si128()));
    let (u, v) = (map(&U, low, high), map(&V, low, high));
    let near = xor(_mm_shuffle_epi8(u, sixteen(&TURNS[0])), _mm_shuffle_epi8(v, sixteen(&TURNS[1])));
    let far = xor(_mm_shuffle_epi8(v, sixteen(&TURNS[2])), _mm_shuffle_epi8(xor(u, v), sixteen(&TURNS[3])));
    xor(near, far)
}

/// Exchanges rows and columns of four by four words.
#[inline]
#[target_feature(enable = "avx,aes")]
fn transpose([a, b, c, d]: [__m128i; 4]) -> [__m128i; 4] {
    let (ab, cd) = (_mm_unpacklo_epi32(a, b), _mm_unpacklo_epi32(c, d));
    let (ef, gh) = (_mm_unpackhi_epi32(a, b), _mm_unpackhi_epi32(c, d));
    [_mm_unpacklo_epi64(ab, cd), _mm_unpackhi_epi64(ab, cd), _mm_unpacklo_epi64(ef, gh), _mm_unpackhi_epi64(ef, gh)]
}

/// Applies a linear map to four words.
#[inline]
#[target_feature(enable = "avx,aes")]
fn carry(mut words: [__m128i; 4], tables: &[[u8; 16]; 2]) -> [__m128i; 4] {
    for x in &mut words {
        let (low, high) = halves(*x);
        *x = map(tables, low, high);
    }
    words
}

#[inline]
#[target_feature(enable = "avx,aes")]
fn load([a, b, c, d]: &Group) -> [__m128i; 4] {
    const INTO: [[u8; 16]; 2] = linear_nibbles(&BY_AES_SBOX.into);
    carry(transpose([sixteen(a), sixteen(b), sixteen(c), sixteen(d)]), &INTO)
}

#[inline]
#[target_feature(enable = "avx,aes")]
fn store(words: [__m128i; 4], blocks: &mut Group) {
    const BACK: [[u8; 16]; 2] = linear_nibbles(&BY_AES_SBOX.back);
    for (x, block) in transpose(carry(words, &BACK)).into_iter().zip(blocks) {
        put_sixteen(x, block);
    }
}
