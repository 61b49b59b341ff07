//! Stored passwords: Argon2id (RFC 9106), then the suite's HMAC under a pepper that is not in the database.
//! A stolen table of accounts can therefore not be searched without the pepper, and the last step is an approved one.

use crate::{CryptoError, Suite, random};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Longest passphrase or password, in bytes: work on attackers' input stays bounded.
const MAX_SECRET: usize = 1024;

/// Refuses secrets that are empty or too long to be meant.
pub(crate) fn check_secret(secret: &str) -> Result<(), CryptoError> {
    if secret.is_empty() || secret.len() > MAX_SECRET { Err(CryptoError::UnusablePassphrase) } else { Ok(()) }
}

/// Argon2id cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Memory in KiB.
    pub(crate) m_kib: u32,
    /// Passes.
    pub(crate) t: u32,
    /// Lanes.
    pub(crate) p: u32,
}

impl Cost {
    /// For logins: OWASP's first choice, 19 MiB and two passes.
    const LOGIN: Self = Self { m_kib: 19_456, t: 2, p: 1 };
    /// For key files, which an attacker can try offline: 64 MiB and three passes.
    pub(crate) const KEY_FILE: Self = Self { m_kib: 65_536, t: 3, p: 1 };

    /// Stretches a secret to 32 bytes. A stored cost beyond 1 GiB, 16 passes or 16 lanes is refused: a changed file
    /// must not exhaust the machine.
    pub(crate) fn stretch(self, secret: &[u8], salt: &[u8]) -> Result<Zeroizing<[u8; 32]>, CryptoError> {
        let bad = |_| CryptoError::Malformed("Argon2 parameters");
        if self.m_kib > 1 << 20 || self.t > 16 || self.p > 16 {
            return Err(CryptoError::Malformed("Argon2 parameters"));
        }
        let params = Params::new(self.m_kib, self.t, self.p, Some(32)).map_err(bad)?;
        let mut out = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(secret, salt, out.as_mut())
            .map_err(bad)?;
        Ok(out)
    }
}

/// Hashes and checks passwords under one suite and one pepper.
pub struct Password {
    suite: Suite,
    pepper: Zeroizing<[u8; 32]>,
}

impl Password {
    /// With the deployment's pepper (keep it beside the keys, never in the database).
    #[must_use]
    pub fn new(suite: Suite, pepper: Zeroizing<[u8; 32]>) -> Self {
        Self { suite, pepper }
    }

    /// Hash to store: `$argon2id-hmac-<sm3|sha256>$v=19$m=…,t=…,p=…$<salt>$<mac>`.
    ///
    /// # Errors
    /// Empty or longer than 1024 bytes; no random bytes.
    pub fn hash_password(&self, password: &str) -> Result<String, CryptoError> {
        check_secret(password)?;
        let (cost, salt) = (Cost::LOGIN, random::<16>()?);
        let mac = self.mac(cost, &salt, password)?;
        let Cost { m_kib, t, p } = cost;
        let (salt, mac) = (BASE64.encode(salt), BASE64.encode(mac));
        Ok(format!("{}$v=19$m={m_kib},t={t},p={p}${salt}${mac}", self.scheme()))
    }

    /// Whether the password is the stored one; compared in constant time.
    ///
    /// # Errors
    /// The stored text is not one of ours, or of another suite.
    pub fn verify(&self, password: &str, stored: &str) -> Result<bool, CryptoError> {
        let (cost, salt, mac) = self.parse(stored).ok_or(CryptoError::Malformed("stored password"))?;
        if check_secret(password).is_err() {
            return Ok(false);
        }
        Ok(bool::from(self.mac(cost, &salt, password)?.ct_eq(&mac)))
    }

    /// Does the work of `verify` for an account that does not exist, so that the time does not tell.
    pub fn verify_nobody(&self, password: &str) {
        if check_secret(password).is_ok() {
            // The result is thrown away on purpose.
            let _ = self.mac(Cost::LOGIN, &[0; 16], password);
        }
    }

    fn scheme(&self) -> String {
        format!("$argon2id-hmac-{}", self.suite.hash_alg().name())
    }

    fn mac(&self, cost: Cost, salt: &[u8], password: &str) -> Result<[u8; 32], CryptoError> {
        let stretched = cost.stretch(password.as_bytes(), salt)?;
        Ok(self.suite.mac(self.pepper.as_ref(), stretched.as_ref()))
    }

    fn parse(&self, stored: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
        let rest = stored.strip_prefix(&self.scheme())?.strip_prefix("$v=19$")?;
        let mut parts = rest.split('$');
        let (cost, salt, mac) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() {
            return None;
        }
        let mut numbers = cost.split(',');
        let mut number = |name: &str| numbers.next()?.strip_prefix(name)?.parse::<u32>().ok();
        let cost = Cost { m_kib: number("m=")?, t: number("t=")?, p: number("p=")? };
        Some((cost, BASE64.decode(salt).ok()?, BASE64.decode(mac).ok()?))
    }
}
