//! Kernels for x86-64.

mod aesni;
mod gfni;
mod vaes;
mod ymm;

pub(crate) use aesni::AesNi;
pub(crate) use gfni::Gfni;
pub(crate) use vaes::Vaes;
