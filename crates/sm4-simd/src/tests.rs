//! What only the inside can show: the derivation of the constants, what `drop` leaves, kernels that a hypervisor hides.

use crate::backend::{Block, Kernel, RoundKeys};
use crate::field::{BY_AES_INVERSION, BY_AES_SBOX, BY_TOWER, Basis, Field, mul16};
use crate::sliced::{Sliced, sbox};
use crate::{Backend, Sm4, schedule};
use cipher::KeyInit;
use std::mem::MaybeUninit;

/// GB/T 32907-2016, table 1.
#[rustfmt::skip]
const TABLE: [u8; 256] = [
    0xd6, 0x90, 0xe9, 0xfe, 0xcc, 0xe1, 0x3d, 0xb7, 0x16, 0xb6, 0x14, 0xc2, 0x28, 0xfb, 0x2c, 0x05,
    0x2b, 0x67, 0x9a, 0x76, 0x2a, 0xbe, 0x04, 0xc3, 0xaa, 0x44, 0x13, 0x26, 0x49, 0x86, 0x06, 0x99,
    0x9c, 0x42, 0x50, 0xf4, 0x91, 0xef, 0x98, 0x7a, 0x33, 0x54, 0x0b, 0x43, 0xed, 0xcf, 0xac, 0x62,
    0xe4, 0xb3, 0x1c, 0xa9, 0xc9, 0x08, 0xe8, 0x95, 0x80, 0xdf, 0x94, 0xfa, 0x75, 0x8f, 0x3f, 0xa6,
    0x47, 0x07, 0xa7, 0xfc, 0xf3, 0x73, 0x17, 0xba, 0x83, 0x59, 0x3c, 0x19, 0xe6, 0x85, 0x4f, 0xa8,
    0x68, 0x6b, 0x81, 0xb2, 0x71, 0x64, 0xda, 0x8b, 0xf8, 0xeb, 0x0f, 0x4b, 0x70, 0x56, 0x9d, 0x35,
    0x1e, 0x24, 0x0e, 0x5e, 0x63, 0x58, 0xd1, 0xa2, 0x25, 0x22, 0x7c, 0x3b, 0x01, 0x21, 0x78, 0x87,
    0xd4, 0x00, 0x46, 0x57, 0x9f, 0xd3, 0x27, 0x52, 0x4c, 0x36, 0x02, 0xe7, 0xa0, 0xc4, 0xc8, 0x9e,
    0xea, 0xbf, 0x8a, 0xd2, 0x40, 0xc7, 0x38, 0xb5, 0xa3, 0xf7, 0xf2, 0xce, 0xf9, 0x61, 0x15, 0xa1,
    0xe0, 0xae, 0x5d, 0xa4, 0x9b, 0x34, 0x1a, 0x55, 0xad, 0x93, 0x32, 0x30, 0xf5, 0x8c, 0xb1, 0xe3,
    0x1d, 0xf6, 0xe2, 0x2e, 0x82, 0x66, 0xca, 0x60, 0xc0, 0x29, 0x23, 0xab, 0x0d, 0x53, 0x4e, 0x6f,
    0xd5, 0xdb, 0x37, 0x45, 0xde, 0xfd, 0x8e, 0x2f, 0x03, 0xff, 0x6a, 0x72, 0x6d, 0x6c, 0x5b, 0x51,
    0x8d, 0x1b, 0xaf, 0x92, 0xbb, 0xdd, 0xbc, 0x7f, 0x11, 0xd9, 0x5c, 0x41, 0x1f, 0x10, 0x5a, 0xd8,
    0x0a, 0xc1, 0x31, 0x88, 0xa5, 0xcd, 0x7b, 0xbd, 0x2d, 0x74, 0xd0, 0x12, 0xb8, 0xe5, 0xb4, 0xb0,
    0x89, 0x69, 0x97, 0x4a, 0x0c, 0x96, 0x77, 0x7e, 0x65, 0xb9, 0xf1, 0x09, 0xc5, 0x6e, 0xc6, 0x84,
    0x18, 0xf0, 0x7d, 0xec, 0x3a, 0xdc, 0x4d, 0x20, 0x79, 0xee, 0x5f, 0x3e, 0xd7, 0xcb, 0x39, 0x48,
];

#[test]
fn the_s_box_is_that_of_the_standard() {
    for (x, want) in TABLE.iter().enumerate() {
        let word = x as u32 | 0x5500 | (255 - x as u32) << 16 | 0x1f00_0000;
        let bytes = sbox(word).to_le_bytes();
        assert_eq!(bytes, [*want, TABLE[0x55], TABLE[255 - x], TABLE[0x1f]], "{x:#x}");
    }
}

