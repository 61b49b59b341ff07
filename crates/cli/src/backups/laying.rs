//! A snapshot laid out beside the folder that it is to replace, and checked there.

use super::restore::Ground;
use super::{live, ring};
use crate::layout::{Layout, write_private};
use crate::wiring::CliError;
use ::backup::{BackupError, Facts, FileEntry, Known, Manifest, Newer, Repo, Unpacked, unpack};
use audit::{Checkpoint, LogConfig, LogName, TileLog, verify_once};
use crypto::PublicKey;
use model::Signed;
use model::keylist::KeyList;
use std::collections::BTreeMap;
use std::fs;

/// Lays everything out and checks it: objects and files by digest, logs by their signed roots and the trust file, the
/// journal by its chain, and every kept checkpoint that is not newer.
pub fn lay_out(ground: &Ground, staging: &Layout, without_keys: bool) -> Result<Unpacked, CliError> {
    let manifest = &ground.manifest;
    let done = unpack(&ground.repo, manifest, &staging.data, &ground.gone).map_err(|e| spoilt(ground, e))?;
    let trust = live::trust(staging)?;
    let (custody, old, gone) = (ground.custody.as_ref(), &ground.layout, &ground.gone);
    ring::lay(staging, &ring::Sources { custody, old, gone, without_keys })?;
    let missing = ring::opened(staging, manifest, gone)?.missing;
    if missing > 0 && !without_keys {
        return Err(CliError::usage(
            "--custody",
            format!("{missing} 个加密对象缺少密钥；请给出密钥托管目录，或用 --without-keys 明确不要密钥。"),
            format!("Keys of {missing} encrypted objects are missing: name the custody, or say --without-keys."),
        ));
    }
    for name in LogName::ALL {
        rebuild(ground, staging, &trust, name)?;
    }
    newer_key_lists(&ground.repo, ground.newest.as_ref(), &ground.layout, staging, &trust.root)?;
    lists_of_destroyed(ground, staging)?;
    verified(ground, staging, &trust)?;
    // The folder was made for either part; one that is not in the snapshot does not come to be by a mark.
    if manifest.files.iter().any(|f| f.path.starts_with("zone/")) {
        write_private(&staging.zone().join(zone::node::RESTORED), b"")?;
    }
    let journal = live::journal(staging, &trust, None)?;
    if journal.map(|j| j.frames) != manifest.facts.frames {
        return Err(CliError::bug("the restored journal is not the one that was backed up"));
    }
    Ok(done)
}

/// Names every part of the snapshot that is damaged, not the first alone, and has the next backup read everything again.
fn spoilt(ground: &Ground, e: BackupError) -> CliError {
    if !e.is_damage() {
        return e.into();
    }
    ground.repo.want_check(true);
    let bad = match ground.repo.damage(&ground.manifest, &ground.gone) {
        Ok(bad) if !bad.is_empty() => bad,
        _ => return e.into(),
    };
    let shown: Vec<String> = bad.iter().take(10).map(|p| p.display().to_string()).collect();
    let (n, shown, number) = (bad.len(), shown.join(", "), ground.manifest.number);
    CliError::usage(
        "--backup",
        format!(
            "快照 {number} 有 {n} 处损坏：{shown}。下一次备份会核对全部内容，数据目录中仍有的会重新写好；在此之前可用 --snapshot 试更早的快照。"
        ),
        format!(
            "Snapshot {number} is damaged in {n} parts: {shown}. The next backup reads everything again and writes anew what the data folder still has; until then try an earlier one by --snapshot."
        ),
    )
}

/// Logs that are known to have gone another way before the snapshot's end, with their sizes: a shorter history is not an older
/// one. After a restore the folder goes on from where it was put back to; a later snapshot of the way that was given up knows
/// nothing of what happened since.
pub fn elsewhere(repo: &Repo, manifest: &Manifest, known: &Known) -> Result<Newer, CliError> {
    let mut found = Newer::new();
    for (log, ours) in &manifest.facts.logs {
        let shorter = |facts: &&Facts| facts.logs.get(log).is_some_and(|theirs| theirs.size < ours.size);
        if !known.values().any(|facts| shorter(&facts)) {
            continue;
        }
        let Some(entry) = manifest.files.iter().find(|f| f.path == format!("@log/{log}.leaves")) else { continue };
        let leaves = live::split(&repo.file(entry)?).ok_or_else(|| CliError::bug("a log's leaves are damaged"))?;
        for theirs in known.values().filter(shorter).filter_map(|facts| facts.logs.get(log)) {
            if live::roots(&leaves, theirs.size) != theirs.roots {
                let seen = found.entry(format!("{log}-log-elsewhere")).or_default();
                *seen = theirs.size.max(*seen);
            }
        }
    }
    Ok(found)
}

