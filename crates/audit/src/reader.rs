//! Reads a log's folder at a size that a checkpoint fixed: leaves and complete subtrees.
//!
//! Takes what lies on disk as it is; whether it is right is `verify`'s business.

use crate::LogError;
use crate::checkpoint::Checkpoint;
use crate::files::Folder;
use crate::merkle::{self, Node, Nodes};
use crate::tile::{Place, WIDTH, bundle_partials, bundle_path, split_bundle, split_tile, tile_partials, tile_path};
use crypto::HashAlg;
use std::collections::BTreeMap;
use std::path::Path;

/// A log's folder, read only.
#[derive(Clone, Debug)]
pub struct LogReader {
    folder: Folder,
    size: u64,
}

impl LogReader {
    /// The log as far as its published checkpoint reaches.
    ///
    /// # Errors
    /// No checkpoint, or a malformed one.
    pub fn open(dir: &Path) -> Result<(Self, Checkpoint), LogError> {
        let folder = Folder::new(dir);
        let text = folder.read("checkpoint")?.ok_or_else(|| LogError::corrupt("checkpoint", "missing"))?;
        let checkpoint = Checkpoint::parse(&text)?;
        Ok((Self { folder, size: checkpoint.size }, checkpoint))
    }

    pub(crate) fn at(folder: Folder, size: u64) -> Self {
        Self { folder, size }
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The same log as far as `size`, which must not lie beyond this reader's.
    pub(crate) fn upto(&self, size: u64) -> Self {
        Self { folder: self.folder.clone(), size: size.min(self.size) }
    }

    /// Calls `each` with every leaf from index `from` on.
    ///
    /// # Errors
    /// A bundle is missing or malformed, or `each` fails.
    pub fn each<F>(&self, from: u64, mut each: F) -> Result<(), LogError>
    where
        F: FnMut(u64, &[u8]) -> Result<(), LogError>,
    {
        let mut at = from;
        while at < self.size {
            let bundle = at / WIDTH;
            let width = (self.size - bundle * WIDTH).min(WIDTH);
            let leaves = self.bundle(bundle, width)?;
            let skip = usize::try_from(at % WIDTH).unwrap_or_default();
            for leaf in leaves.iter().skip(skip) {
                each(at, leaf)?;
                at += 1;
            }
        }
        Ok(())
    }

    /// One leaf.
    ///
    /// # Errors
    /// No such leaf, or its bundle is missing or malformed.
    pub fn leaf(&self, index: u64) -> Result<Vec<u8>, LogError> {
        if index >= self.size {
            return Err(LogError::OutOfRange(index));
        }
        let bundle = index / WIDTH;
        let leaves = self.bundle(bundle, (self.size - bundle * WIDTH).min(WIDTH))?;
        let at = usize::try_from(index % WIDTH).unwrap_or_default();
        leaves.into_iter().nth(at).ok_or(LogError::OutOfRange(index))
    }

    /// The first `width` leaves of a bundle, from its full form or any partial form that is wide enough.
    pub(crate) fn bundle(&self, index: u64, width: u64) -> Result<Vec<Vec<u8>>, LogError> {
        for w in self.widths(&bundle_partials(index), width)? {
            let path = bundle_path(index, w);
            if let Some(bytes) = self.folder.read(&path)? {
                let leaves = split_bundle(&bytes, w).ok_or_else(|| LogError::corrupt(path, "not an entry bundle"))?;
                let wanted = usize::try_from(width).unwrap_or_default();
                return Ok(leaves.into_iter().take(wanted).map(<[u8]>::to_vec).collect());
            }
        }
        Err(LogError::corrupt(bundle_path(index, width), "missing"))
    }

    pub(crate) fn tile(&self, alg: HashAlg, level: u32, index: u64, width: u64) -> Result<Vec<Node>, LogError> {
        for w in self.widths(&tile_partials(alg, level, index), width)? {
            let path = tile_path(alg, level, index, w);
            if let Some(bytes) = self.folder.read(&path)? {
                if bytes.len() as u64 != w * 32 {
                    return Err(LogError::corrupt(path, "not a tile of this width"));
                }
                return split_tile(&bytes, width).ok_or_else(|| LogError::corrupt(path, "not a tile"));
            }
        }
        Err(LogError::corrupt(tile_path(alg, level, index, width), "missing"))
    }

    /// Widths that would do, narrowest first; the log may have grown since the checkpoint was read.
    fn widths(&self, partials: &str, width: u64) -> Result<Vec<u64>, LogError> {
        let mut out = vec![width];
        let names = self.folder.names(partials)?;
        let mut wider: Vec<u64> = names.iter().filter_map(|n| n.parse().ok()).filter(|w| *w > width).collect();
        wider.sort_unstable();
        out.extend(wider);
        if width < WIDTH {
            out.push(WIDTH);
        }
        Ok(out)
    }

    /// Complete subtrees of one tree.
    #[must_use]
    pub fn nodes(&self, alg: HashAlg) -> TileNodes<'_> {
        TileNodes::new(self.size, move |level, index, width| self.tile(alg, level, index, width), alg)
    }

