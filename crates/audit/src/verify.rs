//! Verifies a folder of logs: reads every file, recomputes every tile and both roots, follows every case's chain, and
//! checks signatures, key lists and the anchors between the logs. A file it does not know fails.
//!
//! Trusts nothing in the folder; what it trusts comes in as the trust file.

use crate::LogError;
use crate::anchors::{self, Seen};
use crate::checkpoint::Checkpoint;
use crate::files::{Folder, TEMP};
use crate::keys::{FACTS_FILE, KEYS, KeyListView, SignedValue, check_lists, read_facts, read_key_lists};
use crate::leaf::{Leaf, LogName};
use crate::merkle::Node;
use crate::reader::LogReader;
use crate::report::{Counts, Failure, VerifyReport};
use crate::tile::{ALGS, Place, Tile, Tree, WIDTH, bundle_path, split_bundle};
use crate::trust::{Trust, WitnessPolicy};
use crate::witnessed::{WITNESS, Witnessed, Witnesses};
use crypto::{Hash, HashAlg};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Failures that a log shows for a moment while it is being written: its names change before its checkpoint does.
const TRANSIENT: [&str; 3] = ["unknown_file", "missing", "rolled_back"];
/// How long to wait for a change before such a failure stands; a checkpoint follows its leaves within a second.
const PAUSES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(400);
const TRIES: u32 = 10;

/// Verifies `dir`: the folder of both logs (`DATA/log`), or one log in it. `trust` is the trust file; `from` is the
/// text of an earlier checkpoint that its log must extend. The log may be written meanwhile.
///
/// One log alone that anchors the other is at most valid, never trusted: nobody looked whether the other holds what it
/// was seen to hold.
#[must_use]
pub fn verify_dir(dir: &Path, trust: Option<&Trust>, from: Option<&str>) -> VerifyReport {
    verify_asked(dir, Asked { trust, from, ..Asked::default() })
}

/// What a verifier is given besides the folder.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'a> {
    /// The trust file.
    pub trust: Option<&'a Trust>,
    /// The text of an earlier checkpoint that its log must extend.
    pub from: Option<&'a str>,
    /// The witnesses that must have seen the logs, in the place of the trust file's.
    pub witnesses: Option<&'a WitnessPolicy>,
}

impl Asked<'_> {
    fn policy(&self) -> Option<&WitnessPolicy> {
        self.witnesses.or(self.trust.and_then(|t| t.witnesses.as_ref()))
    }
}

/// As [`verify_dir`], with all that can be given.
#[must_use]
pub fn verify_asked(dir: &Path, asked: Asked<'_>) -> VerifyReport {
    let mut live = false;
    for _ in 1..TRIES {
        let before = names(dir);
        let report = verify_as(dir, asked, live);
        let transient = report.failure.as_ref().is_some_and(|f| TRANSIENT.contains(&f.what.as_str()));
        if !transient || !moved(dir, &before) {
            return report;
        }
        live = true;
    }
    verify_as(dir, asked, live)
}

fn names(dir: &Path) -> BTreeSet<String> {
    Folder::new(dir).all().unwrap_or_default()
}

fn moved(dir: &Path, before: &BTreeSet<String>) -> bool {
    (0..PAUSES).any(|_| {
        std::thread::sleep(PAUSE);
        names(dir) != *before
    })
}

/// As [`verify_dir`], for a folder at rest.
#[must_use]
pub fn verify_once(dir: &Path, trust: Option<&Trust>, from: Option<&str>) -> VerifyReport {
    verify_as(dir, Asked { trust, from, ..Asked::default() }, false)
}

fn verify_as(dir: &Path, asked: Asked<'_>, live: bool) -> VerifyReport {
    let mut run =
        Run { asked, counts: Counts::default(), clock: None, unchecked: Vec::new(), witnessed: Vec::new(), live };
    let result = run.all(dir);
    let seen_enough = asked.policy().is_none() || run.witnessed.iter().all(|w| w.size.is_some());
    let whole = run.unchecked.is_empty() && seen_enough;
    let mut report = VerifyReport::new(result, asked.trust.is_some() && whole, run.counts, run.clock);
    report.unproved = report.valid.then(|| unproved(&run.unchecked, &run.witnessed));
    report
}

fn unproved(unchecked: &[String], witnessed: &[Witnessed]) -> String {
    let after = "what happened after the checkpoints is not proved";
    let mut said: Vec<String> = witnessed.iter().filter_map(Witnessed::unproved).collect();
    if !unchecked.is_empty() {
        let named = unchecked.join(", ");
        said.push(format!("只给出了一部日志，未核对其锚定的检查点 · this log was given alone; not checked: {named}"));
    }
    said.push(after.to_owned());
    said.join("; ")
}

