//! Random bytes of the operating system; there is no other source.

use crate::CryptoError;

/// `N` random bytes.
///
/// # Errors
/// The operating system gave none.
pub fn random<const N: usize>() -> Result<[u8; N], CryptoError> {
    let mut out = [0u8; N];
    getrandom::fill(&mut out).map_err(|_| CryptoError::Random)?;
    Ok(out)
}

/// `n_bytes` random bytes as `2 * n_bytes` lower-case hex digits.
///
/// # Errors
/// The operating system gave none.
pub fn random_hex(n_bytes: usize) -> Result<String, CryptoError> {
    let mut out = vec![0u8; n_bytes];
    getrandom::fill(&mut out).map_err(|_| CryptoError::Random)?;
    Ok(hex::encode(out))
}
