//! Backups from outside: what they hold, what they cannot open, what they may not undo.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod confirm;
mod destroyed;
mod repository;

use backup::{Content, Facts, Repo, Source};
use crypto::{Context, FileKeyProvider, KeyId, KeyProvider, Suite, seal_object};
use model::Timestamp;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

pub(crate) const PASSPHRASE: &str = "correct horse battery staple";
pub(crate) const DEPLOYMENT: &str = "wuxi-test";

/// A zone's folder with a ring and objects.
pub(crate) struct Zone {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) ring: FileKeyProvider,
}

impl Zone {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        fs::create_dir_all(data.join("zone/objects")).unwrap();
        let ring = FileKeyProvider::init(&data.join("zone/ring"), &data.join("zone/master"), Suite::Gm).unwrap();
        Self { folder, ring }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub(crate) fn ring_dir(&self) -> PathBuf {
        self.data().join("zone/ring")
    }

    pub(crate) fn out(&self) -> PathBuf {
        self.folder.path().join("backup")
    }

    pub(crate) fn custody(&self) -> PathBuf {
        self.folder.path().join("custody")
    }

    pub(crate) fn put(&self, path: &str, key: &KeyId, plain: &[u8]) {
        let target = self.data().join("zone/objects").join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, seal_object(plain, &self.ring, key, &context(path)).unwrap()).unwrap();
    }

    pub(crate) fn repo(&self) -> Repo {
        Repo::open_or_make(&self.out(), DEPLOYMENT, Suite::Gm, PASSPHRASE).unwrap()
    }

    /// A snapshot of everything.
    pub(crate) fn source(&self) -> Source {
        let master = Content::File(self.data().join("zone/master"));
        let mut files = vec![("zone/master".to_owned(), master)];
        let journal = self.data().join("zone/journal");
        if let Ok(meta) = fs::metadata(&journal) {
            files.push(("zone/journal".to_owned(), Content::Prefix(journal, meta.len())));
        }
        let destroyed = self.ring.list().into_iter().filter(|k| k.destroyed_at.is_some()).map(|k| k.id.to_string());
        Source {
            at: Timestamp(1),
            files,
            objects: Some((self.data().join("zone/objects"), "zone/objects".to_owned())),
            destroyed: destroyed.collect::<BTreeSet<_>>(),
            facts: Facts::default(),
            custody: None,
        }
    }
}

pub(crate) fn context(path: &str) -> Context {
    Context {
        deployment: DEPLOYMENT.to_owned(),
        resource: "any".to_owned(),
        object: path.to_owned(),
        version: "1".to_owned(),
    }
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { out.extend(files(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}

pub(crate) fn holds(folder: &Path, needle: &[u8]) -> bool {
    files(folder).iter().any(|f| fs::read(f).unwrap().windows(needle.len()).any(|w| w == needle))
}
