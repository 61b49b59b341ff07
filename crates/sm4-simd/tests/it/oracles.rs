//! The same bytes as two other implementations give: RustCrypto's `sm4` and libgcrypt.

use crate::{ciphers, decrypt, encrypt, noise};
use gcrypt::{Algorithm, Gcrypt};
use proptest::prelude::*;
use sm4_simd::cipher::{Block, BlockCipherEncrypt, KeyInit};

#[test]
fn every_length_around_the_widths() {
    for n in 0..=100 {
        let key = noise(16, n as u64 + 1).try_into().unwrap();
        let plain = noise(16 * n, 7 * n as u64 + 3);
        let sealed = encrypt(&sm4::Sm4::new(&<[u8; 16]>::into(key)), &plain);
        for cipher in ciphers(&key) {
            assert_eq!(encrypt(&cipher, &plain), sealed, "{cipher:?}, {n} blocks");
            assert_eq!(decrypt(&cipher, &sealed), plain, "{cipher:?}, {n} blocks");
        }
    }
}

/// Each block alone must give what it gives among others, wherever it stands.
#[test]
fn blocks_do_not_touch_each_other() {
    let key = noise(16, 5).try_into().unwrap();
    for cipher in ciphers(&key) {
        for n in [1, 4, 8, 15, 16, 17, 31, 32, 33, 63, 64] {
            let zeros = encrypt(&cipher, &vec![0; 16 * n]);
            for at in 0..n {
                let mut one = vec![0; 16 * n];
                one[16 * at + at % 16] = 1 << (at % 8);
                let sealed = encrypt(&cipher, &one);
                for (i, (a, b)) in zeros.chunks(16).zip(sealed.chunks(16)).enumerate() {
                    assert_eq!(a == b, i != at, "{cipher:?}: block {i} of {n}, changed {at}");
                }
            }
        }
    }
}

/// From one buffer to another leaves the first as it was.
#[test]
fn buffer_to_buffer() {
    let key = noise(16, 6).try_into().unwrap();
    for cipher in ciphers(&key) {
        for n in [1, 7, 32, 50] {
            let plain = noise(16 * n, 9);
            let from = crate::blocks(&plain);
            let mut to = vec![Block::<sm4_simd::Sm4>::default(); n];
            cipher.encrypt_blocks_b2b(&from, &mut to).unwrap();
            assert_eq!(crate::flat(&from), plain);
            assert_eq!(crate::flat(&to), encrypt(&cipher, &plain));
        }
    }
}

/// libgcrypt's GCM over zeros is its cipher over the blocks `nonce ‖ counter`, the counter from 2 on.
#[test]
fn libgcrypt_agrees() {
    let gcrypt = Gcrypt::load().unwrap();
    for n in [1, 2, 16, 33, 500] {
        let key: [u8; 16] = noise(16, 100 + u64::from(n)).try_into().unwrap();
        let nonce: [u8; 12] = noise(12, 200 + u64::from(n)).try_into().unwrap();
        let plain: Vec<u8> = (2..2 + n).flat_map(|i: u32| [&nonce[..], &i.to_be_bytes()].concat()).collect();
        let mut sealed = vec![0; plain.len()];
        gcrypt.gcm(Algorithm::Sm4, &key).unwrap().seal(&nonce, &mut sealed).unwrap();
        for cipher in ciphers(&key) {
            assert_eq!(encrypt(&cipher, &plain), sealed, "{cipher:?}, {n} blocks");
        }
    }
}

proptest! {
    #[test]
    fn any_key_and_any_blocks(key: [u8; 16], plain in proptest::collection::vec(any::<[u8; 16]>(), 0..80)) {
        let plain = plain.as_flattened();
        let sealed = encrypt(&sm4::Sm4::new(&key.into()), plain);
        for cipher in ciphers(&key) {
            prop_assert_eq!(&encrypt(&cipher, plain), &sealed);
            prop_assert_eq!(&decrypt(&cipher, &sealed), plain);
        }
    }
}
