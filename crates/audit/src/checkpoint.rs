//! Checkpoints: C2SP signed notes over a log's size and both roots, with our extension lines.
//!
//! One encoding: a checkpoint that renders to other bytes than were read is refused. The signature is over the note's
//! text as C2SP has it, so that other tools can check the Ed25519 form.

use crate::LogError;
use crate::merkle::Node;
use crate::trust::ClockKind;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{CryptoError, Hash, HashAlg, PublicKey, SigningKey, Suite};

/// Signature type of SM2 with SM3 in a note's key hash; C2SP leaves 0xff with a long name to others.
const SM2_NOTE: &[u8] = b"\xffyunyu/sm2-with-sm3";
/// Signature type of Ed25519 in a note's key hash.
const ED25519_NOTE: &[u8] = b"\x01";

/// What signs checkpoints.
pub trait LogSigner {
    /// The key.
    fn public(&self) -> PublicKey;
    /// Signs raw bytes; text as `crypto::SigningKey::sign_bytes` gives it.
    ///
    /// # Errors
    /// The key does not sign.
    fn sign(&self, bytes: &[u8]) -> Result<String, CryptoError>;
}

impl LogSigner for SigningKey {
    fn public(&self) -> PublicKey {
        Self::public(self)
    }

    fn sign(&self, bytes: &[u8]) -> Result<String, CryptoError> {
        self.sign_bytes(bytes)
    }
}

/// A checkpoint of the other log that this log has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Origin of the other log.
    pub origin: String,
    /// Its size.
    pub size: u64,
    /// Its SM3 root at that size.
    pub sm3: Node,
}

impl Anchor {
    /// Its line in a checkpoint.
    #[must_use]
    pub fn line(&self) -> String {
        format!("anchor {} {} {}", self.origin, self.size, BASE64.encode(self.sm3))
    }
}

/// Of each log the largest anchor stays, at the same size the one seen first.
pub(crate) fn carry(anchors: &mut Vec<Anchor>, earlier: &[Anchor]) {
    for old in earlier {
        let newer = |a: &Anchor| a.origin == old.origin && a.size > old.size;
        if !anchors.iter().any(newer) {
            anchors.retain(|a| a.origin != old.origin);
            anchors.push(old.clone());
        }
    }
}

/// The extension line that anchors another log's checkpoint.
#[must_use]
pub fn anchor_line(other: &Checkpoint) -> String {
    other.as_anchor().line()
}

/// A checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// `<deployment>/platform` or `<deployment>/zone`.
    pub origin: String,
    /// Number of leaves.
    pub size: u64,
    /// SHA-256 root.
    pub sha256: Node,
    /// SM3 root.
    pub sm3: Node,
    /// Suite of the deployment.
    pub suite: Suite,
    /// Kind of clock.
    pub clock: ClockKind,
    /// When it was signed, in milliseconds since 1970.
    pub time: i64,
    /// Number of the newest key list and the suite's hash of its file, where key lists are published.
    pub keys: Option<(u64, Node)>,
    /// The suite's hash of `deployment.json`, where it lies beside the logs.
    pub deployment: Option<Node>,
    /// Checkpoints of the other log.
    pub anchors: Vec<Anchor>,
    /// Extension lines that this version does not know.
    pub other: Vec<String>,
    /// Short hash of the signing key and the raw signature; empty before it is signed.
    pub signature: Option<(u32, [u8; 64])>,
}

fn bad(why: &'static str) -> LogError {
    LogError::malformed("checkpoint", why)
}

fn node(text: &str) -> Result<Node, LogError> {
    let bytes = BASE64.decode(text).map_err(|_| bad("a root is not base64"))?;
    bytes.try_into().map_err(|_| bad("a root is not 32 bytes"))
}

fn integer<T: std::str::FromStr + ToString>(text: &str) -> Result<T, LogError> {
    let n: T = text.parse().map_err(|_| bad("not a decimal number"))?;
    if n.to_string() == text { Ok(n) } else { Err(bad("not a decimal number")) }
}

