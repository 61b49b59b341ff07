//! What a witness remembers of a log: one file for each, signed with the witness's own key. Whoever can write in its folder
//! cannot make it remember less, nothing, or another log; that a whole older copy was put back it cannot know by itself.

use crate::LogError;
use crate::checkpoint::{Checkpoint, LogSigner};
use crate::files::{Folder, TEMP};
use crate::keys::SignedValue;
use crate::leaf::LogName;
use crypto::PublicKey;
use serde::{Deserialize, Serialize};

/// Signed type of what a witness remembers.
const MEMORY_TYPE: &str = "witness-memory";

/// What is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// Format version, 2.
    v: u32,
    /// Whose log.
    origin: String,
    /// Null as long as it has seen nothing of the log.
    seen: Option<Seen>,
}

/// What was seen last. Size and roots are the note's: there is nothing that could say otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    /// The note, so that a second history can be shown with both signatures.
    note: String,
    keys: Vec<SignedValue>,
}

/// The file. Canonical JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    body: Body,
    key: String,
    signature: String,
}

/// What a witness has seen of a log.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub checkpoint: Checkpoint,
    pub keys: Vec<SignedValue>,
}

fn file(log: LogName) -> String {
    format!("{log}.json")
}

/// What is remembered of a log under this key; `None` where it says that nothing was seen yet.
///
/// # Errors
/// It is missing, or not what this key has signed about this log.
pub(crate) fn read(folder: &Folder, log: LogName, origin: &str, public: &PublicKey) -> Result<Option<Kept>, LogError> {
    let bad = |_| LogError::malformed("witness memory", "not its canonical encoding");
    // Also that nothing was seen stands there: without it the witness has forgotten, and would sign for another history.
    let gone = || LogError::malformed("witness memory", "what it has seen of this log is missing");
    let bytes = folder.read(&file(log))?.ok_or_else(gone)?;
    let entry: Entry = crypto::from_canonical(&bytes).map_err(bad)?;
    let signed = entry.key == public.key_id() && public.verify(MEMORY_TYPE, &entry.body, &entry.signature).is_ok();
    if !signed || entry.body.v != 2 || entry.body.origin != origin {
        return Err(LogError::malformed("witness memory", "not what this witness has signed about this log"));
    }
    let Some(seen) = entry.body.seen else { return Ok(None) };
    let checkpoint = Checkpoint::parse(seen.note.as_bytes())?;
    Ok(Some(Kept { checkpoint, keys: seen.keys }))
}

/// Signs what is remembered of a log from now on, and makes it durable.
///
/// # Errors
/// The key does not sign or is another, or writing failed.
pub(crate) fn write(
    folder: &Folder,
    log: LogName,
    seen: &Kept,
    public: &PublicKey,
    signer: &dyn LogSigner,
) -> Result<(), LogError> {
    let origin = seen.checkpoint.origin.clone();
    let seen = Seen { note: seen.checkpoint.render(), keys: seen.keys.clone() };
    folder.write(&file(log), &signed(Body { v: 2, origin, seen: Some(seen) }, public, signer)?)
}

fn signed(body: Body, public: &PublicKey, signer: &dyn LogSigner) -> Result<Vec<u8>, LogError> {
    let signature = signer.sign(&crypto::signing_bytes(MEMORY_TYPE, &body)?)?;
    // What it could not read itself would be a lost memory.
    public.verify(MEMORY_TYPE, &body, &signature)?;
    Ok(crypto::canonical(&Entry { body, key: public.key_id(), signature })?)
}

/// Signs that nothing was seen yet of any log of a deployment.
///
/// # Errors
/// The folder holds anything but what an earlier beginning left, which may have been stopped before its key was kept; the key
/// does not sign, or writing failed.
pub(crate) fn begin(folder: &Folder, deployment: &str, signer: &dyn LogSigner) -> Result<(), LogError> {
    folder.make()?;
    for name in folder.all()? {
        let log = LogName::ALL.into_iter().find(|l| name == file(*l));
        let left = name == LOCK || LogName::ALL.iter().any(|l| name == format!("{}{TEMP}", file(*l)));
        if !left && !log.map_or(Ok(false), |log| is_unseen(folder, log))? {
            return Err(LogError::malformed("witness memory", "its folder is not empty"));
        }
    }
    let public = signer.public();
    for log in LogName::ALL {
        let body = Body { v: 2, origin: format!("{deployment}/{log}"), seen: None };
        folder.write(&file(log), &signed(body, &public, signer)?)?;
    }
    Ok(())
}

/// The lock's file, which opening a memory makes.
const LOCK: &str = "memory.lock";

/// Does it say that nothing was seen, whoever says so?
fn is_unseen(folder: &Folder, log: LogName) -> Result<bool, LogError> {
    let entry = folder.read(&file(log))?.map(|bytes| crypto::from_canonical::<Entry>(&bytes));
    Ok(entry.is_some_and(|e| e.is_ok_and(|e| e.body.v == 2 && e.body.seen.is_none())))
}
