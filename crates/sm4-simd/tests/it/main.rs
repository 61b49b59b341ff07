//! Tests of the cipher from outside: the standard's vectors, two other implementations, every length, timing.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod modes;
mod oracles;
mod timing;
mod vectors;

use sm4_simd::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, Key};
use sm4_simd::{Backend, Sm4};

/// One cipher for each kernel that this processor has.
fn ciphers(key: &[u8; 16]) -> Vec<Sm4> {
    Backend::available().map(|b| Sm4::with_backend(&Key::<Sm4>::from(*key), b).unwrap()).collect()
}

fn blocks(bytes: &[u8]) -> Vec<Block<Sm4>> {
    bytes.chunks_exact(16).map(|b| Block::<Sm4>::try_from(b).unwrap()).collect()
}

fn flat(blocks: &[Block<Sm4>]) -> Vec<u8> {
    blocks.iter().flatten().copied().collect()
}

fn encrypt(cipher: &impl BlockCipherEncrypt<BlockSize = sm4_simd::cipher::consts::U16>, bytes: &[u8]) -> Vec<u8> {
    let mut work = blocks(bytes);
    cipher.encrypt_blocks(&mut work);
    flat(&work)
}

fn decrypt(cipher: &impl BlockCipherDecrypt<BlockSize = sm4_simd::cipher::consts::U16>, bytes: &[u8]) -> Vec<u8> {
    let mut work = blocks(bytes);
    cipher.decrypt_blocks(&mut work);
    flat(&work)
}

/// Bytes that look random and are the same every time.
fn noise(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}
