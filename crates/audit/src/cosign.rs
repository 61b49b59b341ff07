//! Cosignatures: a witness says that it saw a checkpoint at a time, and that the checkpoint extends all that it saw of
//! that log before. The form is that of C2SP tlog-cosignature; SM2 has a line of its own, as on checkpoints.

use crate::LogError;
use crate::checkpoint::{Checkpoint, LogSigner, note_key_hash, verify_raw};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{PublicKey, Suite};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::str::FromStr;

/// Signature type of C2SP Ed25519 cosignatures.
const ED25519_COSIGNATURE: &[u8] = b"\x04";
/// Signature type of SM2 cosignatures; C2SP leaves 0xff with a long name to others.
const SM2_COSIGNATURE: &[u8] = b"\xffyunyu/sm2-with-sm3-cosignature";
/// Most lines under a checkpoint's own signature.
const MOST: usize = 64;

fn kind(suite: Suite) -> &'static [u8] {
    match suite {
        Suite::Gm => SM2_COSIGNATURE,
        Suite::Intl => ED25519_COSIGNATURE,
    }
}

fn bad(why: &'static str) -> LogError {
    LogError::malformed("cosignature", why)
}

/// Is it a witness's name: 1 to 64 of `a-z 0-9 . -`, beginning with a letter? Safe as a file's name.
#[must_use]
pub fn is_witness_name(name: &str) -> bool {
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(fine) && name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// A witness's public key with its name. As text a C2SP verifier key:
/// `<name>+<key hash, 8 hex digits>+<base64 of signature type and key>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    public: PublicKey,
}

impl WitnessKey {
    /// A name and a key.
    ///
    /// # Errors
    /// The name is not one ([`is_witness_name`]).
    pub fn new(name: &str, public: PublicKey) -> Result<Self, LogError> {
        if is_witness_name(name) {
            Ok(Self { name: name.to_owned(), public })
        } else {
            Err(bad("not a witness's name"))
        }
    }

    /// The name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    #[must_use]
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    fn hash(&self) -> u32 {
        note_key_hash(&self.name, kind(self.public.suite()), &self.public)
    }
}

impl fmt::Display for WitnessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [kind(self.public.suite()), self.public.as_bytes()].concat();
        write!(f, "{}+{:08x}+{}", self.name, self.hash(), BASE64.encode(key))
    }
}

impl FromStr for WitnessKey {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let mut parts = text.splitn(3, '+');
        let (name, hash, key) = (parts.next(), parts.next(), parts.next());
        let (Some(name), Some(hash), Some(key)) = (name, hash, key) else { return Err(bad("not a witness's key")) };
        let bytes = BASE64.decode(key).map_err(|_| bad("not a witness's key"))?;
        let read = |suite: Suite, word: &str| -> Option<PublicKey> {
            let raw = bytes.strip_prefix(kind(suite))?;
            format!("{word}:{}", BASE64.encode(raw)).parse().ok()
        };
        let public = read(Suite::Intl, "ed25519").or_else(|| read(Suite::Gm, "sm2"));
        let key = Self::new(name, public.ok_or_else(|| bad("not a witness's key"))?)?;
        if key.to_string() == text && format!("{:08x}", key.hash()) == hash { Ok(key) } else { Err(bad("key hash")) }
    }
}

impl Serialize for WitnessKey {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WitnessKey {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// One line under a checkpoint. A line of an unknown kind is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosignature {
    /// Who it says it is of.
    pub name: String,
    blob: Vec<u8>,
}

impl Cosignature {
    /// Signs a checkpoint as seen at `time`, in seconds since 1970.
    ///
    /// # Errors
    /// The key does not sign.
    pub fn make(
        checkpoint: &Checkpoint,
        key: &WitnessKey,
        signer: &dyn LogSigner,
        time: u64,
    ) -> Result<Self, LogError> {
        let signature = crypto::signature_bytes(&signer.sign(message(checkpoint, time).as_bytes())?)?;
        let blob = [&key.hash().to_be_bytes()[..], &time.to_be_bytes(), &signature].concat();
        let made = Self { name: key.name.clone(), blob };
        match made.verify(checkpoint, key)? {
            Some(_) => Ok(made),
            None => Err(bad("the signing key is not the witness's")),
        }
    }

    /// When the witness saw the checkpoint, in seconds since 1970, if the line is of this witness; `None` if it is
    /// another's.
    ///
    /// # Errors
    /// It names this witness's key, and the signature does not hold.
    pub fn verify(&self, checkpoint: &Checkpoint, key: &WitnessKey) -> Result<Option<u64>, LogError> {
        let Some((hash, rest)) = self.blob.split_first_chunk::<4>() else { return Ok(None) };
        if self.name != key.name || u32::from_be_bytes(*hash) != key.hash() {
            return Ok(None);
        }
        let (time, raw) = rest.split_first_chunk::<8>().ok_or_else(|| bad("too short"))?;
        let raw: &[u8; 64] = raw.try_into().map_err(|_| bad("not 64 bytes"))?;
        let time = u64::from_be_bytes(*time);
        verify_raw(&key.public, message(checkpoint, time).as_bytes(), raw)?;
        Ok(Some(time))
    }

    /// Its line.
    #[must_use]
    pub fn line(&self) -> String {
        format!("— {} {}\n", self.name, BASE64.encode(&self.blob))
    }

    fn parse(line: &str) -> Result<Self, LogError> {
        let (name, blob) = line.strip_prefix("— ").and_then(|l| l.split_once(' ')).ok_or_else(|| bad("not a line"))?;
        let blob = BASE64.decode(blob).map_err(|_| bad("not base64"))?;
        Ok(Self { name: name.to_owned(), blob })
    }
}

/// What a witness signs.
fn message(checkpoint: &Checkpoint, time: u64) -> String {
    format!("cosignature/v1\ntime {time}\n{}", checkpoint.text())
}

/// A signed checkpoint with cosignatures under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// The checkpoint, with the log's own signature.
    pub checkpoint: Checkpoint,
    /// Cosignatures, in the order they stand in.
    pub lines: Vec<Cosignature>,
}

impl Cosigned {
    /// Reads a note; only its one encoding is accepted.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        let (checkpoint, more) = Checkpoint::parse_with_more(bytes)?;
        let lines = more.lines().map(Cosignature::parse).collect::<Result<Vec<_>, _>>()?;
        let out = Self { checkpoint, lines };
        if out.lines.len() <= MOST && out.render().as_bytes() == bytes {
            Ok(out)
        } else {
            Err(bad("not its one encoding"))
        }
    }

    /// The note.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = self.checkpoint.render();
        self.lines.iter().for_each(|l| out += &l.line());
        out
    }
}
