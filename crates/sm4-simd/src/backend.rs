//! The kernels and which of them the processor can run.

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
use crate::neon::Neon;
use crate::sliced::Sliced;
#[cfg(target_arch = "x86_64")]
use crate::x86::{AesNi, Gfni, Vaes};
use cipher::array::ArraySize;

pub(crate) type Block = [u8; 16];

/// Round keys in the form that one kernel takes.
pub(crate) type RoundKeys = [u32; 32];

/// Something that runs the rounds. A value of a kernel exists only where its instructions do.
pub(crate) trait Kernel: Copy {
    /// How many blocks it likes to have at once.
    type Wide: ArraySize;

    /// Brings round keys into its form.
    fn round_keys(self, keys: [u32; 32]) -> RoundKeys;

    /// Encrypts or decrypts blocks in place, any number of them.
    fn crypt<const DECRYPT: bool>(self, keys: &RoundKeys, blocks: &mut [Block]);
}

/// A way to compute SM4. None looks anything up at an address that depends on key or data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Backend {
    /// x86-64 with GFNI and AVX2: 32 blocks at once.
    Gfni,
    /// x86-64 with VAES and AVX2: 32 blocks at once.
    Vaes,
    /// x86-64 with AES-NI and AVX: 16 blocks at once.
    AesNi,
    /// aarch64 with the AES extension: 16 blocks at once.
    Neon,
    /// Any processor: bit slices, 16 blocks at once.
    Portable,
}

impl Backend {
    /// All there are, the fastest first.
    pub const ALL: [Self; 5] = [Self::Gfni, Self::Vaes, Self::AesNi, Self::Neon, Self::Portable];

    /// Those that this processor says it has, the fastest first; `Portable` is always among them.
    pub fn available() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(|b| b.is_available())
    }

    /// Whether this processor says it has the instructions.
    #[must_use]
    pub fn is_available(self) -> bool {
        Engine::detect(self).is_some()
    }
}

/// The kernel of a key.
#[derive(Clone, Copy)]
pub(crate) enum Engine {
    #[cfg(target_arch = "x86_64")]
    Gfni(Gfni),
    #[cfg(target_arch = "x86_64")]
    Vaes(Vaes),
    #[cfg(target_arch = "x86_64")]
    AesNi(AesNi),
    #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
    Neon(Neon),
    Sliced(Sliced),
}

impl Engine {
    pub(crate) fn detect(backend: Backend) -> Option<Self> {
        match backend {
            #[cfg(target_arch = "x86_64")]
            Backend::Gfni => Gfni::detect().map(Self::Gfni),
            #[cfg(target_arch = "x86_64")]
            Backend::Vaes => Vaes::detect().map(Self::Vaes),
            #[cfg(target_arch = "x86_64")]
            Backend::AesNi => AesNi::detect().map(Self::AesNi),
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Backend::Neon => Neon::detect().map(Self::Neon),
            Backend::Portable => Some(Self::Sliced(Sliced)),
            // Of other processors.
            _ => None,
        }
    }

    /// The fastest one. What was detected is remembered by the standard library.
    pub(crate) fn best() -> Self {
        Backend::ALL.into_iter().find_map(Self::detect).unwrap_or(Self::Sliced(Sliced))
    }

    pub(crate) fn backend(self) -> Backend {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Gfni(_) => Backend::Gfni,
            #[cfg(target_arch = "x86_64")]
            Self::Vaes(_) => Backend::Vaes,
            #[cfg(target_arch = "x86_64")]
            Self::AesNi(_) => Backend::AesNi,
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            Self::Neon(_) => Backend::Neon,
            Self::Sliced(_) => Backend::Portable,
        }
    }
}

/// Runs an expression with the kernel that an engine holds.
macro_rules! with_kernel {
    ($engine:expr, $kernel:ident => $body:expr) => {
        match $engine {
            #[cfg(target_arch = "x86_64")]
            $crate::backend::Engine::Gfni($kernel) => $body,
            #[cfg(target_arch = "x86_64")]
            $crate::backend::Engine::Vaes($kernel) => $body,
            #[cfg(target_arch = "x86_64")]
            $crate::backend::Engine::AesNi($kernel) => $body,
            #[cfg(all(target_arch = "aarch64", target_endian = "little"))]
            $crate::backend::Engine::Neon($kernel) => $body,
            $crate::backend::Engine::Sliced($kernel) => $body,
        }
    };
}
pub(crate) use with_kernel;
