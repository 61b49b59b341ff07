//! SM4-GCM by `aes-gcm` over every kernel: against RustCrypto's cipher in the same mode, and against libgcrypt's own.

use crate::{ciphers, noise};
use aes_gcm::aead::consts::U12;
use aes_gcm::{AeadInOut, AesGcm, KeyInit};
use gcrypt::{Algorithm, Gcrypt};

fn lengths() -> impl Iterator<Item = usize> {
    (0..70).chain([127, 128, 255, 256, 257, 511, 512, 513, 528, 1000, 1023, 1024, 1040, 4096, 65_535, 65_536])
}

#[test]
fn gcm_as_rustcrypto() {
    let key: [u8; 16] = noise(16, 1).try_into().unwrap();
    let nonce: [u8; 12] = noise(12, 2).try_into().unwrap();
    let theirs = AesGcm::<sm4::Sm4, U12>::new(&key.into());
    for n in lengths() {
        let (plain, aad) = (noise(n, 3), noise(n % 50, 4));
        let mut want = plain.clone();
        theirs.encrypt_in_place(&nonce.into(), &aad, &mut want).unwrap();
        for cipher in ciphers(&key) {
            let name = format!("{cipher:?}, {n} bytes");
            let ours = AesGcm::<_, U12>::from(cipher);
            let mut text = plain.clone();
            ours.encrypt_in_place(&nonce.into(), &aad, &mut text).unwrap();
            assert_eq!(text, want, "{name}");
            ours.decrypt_in_place(&nonce.into(), &aad, &mut text).unwrap();
            assert_eq!(text, plain, "{name}");
            let mut forged = want.clone();
            forged[n / 2] ^= 1;
            assert!(ours.decrypt_in_place(&nonce.into(), &aad, &mut forged).is_err(), "{name}");
        }
    }
}

#[test]
fn gcm_as_libgcrypt() {
    let gcrypt = Gcrypt::load().unwrap();
    for n in lengths() {
        let key: [u8; 16] = noise(16, n as u64 + 11).try_into().unwrap();
        let nonce: [u8; 12] = noise(12, n as u64 + 12).try_into().unwrap();
        let plain = noise(n, n as u64 + 13);
        let mut want = plain.clone();
        let tag = gcrypt.gcm(Algorithm::Sm4, &key).unwrap().seal(&nonce, &mut want).unwrap();
        want.extend(tag);
        for cipher in ciphers(&key) {
            let name = format!("{cipher:?}, {n} bytes");
            let mut text = plain.clone();
            AesGcm::<_, U12>::from(cipher).encrypt_in_place(&nonce.into(), &[], &mut text).unwrap();
            assert_eq!(text, want, "{name}");
        }
    }
}
