//! What all vector kernels have in common, written once for any register.

/// Makes a kernel `$name` out of six functions that stand beside the call, all with the same target features:
/// `load` and `store` (between `$lanes` blocks and four registers, one for each word, in the kernel's basis), `splat`
/// (a round key), `xor`, and `t` (of a sum and a round key: the S-box and the linear layer).
///
/// Four groups of blocks run side by side, since one group alone would wait for its own instructions.
macro_rules! kernel {
    ($name:ident, $features:literal, $register:ty, $lanes:literal, $wide:ty, $basis:expr, $detected:expr) => {
        /// Blocks of one register's worth of words.
        type Group = [$crate::backend::Block; $lanes];

        /// The kernel; only `detect` makes one.
        #[derive(Clone, Copy)]
        pub(crate) struct $name(());

        impl $name {
            /// The kernel, if the processor has its instructions.
            pub(crate) fn detect() -> Option<Self> {
                if $detected { Some(Self(())) } else { None }
            }

            /// The kernel, whatever the processor says.
            ///
            /// # Safety
            /// The processor executes the instructions.
            #[cfg(test)]
            pub(crate) unsafe fn assume() -> Self {
                Self(())
            }
        }

        impl $crate::backend::Kernel for $name {
            type Wide = $wide;

            fn round_keys(self, keys: [u32; 32]) -> $crate::backend::RoundKeys {
                keys.map(|k| $basis.round_key(u32::from_le_bytes(k.to_be_bytes())))
            }

            fn crypt<const DECRYPT: bool>(
                self,
                keys: &$crate::backend::RoundKeys,
                blocks: &mut [$crate::backend::Block],
            ) {
                const GROUPS: usize = 4;
                let (wide, rest) = blocks.as_chunks_mut::<{ $lanes * GROUPS }>();
                for blocks in wide {
                    let (groups, _) = blocks.as_chunks_mut::<$lanes>();
                    // SAFETY: a value of this type exists only where the instructions were detected.
                    unsafe { rounds::<GROUPS, DECRYPT>(keys, groups) };
                }
                if rest.is_empty() {
                    return;
                }
                let mut padded = [[[0; 16]; $lanes]; GROUPS];
                padded.as_flattened_mut()[..rest.len()].copy_from_slice(rest);
                if rest.len() <= $lanes {
                    // SAFETY: as above.
                    unsafe { rounds::<1, DECRYPT>(keys, &mut padded) };
                } else {
                    // SAFETY: as above.
                    unsafe { rounds::<GROUPS, DECRYPT>(keys, &mut padded) };
                }
                rest.copy_from_slice(&padded.as_flattened()[..rest.len()]);
            }
        }

        /// Carries the first `GROUPS` groups through all rounds.
        #[target_feature(enable = $features)]
        fn rounds<const GROUPS: usize, const DECRYPT: bool>(keys: &$crate::backend::RoundKeys, groups: &mut [Group]) {
            let mut x: [[$register; 4]; GROUPS] = [[splat(0); 4]; GROUPS];
            for (x, group) in x.iter_mut().zip(groups.iter()) {
                *x = load(group);
            }
            for i in 0..8 {
                let four = if DECRYPT {
                    [31, 30, 29, 28].map(|n| keys[n - 4 * i])
                } else {
                    [0, 1, 2, 3].map(|n| keys[n + 4 * i])
                };
                let key = [splat(four[0]), splat(four[1]), splat(four[2]), splat(four[3])];
                let mut shared = [splat(0); GROUPS];
                for (x, shared) in x.iter_mut().zip(&mut shared) {
                    *shared = xor(x[2], x[3]);
                    x[0] = xor(x[0], t(xor(*shared, x[1]), key[0]));
                }
                for (x, shared) in x.iter_mut().zip(&shared) {
                    x[1] = xor(x[1], t(xor(*shared, x[0]), key[1]));
                }
                for (x, shared) in x.iter_mut().zip(&mut shared) {
                    *shared = xor(x[0], x[1]);
                    x[2] = xor(x[2], t(xor(*shared, x[3]), key[2]));
                }
                for (x, shared) in x.iter_mut().zip(&shared) {
                    x[3] = xor(x[3], t(xor(*shared, x[2]), key[3]));
                }
            }
            for (x, group) in x.iter().zip(groups) {
                store([x[3], x[2], x[1], x[0]], group);
            }
        }
    };
}
pub(crate) use kernel;
