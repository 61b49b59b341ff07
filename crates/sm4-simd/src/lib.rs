//! The SM4 block cipher (GB/T 32907) behind RustCrypto's block-cipher traits, as fast as the processor allows and
//! without a memory access or branch that depends on key or data.
//!
//! It knows one cipher and no mode: `aes_gcm::AesGcm<Sm4, U12>` is SM4-GCM. The kernel is chosen once per key from
//! what the processor says of itself. It is the one crate of the workspace with `unsafe` code: only to call functions
//! whose instructions were detected, and to move registers from and to memory.
//!
//! No look-up at secret places is a property of the source; that instructions take the same time for all operands is
//! the processor's promise (for these ones both makers give it), and compilers are watched by a timing test.

mod backend;
mod field;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod neon;
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
mod rounds;
mod schedule;
mod sliced;
#[cfg(any(target_arch = "x86_64", all(target_arch = "aarch64", target_endian = "little")))]
mod tables;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
mod tests;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use backend::Backend;
pub use cipher;

use backend::{Engine, Kernel, RoundKeys, with_kernel};
use cipher::array::Array;
use cipher::consts::U16;
use cipher::inout::{InOut, InOutBuf};
use cipher::{
    AlgorithmName, Block, BlockCipherDecBackend, BlockCipherDecClosure, BlockCipherDecrypt, BlockCipherEncBackend,
    BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, Key, KeyInit, KeySizeUser, ParBlocks, ParBlocksSizeUser,
};
use std::fmt;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// SM4 under one key. The round keys are overwritten when it is dropped.
#[derive(Clone)]
pub struct Sm4 {
    engine: Engine,
    keys: RoundKeys,
}

impl Sm4 {
    /// A key for one kernel, for tests and measurements; `None` where the processor does not have it.
    #[must_use]
    pub fn with_backend(key: &Key<Self>, backend: Backend) -> Option<Self> {
        Engine::detect(backend).map(|engine| Self::on(engine, key))
    }

    /// The kernel that this key uses.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.engine.backend()
    }

    fn on(engine: Engine, key: &Key<Self>) -> Self {
        let mut standard = schedule::expand(&key.0);
        let keys = with_kernel!(engine, kernel => kernel.round_keys(standard));
        standard.zeroize();
        Self { engine, keys }
    }
}

impl KeySizeUser for Sm4 {
    type KeySize = U16;
}

impl KeyInit for Sm4 {
    fn new(key: &Key<Self>) -> Self {
        Self::on(Engine::best(), key)
    }
}

impl BlockSizeUser for Sm4 {
    type BlockSize = U16;
}

impl Drop for Sm4 {
    fn drop(&mut self) {
        self.keys.zeroize();
    }
}

impl ZeroizeOnDrop for Sm4 {}

impl fmt::Debug for Sm4 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sm4").field("backend", &self.backend()).finish_non_exhaustive()
    }
}

impl AlgorithmName for Sm4 {
    fn write_alg_name(f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sm4")
    }
}

impl BlockCipherEncrypt for Sm4 {
    #[inline]
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = U16>) {
        with_kernel!(self.engine, kernel => f.call(&Keyed { kernel, keys: &self.keys }));
    }
}

impl BlockCipherDecrypt for Sm4 {
    #[inline]
    fn decrypt_with_backend(&self, f: impl BlockCipherDecClosure<BlockSize = U16>) {
        with_kernel!(self.engine, kernel => f.call(&Keyed { kernel, keys: &self.keys }));
    }
}

/// A kernel and its round keys, as the traits want to see them.
struct Keyed<'k, K> {
    kernel: K,
    keys: &'k RoundKeys,
}

impl<K: Kernel> Keyed<'_, K> {
    #[inline]
    fn one<const DECRYPT: bool>(&self, mut block: InOut<'_, '_, Block<Self>>) {
        let mut work = [block.get_in().0];
        self.kernel.crypt::<DECRYPT>(self.keys, &mut work);
        block.get_out().0 = work[0];
    }

    #[inline]
    fn wide<const DECRYPT: bool>(&self, mut blocks: InOut<'_, '_, ParBlocks<Self>>) {
        let mut work = blocks.clone_in();
        self.kernel.crypt::<DECRYPT>(self.keys, Array::cast_slice_to_core_mut(&mut work));
        *blocks.get_out() = work;
    }

    #[inline]
    fn tail<const DECRYPT: bool>(&self, blocks: InOutBuf<'_, '_, Block<Self>>) {
        let out = blocks.into_out_with_copied_in();
        self.kernel.crypt::<DECRYPT>(self.keys, Array::cast_slice_to_core_mut(out));
    }
}

impl<K> BlockSizeUser for Keyed<'_, K> {
    type BlockSize = U16;
}

impl<K: Kernel> ParBlocksSizeUser for Keyed<'_, K> {
    type ParBlocksSize = K::Wide;
}

impl<K: Kernel> BlockCipherEncBackend for Keyed<'_, K> {
    #[inline]
    fn encrypt_block(&self, block: InOut<'_, '_, Block<Self>>) {
        self.one::<false>(block);
    }

    #[inline]
    fn encrypt_par_blocks(&self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.wide::<false>(blocks);
    }

    #[inline]
    fn encrypt_tail_blocks(&self, blocks: InOutBuf<'_, '_, Block<Self>>) {
        self.tail::<false>(blocks);
    }
}

impl<K: Kernel> BlockCipherDecBackend for Keyed<'_, K> {
    #[inline]
    fn decrypt_block(&self, block: InOut<'_, '_, Block<Self>>) {
        self.one::<true>(block);
    }

    #[inline]
    fn decrypt_par_blocks(&self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.wide::<true>(blocks);
    }

    #[inline]
    fn decrypt_tail_blocks(&self, blocks: InOutBuf<'_, '_, Block<Self>>) {
        self.tail::<true>(blocks);
    }
}
