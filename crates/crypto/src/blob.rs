//! A small secret sealed in one piece: a wrapped data key, a key-encryption key, a person's key.
//!
//! `version 1 ‖ suite ‖ salt 24 ‖ commitment 32 ‖ ciphertext and tag`, under a key derived for this one blob from the
//! label, the salt and the bound parts.

use crate::aead::{Aead, TAG, push_part};
use crate::envelope::suite_byte;
use crate::{CryptoError, Suite, random};
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const SALT: usize = 24;
const HEAD: usize = 2 + SALT + 32;

/// Seals `plain` under `key`; opens only with the same label and the same bound parts.
pub(crate) fn seal(
    suite: Suite,
    key: &[u8; 32],
    label: &str,
    bound: &[&[u8]],
    plain: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let salt = random::<SALT>()?;
    let aead = derive(suite, key, label, &salt, bound)?;
    let mut body = Vec::with_capacity(plain.len() + TAG);
    body.extend(plain);
    aead.seal(0, &mut body)?;
    let mut out = vec![VERSION, suite_byte(suite)];
    out.extend(salt);
    out.extend(aead.commitment());
    out.extend(body);
    Ok(out)
}

/// Opens what `seal` made.
pub(crate) fn open(
    suite: Suite,
    key: &[u8; 32],
    label: &str,
    bound: &[&[u8]],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let (head, body) = sealed.split_at_checked(HEAD).ok_or(CryptoError::Truncated)?;
    let (lead, rest) = head.split_at_checked(2).ok_or(CryptoError::Truncated)?;
    let (salt, commitment) = rest.split_at_checked(SALT).ok_or(CryptoError::Truncated)?;
    if lead != [VERSION, suite_byte(suite)] {
        return Err(CryptoError::UnknownVersion("a sealed key"));
    }
    let aead = derive(suite, key, label, salt, bound)?;
    aead.check_commitment(commitment)?;
    let mut plain = Zeroizing::new(body.to_vec());
    aead.open(0, &mut plain)?;
    Ok(plain)
}

fn derive(suite: Suite, key: &[u8; 32], label: &str, salt: &[u8], bound: &[&[u8]]) -> Result<Aead, CryptoError> {
    let mut info = b"yunyu/blob/v1\n".to_vec();
    push_part(&mut info, label.as_bytes());
    push_part(&mut info, suite.name().as_bytes());
    push_part(&mut info, salt);
    for part in bound {
        push_part(&mut info, part);
    }
    Aead::derive(suite, key, &info)
}