impl Checkpoint {
    /// Root under a hash.
    #[must_use]
    pub fn root(&self, alg: HashAlg) -> Node {
        match alg {
            HashAlg::Sm3 => self.sm3,
            HashAlg::Sha256 => self.sha256,
        }
    }

    /// The signed text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut out = format!("{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.sha256));
        out += &format!("sm3 {}\n", BASE64.encode(self.sm3));
        out += &format!("suite {}\nclock {}\ntime {}\n", self.suite.name(), self.clock, self.time);
        if let Some((number, digest)) = &self.keys {
            out += &format!("keys {number} {}\n", BASE64.encode(digest));
        }
        if let Some(digest) = &self.deployment {
            out += &format!("deployment {}\n", BASE64.encode(digest));
        }
        for a in &self.anchors {
            out += &format!("{}\n", a.line());
        }
        for line in &self.other {
            out += &format!("{line}\n");
        }
        out
    }

    /// The whole note.
    #[must_use]
    pub fn render(&self) -> String {
        let mut out = self.text();
        out.push('\n');
        if let Some((key, signature)) = &self.signature {
            let mut blob = key.to_be_bytes().to_vec();
            blob.extend_from_slice(signature);
            out += &format!("— {} {}\n", self.origin, BASE64.encode(blob));
        }
        out
    }

    /// Reads a signed note; only its one encoding is accepted.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        match Self::parse_with_more(bytes)? {
            (out, "") => Ok(out),
            _ => Err(bad("not one signature line")),
        }
    }

    /// Reads a signed note under whose own signature further lines may stand; returns those as they are.
    pub(crate) fn parse_with_more(bytes: &[u8]) -> Result<(Self, &str), LogError> {
        let note = std::str::from_utf8(bytes).map_err(|_| bad("not UTF-8"))?;
        let (text, signatures) = note.split_once("\n\n").ok_or_else(|| bad("no blank line"))?;
        let (own, more) = signatures.split_once('\n').ok_or_else(|| bad("not one signature line"))?;
        let mut out = parse_text(text)?;
        out.signature = Some(parse_signature(own, &out.origin)?);
        if note.strip_prefix(&out.render()) == Some(more) { Ok((out, more)) } else { Err(bad("not its one encoding")) }
    }

    /// Puts a line after the known ones: `anchor …`, or one that this version does not know.
    ///
    /// # Errors
    /// Empty, control characters, a malformed anchor, or a name that has its own place.
    pub fn extend(&mut self, line: &str) -> Result<(), LogError> {
        if line.is_empty() || line.chars().any(char::is_control) {
            return Err(bad("an extension line is empty or holds control characters"));
        }
        match line.split_once(' ').map_or(line, |(name, _)| name) {
            "anchor" => self.anchors.push(parse_anchor(line)?),
            "sm3" | "suite" | "clock" | "time" | "keys" | "deployment" => {
                return Err(bad("an extension line stands in the wrong place"));
            }
            _ => self.other.push(line.to_owned()),
        }
        Ok(())
    }

    /// What another log keeps of it.
    #[must_use]
    pub fn as_anchor(&self) -> Anchor {
        Anchor { origin: self.origin.clone(), size: self.size, sm3: self.sm3 }
    }

    /// Carries anchors of an earlier checkpoint on: of each log the largest stays, at the same size the one seen first.
    pub(crate) fn carry_anchors(&mut self, earlier: &[Anchor]) {
        carry(&mut self.anchors, earlier);
    }

    /// Signs the text.
    ///
    /// # Errors
    /// The key does not sign, or is of another suite.
    pub fn sign(&mut self, signer: &dyn LogSigner) -> Result<(), LogError> {
        let key = signer.public();
        if key.suite() != self.suite {
            return Err(bad("the log key is not of the deployment's suite"));
        }
        let signature = signer.sign(self.text().as_bytes())?;
        self.signature = Some((key_hash(&self.origin, &key), crypto::signature_bytes(&signature)?));
        Ok(())
    }

    /// Was it signed by this key?
    ///
    /// # Errors
    /// No.
    pub fn verify(&self, key: &PublicKey) -> Result<(), CryptoError> {
        let (id, raw) = self.signature.as_ref().ok_or(CryptoError::BadSignature)?;
        if *id != key_hash(&self.origin, key) || key.suite() != self.suite {
            return Err(CryptoError::BadSignature);
        }
        verify_raw(key, self.text().as_bytes(), raw)
    }
}