/// The logs to verify and the folder that holds `keys/`.
struct Layout {
    base: PathBuf,
    logs: Vec<LogName>,
    single: bool,
}

fn layout(dir: &Path) -> Result<Layout, Failure> {
    if !dir.is_dir() {
        return Err(Failure::new("", "missing", "没有这个目录", "there is no such folder"));
    }
    let own = dir.file_name().and_then(|n| n.to_str());
    let name = LogName::ALL.into_iter().find(|l| own == Some(l.as_str()));
    if let (Some(log), true) = (name, dir.join("checkpoint").exists()) {
        let base = dir.parent().unwrap_or(dir).to_path_buf();
        return Ok(Layout { base, logs: vec![log], single: true });
    }
    let logs: Vec<LogName> = LogName::ALL.into_iter().filter(|l| dir.join(l.as_str()).is_dir()).collect();
    if !logs.contains(&LogName::Platform) {
        return Err(Failure::new("platform", "missing", "缺少平台日志", "the platform's log is missing"));
    }
    for entry in Folder::new(dir).names("")? {
        if ![KEYS, WITNESS, FACTS_FILE].contains(&entry.as_str()) && !logs.iter().any(|l| l.as_str() == entry) {
            return Err(unknown(&entry));
        }
    }
    Ok(Layout { base: dir.to_path_buf(), logs, single: false })
}

/// Nothing of the log is a link, a pipe or a device: what was verified is what lies in the folder.
fn plain(layout: &Layout) -> Result<(), Failure> {
    let folder = Folder::new(&layout.base);
    let names = match layout.single {
        // Beside a log given alone there may lie anything; only these are read.
        true => {
            layout.logs.iter().map(|l| l.as_str()).chain([KEYS, WITNESS, FACTS_FILE]).map(ToOwned::to_owned).collect()
        }
        false => folder.names("")?.into_iter().collect(),
    };
    match folder.irregular(names)? {
        None => Ok(()),
        Some(file) => {
            let (zh, en) = ("既不是普通文件也不是目录", "neither a plain file nor a folder");
            Err(Failure::new(file, "not_plain", zh, en))
        }
    }
}

fn unknown(file: &str) -> Failure {
    Failure::new(file, "unknown_file", "不属于日志的文件", "a file that does not belong to the log")
}

/// What the folder beside the logs says, checked.
struct Known {
    list: KeyListView,
    lists: Vec<Hash>,
    facts: Option<Node>,
}

struct Run<'a> {
    asked: Asked<'a>,
    counts: Counts,
    clock: Option<String>,
    /// How far the witnesses that were asked for have seen each log.
    witnessed: Vec<Witnessed>,
    /// Anchors of a log that was not given.
    unchecked: Vec<String>,
    /// The log was seen to be written: what lies beyond its checkpoint is counted and passed over.
    live: bool,
}

