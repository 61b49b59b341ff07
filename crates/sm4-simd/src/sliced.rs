//! SM4 out of AND, XOR and rotations alone: sixteen blocks at a time in eight 64-bit planes, one for each bit of a byte.
//!
//! This is what runs where no other kernel can, and what makes the round keys everywhere. Bit `16 r + i` of a plane
//! belongs to byte `r` (in the order of memory) of a word of block `i`, so that a rotation of all words by whole bytes
//! is one rotation of the planes.

use crate::backend::{Block, Kernel, RoundKeys};
use crate::field::{BY_TOWER, Linear, TOWER_NORM};
use cipher::consts::U16;

type Planes = [u64; 8];

/// The lowest bit of each byte of one block's word.
const ONE_BLOCK: u64 = 0x0001_0001_0001_0001;

/// The portable kernel.
#[derive(Clone, Copy)]
pub(crate) struct Sliced;

impl Kernel for Sliced {
    type Wide = U16;

    fn round_keys(self, keys: [u32; 32]) -> RoundKeys {
        keys.map(|k| BY_TOWER.round_key(u32::from_le_bytes(k.to_be_bytes())))
    }

    fn crypt<const DECRYPT: bool>(self, keys: &RoundKeys, blocks: &mut [Block]) {
        for piece in blocks.chunks_mut(16) {
            let mut sixteen = [[0; 16]; 16];
            sixteen[..piece.len()].copy_from_slice(piece);
            rounds::<DECRYPT>(keys, &mut sixteen);
            piece.copy_from_slice(&sixteen[..piece.len()]);
        }
    }
}

fn rounds<const DECRYPT: bool>(keys: &RoundKeys, blocks: &mut [Block; 16]) {
    const INTO: u64 = rows(&BY_TOWER.into);
    const BACK: u64 = rows(&BY_TOWER.back);
    let mut x: [Planes; 4] = [[0; 8]; 4];
    for (i, x) in x.iter_mut().enumerate() {
        *x = linear::<INTO>(&slice(blocks, i));
    }
    for i in 0..8 {
        let key = |n: usize| keys[if DECRYPT { 31 - (4 * i + n) } else { 4 * i + n }];
        let [x0, x1, x2, x3] = &mut x;
        add_round(x0, [x1, x2, x3], key(0));
        add_round(x1, [x2, x3, x0], key(1));
        add_round(x2, [x3, x0, x1], key(2));
        add_round(x3, [x0, x1, x2], key(3));
    }
    for (i, x) in x.iter().rev().enumerate() {
        unslice(&linear::<BACK>(x), blocks, i);
    }
}

/// One round: `x += T(sum of the others + key)`.
fn add_round(x: &mut Planes, [a, b, c]: [&Planes; 3], key: u32) {
    const U: u64 = rows(&BY_TOWER.u.linear);
    const V: u64 = rows(&BY_TOWER.v.linear);
    // The constants of u count twice and those of v three times.
    const CONSTANT: u8 = BY_TOWER.v.constant;
    let key = spread(key);
    let mut t = [0; 8];
    for p in 0..8 {
        // One bit of each byte of the key, for all blocks.
        let bits = (key >> p & ONE_BLOCK) * 0xffff;
        t[p] = a[p] ^ b[p] ^ c[p] ^ bits;
    }
    let y = invert(&t);
    let (u, v) = (linear::<U>(&y), linear::<V>(&y));
    for p in 0..8 {
        let one = if CONSTANT >> p & 1 == 1 { !0 } else { 0 };
        let (next, after) = (v[p].rotate_right(16), v[p].rotate_right(32));
        x[p] ^= u[p] ^ next ^ after ^ (u[p] ^ v[p]).rotate_right(48) ^ one;
    }
}

/// The S-box on the four bytes of a word.
pub(crate) fn sbox(word: u32) -> u32 {
    const INTO: u64 = rows(&BY_TOWER.into);
    const OUT: u64 = rows(&BY_TOWER.sbox.linear);
    let word = spread(word);
    let mut planes = [0; 8];
    for (p, plane) in planes.iter_mut().enumerate() {
        *plane = word >> p & ONE_BLOCK;
    }
    let mut planes = linear::<INTO>(&planes);
    for (p, plane) in planes.iter_mut().enumerate() {
        *plane ^= u64::from(BY_TOWER.key >> p & 1) * ONE_BLOCK;
    }
    let planes = linear::<OUT>(&invert(&planes));
    let mut out = 0;
    for (p, plane) in planes.iter().enumerate() {
        let constant = u64::from(BY_TOWER.sbox.constant >> p & 1) * ONE_BLOCK;
        out |= (plane & ONE_BLOCK ^ constant) << p;
    }
    gather(out)
}

/// Eight rows of a map as one number, the form in which it can parametrise code.
const fn rows(map: &Linear) -> u64 {
    u64::from_le_bytes(map.rows())
}

