//! Key lists as the verifier sees them: who signs what, from when until when, under the authority root.
//!
//! Beside the logs lie `keys/<number>.json` (signed key lists from 1 on) and `deployment.json` (facts fixed at
//! initialisation, the root's public key among them). What a person's roles allow is not known here.

use crate::files::Folder;
use crate::trust::ClockKind;
use crate::{Failure, LogError};
use crypto::PublicKey;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

/// Signed type of key lists.
pub const KEY_LIST_TYPE: &str = "key-list";
/// Facts of the deployment, beside the logs.
pub(crate) const FACTS_FILE: &str = "deployment.json";
/// Folder of the key lists, beside the logs.
pub(crate) const KEYS: &str = "keys";

/// A signed statement whose body is any JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedValue {
    /// What is signed.
    pub body: Value,
    /// Id of the signing key.
    pub key: String,
    /// Signature.
    pub signature: String,
}

/// One key of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyEntryView {
    /// Key id.
    pub key: String,
    /// The key.
    pub public: PublicKey,
    /// Whose it is: `kind` and what belongs to the kind.
    pub holder: Map<String, Value>,
    /// First instant it may sign, in milliseconds since 1970.
    pub valid_from: i64,
    /// First instant it may no longer sign.
    pub revoked_at: Option<i64>,
}

impl KeyEntryView {
    /// Kind of holder: `person`, `platform`, `zone`, `platform_log`, `zone_log`, `witness`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.member("kind").unwrap_or_default()
    }

    /// A text of the holder, such as `person` or `org`.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&str> {
        self.holder.get(name).and_then(Value::as_str)
    }

    /// May it sign at this instant?
    #[must_use]
    pub fn holds(&self, at: i64) -> bool {
        self.valid_from <= at && self.revoked_at.is_none_or(|r| at < r)
    }
}

/// A key list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyListView {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// Number, from 1.
    pub number: u64,
    /// Kind of clock.
    pub clock: ClockKind,
    /// When the root signed, in milliseconds since 1970.
    pub issued_at: i64,
    /// The keys.
    pub entries: Vec<KeyEntryView>,
}

impl KeyListView {
    /// The entry of a key, if it may sign at `at`.
    #[must_use]
    pub fn valid(&self, key: &str, at: i64) -> Option<&KeyEntryView> {
        self.entries.iter().find(|e| e.key == key && e.holds(at))
    }
}

fn bad(why: &'static str) -> LogError {
    LogError::malformed("key list", why)
}

/// Checks lists from number 1 on: root's signature (where the root is known), no gap, no key dropped or brought back.
/// Returns the newest.
pub(crate) fn check_lists(lists: &[SignedValue], root: Option<&PublicKey>) -> Result<KeyListView, LogError> {
    let mut last: Option<KeyListView> = None;
    for (n, signed) in (1u64..).zip(lists) {
        let list = check_list(signed, root)?;
        if list.number != n {
            return Err(bad("numbers do not run from 1 without a gap"));
        }
        if let Some(before) = &last {
            check_step(before, &list)?;
        }
        last = Some(list);
    }
    last.ok_or_else(|| bad("there is none"))
}

/// The same, for a report: lists that hold under a root of their own are another deployment's, not damaged ones.
pub(crate) fn judge_lists(lists: &[SignedValue], root: Option<&PublicKey>) -> Result<KeyListView, Failure> {
    check_lists(lists, root).map_err(|e| {
        let another = root.is_some_and(|root| lists.iter().all(|l| l.key != root.key_id()));
        if another && check_lists(lists, None).is_ok() {
            let (zh, en) = (
                "密钥清单由另一根密钥签署，不是信任文件的根：请核对信任文件是否属于本部署",
                "the key lists are signed by another root than the trust file's: is it this deployment's trust file?",
            );
            return Failure::new("keys", "other_root", zh, en);
        }
        Failure { file: "keys".to_owned(), ..e.into() }
    })
}

fn check_list(signed: &SignedValue, root: Option<&PublicKey>) -> Result<KeyListView, LogError> {
    if let Some(root) = root {
        let held = root.verify(KEY_LIST_TYPE, &signed.body, &signed.signature);
        if signed.key != root.key_id() || held.is_err() {
            return Err(bad("the root's signature does not hold"));
        }
    }
    let list: KeyListView = serde_json::from_value(signed.body.clone()).map_err(|_| bad("not a key list"))?;
    let again = serde_json::to_value(&list).map_err(|_| bad("not a key list"))?;
    if again != signed.body || list.v != 1 {
        return Err(bad("not a key list of version 1"));
    }
    let suite = root.or(list.entries.first().map(|e| &e.public)).map(PublicKey::suite);
    for (i, e) in list.entries.iter().enumerate() {
        if e.key != e.public.key_id() || Some(e.public.suite()) != suite || e.kind().is_empty() {
            return Err(bad("an entry names another key, suite or no holder"));
        }
        if list.entries.iter().take(i).any(|other| other.key == e.key) {
            return Err(bad("a key stands in it twice"));
        }
    }
    Ok(list)
}

