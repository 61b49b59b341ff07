//! One pass over an archive's leaves, from the roots of the epoch before to the closing ones.

use super::check::fail;
use super::{BEFORE, CLOSING, LEAVES, Manifest, Row, TILES, trees_at};
use crate::LogError;
use crate::checkpoint::{Anchor, Checkpoint};
use crate::epoch::Opening;
use crate::files::Folder;
use crate::leaf::{Leaf, leaf_hash};
use crate::merkle::{Node, empty_root, leaf_node};
use crate::report::Failure;
use crate::tile::{Tile, Tree, WIDTH, split_tile, tile_path};
use crypto::{Hash, HashAlg};
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

/// An archive whose manifest and files hold.
pub(super) struct Opened {
    pub folder: Folder,
    /// Its folder's name, for messages.
    pub name: String,
    pub manifest: Manifest,
    pub digest: Hash,
    pub note: Checkpoint,
    pub before: Option<Checkpoint>,
}

/// What is known of a log after the archives before: where they end, and the heads of its cases.
#[derive(Default)]
pub(super) struct Carried {
    pub to: u64,
    pub note: Option<Checkpoint>,
    /// Last leaf of each case: its number and hash.
    pub heads: HashMap<String, (u64, String)>,
    /// Whether `heads` are all there are.
    pub whole: bool,
}

impl Opened {
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.path(file)
    }

    /// A tile of the archive, from its full form or the one at the end of the epoch.
    fn tile(&self, alg: HashAlg, level: u32, index: u64, width: u64) -> Result<Vec<Node>, LogError> {
        let at_end = (self.manifest.to >> (8 * level)).saturating_sub(index * WIDTH);
        let path = tile_path(alg, level, index, at_end.min(WIDTH));
        let bytes = self.folder.read(&format!("{TILES}{path}"))?;
        let nodes = bytes.and_then(|bytes| split_tile(&bytes, width));
        nodes.ok_or_else(|| LogError::corrupt(format!("{TILES}{path}"), "missing or too short"))
    }
}

/// One pass over an archive's leaves.
pub(super) struct Pass<'a> {
    opened: &'a Opened,
    carried: &'a mut Carried,
    /// What checkpoints of the other log saw of this one, and which archive says so.
    seen: Vec<&'a (String, Anchor)>,
    trees: [Tree; 2],
    next: u64,
    tiles: BTreeSet<String>,
    openings: u64,
    continued: u64,
}

impl<'a> Pass<'a> {
    pub fn new(opened: &'a Opened, carried: &'a mut Carried, seen: &'a [(String, Anchor)]) -> Result<Self, Failure> {
        let from = opened.manifest.from;
        let trees = trees_at(from, |alg, level, index, width| opened.tile(alg, level, index, width))?;
        for tree in &trees {
            let wanted = opened.before.as_ref().map_or(empty_root(tree.alg()), |c| c.root(tree.alg()));
            if tree.root() != wanted {
                let en = "the tiles do not begin with the roots of the epoch before";
                return Err(fail(BEFORE, "root", "瓦片与上一年度的根哈希不符", en));
            }
        }
        let seen = seen.iter().filter(|(_, a)| a.origin == opened.note.origin).collect();
        Ok(Self { opened, carried, seen, trees, next: from, tiles: BTreeSet::new(), openings: 0, continued: 0 })
    }