/// Builds a log from its leaves under the checkpoint that its owner signed; the signer's memory with it.
fn rebuild(ground: &Ground, staging: &Layout, trust: &audit::Trust, name: LogName) -> Result<(), CliError> {
    let part = |end: &str| ground.manifest.files.iter().find(|f| f.path == format!("@log/{name}.{end}"));
    let (Some(note), Some(leaves)) = (part("checkpoint"), part("leaves")) else { return Ok(()) };
    let file = |entry| ground.repo.file(entry).map_err(|e| spoilt(ground, e));
    let note = Checkpoint::parse(&file(note)?).map_err(CliError::bug)?;
    let leaves = live::split(&file(leaves)?).ok_or_else(|| CliError::bug("a log's leaves are damaged"))?;
    let lists = live::key_lists(staging, &trust.root);
    let keys = live::log_keys(staging, &lists, name);
    let key = keys.iter().find(|k| note.verify(k).is_ok());
    let key = key.ok_or_else(|| CliError::bug("no listed key signed the log's checkpoint"))?;
    let state = live::signer_file(staging, name);
    let config = LogConfig::new(&trust.deployment, name, trust.suite, trust.clock, &state);
    let mut log = TileLog::open(&staging.log().join(name.as_str()), config).map_err(CliError::bug)?;
    log.copy(0, &leaves, &note, key).map_err(CliError::bug)
}

/// A key that was revoked after the snapshot stays revoked: newer lists, of the folder and of the newest snapshot, are handed to
/// the platform's first start, and judge who may sign for this restore.
fn newer_key_lists(
    repo: &Repo,
    newest: Option<&Manifest>,
    old: &Layout,
    staging: &Layout,
    root: &PublicKey,
) -> Result<(), CliError> {
    let restored = live::key_lists(staging, root).last().map_or(0, |l| l.body.number);
    let mut lists: BTreeMap<u64, Signed<KeyList>> =
        live::key_lists(old, root).into_iter().map(|l| (l.body.number, l)).collect();
    let folders = ["log/keys/", "platform/key-lists/"];
    let listed = |f: &&FileEntry| folders.iter().any(|folder| f.path.starts_with(folder));
    for entry in newest.iter().flat_map(|m| &m.files).filter(listed) {
        let list = live::signed_list(&repo.file(entry)?, root);
        lists.extend(list.map(|l| (l.body.number, l)));
    }
    for (number, list) in lists.into_iter().filter(|(number, _)| *number > restored) {
        fs::create_dir_all(staging.signed_lists())?;
        write_private(&staging.signed_lists().join(format!("{number}.json")), &crypto::canonical(&list)?)?;
    }
    Ok(())
}

/// What a destruction removed after the snapshot stays on record.
fn lists_of_destroyed(ground: &Ground, staging: &Layout) -> Result<(), CliError> {
    let Ok(entries) = fs::read_dir(ground.layout.zone().join("destroyed")) else { return Ok(()) };
    let kept = staging.zone().join("destroyed");
    fs::create_dir_all(&kept)?;
    for entry in entries {
        let path = entry?.path();
        let target = kept.join(path.file_name().unwrap_or_default());
        if !target.exists() {
            write_private(&target, &fs::read(&path)?)?;
        }
    }
    Ok(())
}