    /// Inclusion proof of a leaf in the tree of this reader's size.
    ///
    /// # Errors
    /// No such leaf, or a tile is missing.
    pub fn inclusion(&self, alg: HashAlg, index: u64) -> Result<Vec<Node>, LogError> {
        merkle::inclusion(alg, index, self.size, &mut self.nodes(alg))
    }

    /// Consistency proof between two sizes of the tree.
    ///
    /// # Errors
    /// `new` lies beyond this reader's size, or a tile is missing.
    pub fn consistency(&self, alg: HashAlg, old: u64, new: u64) -> Result<Vec<Node>, LogError> {
        if new > self.size {
            return Err(LogError::OutOfRange(new));
        }
        merkle::consistency(alg, old, new, &mut self.nodes(alg))
    }

    /// Root over the first `size` leaves.
    ///
    /// # Errors
    /// `size` lies beyond this reader's size, or a tile is missing.
    pub fn root(&self, alg: HashAlg, size: u64) -> Result<Node, LogError> {
        if size > self.size {
            return Err(LogError::OutOfRange(size));
        }
        merkle::root_at(alg, size, &mut self.nodes(alg))
    }
}

/// A file of a log's folder that anybody may be given: `checkpoint`, or a tile by its name (leaves are not among them).
/// A narrower form of a tile is cut out of a wider one, so that a checkpoint stays usable while the log grows. `None` for
/// any other name and for what is not there.
///
/// # Errors
/// Reading failed, or the file on disk is no tile.
pub fn public_file(dir: &Path, name: &str) -> Result<Option<Vec<u8>>, LogError> {
    let folder = Folder::new(dir);
    if name == "checkpoint" {
        return folder.read(name);
    }
    let Some(Place { alg: Some(alg), level, index, width }) = Place::parse(name) else { return Ok(None) };
    match LogReader::at(folder, 0).tile(alg, level, index, width) {
        Ok(nodes) => Ok(Some(nodes.concat())),
        Err(LogError::Corrupt { what: "missing", .. }) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Complete subtrees of a log of `size` leaves elsewhere: `fetch` brings the file of a name ([`public_file`]).
#[must_use]
pub fn fetched_nodes<'a, F>(alg: HashAlg, size: u64, mut fetch: F) -> TileNodes<'a>
where
    F: FnMut(&str) -> Result<Vec<u8>, LogError> + 'a,
{
    let tile = move |level, index, width| {
        let path = tile_path(alg, level, index, width);
        let bytes = fetch(&path)?;
        let exact = bytes.len() as u64 == width * 32;
        split_tile(&bytes, width).filter(|_| exact).ok_or_else(|| LogError::corrupt(path, "not a tile of this width"))
    };
    TileNodes::new(size, tile, alg)
}

/// Tiles that are kept at most, of 16 KiB each.
const CACHED: usize = 1024;

type ReadTile<'a> = dyn FnMut(u32, u64, u64) -> Result<Vec<Node>, LogError> + 'a;

/// Complete subtrees out of tiles, each tile read once as long as there is room.
pub struct TileNodes<'a> {
    size: u64,
    tile: Box<ReadTile<'a>>,
    alg: HashAlg,
    /// A tile's nodes, and above them the roots over two, four and so on of them.
    cache: BTreeMap<(u32, u64), Vec<Vec<Node>>>,
}

impl std::fmt::Debug for TileNodes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TileNodes").field("size", &self.size).finish_non_exhaustive()
    }
}

impl<'a> TileNodes<'a> {
    fn new<F>(size: u64, tile: F, alg: HashAlg) -> Self
    where
        F: FnMut(u32, u64, u64) -> Result<Vec<Node>, LogError> + 'a,
    {
        Self { size, tile: Box::new(tile), alg, cache: BTreeMap::new() }
    }
}

impl Nodes for TileNodes<'_> {
    fn complete(&mut self, level: u32, index: u64) -> Result<Node, LogError> {
        // A tile of level L holds the nodes of binary levels 8L to 8L+7.
        let (tile_level, inside) = (level / 8, level % 8);
        let first = index << inside;
        let (tile, offset) = (first / WIDTH, first % WIDTH);
        let wide = (self.size >> (8 * tile_level)).saturating_sub(tile * WIDTH).min(WIDTH);
        let key = (tile_level, tile);
        if !self.cache.contains_key(&key) {
            if self.cache.len() >= CACHED {
                self.cache.clear();
            }
            let nodes = (self.tile)(tile_level, tile, wide)?;
            self.cache.insert(key, pyramid(self.alg, nodes));
        }
        let at = usize::try_from(offset >> inside).unwrap_or(usize::MAX);
        let node = self.cache.get(&key).and_then(|rows| rows.get(inside as usize)?.get(at));
        node.copied().ok_or(LogError::OutOfRange(index))
    }
}

/// Rows of complete subtrees over nodes, the nodes themselves first.
fn pyramid(alg: HashAlg, nodes: Vec<Node>) -> Vec<Vec<Node>> {
    let mut rows = vec![nodes];
    while let Some(last) = rows.last().filter(|row| row.len() > 1) {
        let (pairs, _) = last.as_chunks::<2>();
        let next = pairs.iter().map(|[left, right]| merkle::inner_node(alg, left, right)).collect();
        rows.push(next);
    }
    rows
}
