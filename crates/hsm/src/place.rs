//! Where a deployment's zone keeps its keys, as one line of text: `file`, `pkcs11:MODULE?token=LABEL[&pin-file=FILE]`,
//! or `sdf:LIBRARY?kek=INDEX`.

use crypto::Suite;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// A place for keys. Fixed when a zone is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyPlace {
    /// Files sealed under a master key file.
    File,
    /// A PKCS#11 token.
    Pkcs11 {
        /// The vendor's library.
        module: PathBuf,
        /// Label of the token.
        token: String,
        /// File that holds the user PIN, if it does not come in the environment.
        pin_file: Option<PathBuf>,
    },
    /// An SDF device. The standard asks for no PIN where key-encryption keys are used.
    Sdf {
        /// The vendor's library.
        library: PathBuf,
        /// Index of the device's key-encryption key, which its keeper made.
        kek: u32,
    },
}

/// The text names no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadPlace;

impl KeyPlace {
    /// The one suite that it serves, where it does not serve both.
    #[must_use]
    pub fn suite(&self) -> Option<Suite> {
        match self {
            Self::File => None,
            // PKCS#11 knows no SM4 of its own; vendors' mechanisms differ from one another.
            Self::Pkcs11 { .. } => Some(Suite::Intl),
            Self::Sdf { .. } => Some(Suite::Gm),
        }
    }

    /// File that holds the PIN.
    #[must_use]
    pub fn pin_file(&self) -> Option<&Path> {
        match self {
            Self::File | Self::Sdf { .. } => None,
            Self::Pkcs11 { pin_file, .. } => pin_file.as_deref(),
        }
    }

    /// Whether a PIN is needed.
    #[must_use]
    pub fn wants_pin(&self) -> bool {
        matches!(self, Self::Pkcs11 { .. })
    }
}

impl FromStr for KeyPlace {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        if text == "file" {
            return Ok(Self::File);
        }
        let (kind, rest) = text.split_once(':').ok_or(BadPlace)?;
        let (library, query) = rest.split_once('?').ok_or(BadPlace)?;
        let library = absolute(library)?;
        let (mut subject, mut pin_file) = (None, None);
        let wanted = match kind {
            "pkcs11" => "token",
            "sdf" => "kek",
            _ => return Err(BadPlace),
        };
        for part in query.split('&') {
            match part.split_once('=').ok_or(BadPlace)? {
                (key, value) if key == wanted && subject.is_none() => subject = Some(value),
                ("pin-file", value) if kind == "pkcs11" && pin_file.is_none() => pin_file = Some(absolute(value)?),
                _ => return Err(BadPlace),
            }
        }
        let subject = subject.filter(|s| !s.is_empty()).ok_or(BadPlace)?;
        if kind == "pkcs11" {
            return Ok(Self::Pkcs11 { module: library, token: subject.to_owned(), pin_file });
        }
        let kek = subject.parse().ok().filter(|n: &u32| n.to_string() == subject).ok_or(BadPlace)?;
        Ok(Self::Sdf { library, kek })
    }
}

/// A path that means the same in every working folder.
fn absolute(text: &str) -> Result<PathBuf, BadPlace> {
    let path = PathBuf::from(text);
    let plain = !text.contains(['?', '&']) && !text.chars().any(char::is_control);
    if path.is_absolute() && plain { Ok(path) } else { Err(BadPlace) }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file")?,
            Self::Pkcs11 { module, token, .. } => write!(f, "pkcs11:{}?token={token}", module.display())?,
            Self::Sdf { library, kek } => write!(f, "sdf:{}?kek={kek}", library.display())?,
        }
        self.pin_file().map_or(Ok(()), |file| write!(f, "&pin-file={}", file.display()))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn places_have_one_text() {
        for good in [
            "file",
            "pkcs11:/lib/p.so?token=zone a",
            "pkcs11:/lib/p.so?token=z&pin-file=/run/pin",
            "sdf:/lib/s.so?kek=1",
        ] {
            assert_eq!(good.parse::<KeyPlace>().unwrap().to_string(), good);
        }
        for bad in [
            "",
            "File",
            "pkcs11:/lib/p.so",
            "pkcs11:p.so?token=z",
            "pkcs11:/lib/p.so?token=",
            "pkcs11:/lib/p.so?token=a&token=b",
            "pkcs11:/lib/p.so?token=a&pin=1234",
            "pkcs11:/lib/p.so?token=a&pin-file=pin",
            "hsm:/lib/p.so?token=a",
            "sdf:/lib/s.so?kek=01",
            "sdf:/lib/s.so?kek=x",
            "sdf:/lib/s.so?kek=1&pin-file=/run/pin",
        ] {
            assert_eq!(bad.parse::<KeyPlace>(), Err(BadPlace), "{bad}");
        }
    }
}