fn verified(ground: &Ground, staging: &Layout, trust: &audit::Trust) -> Result<(), CliError> {
    if !staging.log().join("platform/checkpoint").is_file() {
        return Ok(());
    }
    let within = |(log, note): &&(String, Checkpoint)| {
        ground.manifest.facts.logs.get(log).is_some_and(|ours| note.size <= ours.size)
    };
    let kept: Vec<Option<String>> = ground.checkpoints.iter().filter(within).map(|(_, n)| Some(n.render())).collect();
    for from in if kept.is_empty() { vec![None] } else { kept } {
        let report = verify_once(&staging.log(), Some(trust), from.as_deref());
        if !report.valid {
            let why = report.failure.map(|f| format!("{}: {}", f.file, f.en)).unwrap_or_default();
            return Err(CliError::usage(
                "--backup",
                "恢复出的日志与信任文件或所给检查点不符。",
                format!("The restored logs do not hold against the trust file or a kept checkpoint ({why})."),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::backup::{Content, Facts, Source, take};
    use crypto::{SigningKey, Suite};
    use model::keylist::KEY_LIST_TYPE;
    use model::{Clock, Timestamp};
    use std::collections::BTreeSet;

    /// The attack: an older snapshot on a new machine, where the list that revokes a signer is in the newest snapshot alone.
    #[test]
    fn a_key_that_the_newest_snapshot_knows_to_be_revoked_signs_for_no_older_one() {
        let dir = tempfile::tempdir().unwrap();
        let root = SigningKey::generate(Suite::Intl).unwrap();
        let signed = |by: &SigningKey, number: u64| {
            let body = KeyList {
                v: 1,
                deployment: "d".into(),
                number,
                clock: Clock::Real,
                issued_at: Timestamp(1),
                entries: Vec::new(),
            };
            let signature = by.sign(KEY_LIST_TYPE, &body).unwrap();
            crypto::canonical(&Signed { key: by.key_id(), signature, body }).unwrap()
        };
        let repo = Repo::open_or_make(&dir.path().join("backup"), "d", Suite::Intl, "a passphrase").unwrap();
        let other = SigningKey::generate(Suite::Intl).unwrap();
        let files = [
            ("log/keys/1.json", signed(&root, 1)),
            ("log/keys/2.json", signed(&root, 2)),
            ("platform/key-lists/3.json", signed(&root, 3)),
            ("platform/key-lists/4.json", signed(&other, 4)),
        ];
        let source = Source {
            at: Timestamp(1),
            files: files.map(|(path, bytes)| (path.to_owned(), Content::Bytes(bytes))).into(),
            objects: None,
            destroyed: BTreeSet::new(),
            facts: Facts::default(),
            custody: None,
        };
        let (newest, _) = take(&repo, source).unwrap();
        let fresh = Layout::new(&dir.path().join("fresh")).unwrap();
        let staging = Layout::new(&dir.path().join("staging")).unwrap();
        fs::create_dir_all(staging.log().join("keys")).unwrap();
        fs::write(staging.log().join("keys/1.json"), signed(&root, 1)).unwrap();
        newer_key_lists(&repo, Some(&newest), &fresh, &staging, &root.public()).unwrap();
        let numbers = live::key_lists(&staging, &root.public()).iter().map(|l| l.body.number).collect::<Vec<_>>();
        assert_eq!(numbers, [1, 2, 3], "the newest list that is known must judge the signers");
    }

    /// The attack: after two people restored an earlier snapshot the folder goes on; one person then restores the later snapshot of
    /// the way that was given up, whose log happens to be longer.
    #[test]
    fn a_longer_log_of_another_history_gives_up_what_happened_since() {
        let dir = tempfile::tempdir().unwrap();
        let repo = Repo::open_or_make(&dir.path().join("backup"), "d", Suite::Intl, "a passphrase").unwrap();
        let leaves: Vec<Vec<u8>> = (0..7u8).map(|n| vec![n; 3]).collect();
        let mut joined = Vec::new();
        for leaf in &leaves {
            joined.extend(u32::try_from(leaf.len()).unwrap().to_be_bytes());
            joined.extend_from_slice(leaf);
        }
        let facts = |leaves: &[Vec<u8>]| {
            let size = leaves.len() as u64;
            let log = ::backup::LogFacts { size, roots: live::roots(leaves, size) };
            Facts { logs: BTreeMap::from([("platform".to_owned(), log)]), ..Facts::default() }
        };
        let source = Source {
            at: Timestamp(1),
            files: vec![("@log/platform.leaves".to_owned(), Content::Bytes(joined))],
            objects: None,
            destroyed: BTreeSet::new(),
            facts: facts(&leaves),
            custody: None,
        };
        let (manifest, _) = take(&repo, source).unwrap();
        let known = |leaves: &[Vec<u8>]| Known::from([("folder".to_owned(), facts(leaves))]);
        for n in 0..=7 {
            assert!(elsewhere(&repo, &manifest, &known(&leaves[..n])).unwrap().is_empty(), "an older state: {n}");
        }
        let mut other = leaves[..5].to_vec();
        other[4] = b"closed an account".to_vec();
        let found = elsewhere(&repo, &manifest, &known(&other)).unwrap();
        assert_eq!(found, Newer::from([("platform-log-elsewhere".to_owned(), 5)]));
    }
}
