//! What a data folder says about itself: whose it is, how far its logs and its journal are, which key lists hold.

use crate::init::{PLATFORM_LOG_KEY, ZONE_LOG_KEY};
use crate::layout::Layout;
use crate::wiring::CliError;
use ::backup::{Custody, Facts, LogFacts, read_plain};
use audit::{Checkpoint, LogName, LogReader};
use crypto::{HashAlg, KeyFile, PublicKey};
use model::Signed;
use model::keylist::{KEY_LIST_TYPE, KeyHolder, KeyList};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use zone::node::{JournalFacts, journal_facts};

/// The trust file of a folder, the platform's or the zone's: both say whose it is.
pub fn trust(layout: &Layout) -> Result<audit::Trust, CliError> {
    let bytes = fs::read(layout.trust_file()).or_else(|_| fs::read(layout.zone_trust()));
    let bytes = bytes.map_err(|_| {
        CliError::usage(
            "--data",
            format!("{} 不是已初始化的数据目录。", layout.data.display()),
            format!("{} is not an initialised data folder.", layout.data.display()),
        )
    })?;
    audit::Trust::parse(&bytes).map_err(CliError::bug)
}

/// A log under its published checkpoint: the note, and its leaves, each after its length.
pub struct LogCopy {
    /// Which log.
    pub name: LogName,
    /// The checkpoint.
    pub note: Checkpoint,
    /// The leaves.
    pub leaves: Vec<u8>,
}

