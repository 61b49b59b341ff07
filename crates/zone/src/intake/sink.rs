//! The folder of one batch while it is written: sealed rows, sealed set-aside rows, a summary.
//!
//! Everything is written into a staging folder beside the target and appears by one rename, so that a batch is there
//! whole or not at all. What a killed process leaves behind is swept up by [`sweep`].

use super::error::IntakeError;
use crypto::{KeyId, KeyProvider, SealWriter, seal_writer};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Sealed Parquet of the rows.
pub const ROWS_FILE: &str = "rows.parquet";
/// Sealed CSV of the rows set aside.
pub const SET_ASIDE_FILE: &str = "set-aside.csv";
/// Plain JSON of counts.
pub const SUMMARY_FILE: &str = "summary.json";
/// What unfinished files and folders begin with, artefacts included.
pub(crate) const STAGING: &str = ".staging-";

/// Bytes that may still be stored, and the first error met, whatever the layers above made of it.
#[derive(Debug)]
pub(super) struct Quota {
    left: AtomicU64,
    failure: Mutex<Option<io::ErrorKind>>,
}

impl Quota {
    fn note(&self, error: io::Error) -> io::Error {
        if let Ok(mut failure) = self.failure.lock() {
            failure.get_or_insert(error.kind());
        }
        error
    }

    /// The first storage error, as an intake error.
    pub(super) fn failure(&self) -> Option<IntakeError> {
        let kind = self.failure.lock().ok().and_then(|f| *f)?;
        Some(IntakeError::from_storage(kind.into()))
    }
}

/// A file under the quota.
#[derive(Debug)]
pub(super) struct Guarded {
    file: File,
    quota: Arc<Quota>,
}

impl Write for Guarded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let wanted = data.len() as u64;
        let taken = self.quota.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(wanted));
        if taken.is_err() {
            return Err(self.quota.note(io::ErrorKind::QuotaExceeded.into()));
        }
        match self.file.write_all(data) {
            Ok(()) => Ok(data.len()),
            Err(error) => Err(self.quota.note(error)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A sealed file being written.
pub(super) type SealedFile = SealWriter<BufWriter<Guarded>>;

/// Where a batch goes.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// Folder of the store.
    pub(super) root: &'a Path,
    /// Object path of the batch below it.
    pub(super) prefix: &'a str,
    /// Deployment.
    pub(super) deployment: &'a str,
    /// Resource.
    pub(super) resource: &'a str,
}

/// A batch being written.
pub(super) struct Folder {
    staging: PathBuf,
    target: PathBuf,
    quota: Arc<Quota>,
    committed: bool,
}

impl Folder {
    /// Makes the staging folder.
    pub(super) fn create(place: Place<'_>, max_stored: Option<u64>) -> Result<Self, IntakeError> {
        let target = target_of(place)?;
        let parent = target.parent().ok_or_else(|| IntakeError::BadPath(place.prefix.to_owned()))?;
        fs::create_dir_all(parent).map_err(IntakeError::from_storage)?;
        let staging = parent.join(format!("{STAGING}{}", crypto::random_hex(8)?));
        fs::create_dir(&staging).map_err(IntakeError::from_storage)?;
        let quota = Arc::new(Quota { left: AtomicU64::new(max_stored.unwrap_or(u64::MAX)), failure: Mutex::new(None) });
        Ok(Self { staging, target, quota, committed: false })
    }

    /// Shared quota.
    pub(super) fn quota(&self) -> Arc<Quota> {
        Arc::clone(&self.quota)
    }

    /// Starts a sealed file. It is bound to the path under which it will be found, not to the staging path.
    pub(super) fn sealed(
        &self,
        place: Place<'_>,
        name: &str,
        provider: &dyn KeyProvider,
        key: &KeyId,
    ) -> Result<SealedFile, IntakeError> {
        let out = BufWriter::with_capacity(1 << 17, self.file(name)?);
        let object = format!("{}/{name}", place.prefix);
        let context = crate::seal::context(place.deployment, place.resource, &object);
        Ok(seal_writer(out, provider, key, &context)?)
    }

    fn file(&self, name: &str) -> Result<Guarded, IntakeError> {
        let file = File::create_new(self.staging.join(name)).map_err(IntakeError::from_storage)?;
        Ok(Guarded { file, quota: self.quota() })
    }

    /// Ends a sealed file and makes it durable.
    pub(super) fn close(&self, file: SealedFile) -> Result<(), IntakeError> {
        let out = file.finish()?;
        let guarded = out.into_inner().map_err(|e| IntakeError::from_storage(e.into_error()))?;
        guarded.file.sync_all().map_err(IntakeError::from_storage)
    }

    /// Writes a plain file and makes it durable.
    pub(super) fn plain(&self, name: &str, bytes: &[u8]) -> Result<(), IntakeError> {
        let mut file = self.file(name)?;
        file.write_all(bytes).map_err(IntakeError::from_storage)?;
        file.file.sync_all().map_err(IntakeError::from_storage)
    }

    /// Makes the batch appear under its name, durably.
    pub(super) fn commit(mut self) -> Result<(), IntakeError> {
        sync_folder(&self.staging)?;
        fs::rename(&self.staging, &self.target).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::AlreadyExists => IntakeError::BatchConflict,
            _ => IntakeError::from_storage(error),
        })?;
        self.committed = true;
        let mut parent = self.target.parent();
        // The folders above may be new as well.
        for _ in 0..3 {
            let Some(folder) = parent else { break };
            sync_folder(folder)?;
            parent = folder.parent();
        }
        Ok(())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing to tell whom: `sweep` tries again at the next start.
            let _ = fs::remove_dir_all(&self.staging);
        }
    }
}

fn sync_folder(folder: &Path) -> Result<(), IntakeError> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(IntakeError::from_storage)
}

/// Folder of a batch; the prefix must be a plain relative path.
pub(super) fn target_of(place: Place<'_>) -> Result<PathBuf, IntakeError> {
    let fine = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    if place.prefix.split('/').all(fine) {
        Ok(place.root.join(place.prefix))
    } else {
        Err(IntakeError::BadPath(place.prefix.to_owned()))
    }
}

/// Removes what an interrupted intake or artefact left below `root`; returns how many leftovers there were. Call it at
/// start, before anything is written.
///
/// # Errors
/// A folder could not be read or a leftover not be removed.
pub fn sweep(root: &Path) -> io::Result<u64> {
    let mut removed = 0;
    let entries = match fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let folder = entry.file_type()?.is_dir();
        match (entry.file_name().to_string_lossy().starts_with(STAGING), folder) {
            (true, true) => fs::remove_dir_all(entry.path())?,
            (true, false) => fs::remove_file(entry.path())?,
            (false, true) => {
                removed += sweep(&entry.path())?;
                continue;
            }
            (false, false) => continue,
        }
        removed += 1;
    }
    Ok(removed)
}