fn check_step(before: &KeyListView, after: &KeyListView) -> Result<(), LogError> {
    if (&before.deployment, before.clock) != (&after.deployment, after.clock) || before.issued_at > after.issued_at {
        return Err(bad("a later list is another deployment's or earlier in time"));
    }
    for old in &before.entries {
        let new = after.entries.iter().find(|e| e.key == old.key).ok_or_else(|| bad("a later list drops a key"))?;
        let revived = old.revoked_at.is_some() && new.revoked_at != old.revoked_at;
        if revived || new.valid_from != old.valid_from || new.kind() != old.kind() {
            return Err(bad("a later list changes a key's holder or its time"));
        }
    }
    Ok(())
}

/// Publishes a signed key list beside the logs in `log_dir` (`DATA/log`) as `keys/<number>.json`. Publishing the same
/// list again changes nothing.
///
/// # Errors
/// The root's signature or the list's form does not hold, it does not follow the lists that are there, or writing
/// failed.
pub fn publish_key_list<T: Serialize>(log_dir: &Path, root: &PublicKey, list: &T) -> Result<(), LogError> {
    let bytes = crypto::canonical(list)?;
    let signed: SignedValue = crypto::from_canonical(&bytes).map_err(|_| bad("not a signed statement"))?;
    let number = check_list(&signed, Some(root))?.number;
    let folder = Folder::new(&log_dir.join("keys"));
    folder.make()?;
    folder.sweep(|_| Vec::new())?;
    let file = format!("{number}.json");
    if folder.read(&file)?.is_some_and(|there| there != bytes) {
        return Err(bad("another list of this number is published"));
    }
    let mut lists = Vec::new();
    for n in 1..number {
        lists.push(read_list(&folder, n)?);
    }
    lists.push(signed);
    check_lists(&lists, Some(root))?;
    folder.write(&file, &bytes)
}

fn read_list(folder: &Folder, number: u64) -> Result<SignedValue, LogError> {
    let file = format!("{number}.json");
    let bytes = folder.read(&file)?.ok_or_else(|| LogError::corrupt(format!("keys/{file}"), "missing"))?;
    let signed = crypto::from_canonical(&bytes);
    signed.map_err(|_| LogError::corrupt(format!("keys/{file}"), "not its canonical encoding"))
}

/// Reads the key lists beside the logs in `log_dir`. Unchecked.
///
/// # Errors
/// One is missing, or a file in the folder is no key list.
pub fn read_key_lists(log_dir: &Path) -> Result<Vec<SignedValue>, LogError> {
    let folder = Folder::new(&log_dir.join("keys"));
    let names = folder.names("")?;
    let mut lists = Vec::new();
    for number in 1..=names.len() as u64 {
        if let Some(stray) = names.iter().find(|n| !is_list_of(n, names.len())) {
            return Err(LogError::corrupt(format!("keys/{stray}"), "a file that does not belong here"));
        }
        lists.push(read_list(&folder, number)?);
    }
    Ok(lists)
}

fn is_list_of(name: &str, count: usize) -> bool {
    let number = name.strip_suffix(".json").and_then(|n| n.parse::<usize>().ok());
    number.is_some_and(|n| (1..=count).contains(&n) && name == format!("{n}.json"))
}

/// Number and bytes of the newest published list, if there is one.
pub(crate) fn newest_key_list(log_dir: &Folder) -> Result<Option<(u64, Vec<u8>)>, LogError> {
    let names = log_dir.names("keys")?;
    // Without a gap from 1 on: a stray name stops nobody, and the verifier tells it.
    let newest = (1..=names.len() as u64).take_while(|n| names.contains(&format!("{n}.json"))).last();
    let Some(number) = newest else { return Ok(None) };
    let bytes = log_dir.read(&format!("keys/{number}.json"))?;
    Ok(bytes.map(|b| (number, b)))
}

/// A list as it lies there is one, has the number of its file, and is the root's.
pub(crate) fn judge_newest(number: u64, bytes: &[u8], root: &PublicKey) -> Result<(), LogError> {
    let not = |what| LogError::corrupt(format!("keys/{number}.json"), what);
    let signed: SignedValue = crypto::from_canonical(bytes).map_err(|_| not("not its canonical encoding"))?;
    let list = check_list(&signed, Some(root)).map_err(|_| not("it is not a key list of the root"))?;
    if list.number == number { Ok(()) } else { Err(not("it is not the list of this number")) }
}

/// What `deployment.json` says that concerns a verifier.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub bytes: Vec<u8>,
    pub root: PublicKey,
    pub deployment: String,
}

/// Reads `deployment.json` beside the logs, if it is there.
pub(crate) fn read_facts(log_dir: &Folder) -> Result<Option<Facts>, LogError> {
    let Some(bytes) = log_dir.read(FACTS_FILE)? else { return Ok(None) };
    let not = |what| LogError::corrupt(FACTS_FILE, what);
    let facts: Value = crypto::from_canonical(&bytes).map_err(|_| not("not its canonical encoding"))?;
    let text = |name: &str| facts.get(name).and_then(Value::as_str).ok_or_else(|| not("a member is missing"));
    let root = text("root")?.parse().map_err(|_| not("its root is not a public key"))?;
    let deployment = text("deployment")?.to_owned();
    Ok(Some(Facts { root, deployment, bytes }))
}
