//! Which files of a data folder a backup copies as they are, and which it refuses to: whatever the platform may write, it may
//! also link from.

use crate::keyplace;
use crate::layout::Layout;
use crate::tools::input;
use crate::wiring::CliError;
use hsm::KeyPlace;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Files that are copied as they are. Left out: what is copied otherwise, what a process makes anew, and what is not the
/// deployment's to keep (the root, people's desks).
pub fn copied(layout: &Layout) -> Result<Vec<(String, PathBuf)>, CliError> {
    let mut out = Vec::new();
    let one = |name: &str, path: PathBuf| path.is_file().then(|| (name.to_owned(), path));
    out.extend(["deployment.json", "trust.json"].iter().filter_map(|name| one(name, layout.data.join(name))));
    for name in ["platform", "zone"] {
        walk(&top(&layout.data.join(name)), name, &mut out)?;
    }
    let log = top(&layout.log());
    walk(&log.join("keys"), "log/keys", &mut out)?;
    out.extend(one("log/deployment.json", log.join("deployment.json")));
    // Over a device a ring holds no key, but without it nobody finds one.
    if keyplace::kept(layout)? != KeyPlace::File {
        let ring = top(&layout.zone()).join("keys/ring");
        let wanted = |name: &str| {
            ["key", "uses", "destroyed", "retired", "masked"].iter().any(|w| name.ends_with(&format!(".{w}")))
        };
        for entry in fs::read_dir(&ring)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            out.extend(Some((format!("zone/keys/ring/{name}"), ring.join(&name))).filter(|_| wanted(&name)));
        }
    }
    Ok(out)
}

/// The real path of a folder that stands directly in the data folder: there nobody who is confined can put a link, so one that is
/// there is its keeper's. Below it none is followed.
pub fn top(folder: &Path) -> PathBuf {
    folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf())
}

fn walk(folder: &Path, below: &str, out: &mut Vec<(String, PathBuf)>) -> Result<(), CliError> {
    const SKIPPED: [&str; 14] = [
        "platform/platform.db",
        "platform/platform.db-wal",
        "platform/platform.db-shm",
        "platform/restored.json",
        // Left by a restore; the database has gone on since.
        "platform/database.dump",
        "zone/restored",
        "zone/objects",
        "zone/spill",
        "zone/journal",
        "zone/endpoint",
        "zone/lock",
        "zone/keys/ring",
        "zone/keys/ring-master",
        "zone/custody",
    ];
    let unreadable = |e: std::io::Error| input::unreadable(folder, &e);
    match fs::symlink_metadata(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(unreadable(e)),
        Ok(found) if found.is_dir() => {}
        Ok(_) => return Err(not_plain(folder)),
    }
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        // Two of them could become one name in the backup, and nothing could be laid out again.
        let Some(name) = path.file_name().and_then(|n| n.to_str()).map(str::to_owned) else {
            return Err(not_plain(&path));
        };
        let below = format!("{below}/{name}");
        let made_anew = name.starts_with('.')
            || [".lock", ".tmp", ".partial"].iter().any(|end| name.ends_with(end))
            || ["log-signer", "log-signer.json", "zone-log.json", "leaf-tail"].contains(&name.as_str());
        if made_anew || SKIPPED.contains(&below.as_str()) {
            continue;
        }
        match fs::symlink_metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(input::unreadable(&path, &e)),
            Ok(found) if found.is_dir() => walk(&path, &below, out)?,
            Ok(found) if found.is_file() && !is_hollow(&found) => out.push((below, path)),
            Ok(_) => return Err(not_plain(&path)),
        }
    }
    Ok(())
}

/// A file that names a size which it does not fill: it would be read for days. Also a second name of a file of elsewhere.
fn is_hollow(found: &fs::Metadata) -> bool {
    const LARGE: u64 = 64 << 20;
    found.nlink() > 1 || found.len() > LARGE && found.blocks().saturating_mul(512) < found.len() / 2
}

/// What the platform may write, it may link from: a backup that followed would take the zone's keys along.
pub fn not_plain(path: &Path) -> CliError {
    CliError::usage(
        &path.display().to_string(),
        "数据目录中有链接、硬链接、特殊文件、空洞的大文件或不是 UTF-8 的文件名，备份不收：可能是有人想借备份取出别处的文件，或使备份无法恢复。请查明来历，移走后再备份。",
        "There is a link, a second name of a file, a special file, a large hollow one or a name that is not UTF-8 in the data folder, and a backup takes none: somebody may want files of elsewhere in it, or spoil it. Find out where it comes from, move it away, and back up again.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    /// The attack: the platform puts a link where it may write, at a folder that is copied or below one, and waits for a backup.
    #[test]
    fn nothing_is_copied_through_a_link_of_the_platforms() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(&dir.path().join("data")).unwrap();
        for folder in [layout.platform().join("keys"), layout.log().join("keys"), layout.ring()] {
            fs::create_dir_all(folder).unwrap();
        }
        fs::write(layout.ring_master(), b"master").unwrap();
        fs::write(layout.log().join("keys/1.json"), b"{}").unwrap();
        let names = |found: Vec<(String, PathBuf)>| found.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(copied(&layout).unwrap()), ["log/keys/1.json"]);
        for link in ["platform/m", "platform/keys/k", "log/keys/k"] {
            let link = layout.data.join(link);
            symlink(layout.zone_keys(), &link).unwrap();
            assert!(copied(&layout).is_err(), "{}", link.display());
            fs::remove_file(link).unwrap();
        }
        fs::rename(layout.log().join("keys"), layout.log().join("k")).unwrap();
        symlink(layout.zone_keys(), layout.log().join("keys")).unwrap();
        assert!(copied(&layout).is_err(), "the folder itself");
        // A whole part on another disk is its keeper's doing.
        fs::remove_file(layout.log().join("keys")).unwrap();
        let disk = dir.path().join("disk");
        fs::rename(layout.platform(), &disk).unwrap();
        fs::write(disk.join("kept"), b"kept").unwrap();
        for spoilt in [&b"a\xff"[..], b"hard", b"hollow"] {
            let path = disk.join(std::ffi::OsStr::from_bytes(spoilt));
            match spoilt {
                b"hard" => fs::hard_link(layout.ring_master(), &path).unwrap(),
                b"hollow" => fs::File::create(&path).unwrap().set_len(1 << 40).unwrap(),
                _ => fs::write(&path, b"").unwrap(),
            }
            let refused = walk(&disk, "platform", &mut Vec::new()).unwrap_err();
            assert!(matches!(refused, CliError::Usage { .. }), "{spoilt:?}");
            fs::remove_file(&path).unwrap();
        }
        symlink(&disk, layout.platform()).unwrap();
        assert_eq!(names(copied(&layout).unwrap()), ["platform/kept"]);
    }
}