/// Applies a map to planes; what remains of it when compiled are the additions.
#[inline(always)]
fn linear<const ROWS: u64>(x: &Planes) -> Planes {
    let mut out = [0; 8];
    for (r, out) in out.iter_mut().enumerate() {
        for (i, x) in x.iter().enumerate() {
            if ROWS >> (8 * r + i) & 1 == 1 {
                *out ^= x;
            }
        }
    }
    out
}

/// Inversion in the tower: `1 / (h s + l) = (h s + h + l) / (l² + h l + 11 h²)`.
#[inline(always)]
fn invert(x: &Planes) -> Planes {
    const NORM: u64 = rows(&TOWER_NORM);
    let [l0, l1, l2, l3, h0, h1, h2, h3] = *x;
    let (h, l) = ([h0, h1, h2, h3], [l0, l1, l2, l3]);
    let [n0, n1, n2, n3, ..] = linear::<NORM>(x);
    let inverse = invert16(&add16(&[n0, n1, n2, n3], &mul16(&h, &l)));
    let [h0, h1, h2, h3] = mul16(&h, &inverse);
    let [l0, l1, l2, l3] = mul16(&add16(&h, &l), &inverse);
    [l0, l1, l2, l3, h0, h1, h2, h3]
}

#[inline(always)]
fn add16(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]]
}

/// Multiplication in GF(16): the product of polynomials, then t⁴ = t + 1.
#[inline(always)]
fn mul16(a: &[u64; 4], b: &[u64; 4]) -> [u64; 4] {
    let (t4, t5, t6) = (a[1] & b[3] ^ a[2] & b[2] ^ a[3] & b[1], a[2] & b[3] ^ a[3] & b[2], a[3] & b[3]);
    [
        a[0] & b[0] ^ t4,
        a[0] & b[1] ^ a[1] & b[0] ^ t4 ^ t5,
        a[0] & b[2] ^ a[1] & b[1] ^ a[2] & b[0] ^ t5 ^ t6,
        a[0] & b[3] ^ a[1] & b[2] ^ a[2] & b[1] ^ a[3] & b[0] ^ t6,
    ]
}

/// Inversion in GF(16) (0 stays 0): its truth table as a polynomial over GF(2).
#[inline(always)]
fn invert16(&[a, b, c, d]: &[u64; 4]) -> [u64; 4] {
    let (ab, ac, ad, bc, bd, cd) = (a & b, a & c, a & d, b & c, b & d, c & d);
    let bcd = bc & d;
    [
        a ^ b ^ c ^ d ^ ac ^ bc ^ a & bc ^ bcd,
        d ^ ab ^ ac ^ bc ^ bd ^ ab & d,
        c ^ d ^ ab ^ ac ^ ad ^ ac & d,
        b ^ c ^ d ^ ad ^ bd ^ cd ^ bcd,
    ]
}

/// Puts the four bytes of a word 16 bits apart.
#[inline(always)]
fn spread(word: u32) -> u64 {
    let x = u64::from(word);
    let x = (x | x << 16) & 0x0000_ffff_0000_ffff;
    (x | x << 8) & 0x00ff_00ff_00ff_00ff
}

/// Undoes `spread`.
#[inline(always)]
fn gather(x: u64) -> u32 {
    let x = (x | x >> 8) & 0x0000_ffff_0000_ffff;
    (x | x >> 16) as u32
}

/// Word `i` of sixteen blocks as planes.
fn slice(blocks: &[Block; 16], i: usize) -> Planes {
    let mut out = [0; 8];
    for (k, out) in out.iter_mut().enumerate() {
        *out = spread(word(&blocks[k], i)) | spread(word(&blocks[k + 8], i)) << 8;
    }
    transpose(&mut out);
    out
}

/// Puts planes back as word `i` of sixteen blocks.
fn unslice(planes: &Planes, blocks: &mut [Block; 16], i: usize) {
    const LOW: u64 = 0x00ff_00ff_00ff_00ff;
    let mut bytes = *planes;
    transpose(&mut bytes);
    for (k, x) in bytes.iter().enumerate() {
        blocks[k][4 * i..4 * i + 4].copy_from_slice(&gather(x & LOW).to_le_bytes());
        blocks[k + 8][4 * i..4 * i + 4].copy_from_slice(&gather(x >> 8 & LOW).to_le_bytes());
    }
}

fn word(block: &Block, i: usize) -> u32 {
    u32::from_le_bytes([block[4 * i], block[4 * i + 1], block[4 * i + 2], block[4 * i + 3]])
}

/// Exchanges, in each byte column, bit `p` of number `k` with bit `k` of number `p`.
#[inline(always)]
fn transpose(x: &mut Planes) {
    for (distance, mask) in [(1, 0x5555_5555_5555_5555), (2, 0x3333_3333_3333_3333), (4, 0x0f0f_0f0f_0f0f_0f0f)] {
        for i in (0..8).filter(|i| i & distance == 0) {
            let differ = (x[i] >> distance ^ x[i + distance]) & mask;
            x[i] ^= differ << distance;
            x[i + distance] ^= differ;
        }
    }
}