    pub fn row(&mut self, row: Row) -> Result<(), Failure> {
        let index = self.next;
        let bad = |what: &str, zh: &str, en: &str| {
            fail("", what, format!("第{index}条：{zh}"), format!("leaf {index}: {en}"))
        };
        if row.index != index || index >= self.opened.manifest.to {
            return Err(bad("leaf", "序号不连续", "its index does not follow"));
        }
        let hash = |alg| leaf_node(alg, &row.leaf);
        if (row.sm3, row.sha256) != (hash(HashAlg::Sm3), hash(HashAlg::Sha256)) {
            return Err(bad("leaf", "哈希与条目不符", "its hashes are not those of its bytes"));
        }
        let leaf = Leaf::decode(&row.leaf).map_err(|e| bad("leaf", "编码不合规", &e.to_string()))?;
        if leaf.log != self.opened.manifest.log {
            return Err(bad("leaf", "属于另一日志", "it belongs to the other log"));
        }
        let opening = Opening::read(&leaf).map_err(|e| bad("epoch", "年度开篇格式不符", &e.to_string()))?;
        if let Some(opening) = opening {
            self.openings += 1;
            if Some(&opening.note) != self.opened.before.as_ref() || opening.epoch != self.opened.manifest.epoch {
                return Err(bad("epoch", "开篇所载不是上一年度的结篇检查点", "it does not hold the checkpoint before"));
            }
        }
        self.chain(&leaf, &row.leaf).map_err(|en| bad("chain", "案件链断裂", en))?;
        self.check_seen()?;
        for tree in &mut self.trees {
            let (opened, tiles) = (self.opened, &mut self.tiles);
            let mut differs = None;
            tree.push(&row.leaf, &mut |tile| {
                differs = differs.take().or(same(opened, tiles, &tile).err());
                Ok(())
            })?;
            if let Some(f) = differs {
                return Err(f);
            }
        }
        self.next += 1;
        Ok(())
    }

    /// A case goes on from its last leaf; where the epochs before were not given, from any.
    fn chain(&mut self, leaf: &Leaf, bytes: &[u8]) -> Result<(), &'static str> {
        let (Some(case), Some(seq)) = (&leaf.case, leaf.case_seq) else { return Ok(()) };
        let follows = match self.carried.heads.get(case) {
            Some((last, hash)) => seq == last + 1 && leaf.prev.as_ref() == Some(hash),
            None if seq > 1 && !self.carried.whole => {
                self.continued += 1;
                true
            }
            None => seq == 1,
        };
        if !follows {
            return Err("it does not follow the case's previous leaf");
        }
        let hash = leaf_hash(self.opened.manifest.suite.hash_alg(), bytes).to_string();
        self.carried.heads.insert(case.clone(), (seq, hash));
        Ok(())
    }

    /// What the other log's closing checkpoints saw of this log holds at that size.
    fn check_seen(&self) -> Result<(), Failure> {
        let [sm3, _] = &self.trees;
        for (by, anchor) in self.seen.iter().filter(|(_, a)| a.size == self.next) {
            if anchor.sm3 != sm3.root() {
                let zh = format!("不是归档 {by} 的检查点所见日志的延续");
                return Err(fail(LEAVES, "anchor", zh, format!("it does not extend what the checkpoint in {by} saw")));
            }
        }
        Ok(())
    }

    /// Number of leaves, tiles, and cases that go on from before.
    pub fn finish(mut self) -> Result<(u64, u64, u64), Failure> {
        let m = &self.opened.manifest;
        if self.next != m.to || self.openings != u64::from(m.from > 0) {
            let (zh, en) = ("条目不全", "leaves are missing, or the one that opened the epoch is");
            return Err(fail(LEAVES, "missing", zh, en));
        }
        self.check_seen()?;
        for tree in &self.trees {
            for tile in tree.partial() {
                same(self.opened, &mut self.tiles, &tile)?;
            }
            if tree.root() != self.opened.note.root(tree.alg()) {
                let en = "the leaves do not lead to the closing checkpoint's root";
                return Err(fail(CLOSING, "root", "条目与结篇检查点的根哈希不符", en));
            }
        }
        let stray = m.files.iter().find(|f| f.name.starts_with(TILES) && !self.tiles.contains(&f.name));
        if let Some(file) = stray {
            return Err(fail(&file.name, "unknown_file", "不属于归档的瓦片", "a tile that is not of this epoch"));
        }
        Ok((m.to - m.from, self.tiles.len() as u64, self.continued))
    }
}

/// A tile as it came out of the leaves, against the one in the archive.
fn same(opened: &Opened, tiles: &mut BTreeSet<String>, tile: &Tile) -> Result<(), Failure> {
    let name = format!("{TILES}{}", tile.path());
    let held = opened.folder.read(&name)?.is_some_and(|bytes| bytes == tile.bytes);
    if !held {
        return Err(fail(&name, "tile", "哈希瓦片与条目不符", "the tile is missing or not that of the leaves"));
    }
    tiles.insert(name);
    Ok(())
}
