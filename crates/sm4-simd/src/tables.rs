//! The maps of `field` in the forms that vector instructions take. Each is indexed by a register's content inside one
//! instruction; nothing is loaded from an address that depends on data.

use crate::field::{Affine, Linear};

/// A map of bytes as two tables of sixteen: for the low nibble (with the constant) and for the high one.
pub(crate) const fn nibbles(map: &Affine) -> [[u8; 16]; 2] {
    let (mut out, mut i) = ([[0; 16]; 2], 0);
    while i < 16 {
        out[0][i] = map.apply(i as u8);
        out[1][i] = map.linear.apply((i as u8) << 4);
        i += 1;
    }
    out
}

/// The same for a map without constant.
pub(crate) const fn linear_nibbles(map: &Linear) -> [[u8; 16]; 2] {
    nibbles(&Affine { linear: Linear(map.0), constant: 0 })
}

/// A map as a bit matrix in the order of `gf2p8affineqb`: the row of the highest bit first.
#[cfg(target_arch = "x86_64")]
pub(crate) const fn matrix(map: &Linear) -> i64 {
    i64::from_be_bytes(map.rows())
}

/// The shuffle that brings to each byte the byte `distance` places further on in its word.
#[cfg(target_arch = "x86_64")]
pub(crate) const fn turn(distance: usize) -> [u8; 16] {
    let (mut out, mut i) = ([0; 16], 0);
    while i < 16 {
        out[i] = (i / 4 * 4 + (i + distance) % 4) as u8;
        i += 1;
    }
    out
}

/// The same behind an AES instruction, whose ShiftRows it undoes: byte `r` of column `c` is found in column `c - r`.
pub(crate) const fn turn_shifted(distance: usize) -> [u8; 16] {
    let (mut out, mut i) = ([0; 16], 0);
    while i < 16 {
        let row = (i + distance) % 4;
        let column = (i / 4 + 4 - row) % 4;
        out[i] = (4 * column + row) as u8;
        i += 1;
    }
    out
}
