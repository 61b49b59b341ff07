//! One pass over a log's files: every leaf, every case's chain, every epoch, every tile and both roots.

use crate::LogError;
use crate::anchors::Seen;
use crate::checkpoint::Checkpoint;
use crate::epoch::{EPOCH_RENEWED, Walk};
use crate::files::{Folder, TEMP};
use crate::leaf::{Leaf, LogName};
use crate::reader::LogReader;
use crate::report::Failure;
use crate::tile::{ALGS, Place, Tile, Tree, WIDTH, bundle_path, split_bundle};
use crate::verify::unknown;
use crypto::{Hash, HashAlg};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Exactly the files that a log of this size has. In a log that is being written the unfinished bundle and tiles may
/// have a wider form already, and more may follow: their number is returned.
pub(crate) fn check_names(files: &BTreeSet<String>, size: u64, live: bool) -> Result<u64, Failure> {
    let mut expected = BTreeSet::new();
    for (alg, level) in [None, Some(ALGS[0]), Some(ALGS[1])].into_iter().flat_map(|a| (0u32..8).map(move |l| (a, l))) {
        let count = if alg.is_none() && level > 0 { 0 } else { size >> (8 * level) };
        for index in 0..count.div_ceil(WIDTH) {
            expected.insert(Place { alg, level, index, width: (count - index * WIDTH).min(WIDTH) }.path());
        }
    }
    let beyond = |file: &&String| {
        let place = Place::parse(file.strip_suffix(TEMP).unwrap_or(file));
        place.is_some_and(|p| p.index * WIDTH + p.width > size >> (8 * p.level))
    };
    let widened = |file: &&String| live && Place::parse(file).is_some_and(|p| p.width < WIDTH);
    if let Some(file) = files.difference(&expected).find(|f| !(live && beyond(f))) {
        return Err(if beyond(&file) { unsigned(file) } else { unknown(file) });
    }
    match expected.difference(files).find(|f| !widened(f)) {
        Some(file) => Err(Failure::new(file, "missing", "缺少文件", "a file is missing")),
        None => Ok(files.difference(&expected).count() as u64),
    }
}

/// A file of the size that the log would have next. Somebody may have put it there; more often a writer was stopped.
fn unsigned(file: &str) -> Failure {
    let zh = "检查点之后写入、尚未签名的文件：若因停机中断，再启动一次即可补签";
    let en = "written after the checkpoint and not signed; if a writer was stopped there, its next start signs it";
    Failure::new(file, "unknown_file", zh, en)
}

/// Where the pass reads bundles and tiles from.
pub(crate) struct Source {
    pub folder: Folder,
    pub reader: LogReader,
    pub live: bool,
}

impl Source {
    fn bundle(&self, index: u64, width: u64) -> Result<Vec<Vec<u8>>, Failure> {
        if self.live {
            return self.reader.bundle(index, width).map_err(lost);
        }
        let path = bundle_path(index, width);
        let missing = || Failure::new(&path, "missing", "缺少文件", "a file is missing");
        let bytes = self.folder.read(&path)?.ok_or_else(missing)?;
        let fail = || Failure::new(&path, "corrupt", "条目文件损坏", "not an entry bundle of its width");
        Ok(split_bundle(&bytes, width).ok_or_else(fail)?.into_iter().map(<[u8]>::to_vec).collect())
    }

    fn check(&self, tile: &Tile) -> Result<(), Failure> {
        let path = tile.path();
        let there = if self.live {
            Some(self.reader.tile(tile.alg, tile.level, tile.index, tile.width).map_err(lost)?.concat())
        } else {
            self.folder.read(&path)?
        };
        match there {
            None => Err(Failure::new(path, "missing", "缺少文件", "a file is missing")),
            Some(bytes) if bytes == tile.bytes => Ok(()),
            Some(_) => Err(Failure::new(path, "tile", "哈希瓦片与条目不符", "the tile is not that of the leaves")),
        }
    }
}

/// A file of a moving log that went while it was looked for.
fn lost(e: LogError) -> Failure {
    let missing = matches!(e, LogError::Corrupt { what: "missing", .. });
    let failure = Failure::from(e);
    if missing { Failure { what: "missing".to_owned(), ..failure } } else { failure }
}

