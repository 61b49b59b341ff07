//! GFNI: inversion and affine map in one instruction.

use super::ymm::{gather, scatter, splat, twice, xor};
use crate::field::BY_AES_INVERSION;
use crate::rounds::kernel;
use crate::tables::{matrix, turn};
use cipher::consts::U32;
use core::arch::x86_64::*;

kernel!(
    Gfni,
    "avx2,gfni",
    __m256i,
    8,
    U32,
    BY_AES_INVERSION,
    is_x86_feature_detected!("avx2") && is_x86_feature_detected!("gfni")
);

#[inline]
#[target_feature(enable = "avx2,gfni")]
fn t(x: __m256i, key: __m256i) -> __m256i {
    const U: i64 = matrix(&BY_AES_INVERSION.u.linear);
    const V: i64 = matrix(&BY_AES_INVERSION.v.linear);
    const U_CONSTANT: i32 = BY_AES_INVERSION.u.constant as i32;
    const V_CONSTANT: i32 = BY_AES_INVERSION.v.constant as i32;
    const TURNS: [[u8; 16]; 3] = [turn(1), turn(2), turn(3)];
    let x = xor(x, key);
    let u = _mm256_gf2p8affineinv_epi64_epi8::<U_CONSTANT>(x, _mm256_set1_epi64x(U));
    let v = _mm256_gf2p8affineinv_epi64_epi8::<V_CONSTANT>(x, _mm256_set1_epi64x(V));
    let near = xor(u, _mm256_shuffle_epi8(v, twice(&TURNS[0])));
    let far = xor(_mm256_shuffle_epi8(v, twice(&TURNS[1])), _mm256_shuffle_epi8(xor(u, v), twice(&TURNS[2])));
    xor(near, far)
}

/// Applies a linear map to four words.
#[inline]
#[target_feature(enable = "avx2,gfni")]
fn carry(mut words: [__m256i; 4], matrix: i64) -> [__m256i; 4] {
    for x in &mut words {
        *x = _mm256_gf2p8affine_epi64_epi8::<0>(*x, _mm256_set1_epi64x(matrix));
    }
    words
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
fn load(blocks: &Group) -> [__m256i; 4] {
    carry(gather(blocks), const { matrix(&BY_AES_INVERSION.into) })
}

#[inline]
#[target_feature(enable = "avx2,gfni")]
fn store(words: [__m256i; 4], blocks: &mut Group) {
    scatter(carry(words, const { matrix(&BY_AES_INVERSION.back) }), blocks);
}
