//! The writer of one log: appends leaves, signs checkpoints, heals what a crash left.
//!
//! Deterministic: the same leaves give the same files in however many steps they came. It must not know where leaves
//! come from; its caller keeps them durably and asks `size()` how far the log got.

mod bound;

use crate::LogError;
use crate::checkpoint::{Checkpoint, LogSigner};
use crate::epoch::{EpochMark, Opening};
use crate::files::Folder;
use crate::keys::FACTS_FILE;
use crate::leaf::{Leaf, LogName};
use crate::merkle::Node;
use crate::reader::LogReader;
use crate::signer::{BoundList, Signed, lock, read_state};
use crate::tile::{
    ALGS, Place, Tile, Tree, WIDTH, bundle_partials, bundle_path, push_entry, split_bundle, tile_partials,
};
use crate::trust::ClockKind;
use crypto::{Hash, HashAlg, PublicKey, Suite};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Leaves whose files are written together.
const PART: usize = 64 * WIDTH as usize;

/// What a log is.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// First line of its checkpoints: `<deployment>/<log>`.
    pub origin: String,
    /// Which log.
    pub log: LogName,
    /// Suite of the deployment.
    pub suite: Suite,
    /// Kind of clock.
    pub clock: ClockKind,
    /// Deployment.
    pub deployment: String,
    /// Where the signer remembers what it has signed: a file outside the log's folder, so that an old copy of the
    /// folder is found out.
    pub state: PathBuf,
    /// Who signs the key lists that its checkpoints bind; without it they are bound as they lie there.
    pub root: Option<PublicKey>,
}

impl LogConfig {
    /// The log of a deployment.
    #[must_use]
    pub fn new(deployment: &str, log: LogName, suite: Suite, clock: ClockKind, state: &Path) -> Self {
        let origin = format!("{deployment}/{log}");
        let (deployment, state) = (deployment.to_owned(), state.to_path_buf());
        Self { origin, log, suite, clock, deployment, state, root: None }
    }

    /// A log that binds no key list but the root's, and none that is older than the last one it has bound.
    #[must_use]
    pub fn with_root(mut self, root: PublicKey) -> Self {
        self.root = Some(root);
        self
    }
}

/// One log, open for writing; one process at a time.
#[derive(Debug)]
pub struct TileLog {
    folder: Folder,
    beside: Folder,
    cfg: LogConfig,
    state: Folder,
    state_name: String,
    signed: Option<Signed>,
    published: Option<Checkpoint>,
    size: u64,
    trees: [Tree; 2],
    bundle: Vec<u8>,
    /// Time of the first leaf.
    began: Option<i64>,
    epoch: Option<EpochMark>,
    poisoned: bool,
    _lock: File,
}

impl TileLog {
    /// Opens or makes the log in `dir`. Finishes an append that a crash interrupted: afterwards `size()` says which
    /// leaves are in, and [`TileLog::unsigned`] whether the next checkpoint is due.
    ///
    /// # Errors
    /// The folder contradicts itself or its signer's memory, is written by another process, or cannot be written.
    pub fn open(dir: &Path, cfg: LogConfig) -> Result<Self, LogError> {
        let bad_state = || LogError::malformed("signer state", "its path names no file");
        let (state_dir, state_name) = (cfg.state.parent().ok_or_else(bad_state)?, cfg.state.file_name());
        let state_name = state_name.and_then(|n| n.to_str()).ok_or_else(bad_state)?.to_owned();
        let (folder, state) = (Folder::new(dir), Folder::new(state_dir));
        folder.make()?;
        state.make()?;
        let lock = lock(&cfg.state)?;
        folder.sweep(superseded)?;
        // Other files lie beside the signer's state.
        state.sweep_one(&state_name)?;
        let beside = Folder::new(dir.parent().unwrap_or(dir));
        let signed = read_state(&state, &state_name, &cfg)?;
        let published = match folder.read("checkpoint")? {
            Some(bytes) => Some(Checkpoint::parse(&bytes)?),
            None => None,
        };
        let trees = ALGS.map(Tree::new);
        let bundle = Vec::new();
        let mut log = Self {
            folder,
            beside,
            cfg,
            state,
            state_name,
            signed,
            published,
            size: 0,
            trees,
            bundle,
            began: None,
            epoch: None,
            poisoned: false,
            _lock: lock,
        };
        log.load()?;
        log.heal()?;
        log.key_list()?;
        Ok(log)
    }

