//! Where all constants of the vector code come from, computed at compile time from the definitions of the fields.
//!
//! SM4's S-box is `A(1 / (A(x) + c)) + c`: an affine map, an inversion in GF(2^8) modulo 0x1f5, the same affine map.
//! GB/T 32907 prints it as a table only; a test holds this form against the whole table. Two facts make it fast:
//!
//! - Fields of 256 elements are all alike. An isomorphism φ carries the inversion into a field in which the machine
//!   inverts: that of AES (instructions), or a tower over GF(16) (few logic gates).
//! - The linear layer is `L(b) = b + rot2(b) + rot10(b) + rot18(b) + rot24(b)`, and a rotation by two moves bits only
//!   inside bytes and to the next byte. With `p(b) = b + shl2(b)` and `q(b) = rotl2(b)`, maps of single bytes, byte j
//!   of the result is `p(b_j) + q(b_j-1) + q(b_j-2) + (p + q)(b_j-3)`.
//!
//! So the cipher runs wholly in the basis `x' = φ(A(x))`: blocks are carried into it once, 32 rounds are an inversion,
//! two affine byte maps (`u` and `v`: `p` and `q` after the second half of the S-box, seen from the basis) and three
//! rotations by whole bytes, and blocks are carried back once.

/// The irreducible polynomial of SM4's S-box.
const SM4: u16 = 0x1f5;
/// That of AES, whose inversion x86 and Arm have in hardware.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "of other processors"))]
const AES: u16 = 0x11b;

/// A field of 256 elements.
#[derive(Clone, Copy)]
pub(crate) enum Field {
    /// Polynomials over GF(2) modulo an irreducible one.
    Plain(u16),
    /// GF(16)[s] modulo s² + s + 11, over GF(2)[t] modulo t⁴ + t + 1; the high nibble is the coefficient of s.
    Tower,
}

impl Field {
    pub(crate) const fn mul(self, a: u8, b: u8) -> u8 {
        match self {
            Self::Plain(poly) => reduce(carryless(a, b), poly, 8),
            Self::Tower => {
                let (ah, al, bh, bl) = (a >> 4, a & 15, b >> 4, b & 15);
                let high = mul16(ah, bh);
                let h = high ^ mul16(ah, bl) ^ mul16(al, bh);
                let l = mul16(al, bl) ^ mul16(high, LAMBDA);
                h << 4 | l
            }
        }
    }
}

/// Constant of the tower's upper polynomial. Of all towers this one needs the fewest additions in `u` and `v`.
pub(crate) const LAMBDA: u8 = 11;

/// Multiplication in GF(16).
pub(crate) const fn mul16(a: u8, b: u8) -> u8 {
    reduce(carryless(a, b), 0b1_0011, 4)
}

const fn carryless(a: u8, b: u8) -> u16 {
    let (mut out, mut i) = (0, 0);
    while i < 8 {
        if b >> i & 1 == 1 {
            out ^= (a as u16) << i;
        }
        i += 1;
    }
    out
}

const fn reduce(mut x: u16, poly: u16, degree: u32) -> u8 {
    let mut i = 15;
    while i >= degree {
        if x >> i & 1 == 1 {
            x ^= poly << (i - degree);
        }
        i -= 1;
    }
    x as u8
}

/// A linear map of bytes: the images of the eight bits.
#[derive(Clone, Copy)]
pub(crate) struct Linear(pub(crate) [u8; 8]);

impl Linear {
    pub(crate) const fn apply(&self, x: u8) -> u8 {
        let (mut out, mut i) = (0, 0);
        while i < 8 {
            if x >> i & 1 == 1 {
                out ^= self.0[i];
            }
            i += 1;
        }
        out
    }

    /// This map after `first`.
    const fn after(&self, first: &Self) -> Self {
        let (mut out, mut i) = ([0; 8], 0);
        while i < 8 {
            out[i] = self.apply(first.0[i]);
            i += 1;
        }
        Self(out)
    }

    const fn inverse(&self) -> Self {
        let (mut out, mut x) = ([0; 8], 0);
        while x < 256 {
            let image = self.apply(x as u8);
            if image.is_power_of_two() {
                out[image.trailing_zeros() as usize] = x as u8;
            }
            x += 1;
        }
        Self(out)
    }

    /// Bit `i` of row `r` says whether bit `i` of the input counts for bit `r` of the output.
    pub(crate) const fn rows(&self) -> [u8; 8] {
        let (mut out, mut r) = ([0; 8], 0);
        while r < 8 {
            let mut i = 0;
            while i < 8 {
                out[r] |= (self.0[i] >> r & 1) << i;
                i += 1;
            }
            r += 1;
        }
        out
    }
}

/// A linear map and a constant that is added afterwards.
#[derive(Clone, Copy)]
pub(crate) struct Affine {
    pub(crate) linear: Linear,
    pub(crate) constant: u8,
}

impl Affine {
    pub(crate) const fn apply(&self, x: u8) -> u8 {
        self.linear.apply(x) ^ self.constant
    }

