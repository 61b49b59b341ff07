//! Rotation of the keys of resources and authorisations while the node stands still: new material for each key, the data
//! key in each object's header wrapped anew in its place, the old material destroyed. No object's content is touched.
//!
//! A kill at any moment loses nothing: until the old material goes, both open; before it goes, every header was looked at
//! again and the journal says so. A header under way is written down whole before it is written in its place, and the
//! next opening of the folder finishes it ([`finish`]).

use super::config::NodeConfig;
use super::core::Core;
use super::draft::Said;
use super::error::NodeError;
use super::record::Record;
use super::sealed::{self, AUTHORISATION_KEY, RESOURCE_KEY};
use super::time::write_atomically;
use super::{flush, open};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use crypto::{KeyId, KeyInfo, KeyState, MAX_HEADER, open_header, rewrap_header};
use model::Digest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// What a rotation did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// Keys with new material.
    pub keys: u64,
    /// Objects whose data key was wrapped anew now.
    pub objects: u64,
}

/// A header on its way into its object. Beside the journal.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rewrap {
    v: u32,
    /// Path below the zone's objects.
    object: String,
    header: String,
}

fn redo_file(data: &Path) -> PathBuf {
    data.join("rewrap")
}

/// A folder whose sealed objects keep their headers as long as this is held.
pub struct Still(#[allow(dead_code, reason = "the lock falls with the file")] File);

/// Nobody else copies objects or writes their headers as long as this is held; what is being masked says so in the folder, so
/// that no copy is made while only some are.
pub(crate) struct Alone {
    data: PathBuf,
    _lock: File,
}

impl Alone {
    pub(crate) fn masking(data: &Path) -> Result<Self, NodeError> {
        let lock = rotation_lock(data)?;
        lock.try_lock().map_err(|_| NodeError::Copied)?;
        write_atomically(&masking_file(data), b"")?;
        Ok(Self { data: data.to_owned(), _lock: lock })
    }

    /// A masking that was stopped after its last step but one: every header is as it should be, and only the folder still
    /// says that one is under way.
    pub(crate) fn left_behind(data: &Path) -> Result<(), NodeError> {
        if masking_file(data).exists() { Self::masking(data)?.done() } else { Ok(()) }
    }

    pub(crate) fn done(self) -> Result<(), NodeError> {
        let path = masking_file(&self.data);
        fs::remove_file(&path).map_err(NodeError::io("ending a masking"))?;
        super::journal::sync_parent(&path)
    }
}

fn masking_file(data: &Path) -> PathBuf {
    data.join("masking")
}

/// Holds a rotation off while objects are copied; several may. A rotation that was cut short must go on first: one object's
/// header may be half written.
///
/// # Errors
/// `Rotating`; the folder cannot be written.
pub fn hold_still(data: &Path) -> Result<Still, NodeError> {
    let file = rotation_lock(data)?;
    file.try_lock_shared().map_err(|_| NodeError::Rotating)?;
    if redo_file(data).exists() || masking_file(data).exists() { Err(NodeError::Rotating) } else { Ok(Still(file)) }
}

fn rotation_lock(data: &Path) -> Result<File, NodeError> {
    let open = OpenOptions::new().create(true).truncate(false).write(true).open(data.join("rotation.lock"));
    open.map_err(NodeError::io("locking the zone's objects"))
}

/// Leaves a leaf that the keys' master key was handed to its keepers, sealed: which file.
///
/// # Errors
/// As [`rotate_keys`].
pub async fn record_export(cfg: NodeConfig, sealed: &Digest) -> Result<(), NodeError> {
    let core = open(cfg).await?;
    if !core.time.known() {
        return Err(NodeError::Config("the zone has never been linked to its platform"));
    }
    core.commit(|draft| draft.leaf(Said::new("export_keys").with("sealed", sealed)).map(|_| ()))?;
    flush(&core).await
}

/// Rotates every live key of a resource or an authorisation. The key of subject tokens is not rotated: tokens are stored
/// in the records. What an earlier call left unfinished is finished.
///
/// # Errors
/// Another node works in the folder, or a backup copies it; the deployment's time is not known yet; storage, log or key device failed. Nothing
/// is lost then, and a later call goes on.
pub async fn rotate_keys(cfg: NodeConfig) -> Result<Rotated, NodeError> {
    let core = open(cfg).await?;
    if !core.time.known() {
        return Err(NodeError::Config("the zone has never been linked to its platform"));
    }
    let still = rotation_lock(&core.cfg.data)?;
    still.try_lock().map_err(|_| NodeError::Copied)?;
    let mut all = Rotated::default();
    // What is being sealed is not rotated besides: some of its headers are masked.
    let held = core.read(|s| s.held.keys().map(ToString::to_string).collect::<BTreeSet<_>>());
    let sealing = |k: &KeyInfo| k.purpose == RESOURCE_KEY && held.contains(&k.scope);
    let purposes = [RESOURCE_KEY, AUTHORISATION_KEY];
    let ours = |k: &KeyInfo| k.state == KeyState::Live && purposes.contains(&&*k.purpose) && !sealing(k);
    for key in core.cfg.keys.list().into_iter().filter(ours) {
        all.objects += rotate(&core, &key)?;
        all.keys += 1;
    }
    flush(&core).await?;
    Ok(all)
}

/// Rotates one key; gives how many objects were wrapped anew.
pub(crate) fn rotate(core: &Core, key: &KeyInfo) -> Result<u64, NodeError> {
    let keys = &core.cfg.keys;
    let version = keys.begin_rotation(&key.id, Some(core.time.now().0))?;
    let folder = match key.purpose.as_str() {
        RESOURCE_KEY => format!("res/{}", key.scope),
        _ => sealed::authorisation_folder_of(&key.scope),
    };
    let objects = objects_under(core, &folder, &key.id)?;
    let mut wrapped = 0;
    for object in &objects {
        wrapped += u64::from(rewrap(core, object)?);
    }
    // Once more, from the disk: what still lies under the old material would be lost with it.
    for object in &objects {
        if rewrap_header(&head(&sealed::objects(core).join(object))?, keys.as_ref())?.is_some() {
            return Err(NodeError::Config("an object does not keep its rewrapped key"));
        }
    }
    // What is destroyed is written down before it is, so that the leaf is there after a kill, and only once.
    core.commit(|draft| {
        if draft.state.rotated.get(key.id.as_str()).is_some_and(|v| *v >= version) {
            return Ok(());
        }
        draft.push(Record::KeyRotated { key: key.id.to_string(), version });
        let said = Said::new("rotate_key").with("key", &key.id).with("purpose", &key.purpose);
        draft.leaf(said.with("version", version).with("objects", objects.len())).map(|_| ())
    })?;
    keys.end_rotation(&key.id, Some(core.time.now().0))?;
    Ok(wrapped)
}

/// Sealed objects of a key below a folder, by path. Files that are no sealed objects (counts, staging) are none of a key.
pub(crate) fn objects_under(core: &Core, folder: &str, key: &KeyId) -> Result<Vec<String>, NodeError> {
    let of = |(object, of): (String, KeyId)| (of == *key).then_some(object);
    Ok(sealed_under(core, folder)?.into_iter().filter_map(of).collect())
}

/// Sealed objects below a folder, by path, each with the key that its header names.
pub(crate) fn sealed_under(core: &Core, folder: &str) -> Result<Vec<(String, KeyId)>, NodeError> {
    let (root, mut waiting, mut out) = (sealed::objects(core), vec![folder.to_owned()], Vec::new());
    while let Some(folder) = waiting.pop() {
        for path in sealed::entries(&root.join(&folder))? {
            let Some(name) = path.file_name().and_then(|n| n.to_str()) else { continue };
            let object = format!("{folder}/{name}");
            if path.is_dir() {
                waiting.push(object);
            } else if let Ok(header) = open_header(&head(&path)?) {
                out.push((object, header.key));
            }
        }
    }
    out.sort();
    Ok(out)
}

pub(crate) fn head(path: &Path) -> Result<Vec<u8>, NodeError> {
    let mut head = Vec::new();
    let file = File::open(path).map_err(NodeError::io("reading an object's header"))?;
    file.take(MAX_HEADER as u64).read_to_end(&mut head).map_err(NodeError::io("reading an object's header"))?;
    Ok(head)
}

/// Wraps one object's data key anew; whether there was anything to do.
fn rewrap(core: &Core, object: &str) -> Result<bool, NodeError> {
    let Some(header) = rewrap_header(&head(&sealed::objects(core).join(object))?, core.cfg.keys.as_ref())? else {
        return Ok(false);
    };
    write_header(core, object, &header).map(|()| true)
}

/// Puts a header of the same length into its object's place.
pub(crate) fn write_header(core: &Core, object: &str, header: &[u8]) -> Result<(), NodeError> {
    let redo = Rewrap { v: 1, object: object.to_owned(), header: BASE64.encode(header) };
    write_atomically(&redo_file(&core.cfg.data), &crypto::canonical(&redo)?)?;
    finish(&core.cfg.data)
}

/// Writes a header that is under way into its object. Whoever opens the folder calls this before anything reads.
pub(crate) fn finish(data: &Path) -> Result<(), NodeError> {
    let io = NodeError::io;
    let path = redo_file(data);
    let bytes = match fs::read(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.map_err(io("reading a header under way"))?,
    };
    let redo: Rewrap = crypto::from_canonical(&bytes)?;
    let header = BASE64.decode(&redo.header).map_err(|_| NodeError::Config("a header under way is malformed"))?;
    let whole = open_header(&header).is_ok_and(|h| h.len() == header.len());
    if redo.v != 1 || !whole {
        return Err(NodeError::Config("a header under way is malformed"));
    }
    let file = OpenOptions::new().write(true).open(data.join("objects").join(&redo.object));
    let file = file.map_err(io("opening an object"))?;
    file.write_all_at(&header, 0).and_then(|()| file.sync_data()).map_err(io("rewriting an object's header"))?;
    fs::remove_file(&path).map_err(io("removing a header under way"))?;
    super::journal::sync_parent(&path)
}