/// Checks 64 raw bytes of a signature.
pub(crate) fn verify_raw(key: &PublicKey, message: &[u8], raw: &[u8; 64]) -> Result<(), CryptoError> {
    let name = match key.suite() {
        Suite::Gm => "sm2",
        Suite::Intl => "ed25519",
    };
    key.verify_bytes(message, &format!("{name}:{}", BASE64.encode(raw)))
}

/// Key hash of a log's own signature.
fn key_hash(origin: &str, key: &PublicKey) -> u32 {
    let kind = match key.suite() {
        Suite::Gm => SM2_NOTE,
        Suite::Intl => ED25519_NOTE,
    };
    note_key_hash(origin, kind, key)
}

/// First four bytes of SHA-256(name ‖ 0x0a ‖ signature type ‖ key), as C2SP signed-note has it.
pub(crate) fn note_key_hash(name: &str, kind: &[u8], key: &PublicKey) -> u32 {
    let mut h = HashAlg::Sha256.hasher();
    for part in [name.as_bytes(), b"\n", kind, key.as_bytes()] {
        h.update(part);
    }
    let Hash { bytes: [a, b, c, d, ..], .. } = h.finish();
    u32::from_be_bytes([a, b, c, d])
}

fn parse_text(text: &str) -> Result<Checkpoint, LogError> {
    let mut lines = text.split('\n').peekable();
    let mut next = |name: &'static str| -> Result<&str, LogError> {
        let line = lines.next().ok_or_else(|| bad("too few lines"))?;
        if name.is_empty() { Ok(line) } else { line.strip_prefix(name).ok_or_else(|| bad("a line is missing")) }
    };
    let origin = next("")?.to_owned();
    if origin.is_empty() || !origin.bytes().all(|b| b.is_ascii_graphic() && b != b'+') {
        return Err(bad("the origin is not a name"));
    }
    let mut out = Checkpoint {
        origin,
        size: integer(next("")?)?,
        sha256: node(next("")?)?,
        sm3: node(next("sm3 ")?)?,
        suite: next("suite ")?.parse()?,
        clock: next("clock ")?.parse()?,
        time: integer(next("time ")?)?,
        keys: None,
        deployment: None,
        anchors: Vec::new(),
        other: Vec::new(),
        signature: None,
    };
    if let Some(line) = lines.next_if(|l| l.starts_with("keys ")) {
        let mut parts = line.splitn(3, ' ').skip(1);
        let (number, digest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        out.keys = Some((integer(number)?, node(digest)?));
    }
    if let Some(digest) = lines.next_if(|l| l.starts_with("deployment ")).and_then(|l| l.strip_prefix("deployment ")) {
        out.deployment = Some(node(digest)?);
    }
    for line in lines {
        out.extend(line)?;
    }
    Ok(out)
}

pub(crate) fn parse_anchor(line: &str) -> Result<Anchor, LogError> {
    let parts: Vec<&str> = line.split(' ').collect();
    let [_, origin, size, root] = parts.as_slice() else { return Err(bad("an anchor line is malformed")) };
    Ok(Anchor { origin: (*origin).to_owned(), size: integer(size)?, sm3: node(root)? })
}

fn parse_signature(line: &str, origin: &str) -> Result<(u32, [u8; 64]), LogError> {
    let blob = line.strip_prefix("— ").and_then(|l| l.strip_prefix(origin)).and_then(|l| l.strip_prefix(' '));
    let blob = blob.ok_or_else(|| bad("not one signature line"))?;
    let blob = BASE64.decode(blob).map_err(|_| bad("the signature is not base64"))?;
    let (key, signature) = blob.split_first_chunk::<4>().ok_or_else(|| bad("the signature is too short"))?;
    let signature = signature.try_into().map_err(|_| bad("the signature is not 64 bytes"))?;
    Ok((u32::from_be_bytes(*key), signature))
}
