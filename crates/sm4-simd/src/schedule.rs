//! Round keys (GB/T 32907, 7.3), in time that does not depend on the key.

use crate::sliced::sbox;

const FK: [u32; 4] = [0xa3b1_bac6, 0x56aa_3350, 0x677d_9197, 0xb270_22dc];

/// The round keys as the standard counts them, each a big-endian word.
pub(crate) fn expand(key: &[u8; 16]) -> [u32; 32] {
    let (words, _) = key.as_chunks::<4>();
    let mut k = FK;
    for (k, word) in k.iter_mut().zip(words) {
        *k ^= u32::from_be_bytes(*word);
    }
    let mut out = [0; 32];
    for (i, out) in out.iter_mut().enumerate() {
        let b = sbox(k[1] ^ k[2] ^ k[3] ^ constant(i));
        let next = k[0] ^ b ^ b.rotate_left(13) ^ b.rotate_left(23);
        k = [k[1], k[2], k[3], next];
        *out = next;
    }
    out
}

/// `CK`: byte `j` of word `i` is `7 (4 i + j)` modulo 256.
fn constant(i: usize) -> u32 {
    u32::from_be_bytes([0, 1, 2, 3].map(|j| ((4 * i + j) * 7) as u8))
}
