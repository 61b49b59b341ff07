//! The list of what a destruction removes: paths and digests of sealed bytes. It stays, so that whoever holds a copy can be
//! told whether it was among what had to go; the destruction's report and leaf carry its digest.

use super::core::Core;
use super::error::NodeError;
use super::time::write_atomically;
use crypto::Suite;
use model::Digest;
use model::order::DestroyedObjects;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Type name under which a list is digested.
pub(crate) const LIST_TYPE: &str = "destroyed-objects";

/// Paths below an authorisation's or a resource's folder, each with the digest of its bytes.
pub(crate) type List = BTreeMap<String, String>;

/// Lists a folder.
pub(crate) fn list(suite: Suite, folder: &Path) -> Result<List, NodeError> {
    let mut out = List::new();
    walk(suite, folder, "", &mut out)?;
    Ok(out)
}

fn walk(suite: Suite, folder: &Path, below: &str, out: &mut List) -> Result<(), NodeError> {
    let io = NodeError::io;
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(io("listing objects")(e)),
    };
    for entry in entries {
        let path = entry.map_err(io("listing objects"))?.path();
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let name = if below.is_empty() { name } else { format!("{below}/{name}") };
        if path.is_dir() {
            walk(suite, &path, &name, out)?;
        } else {
            out.insert(name, digest(suite, &path).map_err(io("reading an object"))?);
        }
    }
    Ok(())
}

fn digest(suite: Suite, path: &Path) -> std::io::Result<String> {
    let (mut file, mut hasher) = (File::open(path)?, suite.hash_alg().hasher());
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish().to_string()),
            n => hasher.update(buffer.get(..n).unwrap_or_default()),
        }
    }
}

/// Keeps a list before anything on it goes; gives the counts by kind and its digest.
pub(crate) fn keep(core: &Core, of: &str, list: &List) -> Result<DestroyedObjects, NodeError> {
    let folder = core.cfg.data.join("destroyed");
    fs::create_dir_all(&folder).map_err(NodeError::io("keeping a list"))?;
    write_atomically(&folder.join(format!("{of}.json")), &crypto::canonical(list)?)?;
    let mut kinds = BTreeMap::new();
    for path in list.keys() {
        *kinds.entry(kind(path).to_owned()).or_insert(0) += 1;
    }
    let list = Digest(crypto::digest_of(core.cfg.trust.suite, LIST_TYPE, list)?.to_string());
    Ok(DestroyedObjects { kinds, list })
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, end)| end) {
        Some("artefact") => "results",
        Some("report") => "reports",
        Some("table") => "products",
        Some("parquet") => "records",
        Some("csv") => "set_aside",
        _ => "others",
    }
}
