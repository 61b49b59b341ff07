//! GB/T 32907-2016, annex A, on every kernel, and what the types promise.

use crate::{ciphers, decrypt, encrypt};
use sm4_simd::cipher::{Block, BlockCipherEncrypt, Key, KeyInit};
use sm4_simd::{Backend, Sm4};

const KEY: [u8; 16] = 0x0123_4567_89ab_cdef_fedc_ba98_7654_3210_u128.to_be_bytes();

#[test]
fn annex_a1() {
    for cipher in ciphers(&KEY) {
        let sealed = encrypt(&cipher, &KEY);
        assert_eq!(hex::encode(&sealed), "681edf34d206965e86b3e94f536e4246", "{cipher:?}");
        assert_eq!(decrypt(&cipher, &sealed), KEY, "{cipher:?}");
    }
}

#[test]
fn annex_a2_a_million_times() {
    for cipher in ciphers(&KEY) {
        let mut block = Block::<Sm4>::from(KEY);
        for _ in 0..1_000_000 {
            cipher.encrypt_block(&mut block);
        }
        assert_eq!(hex::encode(block), "595298c7c6fd271f0402f804c33d3f66", "{cipher:?}");
    }
}

#[test]
fn the_fastest_kernel_is_taken_and_the_portable_one_is_always_there() {
    let available: Vec<Backend> = Backend::available().collect();
    assert_eq!(available.last(), Some(&Backend::Portable));
    assert_eq!(Sm4::new(&KEY.into()).backend(), available[0]);
    for backend in Backend::ALL {
        let made = Sm4::with_backend(&Key::<Sm4>::from(KEY), backend);
        assert_eq!(made.map(|c| c.backend()), available.contains(&backend).then_some(backend));
    }
    // Whoever reads the log of a run sees what was tested.
    println!("kernels of this processor: {available:?}");
}

#[test]
fn debug_shows_no_key() {
    for cipher in ciphers(&KEY) {
        assert_eq!(format!("{cipher:?}"), format!("Sm4 {{ backend: {:?}, .. }}", cipher.backend()));
    }
}