impl Run<'_> {
    fn all(&mut self, dir: &Path) -> Result<(), Failure> {
        let layout = layout(dir)?;
        plain(&layout)?;
        let known = self.key_lists(&layout)?;
        let mut checkpoints = BTreeMap::new();
        for log in &layout.logs {
            let checkpoint = self.checkpoint(&layout.base, *log, &known)?;
            checkpoints.insert(*log, checkpoint);
        }
        let deployment = &known.list.deployment;
        if anchors::presence(&checkpoints, deployment, layout.single)? > 0 {
            let named = |c: &Checkpoint| c.anchors.iter().map(|a| format!("anchor {} {}", a.origin, a.size)).collect();
            self.unchecked = checkpoints.values().flat_map(|c| -> Vec<String> { named(c) }).collect();
            self.counts.add("anchors_not_checked", self.unchecked.len() as u64);
        }
        let from = self.earlier(deployment, &checkpoints)?;
        for (log, checkpoint) in &checkpoints {
            let mut seen = anchors::seen(*log, checkpoint, &checkpoints, from.as_ref())?;
            self.counts.add("anchors", seen.iter().filter(|s| s.sha256.is_none()).count() as u64);
            let witnesses = Witnesses::new(&known.list, &known.lists, self.asked.policy());
            let (noted, witnessed) = witnesses.read(&layout.base, *log, checkpoint)?;
            self.counts.add("cosignatures", noted.len() as u64);
            self.counts.add("unknown_witnesses", witnessed.unknown);
            self.witnessed.push(witnessed);
            seen.extend(noted);
            self.log(&layout.base.join(log.as_str()), *log, checkpoint, &seen)
                .map_err(|f| Failure { file: format!("{log}/{}", f.file), ..f })?;
        }
        Ok(())
    }

    /// The checkpoint that the caller kept; it must be of one of these logs.
    fn earlier(
        &self,
        deployment: &str,
        checkpoints: &BTreeMap<LogName, Checkpoint>,
    ) -> Result<Option<Checkpoint>, Failure> {
        let Some(text) = self.asked.from else { return Ok(None) };
        let from = Checkpoint::parse(text.as_bytes()).map_err(|e| Failure { file: "--from".to_owned(), ..e.into() })?;
        if checkpoints.keys().all(|log| from.origin != format!("{deployment}/{log}")) {
            let (zh, en) = ("所给检查点不属于这些日志", "the given checkpoint is not of these logs");
            return Err(Failure::new("", "from", zh, en));
        }
        Ok(Some(from))
    }

    fn key_lists(&mut self, layout: &Layout) -> Result<Known, Failure> {
        let facts = read_facts(&Folder::new(&layout.base))?;
        let named = facts.as_ref().map(|f| f.root.clone());
        let other_root = || {
            let (zh, en) = ("根公钥与信任文件不符", "the root key is not the trust file's");
            Failure::new(FACTS_FILE, "other_root", zh, en)
        };
        let trusted = self.asked.trust.map(|t| t.root.clone());
        if let (Some(named), Some(trusted)) = (&named, &trusted)
            && named != trusted
        {
            return Err(other_root());
        }
        // Without either nobody says who the root is: the lists are then only what the checkpoints bind.
        let root = named.or(trusted);
        let lists = read_key_lists(&layout.base)?;
        let list = check_lists(&lists, root.as_ref()).map_err(|e| Failure { file: "keys".to_owned(), ..e.into() })?;
        let other = self.asked.trust.is_some_and(|t| t.deployment != list.deployment || t.clock != list.clock);
        if other || facts.as_ref().is_some_and(|f| f.deployment != list.deployment) {
            let (zh, en) =
                ("密钥清单属于另一部署或另一时钟", "the key lists are another deployment's or of another clock");
            return Err(Failure::new("keys", "other_deployment", zh, en));
        }
        let any = root.or(list.entries.first().map(|e| e.public.clone()));
        let alg = any.map_or(HashAlg::Sm3, |k| k.suite().hash_alg());
        self.counts.add("key_lists", lists.len() as u64);
        self.clock = Some(list.clock.to_string());
        Ok(Known { list, lists: digests(&lists, alg)?, facts: facts.map(|f| alg.hash(&f.bytes).bytes) })
    }

    fn checkpoint(&mut self, base: &Path, log: LogName, known: &Known) -> Result<Checkpoint, Failure> {
        let place = format!("{log}/checkpoint");
        let bytes = Folder::new(&base.join(log.as_str())).read("checkpoint")?;
        let bytes = bytes.ok_or_else(|| Failure::new(&place, "missing", "缺少检查点", "the checkpoint is missing"))?;
        let checkpoint = Checkpoint::parse(&bytes).map_err(|e| Failure { file: place.clone(), ..e.into() })?;
        check_checkpoint(&checkpoint, log, &known.list, &known.lists)
            .map_err(|f| Failure { file: place.clone(), ..f })?;
        if checkpoint.deployment != known.facts {
            let (zh, en) = ("deployment.json 与检查点不符", "deployment.json is not what the checkpoint binds");
            return Err(Failure::new(place, "facts", zh, en));
        }
        self.counts.add("checkpoints", 1);
        Ok(checkpoint)
    }

    fn log(&mut self, dir: &Path, log: LogName, checkpoint: &Checkpoint, seen: &[Seen]) -> Result<(), Failure> {
        let folder = Folder::new(dir);
        let mut files = folder.all()?;
        files.remove("checkpoint");
        let beyond = check_names(&files, checkpoint.size, self.live)?;
        if self.live {
            self.counts.add("files_beyond_the_checkpoint", beyond);
        }
        let source = Source { reader: LogReader::at(folder.clone(), checkpoint.size), folder, live: self.live };
        let mut pass = Pass::new(source, log, checkpoint.suite.hash_alg());
        pass.check_seen(seen)?;
        for bundle in 0..checkpoint.size.div_ceil(WIDTH) {
            let width = (checkpoint.size - bundle * WIDTH).min(WIDTH);
            pass.bundle(bundle, width, seen)?;
        }
        pass.finish(checkpoint)?;
        anchors::kept(log, checkpoint, pass.reports)?;
        for (what, n) in [("leaves", pass.index), ("cases", pass.cases.len() as u64), ("tiles", pass.tiles)] {
            self.counts.add(what, n);
        }
        self.counts.add("files", files.len() as u64 + 1);
        Ok(())
    }
}

