//! The folder of a witness: its key, its trust file, its memory.

use super::input;
use crate::wiring::CliError;
use ::audit::{LogError, Trust, Witness, WitnessKey};
use crypto::SigningKey;
use std::path::{Path, PathBuf};

/// Environment variable with the passphrase of the witness's key file.
pub const WITNESS_VAR: &str = "YUNYU_WITNESS_PASSPHRASE";
pub(super) const KEY: &str = "witness.key.json";
pub(super) const PUBLIC: &str = "witness.pub";
pub(super) const TRUST: &str = "trust.json";

/// A witness's folder, read.
pub(super) struct Home {
    /// Where it lies.
    pub dir: PathBuf,
    /// The trust file it was made with.
    pub trust: Trust,
    /// Its public key.
    pub key: WitnessKey,
}

impl Home {
    pub fn open(dir: &Path) -> Result<Self, CliError> {
        let dir = input::folder(dir)?;
        let trust = input::trust(Some(&dir.join(TRUST)))?.ok_or_else(|| CliError::bug("no trust file"))?;
        let key = input::witness_key(&dir.join(PUBLIC))?;
        Ok(Self { dir, trust, key })
    }

    /// What it has seen.
    pub fn memory(&self) -> Result<Witness, CliError> {
        let dir = self.dir.join("seen");
        Witness::open(&dir, self.trust.clone(), self.key.clone()).map_err(|e| in_use(&dir, &e))
    }

    /// Its signing key, under the passphrase.
    pub fn signer(&self) -> Result<SigningKey, CliError> {
        let bad = || {
            CliError::usage(
                WITNESS_VAR,
                "见证方的密钥文件或口令不对。",
                "The witness's key file or its passphrase is wrong.",
            )
        };
        let file: crypto::KeyFile = serde_json::from_slice(&input::bytes(&self.dir.join(KEY))?).map_err(|_| bad())?;
        let signer = file.open(passphrase()?.trim()).map_err(|_| bad())?;
        if signer.public() == *self.key.public() { Ok(signer) } else { Err(bad()) }
    }
}

/// Its memory, or what it received, cannot be used.
pub(super) fn in_use(dir: &Path, e: &LogError) -> CliError {
    let lost = matches!(e, LogError::Malformed { what: "witness memory", .. });
    let mend = match lost {
        true => [
            "记忆丢失或损坏的见证方不再签名，请另建见证方。",
            " One that has lost its memory signs no more: make another witness.",
        ],
        false => ["", ""],
    };
    CliError::usage(
        &dir.display().to_string(),
        format!("见证方的目录不可用：{}。{}", e.zh(), mend[0]),
        format!("The witness's folder cannot be used: {e}.{}", mend[1]),
    )
}

/// From the environment or standard input: never from an argument.
pub(super) fn passphrase() -> Result<zeroize::Zeroizing<String>, CliError> {
    match std::env::var(WITNESS_VAR) {
        Ok(pass) => Ok(zeroize::Zeroizing::new(pass)),
        Err(_) => Ok(zeroize::Zeroizing::new(std::io::read_to_string(std::io::stdin().lock())?)),
    }
}
