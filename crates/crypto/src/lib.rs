//! Cipher suites, envelopes, key handles and signed statements.
//!
//! The one place that knows algorithms. It must not know what is hashed, signed or sealed: no domain type,
//! no path of the deployment, no clock.
//!
//! Two suites: `gm` (SM2, SM3, SM4: GB/T 32918, 32905, 32907), the default, and `intl` (Ed25519, SHA-256, AES-256).
//! One suite per deployment, never per field.

mod aead;
mod blob;
mod bulk;
mod canonical;
mod device;
mod envelope;
mod error;
mod handed;
mod hash;
mod keyfile;
mod keyring;
mod passring;
mod password;
mod provider;
mod random;
mod ring;
mod scratch;
mod selftest;
mod sign;
mod two;
mod vault;

pub use bulk::{BulkGcm, BulkModule, bulk_module, use_bulk_module};
pub use canonical::{canonical, digest_of, from_canonical, signing_bytes};
pub use device::DeviceFault;
pub use envelope::{
    CHUNK, Context, Fetch, Header, MAX_HEADER, Opened, SEALED_CHUNK, SealReader, SealStream, SealWriter, mask_header,
    open_file, open_header, open_object, rewrap_header, seal_object, seal_writer,
};
pub use error::CryptoError;
pub use handed::{HandedKey, HandedKeys};
pub use hash::{Hash, HashAlg, Hasher, Suite};
pub use keyfile::KeyFile;
pub use keyring::{FileKeyProvider, MasterFile};
pub use passring::{PassphraseFile, PassphraseKey};
pub use password::Password;
pub use provider::{DataKey, Keeping, KeyId, KeyInfo, KeyProvider, KeyState, SealingKeys, WrappedKey};
pub use random::{random, random_hex};
pub use ring::{KeyRing, Mask, absent, inventory, keep_sealing_keys, new_sealing_keys};
pub use scratch::Scratch;
pub use selftest::self_test;
pub use sign::{PublicKey, SM2_ID, SigningKey, signature_bytes};
pub use two::TwoPersonFile;
pub use vault::{Shelf, Vault, device_open, device_wrapped, erase_beside, same};
pub use zeroize::Zeroizing;