fn digests(lists: &[SignedValue], alg: HashAlg) -> Result<Vec<Hash>, Failure> {
    let digest = |l| crypto::canonical(l).map(|bytes| alg.hash(&bytes)).map_err(LogError::from);
    Ok(lists.iter().map(digest).collect::<Result<_, _>>()?)
}

/// Origin, suite, clock, signature, and the key list that the checkpoint binds.
pub(crate) fn check_checkpoint(
    c: &Checkpoint,
    log: LogName,
    list: &KeyListView,
    lists: &[Hash],
) -> Result<(), Failure> {
    let fail = |what, zh: &str, en: &str| Err(Failure::new("checkpoint", what, zh, en));
    if c.origin != format!("{}/{log}", list.deployment) || c.clock != list.clock {
        return fail("other_log", "来源或时钟类型不符", "its origin or kind of clock is not this log's");
    }
    if lists.first().is_some_and(|h| h.alg != c.suite.hash_alg()) {
        return fail("other_suite", "密码套件不符", "its suite is not the deployment's");
    }
    let mut keys = list.entries.iter().filter(|e| e.kind() == log.holder() && e.holds(c.time));
    if !keys.any(|e| c.verify(&e.public).is_ok()) {
        return fail("signature", "检查点签名无效", "no log key in force has signed it");
    }
    if let Some((number, digest)) = &c.keys {
        let at = number.checked_sub(1).and_then(|n| usize::try_from(n).ok());
        if at.and_then(|n| lists.get(n)).is_none_or(|h| h.bytes != *digest) {
            return fail("key_list", "检查点所绑定的密钥清单缺失或不符", "the key list it binds is missing or another");
        }
    }
    Ok(())
}

/// Exactly the files that a log of this size has. In a log that is being written the unfinished bundle and tiles may
/// have a wider form already, and more may follow: their number is returned.
fn check_names(files: &BTreeSet<String>, size: u64, live: bool) -> Result<u64, Failure> {
    let mut expected = BTreeSet::new();
    for (alg, level) in [None, Some(ALGS[0]), Some(ALGS[1])].into_iter().flat_map(|a| (0u32..8).map(move |l| (a, l))) {
        let count = if alg.is_none() && level > 0 { 0 } else { size >> (8 * level) };
        for index in 0..count.div_ceil(WIDTH) {
            expected.insert(Place { alg, level, index, width: (count - index * WIDTH).min(WIDTH) }.path());
        }
    }
    let later = |file: &&String| {
        let place = Place::parse(file.strip_suffix(TEMP).unwrap_or(file));
        live && place.is_some_and(|p| p.index * WIDTH + p.width > size >> (8 * p.level))
    };
    let widened = |file: &&String| live && Place::parse(file).is_some_and(|p| p.width < WIDTH);
    if let Some(file) = files.difference(&expected).find(|f| !later(f)) {
        return Err(unknown(file));
    }
    match expected.difference(files).find(|f| !widened(f)) {
        Some(file) => Err(Failure::new(file, "missing", "缺少文件", "a file is missing")),
        None => Ok(files.difference(&expected).count() as u64),
    }
}

/// Where the pass reads bundles and tiles from.
struct Source {
    folder: Folder,
    reader: LogReader,
    live: bool,
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
struct Pass {
    source: Source,
    log: LogName,
    alg: HashAlg,
    index: u64,
    tiles: u64,
    /// Leaves that record a report of the other side.
    reports: u64,
    trees: [Tree; 2],
    cases: HashMap<String, (u64, Hash)>,
}

impl Pass {
    fn new(source: Source, log: LogName, alg: HashAlg) -> Self {
        Self { source, log, alg, index: 0, tiles: 0, reports: 0, trees: ALGS.map(Tree::new), cases: HashMap::new() }
    }

    fn bundle(&mut self, index: u64, width: u64, seen: &[Seen]) -> Result<(), Failure> {
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
    fn check_seen(&self, seen: &[Seen]) -> Result<(), Failure> {
        let [sm3, sha256] = &self.trees;
        for s in seen.iter().filter(|s| s.anchor.size == self.index) {
            if s.anchor.sm3 != sm3.root() || s.sha256.is_some_and(|r| r != sha256.root()) {
                let zh = format!("日志不是 {} 所见检查点的延续", s.by);
                return Err(Failure::new("checkpoint", "anchor", zh, format!("it does not extend what {} saw", s.by)));
            }
        }
        Ok(())
    }

    fn finish(&mut self, checkpoint: &Checkpoint) -> Result<(), Failure> {
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