/// The three bases are the standard's S-box and linear layer seen through another field.
#[test]
fn every_basis_is_the_standards_round() {
    let invert = |field: Field, x: u8| (0..=255).find(|y| field.mul(x, *y) == 1).unwrap_or(0);
    let aes_sbox = |x: u8| {
        let y = invert(Field::Plain(0x11b), x);
        (0..5).fold(0x63, |sum, i| sum ^ y.rotate_left(i))
    };
    let check = |basis: &Basis, machine: &dyn Fn(u8) -> u8| {
        for (x, s) in TABLE.iter().enumerate() {
            let y = machine(basis.into.apply(x as u8) ^ basis.key);
            assert_eq!(basis.sbox.apply(y), *s);
            assert_eq!(basis.back.apply(basis.u.apply(y)), s ^ s << 2);
            assert_eq!(basis.back.apply(basis.v.apply(y)), s.rotate_left(2));
        }
        assert_eq!(
            basis.round_key(0x0055_ff01).to_le_bytes(),
            [1, 0xff, 0x55, 0].map(|b| basis.into.apply(b) ^ basis.key)
        );
    };
    check(&BY_AES_SBOX, &aes_sbox);
    check(&BY_AES_INVERSION, &|x| invert(Field::Plain(0x11b), x));
    check(&BY_TOWER, &|x| invert(Field::Tower, x));
    assert_eq!(mul16(0b1000, 0b0010), 0b0011);
}

#[test]
fn the_portable_kernel_and_all_available_ones_agree() {
    for backend in Backend::available() {
        let cipher = Sm4::with_backend(&[3; 16].into(), backend).unwrap();
        crate::with_kernel!(cipher.engine, kernel => agrees(kernel));
    }
}

/// Compares a kernel with the portable one on many lengths, both ways.
fn agrees<K: Kernel>(kernel: K) {
    let standard = schedule::expand(&[0x5a; 16]);
    let (ours, theirs): (RoundKeys, RoundKeys) = (kernel.round_keys(standard), Sliced.round_keys(standard));
    for n in 0..=80usize {
        let plain: Vec<Block> = (0..n).map(|i| std::array::from_fn(|j| (i * 37 + j * 11 + n) as u8)).collect();
        let (mut a, mut b) = (plain.clone(), plain.clone());
        kernel.crypt::<false>(&ours, &mut a);
        Sliced.crypt::<false>(&theirs, &mut b);
        assert!(a == b && (n == 0 || a != plain), "{n} blocks");
        kernel.crypt::<true>(&ours, &mut a);
        assert_eq!(a, plain, "{n} blocks");
    }
}

#[test]
fn dropping_overwrites_the_round_keys() {
    let mut place = MaybeUninit::new(Sm4::new(&[9; 16].into()));
    let at = place.as_mut_ptr();
    // SAFETY: the place was just initialised; reading a field of a live value.
    let before = unsafe { (*at).keys };
    assert!(before.iter().any(|k| *k != 0));
    // SAFETY: the value is live and not used as such again.
    unsafe { at.drop_in_place() };
    // SAFETY: an address inside memory that is still ours; nothing is read.
    let keys = unsafe { &raw const (*at).keys };
    // SAFETY: the memory is still ours, and numbers are valid whatever they hold.
    let after = unsafe { keys.read_volatile() };
    assert_eq!(after, [0; 32]);
}

/// Some hypervisors hide GFNI from a processor that executes it. The kernels that are not announced are tried each in
/// a process of its own: either it agrees, or it dies of an illegal instruction.
#[cfg(all(target_arch = "x86_64", unix))]
#[test]
fn hidden_instructions() {
    use crate::x86::{AesNi, Gfni, Vaes};
    use std::os::unix::process::ExitStatusExt;
    const ASSUME: &str = "SM4_SIMD_ASSUME";
    const ILLEGAL_INSTRUCTION: i32 = 4;
    match std::env::var(ASSUME).as_deref() {
        // SAFETY: this process may die of it.
        Ok("Gfni") => agrees(unsafe { Gfni::assume() }),
        // SAFETY: as above.
        Ok("Vaes") => agrees(unsafe { Vaes::assume() }),
        // SAFETY: as above.
        Ok("AesNi") => agrees(unsafe { AesNi::assume() }),
        Ok(other) => panic!("no kernel {other}"),
        Err(_) => {
            for backend in [Backend::Gfni, Backend::Vaes, Backend::AesNi].into_iter().filter(|b| !b.is_available()) {
                let mut child = std::process::Command::new(std::env::current_exe().unwrap());
                child.args(["--exact", "tests::hidden_instructions"]).env(ASSUME, format!("{backend:?}"));
                let status = child.status().unwrap();
                if status.signal() == Some(ILLEGAL_INSTRUCTION) {
                    println!("{backend:?}: NOT TESTED, this processor does not execute it");
                } else {
                    assert!(status.success(), "{backend:?} is executed and wrong: {status}");
                    println!("{backend:?}: not announced, but executed, and right");
                }
            }
        }
    }
}
