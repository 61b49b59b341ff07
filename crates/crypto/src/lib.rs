//! Cipher suites, envelopes, key handles and signed statements.
//!
//! The one place that knows algorithms. It must not know what is hashed, signed or sealed: no domain type,
//! no path of the deployment, no clock.
//!
//! Two suites: `gm` (SM2, SM3, SM4: GB/T 32918, 32905, 32907), the default, and `intl` (Ed25519, SHA-256, AES-256).
//! One suite per deployment, never per field.

mod canonical;
mod error;
mod hash;
mod random;
mod sign;

pub use canonical::{canonical, digest_of, from_canonical, signing_bytes};
pub use error::CryptoError;
pub use hash::{Hash, HashAlg, Hasher, Suite};
pub use random::{random, random_hex};
pub use sign::{PublicKey, SM2_ID, SigningKey, signature_bytes};
pub use zeroize::Zeroizing;
