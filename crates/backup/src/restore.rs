//! What a restore compares before it goes back, and how it lays a snapshot out again.

use crate::BackupError;
use crate::manifest::{Facts, Manifest};
use crate::repo::Repo;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

/// What is known to have happened after a snapshot, by what it was seen in, with the number seen: `platform-log`,
/// `zone-log`, `orders`, `reports`, `frames`, `snapshot`. Restoring gives it up.
pub type Newer = BTreeMap<String, u64>;

/// Everything else that says how far a deployment was, by where it stands: `folder`, `custody`, `snapshot`, `checkpoint-1`…
pub type Known = BTreeMap<String, Facts>;

/// Compares a snapshot with everything else that says how far the deployment was: the folder that is to be replaced, the
/// custody, checkpoints that somebody kept, later snapshots.
///
/// # Errors
/// A log of the same size with other roots: another history, which nobody can confirm away.
pub fn newer_than(chosen: &Facts, known: &Known) -> Result<Newer, BackupError> {
    let mut newer = Newer::new();
    let mut see = |what: &str, ours: Option<u64>, theirs: Option<u64>| {
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && theirs > ours
        {
            let seen = newer.entry(what.to_owned()).or_default();
            *seen = theirs.max(*seen);
        }
    };
    for facts in known.values() {
        see("orders", chosen.order_seq, facts.order_seq);
        see("reports", chosen.report_seq, facts.report_seq);
        see("frames", chosen.frames, facts.frames);
        for (log, theirs) in &facts.logs {
            let ours = chosen.logs.get(log);
            see(&format!("{log}-log"), Some(ours.map_or(0, |o| o.size)), Some(theirs.size));
            let other = ours.is_some_and(|o| o.size == theirs.size && o.roots != theirs.roots);
            if other {
                return Err(BackupError::NotOurs {
                    zh: "同样长度的日志根不同：这是另一段历史，不能恢复。",
                    en: "a log of the same size has other roots: it is another history",
                });
            }
        }
    }
    Ok(newer)
}

/// What was laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    /// Files.
    pub files: u64,
    /// Sealed objects.
    pub objects: u64,
    /// Sealed objects left out, because their keys are destroyed.
    pub left_out: u64,
}

/// Lays a snapshot out in an empty folder. Objects under keys that are `gone` are left out: they would never open again.
/// Files whose path begins with `@` are the caller's business.
///
/// # Errors
/// The repository is damaged, or writing failed.
pub fn unpack(repo: &Repo, manifest: &Manifest, into: &Path, gone: &BTreeSet<String>) -> Result<Unpacked, BackupError> {
    let mut done = Unpacked::default();
    for entry in manifest.files.iter().filter(|f| !f.path.starts_with('@')) {
        let mut file = create(into, &entry.path)?;
        repo.each_piece(entry, |piece| {
            file.write_all(piece).map_err(BackupError::io(
                &into.join(&entry.path),
                "写入恢复的文件",
                "writing a restored file",
            ))
        })?;
        file.sync_all().map_err(BackupError::io(
            &into.join(&entry.path),
            "写入恢复的文件",
            "writing a restored file",
        ))?;
        done.files += 1;
    }
    for entry in &manifest.objects {
        if gone.contains(&entry.key) {
            done.left_out += 1;
            continue;
        }
        let bytes = repo.object_bytes(entry)?;
        let mut file = create(into, &entry.path)?;
        let io = BackupError::io(&into.join(&entry.path), "写入恢复的对象", "writing a restored object");
        file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(io)?;
        done.objects += 1;
    }
    Ok(done)
}

fn create(into: &Path, path: &str) -> Result<File, BackupError> {
    let plain = Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    if !plain {
        return Err(BackupError::Damaged {
            at: PathBuf::from(path),
            zh: "路径指向目录之外",
            en: "a path leads out of the folder",
        });
    }
    let target = into.join(path);
    let parent = target.parent().unwrap_or(into);
    let made = fs::create_dir_all(parent)
        .and_then(|()| OpenOptions::new().write(true).create_new(true).mode(0o600).open(&target));
    made.map_err(BackupError::io(&target, "建立恢复的文件", "making a restored file"))
}