    const fn after(&self, first: &Self) -> Self {
        Self { linear: self.linear.after(&first.linear), constant: self.apply(first.constant) }
    }

    const fn inverse(&self) -> Self {
        let linear = self.linear.inverse();
        Self { linear, constant: linear.apply(self.constant) }
    }
}

/// The affine map at both ends of SM4's S-box.
const SBOX_MAP: Affine = Affine { linear: circulant(0xa7), constant: 0xd3 };

/// The affine map at the end of the AES S-box.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "of other processors"))]
const AES_MAP: Affine = Affine { linear: circulant(0xf1), constant: 0x63 };

/// The map whose row `r` is `row` rotated to the left by `r`.
const fn circulant(row: u8) -> Linear {
    let (mut out, mut r) = ([0; 8], 0);
    while r < 8 {
        let mut i = 0;
        while i < 8 {
            out[i] |= (row.rotate_left(r) >> i & 1) << r;
            i += 1;
        }
        r += 1;
    }
    Linear(out)
}

/// The isomorphism from SM4's field that takes its generator to `root`, if `root` is a root of SM4's polynomial.
const fn isomorphism(field: Field, root: u8) -> Option<Linear> {
    let (mut powers, mut power, mut sum, mut i) = ([0; 8], 1, 0, 0);
    while i <= 8 {
        if SM4 >> i & 1 == 1 {
            sum ^= power;
        }
        if i < 8 {
            powers[i] = power;
        }
        power = field.mul(power, root);
        i += 1;
    }
    if sum == 0 { Some(Linear(powers)) } else { None }
}

/// The basis in which a machine runs the cipher.
#[derive(Clone, Copy)]
pub(crate) struct Basis {
    /// Into the basis.
    pub(crate) into: Linear,
    /// Back from it.
    pub(crate) back: Linear,
    /// Added to every byte of a round key: the constant before the inversion.
    pub(crate) key: u8,
    /// From what the machine's inversion yields to the value of SM4's S-box, outside the basis.
    pub(crate) sbox: Affine,
    /// From what the machine's inversion yields to the addend of the byte itself.
    pub(crate) u: Affine,
    /// The same for the next two bytes; the last byte takes the sum of both.
    pub(crate) v: Affine,
}

impl Basis {
    /// For a machine that gives `output(1 / x)` in `field`.
    const fn new(field: Field, first_root: u8, output: Affine) -> Self {
        let mut root = first_root;
        let phi = loop {
            if let Some(phi) = isomorphism(field, root) {
                break phi;
            }
            root += 1;
        };
        let into = phi.after(&SBOX_MAP.linear);
        let (mut p, mut q, mut i) = ([0; 8], [0; 8], 0);
        while i < 8 {
            p[i] = 1 << i ^ (1u8 << i) << 2;
            q[i] = (1u8 << i).rotate_left(2);
            i += 1;
        }
        let sbox = SBOX_MAP.after(&Affine { linear: phi.inverse(), constant: 0 }).after(&output.inverse());
        let p = Affine { linear: into.after(&Linear(p)), constant: 0 };
        let q = Affine { linear: into.after(&Linear(q)), constant: 0 };
        Self {
            into,
            back: into.inverse(),
            key: phi.apply(SBOX_MAP.constant),
            sbox,
            u: p.after(&sbox),
            v: q.after(&sbox),
        }
    }

    /// Carries the four bytes of a round key, in time that does not depend on them.
    pub(crate) const fn round_key(&self, key: u32) -> u32 {
        let (mut out, mut i) = (self.key as u32 * 0x0101_0101, 0);
        while i < 8 {
            // Four times one bit, times a byte: no product overlaps with its neighbour.
            out ^= (key >> i & 0x0101_0101) * self.into.0[i] as u32;
            i += 1;
        }
        out
    }
}

/// No map.
const NOTHING: Affine = Affine { linear: Linear([1, 2, 4, 8, 16, 32, 64, 128]), constant: 0 };

/// For machines with the AES S-box.
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "of other processors"))]
pub(crate) const BY_AES_SBOX: Basis = Basis::new(Field::Plain(AES), 2, AES_MAP);
/// For machines that invert in the AES field (GFNI).
#[cfg_attr(not(target_arch = "x86_64"), allow(dead_code, reason = "of other processors"))]
pub(crate) const BY_AES_INVERSION: Basis = Basis::new(Field::Plain(AES), 2, NOTHING);
/// For machines with nothing but logic. The root is the one that makes `u` and `v` cheapest.
pub(crate) const BY_TOWER: Basis = Basis::new(Field::Tower, 252, NOTHING);

/// The linear part of the norm from the tower to GF(16), `l² + 11 h²`; the product `h l` comes to it.
pub(crate) const TOWER_NORM: Linear = {
    let (mut out, mut i) = ([0; 8], 0);
    while i < 4 {
        let square = mul16(1 << i, 1 << i);
        out[i] = square;
        out[i + 4] = mul16(LAMBDA, square);
        i += 1;
    }
    Linear(out)
};
