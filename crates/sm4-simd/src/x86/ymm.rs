//! 256-bit registers of AVX2: eight blocks in four registers.

use core::arch::x86_64::*;

/// The same sixteen bytes in both halves.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn twice(bytes: &[u8; 16]) -> __m256i {
    // SAFETY: sixteen bytes are readable at any alignment.
    _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
}

/// Two blocks as a register.
#[inline]
#[target_feature(enable = "avx2")]
fn pair(blocks: &[[u8; 16]; 8], i: usize) -> __m256i {
    let bytes: &[[u8; 32]] = blocks.as_flattened().as_chunks().0;
    // SAFETY: 32 bytes are readable at any alignment.
    unsafe { _mm256_loadu_si256(bytes[i].as_ptr().cast()) }
}

/// A register as two blocks.
#[inline]
#[target_feature(enable = "avx2")]
fn put_pair(x: __m256i, blocks: &mut [[u8; 16]; 8], i: usize) {
    let bytes: &mut [[u8; 32]] = blocks.as_flattened_mut().as_chunks_mut().0;
    // SAFETY: 32 bytes are writable at any alignment.
    unsafe { _mm256_storeu_si256(bytes[i].as_mut_ptr().cast(), x) };
}

/// Exchanges rows and columns of the four-by-four words in each half.
#[inline]
#[target_feature(enable = "avx2")]
fn transpose([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
    let (ab, cd) = (_mm256_unpacklo_epi32(a, b), _mm256_unpacklo_epi32(c, d));
    let (ef, gh) = (_mm256_unpackhi_epi32(a, b), _mm256_unpackhi_epi32(c, d));
    [
        _mm256_unpacklo_epi64(ab, cd),
        _mm256_unpackhi_epi64(ab, cd),
        _mm256_unpacklo_epi64(ef, gh),
        _mm256_unpackhi_epi64(ef, gh),
    ]
}

/// Word `i` of all blocks in register `i`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn gather(blocks: &[[u8; 16]; 8]) -> [__m256i; 4] {
    transpose([pair(blocks, 0), pair(blocks, 1), pair(blocks, 2), pair(blocks, 3)])
}

/// Undoes `gather`.
#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn scatter(words: [__m256i; 4], blocks: &mut [[u8; 16]; 8]) {
    for (i, x) in transpose(words).into_iter().enumerate() {
        put_pair(x, blocks, i);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn splat(word: u32) -> __m256i {
    _mm256_set1_epi32(word.cast_signed())
}

#[inline]
#[target_feature(enable = "avx2")]
pub(super) fn xor(a: __m256i, b: __m256i) -> __m256i {
    _mm256_xor_si256(a, b)
}