    /// Number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The published checkpoint.
    #[must_use]
    pub fn published(&self) -> Option<&Checkpoint> {
        self.published.as_ref()
    }

    /// Are there leaves that no published checkpoint covers, or no checkpoint at all?
    #[must_use]
    pub fn unsigned(&self) -> bool {
        self.published.as_ref().is_none_or(|c| c.size < self.size)
    }

    /// Does the published checkpoint cover every leaf?
    #[must_use]
    pub fn is_published(&self) -> bool {
        !self.unsigned()
    }

    /// The running epoch; none in the first one.
    #[must_use]
    pub fn epoch(&self) -> Option<&EpochMark> {
        self.epoch.as_ref()
    }

    /// What the leaf says that closes the running epoch, if another year has begun since it did: the published checkpoint,
    /// which covers every leaf, closes it. `year` names the year of a time; `now` is the deployment's.
    #[must_use]
    pub fn closing(&self, now: i64, year: impl Fn(i64) -> u32) -> Option<Opening> {
        let published = self.published.as_ref().filter(|c| c.size == self.size && c.size > 0)?;
        let closed = self.epoch.as_ref().map(|e| e.year).or_else(|| self.began.map(&year))?;
        let epoch = year(now);
        (epoch > closed).then(|| Opening { closed, epoch, note: published.clone() })
    }

    /// A reader over all leaves.
    #[must_use]
    pub fn reader(&self) -> LogReader {
        LogReader::at(self.folder.clone(), self.size)
    }

    /// Root over all leaves.
    #[must_use]
    pub fn root(&self, alg: HashAlg) -> Node {
        let [sm3, sha256] = &self.trees;
        if alg == sm3.alg() { sm3.root() } else { sha256.root() }
    }