/// Copies the logs of a folder so that each holds what the other anchors, while both are written.
pub fn logs(layout: &Layout) -> Result<Vec<LogCopy>, CliError> {
    let mut last = None;
    for _ in 0..50 {
        match copy_logs(layout) {
            Ok(copies) if agree(&copies) => return Ok(copies),
            Ok(_) => {}
            Err(e) => last = Some(e),
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let why = last.map_or_else(|| "the logs' anchors do not agree".to_owned(), |e| e.to_string());
    Err(CliError::bug(why))
}

fn copy_logs(layout: &Layout) -> Result<Vec<LogCopy>, audit::LogError> {
    let mut copies = Vec::new();
    for name in LogName::ALL {
        let dir = layout.log().join(name.as_str());
        // A signer that remembers a log has published it: one without its checkpoint was taken apart.
        if !dir.join("checkpoint").exists() && !signer_file(layout, name).exists() {
            continue;
        }
        let (reader, note) = LogReader::open(&dir)?;
        let mut leaves = Vec::new();
        reader.each(0, |_, leaf| {
            // A leaf is at most 65,535 bytes.
            leaves.extend(u32::try_from(leaf.len()).unwrap_or(u32::MAX).to_be_bytes());
            leaves.extend_from_slice(leaf);
            Ok(())
        })?;
        copies.push(LogCopy { name, note, leaves });
    }
    Ok(copies)
}

/// Every anchor of one is within the other. A log that is not here cannot be compared.
fn agree(copies: &[LogCopy]) -> bool {
    copies
        .iter()
        .flat_map(|c| &c.note.anchors)
        .all(|anchor| copies.iter().filter(|c| c.note.origin == anchor.origin).all(|c| c.note.size >= anchor.size))
}

/// Splits what [`LogCopy::leaves`] joined.
pub fn split(mut bytes: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (size, rest) = bytes.split_at_checked(4)?;
        let size = usize::try_from(u32::from_be_bytes(size.try_into().ok()?)).ok()?;
        let (leaf, rest) = rest.split_at_checked(size)?;
        out.push(leaf.to_vec());
        bytes = rest;
    }
    Some(out)
}

/// Size and roots of a checkpoint.
pub fn log_facts(note: &Checkpoint) -> LogFacts {
    let root = |alg: HashAlg| (alg.name().to_owned(), hex::encode(note.root(alg)));
    LogFacts { size: note.size, roots: BTreeMap::from([root(HashAlg::Sm3), root(HashAlg::Sha256)]) }
}

/// Roots over the first leaves of a log, as its checkpoint of that size had them.
pub fn roots(leaves: &[Vec<u8>], size: u64) -> BTreeMap<String, String> {
    let first = usize::try_from(size).ok().and_then(|n| leaves.get(..n)).unwrap_or(leaves);
    let root = |alg: HashAlg| (alg.name().to_owned(), hex::encode(audit::merkle::root(alg, first)));
    BTreeMap::from([root(HashAlg::Sm3), root(HashAlg::Sha256)])
}

/// The journal's beginning that goes with a platform's last order, where there is a journal.
pub fn journal(layout: &Layout, trust: &audit::Trust, last: Option<u64>) -> Result<Option<JournalFacts>, CliError> {
    let path = layout.zone().join("journal");
    if !path.is_file() {
        return Ok(None);
    }
    Ok(Some(journal_facts(&path, trust.suite, &trust.deployment, last).map_err(CliError::bug)?))
}

/// How far a folder is that is to be replaced, as far as it can still be read.
pub fn known(layout: &Layout, trust: &audit::Trust) -> Facts {
    let mut facts = Facts::default();
    for name in LogName::ALL {
        let note = LogReader::open(&layout.log().join(name.as_str())).ok().map(|(_, note)| log_facts(&note));
        let signed = signer_state(layout, name);
        let far = note.into_iter().chain(signed).max_by_key(|f| f.size);
        facts.logs.extend(far.map(|f| (name.as_str().to_owned(), f)));
    }
    if let Ok(Some(journal)) = self::journal(layout, trust, None) {
        facts.order_seq = Some(journal.order_seq);
        facts.report_seq = Some(journal.report_seq);
        facts.frames = Some(journal.frames);
    }
    facts
}

/// Where the signer of a log remembers what it has signed.
pub fn signer_file(layout: &Layout, name: LogName) -> PathBuf {
    match name {
        LogName::Platform => layout.platform().join("log-signer.json"),
        LogName::Zone if layout.zone_trust().is_file() => layout.zone().join("log-signer"),
        LogName::Zone => layout.platform().join("zone-log.json"),
    }
}

fn signer_state(layout: &Layout, name: LogName) -> Option<LogFacts> {
    let state: serde_json::Value = serde_json::from_slice(&read_plain(&signer_file(layout, name)).ok()?).ok()?;
    let root = |alg: &str| {
        let text = state.get(alg)?.as_str()?;
        Some((alg.to_owned(), text.split_once(':').map_or(text, |(_, hex)| hex).to_owned()))
    };
    Some(LogFacts { size: state.get("size")?.as_u64()?, roots: BTreeMap::from([root("sm3")?, root("sha256")?]) })
}

/// Key lists that the root signed, in order; what it did not sign is passed over.
pub fn key_lists(layout: &Layout, root: &PublicKey) -> Vec<Signed<KeyList>> {
    let mut lists = Vec::new();
    for dir in [layout.log().join("keys"), layout.signed_lists()] {
        let Ok(entries) = fs::read_dir(dir) else { continue };
        for entry in entries.flatten() {
            let Ok(bytes) = read_plain(&entry.path()) else { continue };
            lists.extend(signed_list(&bytes, root));
        }
    }
    lists.sort_by_key(|l| l.body.number);
    lists.dedup_by_key(|l| l.body.number);
    lists
}

/// A key list, if the root signed it.
pub fn signed_list(bytes: &[u8], root: &PublicKey) -> Option<Signed<KeyList>> {
    let list: Signed<KeyList> = crypto::from_canonical(bytes).ok()?;
    root.verify(KEY_LIST_TYPE, &list.body, &list.signature).ok()?;
    Some(list)
}

/// Public keys that may have signed a log's checkpoints.
pub fn log_keys(layout: &Layout, lists: &[Signed<KeyList>], name: LogName) -> Vec<PublicKey> {
    let holder = match name {
        LogName::Platform => KeyHolder::PlatformLog,
        LogName::Zone => KeyHolder::ZoneLog,
    };
    let listed = lists.last().into_iter().flat_map(|l| &l.body.entries).filter(|e| e.holder == holder);
    let mut keys: Vec<PublicKey> = listed.filter_map(|e| e.public.parse().ok()).collect();
    // A zone's own folder holds no key lists; its key file says the public key.
    let file = match name {
        LogName::Platform => layout.platform_keys().join(PLATFORM_LOG_KEY),
        LogName::Zone => layout.zone_keys().join(ZONE_LOG_KEY),
    };
    let own = fs::read(file).ok().and_then(|bytes| serde_json::from_slice::<KeyFile>(&bytes).ok());
    keys.extend(own.map(|file| file.public));
    keys
}

/// Ids of the keys that a ring has destroyed.
pub fn destroyed(ring: &Path) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(ring) else { return BTreeSet::new() };
    let names = entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned());
    names.filter_map(|n| n.strip_suffix(".destroyed").map(str::to_owned)).collect()
}

/// Ids of the keys in these rings of the resources that a folder's destruction lists name: whoever did without their keys
/// when they were withdrawn left no tombstone of them there.
pub fn withdrawn(layout: &Layout, custody: Option<&Custody>) -> Result<BTreeSet<String>, CliError> {
    let Ok(lists) = fs::read_dir(layout.zone().join("destroyed")) else { return Ok(BTreeSet::new()) };
    let listed: BTreeSet<String> =
        lists.flatten().filter_map(|e| Some(e.path().file_stem()?.to_str()?.to_owned())).collect();
    let held = custody.map(|c| super::ring::inventory(&c.keys())).transpose()?.unwrap_or_default();
    // A folder that is replaced may be past reading.
    let here = crypto::inventory(&layout.ring()).unwrap_or_default();
    let of = |k: &crypto::KeyInfo| k.purpose == "resource" && listed.contains(&k.scope);
    Ok(held.into_iter().chain(here).filter(of).map(|k| k.id.to_string()).collect())
}