/// One pass over a log's leaves.
pub(crate) struct Pass<'a> {
    source: Source,
    log: LogName,
    alg: HashAlg,
    pub index: u64,
    pub tiles: u64,
    /// Leaves that record a report of the other side.
    pub reports: u64,
    trees: [Tree; 2],
    pub cases: HashMap<String, (u64, Hash)>,
    pub epochs: Walk<'a>,
    pub renewed: Renewed,
}

/// Digests of archives' manifests that leaves `epoch_renewed` bind, by `<log>_<year>`, and when they did last.
pub(crate) type Renewed = BTreeMap<String, (Vec<String>, i64)>;

impl<'a> Pass<'a> {
    pub fn new(source: Source, epochs: Walk<'a>, alg: HashAlg) -> Self {
        Self {
            source,
            log: epochs.log,
            alg,
            index: 0,
            tiles: 0,
            reports: 0,
            trees: ALGS.map(Tree::new),
            cases: HashMap::new(),
            epochs,
            renewed: Renewed::new(),
        }
    }

    pub fn bundle(&mut self, index: u64, width: u64, seen: &[Seen]) -> Result<(), Failure> {
        let path = bundle_path(index, width);
        for leaf in self.source.bundle(index, width)? {
            self.leaf(&leaf).map_err(|f| Failure { file: path.clone(), ..f })?;
            self.check_seen(seen)?;
        }
        Ok(())
    }

    fn leaf(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let index = self.index;
        let fail = |what, zh: &str, en: &str| {
            Failure::new("", what, format!("第{index}条：{zh}"), format!("leaf {index}: {en}"))
        };
        let leaf = Leaf::decode(bytes).map_err(|e| fail("leaf", "编码不合规", &e.to_string()))?;
        if leaf.log != self.log {
            return Err(fail("leaf", "属于另一日志", "it belongs to the other log"));
        }
        self.reports += u64::from(leaf.log == LogName::Platform && leaf.refs.contains_key("report"));
        if let (Some(case), Some(seq)) = (&leaf.case, leaf.case_seq) {
            let follows = match self.cases.get(case) {
                None => seq == 1,
                Some((last, hash)) => {
                    seq == last + 1 && leaf.prev.as_deref().is_some_and(|prev| hash.to_string() == prev)
                }
            };
            if !follows {
                return Err(fail("chain", "案件链断裂", "it does not follow the case's previous leaf"));
            }
        }
        self.epochs.leaf(index, &leaf)?;
        if leaf.kind == EPOCH_RENEWED && self.log == LogName::Platform {
            for (name, digest) in leaf.refs {
                let (digests, at) = self.renewed.entry(name).or_default();
                // One that is bound again is the newest again.
                digests.retain(|d| *d != digest);
                digests.push(digest);
                *at = leaf.at;
            }
        }
        let mut hash = None;
        for tree in &mut self.trees {
            let (source, tiles) = (&self.source, &mut self.tiles);
            let mut differs = None;
            let node = tree.push(bytes, &mut |tile| {
                *tiles += 1;
                differs = differs.take().or(source.check(&tile).err());
                Ok(())
            })?;
            hash = hash.or((tree.alg() == self.alg).then_some(node));
            if let Some(f) = differs {
                return Err(f);
            }
        }
        if let (Some(case), Some(seq), Some(bytes)) = (leaf.case, leaf.case_seq, hash) {
            self.cases.insert(case, (seq, Hash { alg: self.alg, bytes }));
        }
        self.index += 1;
        Ok(())
    }

    /// At the sizes that others have seen, both roots must be what they saw.
    pub fn check_seen(&self, seen: &[Seen]) -> Result<(), Failure> {
        let [sm3, sha256] = &self.trees;
        for s in seen.iter().filter(|s| s.anchor.size == self.index) {
            if s.anchor.sm3 != sm3.root() || s.sha256.is_some_and(|r| r != sha256.root()) {
                let zh = format!("日志不是 {} 所见检查点的延续", s.by);
                return Err(Failure::new("checkpoint", "anchor", zh, format!("it does not extend what {} saw", s.by)));
            }
        }
        Ok(())
    }

    pub fn finish(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        for tree in &self.trees {
            for tile in tree.partial() {
                self.source.check(&tile)?;
                self.tiles += 1;
            }
            if tree.root() != checkpoint.root(tree.alg()) {
                let (zh, en) = ("根哈希与检查点不符", "the root is not the checkpoint's");
                return Err(Failure::new("checkpoint", "root", zh, en));
            }
        }
        Ok(())
    }
}