    /// Appends encoded leaves; returns their indices. Durable when it returns.
    ///
    /// # Errors
    /// A leaf is not the encoding of a leaf of this log (nothing is written), or writing failed (the log must be
    /// opened again; the same append then gives the same bytes).
    pub fn append(&mut self, leaves: &[Vec<u8>]) -> Result<Range<u64>, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        for leaf in leaves {
            if Leaf::decode(leaf)?.log != self.cfg.log {
                return Err(LogError::Leaf("it belongs to another log"));
            }
        }
        let from = self.size;
        // Until it is done the trees in memory may be ahead of the disk.
        self.poisoned = true;
        self.write(leaves)?;
        self.poisoned = false;
        Ok(from..self.size)
    }

    /// Appends leaves whose indices are already assigned: those that are there already must be equal and are skipped.
    ///
    /// # Errors
    /// A gap, another leaf at one of the indices, or as [`TileLog::append`].
    pub fn append_at(&mut self, index: u64, leaves: &[Vec<u8>]) -> Result<Range<u64>, LogError> {
        if index > self.size {
            return Err(LogError::Gap { index, size: self.size });
        }
        let end = index + leaves.len() as u64;
        let there = self.size.min(end) - index;
        let mut given = leaves.iter();
        if there > 0 {
            LogReader::at(self.folder.clone(), index + there).each(index, |at, leaf| match given.next() {
                Some(l) if l.as_slice() == leaf => Ok(()),
                _ => Err(LogError::Different { index: at }),
            })?;
        }
        self.append(given.as_slice())?;
        Ok(index..end)
    }

    /// Signs and publishes a checkpoint over all leaves. `at` is the time on the deployment's clock; `extra` are
    /// further lines such as [`crate::anchor_line`]. An anchor of the last checkpoint is carried on until a larger one of
    /// the same log is given: without it an older state of that log would pass. Returns the note. What is signed is remembered before the
    /// signature exists.
    ///
    /// # Errors
    /// The signer has signed a larger size or another root, a line is malformed, or signing or writing failed.
    pub fn checkpoint(&mut self, at: i64, signer: &dyn LogSigner, extra: &[String]) -> Result<String, LogError> {
        if self.poisoned {
            return Err(LogError::Poisoned);
        }
        let mut next = self.draft(at)?;
        for line in extra {
            next.extend(line)?;
        }
        next.carry_anchors(&self.anchors()?);
        self.remember(&next)?;
        next.sign(signer)?;
        next.verify(&signer.public())?;
        let note = next.render();
        self.folder.write("checkpoint", note.as_bytes())?;
        self.published = Some(next);
        Ok(note)
    }

    /// Brings a copy of another machine's log up to a checkpoint that its owner signed. `leaves` begin at `first`; those
    /// that are there already are skipped. Nothing is written unless the roots come out as signed.
    ///
    /// # Errors
    /// A gap, leaves that do not come to the checkpoint's size and roots, a checkpoint of another log, key or past, or
    /// writing failed.
    pub fn copy(&mut self, first: u64, leaves: &[Vec<u8>], note: &Checkpoint, key: &PublicKey) -> Result<(), LogError> {
        if first > self.size {
            return Err(LogError::Gap { index: first, size: self.size });
        }
        let there = usize::try_from(self.size - first).unwrap_or(usize::MAX);
        let new = leaves.get(there..).unwrap_or_default();
        let ours = (&note.origin, note.suite, note.clock) == (&self.cfg.origin, self.cfg.suite, self.cfg.clock);
        if !ours || note.size != self.size + new.len() as u64 {
            return Err(LogError::corrupt("checkpoint", "it is not over these leaves"));
        }
        note.verify(key)?;
        let mut trees = self.trees.clone();
        for tree in &mut trees {
            for leaf in new {
                tree.push(leaf, &mut |_| Ok(()))?;
            }
            if tree.root() != note.root(tree.alg()) {
                return Err(LogError::SecondRoot { size: note.size });
            }
        }
        self.append(new)?;
        self.remember(note)?;
        self.folder.write("checkpoint", note.render().as_bytes())?;
        self.published = Some(note.clone());
        Ok(())
    }

    fn draft(&self, at: i64) -> Result<Checkpoint, LogError> {
        let digest = |bytes: &[u8]| self.cfg.suite.hash(bytes).bytes;
        let keys = self.key_list()?.map(|list| (list.number, list.digest.bytes));
        let deployment = self.beside.read(FACTS_FILE)?.map(|bytes| digest(&bytes));
        Ok(Checkpoint {
            origin: self.cfg.origin.clone(),
            size: self.size,
            sha256: self.root(HashAlg::Sha256),
            sm3: self.root(HashAlg::Sm3),
            suite: self.cfg.suite,
            clock: self.cfg.clock,
            time: at,
            keys,
            deployment,
            anchors: Vec::new(),
            other: Vec::new(),
            signature: None,
        })
    }

    fn remember(&mut self, next: &Checkpoint) -> Result<(), LogError> {
        let hash = |alg| Hash { alg, bytes: next.root(alg) };
        let state = Signed {
            v: 1,
            origin: next.origin.clone(),
            size: next.size,
            sm3: hash(HashAlg::Sm3),
            sha256: hash(HashAlg::Sha256),
            epoch: self.epoch.clone(),
            anchors: next.anchors.iter().map(crate::Anchor::line).collect(),
            keys: next
                .keys
                .map(|(number, bytes)| BoundList { number, digest: Hash { alg: next.suite.hash_alg(), bytes } }),
        };
        if let Some(last) = &self.signed {
            state.after(last)?;
        }
        self.state.write(&self.state_name, &crypto::canonical(&state)?)?;
        self.signed = Some(state);
        Ok(())
    }

    /// Loads the right edge at the published checkpoint, and checks it against the roots signed there.
    fn load(&mut self) -> Result<(), LogError> {
        let Some(published) = &self.published else { return Ok(()) };
        if published.origin != self.cfg.origin || published.suite != self.cfg.suite || published.clock != self.cfg.clock
        {
            return Err(LogError::corrupt("checkpoint", "it is another log's"));
        }
        match &self.signed {
            None => return Err(LogError::malformed("signer state", "missing, though a checkpoint was published")),
            Some(s) if s.size < published.size => {
                return Err(LogError::malformed("signer state", "older than the published checkpoint"));
            }
            // Another log of the same size: it would be signed on over.
            Some(s)
                if s.size == published.size && [&s.sm3, &s.sha256].iter().any(|h| published.root(h.alg) != h.bytes) =>
            {
                return Err(LogError::SecondRoot { size: s.size });
            }
            Some(_) => {}
        }
        let size = published.size;
        // A later epoch than the published one begins in leaves that are taken in below.
        self.epoch = self.signed.as_ref().and_then(|s| s.epoch.clone()).filter(|e| e.index < size);
        let reader = LogReader::at(self.folder.clone(), size);
        if size > 0 {
            self.began = Some(Leaf::decode(&reader.leaf(0)?)?.at);
        }
        for tree in &mut self.trees {
            let alg = tree.alg();
            let mut levels = Vec::new();
            for (level, (index, width)) in (0u32..).zip(Tree::edge(size)) {
                levels.push(if width == 0 { Vec::new() } else { reader.tile(alg, level, index, width)? });
            }
            *tree = Tree::from_edge(alg, size, levels);
            if tree.root() != published.root(alg) {
                return Err(LogError::corrupt(format!("{}/tile", alg.name()), "its root is not the checkpoint's"));
            }
        }
        // What goes into the next, wider bundle is held against the hashes that were signed: damage would be carried on.
        reader.each(size - size % WIDTH, |index, leaf| {
            if !self.trees.iter().all(|tree| tree.holds(index % WIDTH, leaf)) {
                return Err(LogError::corrupt(bundle_path(size / WIDTH, size % WIDTH), "a leaf is not the tree's"));
            }
            push_entry(&mut self.bundle, leaf)
        })?;
        self.size = size;
        Ok(())
    }

    /// Takes in the leaves on disk beyond the checkpoint; what is missing of their tiles is written.
    fn heal(&mut self) -> Result<(), LogError> {
        let end = self.written()?;
        let signed = self.signed.as_ref().map_or(0, |s| s.size);
        if end < signed {
            return Err(LogError::RolledBack { found: end, signed });
        }
        for stop in [signed, end] {
            if stop <= self.size {
                continue;
            }
            let mut missing = Vec::new();
            LogReader::at(self.folder.clone(), stop).each(self.size, |_, leaf| {
                missing.push(leaf.to_vec());
                Ok(())
            })?;
            self.write(&missing)?;
            let root = |alg| Hash { alg, bytes: self.root(alg) };
            if let Some(s) = self.signed.as_ref().filter(|s| s.size == self.size)
                && (s.sm3 != root(HashAlg::Sm3) || s.sha256 != root(HashAlg::Sha256))
            {
                return Err(LogError::SecondRoot { size: self.size });
            }
        }
        Ok(())
    }

    /// How many leaves lie in bundles on disk, without a gap from the checkpoint on.
    fn written(&self) -> Result<u64, LogError> {
        let mut bundle = self.size / WIDTH;
        while self.folder.read(&bundle_path(bundle, WIDTH))?.is_some() {
            bundle += 1;
        }
        let mut width = 0;
        for name in self.folder.names(&bundle_partials(bundle))? {
            width = width.max(name.parse().ok().filter(|w| *w < WIDTH).unwrap_or(0));
        }
        if width > 0 {
            let path = bundle_path(bundle, width);
            let bytes = self.folder.read(&path)?.unwrap_or_default();
            split_bundle(&bytes, width).ok_or_else(|| LogError::corrupt(path, "not an entry bundle"))?;
        }
        Ok((bundle * WIDTH + width).max(self.size))
    }

    /// Bundles first, then tiles, then the narrower forms they replace go; each kind durable before the next. Within a
    /// kind a crash may leave some: what is read after it are bundles without a gap.
    fn write(&mut self, leaves: &[Vec<u8>]) -> Result<(), LogError> {
        // So many at once that the files of one kind share their flushes, and few enough to lie in memory.
        for part in leaves.chunks(PART) {
            self.write_part(part)?;
        }
        Ok(())
    }

    fn write_part(&mut self, leaves: &[Vec<u8>]) -> Result<(), LogError> {
        let first = self.size / WIDTH;
        let before = Tree::edge(self.size);
        let (mut bundles, mut tiles) = (Vec::new(), Vec::new());
        for leaf in leaves {
            self.enter(leaf)?;
            push_entry(&mut self.bundle, leaf)?;
            for tree in &mut self.trees {
                tree.push(leaf, &mut |tile| {
                    tiles.push(tile);
                    Ok(())
                })?;
            }
            self.size += 1;
            if self.size.is_multiple_of(WIDTH) {
                bundles.push((bundle_path(self.size / WIDTH - 1, WIDTH), std::mem::take(&mut self.bundle)));
            }
        }
        if !self.bundle.is_empty() {
            bundles.push((bundle_path(self.size / WIDTH, self.size % WIDTH), self.bundle.clone()));
        }
        // An unfinished tile that has not grown lies there already.
        let grown = |t: &Tile| before.get(t.level as usize) != Some(&(t.index, t.width));
        tiles.extend(self.trees.iter().flat_map(Tree::partial).filter(grown));
        self.folder.write_all(&bundles.iter().map(|(path, bytes)| (path.clone(), &bytes[..])).collect::<Vec<_>>())?;
        self.folder.write_all(&tiles.iter().map(|tile| (tile.path(), &tile.bytes[..])).collect::<Vec<_>>())?;
        for bundle in first..self.size.div_ceil(WIDTH) {
            let width = (self.size - bundle * WIDTH).min(WIDTH);
            self.supersede(&bundle_partials(bundle), width)?;
        }
        for tile in &tiles {
            self.supersede(&tile_partials(tile.alg, tile.level, tile.index), tile.width)?;
        }
        Ok(())
    }

    /// Where the log is after its next leaf: in which epoch, and since when.
    fn enter(&mut self, leaf: &[u8]) -> Result<(), LogError> {
        if self.size == 0 {
            self.began = Some(Leaf::decode(leaf)?.at);
        }
        if let Some(mark) = EpochMark::after(self.size, leaf, &self.cfg.origin, self.epoch.as_ref())? {
            self.epoch = Some(mark);
        }
        Ok(())
    }

    /// Removes the narrower forms. A wider one is there while what a crash left is taken in, and holds leaves still to come.
    fn supersede(&self, partials: &str, width: u64) -> Result<(), LogError> {
        self.folder.prune(partials, |name| name.parse().map_or(true, |w: u64| w < width))
    }
}

/// Partial forms beside wider ones: a crash came before they went, or a power cut brought them back.
fn superseded(files: &BTreeSet<String>) -> Vec<String> {
    let places = || files.iter().filter_map(|f| Place::parse(f));
    let mut widest = BTreeMap::new();
    for p in places() {
        let width = widest.entry((p.alg, p.level, p.index)).or_insert(p.width);
        *width = p.width.max(*width);
    }
    places().filter(|p| widest.get(&(p.alg, p.level, p.index)).is_some_and(|w| *w > p.width)).map(Place::path).collect()
}
