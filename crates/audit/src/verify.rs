//! Verifies a folder of logs: reads every file, recomputes every tile and both roots, follows every case's chain, and
//! checks signatures, key lists and the anchors between the logs. A file it does not know fails.
//!
//! Trusts nothing in the folder; what it trusts comes in as the trust file.

use crate::LogError;
use crate::anchors::{self, Seen};
use crate::checkpoint::{Anchor, Checkpoint};
use crate::epoch::Walk;
use crate::files::Folder;
use crate::keys::{FACTS_FILE, KEYS, KeyListView, SignedValue, judge_lists, read_facts, read_key_lists};
use crate::leaf::LogName;
use crate::merkle::Node;
use crate::pass::{Pass, Renewed, Source, check_names};
use crate::reader::LogReader;
use crate::report::{Counts, EpochView, Failure, VerifyReport};
use crate::tile::WIDTH;
use crate::trust::{Trust, WitnessPolicy};
use crate::witnessed::{NONE_ASKED, WITNESS, Witnessed, Witnesses};
use crypto::{Hash, HashAlg};
use std::collections::{BTreeMap, BTreeSet};
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
        let before = state(dir);
        let report = verify_as(dir, asked, live);
        let transient = report.failure.as_ref().is_some_and(|f| TRANSIENT.contains(&f.what.as_str()));
        if !transient || !moved(dir, &before) {
            return report;
        }
        live = true;
    }
    verify_as(dir, asked, live)
}

/// What changes while a log is written: its files' names, and the checkpoint, whose name stays.
fn state(dir: &Path) -> (BTreeSet<String>, Vec<Option<Vec<u8>>>) {
    let folder = Folder::new(dir);
    let checkpoints = ["checkpoint", "platform/checkpoint", "zone/checkpoint"];
    let texts = checkpoints.map(|name| folder.read(name).ok().flatten());
    (folder.all().unwrap_or_default(), texts.into())
}

fn moved(dir: &Path, before: &(BTreeSet<String>, Vec<Option<Vec<u8>>>)) -> bool {
    (0..PAUSES).any(|_| {
        std::thread::sleep(PAUSE);
        state(dir) != *before
    })
}

/// As [`verify_dir`], for a folder at rest.
#[must_use]
pub fn verify_once(dir: &Path, trust: Option<&Trust>, from: Option<&str>) -> VerifyReport {
    verify_as(dir, Asked { trust, from, ..Asked::default() }, false)
}

fn verify_as(dir: &Path, asked: Asked<'_>, live: bool) -> VerifyReport {
    let mut run = Run {
        asked,
        counts: Counts::default(),
        clock: None,
        unchecked: Vec::new(),
        witnessed: Vec::new(),
        epochs: Vec::new(),
        renewed: Renewed::new(),
        closing_anchors: Vec::new(),
        live,
    };
    let result = run.all(dir);
    let seen_enough = asked.policy().is_none() || run.witnessed.iter().all(|w| w.size.is_some());
    let whole = run.unchecked.is_empty() && seen_enough;
    let mut report = VerifyReport::new(result, asked.trust.is_some() && whole, run.counts, run.clock);
    report.unproved = report.valid.then(|| unproved(&run.unchecked, &run.witnessed, asked.policy().is_some()));
    for view in &mut run.epochs {
        if let Some((digests, at)) = run.renewed.remove(&format!("{}_{}", view.log, view.epoch)) {
            (view.archive, view.renewed_at, view.bound) = (digests.last().cloned(), Some(at), digests);
        }
    }
    report.epochs = run.epochs;
    report
}

fn unproved(unchecked: &[String], witnessed: &[Witnessed], asked: bool) -> String {
    let after = "检查点之后的事 · what happened after the checkpoints";
    let mut said: Vec<String> = witnessed.iter().filter_map(Witnessed::unproved).collect();
    if !asked {
        said.push(NONE_ASKED.to_owned());
    }
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

pub(crate) fn unknown(file: &str) -> Failure {
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
    epochs: Vec<EpochView>,
    renewed: Renewed,
    /// Log, epoch and anchor of the other log, out of the closing checkpoints.
    closing_anchors: Vec<(LogName, u32, Anchor)>,
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
        if let Some(from) = &from {
            bound_list(from, &known.lists).map_err(|f| Failure { file: "--from".to_owned(), ..f })?;
        }
        for (log, checkpoint) in &checkpoints {
            let mut seen = anchors::seen(*log, checkpoint, &checkpoints, from.as_ref())?;
            self.counts.add("anchors", seen.iter().filter(|s| s.sha256.is_none()).count() as u64);
            let witnesses = Witnesses::new(&known.list, &known.lists, self.asked.policy());
            let (noted, witnessed) = witnesses.read(&layout.base, *log, checkpoint)?;
            self.counts.add("cosignatures", noted.len() as u64);
            self.counts.add("unknown_witnesses", witnessed.unknown);
            self.witnessed.push(witnessed);
            seen.extend(noted);
            self.log(&layout.base.join(log.as_str()), (*log, &known), checkpoint, &seen)
                .map_err(|f| Failure { file: format!("{log}/{}", f.file), ..f })?;
        }
        self.closing_anchors(&layout, &checkpoints)
    }

    /// What a closing checkpoint saw of the other log, that log must have been.
    fn closing_anchors(&self, layout: &Layout, checkpoints: &BTreeMap<LogName, Checkpoint>) -> Result<(), Failure> {
        for (by, epoch, anchor) in &self.closing_anchors {
            let other = checkpoints.iter().find(|(log, c)| *log != by && c.origin == anchor.origin);
            let Some((log, checkpoint)) = other else { continue };
            let reader = LogReader::at(Folder::new(&layout.base.join(log.as_str())), checkpoint.size);
            let held = anchor.size <= checkpoint.size && reader.root(HashAlg::Sm3, anchor.size)? == anchor.sm3;
            if !held {
                let zh = format!("日志 {log} 不是 {by} 的 {epoch} 年度结篇检查点所见日志的延续");
                let en =
                    format!("the log {log} does not extend what the closing checkpoint of {by}, epoch {epoch}, saw");
                return Err(Failure::new(format!("{log}/checkpoint"), "anchor", zh, en));
            }
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
        let list = judge_lists(&lists, root.as_ref())?;
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

    fn log(
        &mut self,
        dir: &Path,
        (log, known): (LogName, &Known),
        checkpoint: &Checkpoint,
        seen: &[Seen],
    ) -> Result<(), Failure> {
        let folder = Folder::new(dir);
        let mut files = folder.all()?;
        files.remove("checkpoint");
        let beyond = check_names(&files, checkpoint.size, self.live)?;
        if self.live {
            self.counts.add("files_beyond_the_checkpoint", beyond);
        }
        let reader = LogReader::at(folder.clone(), checkpoint.size);
        let source = Source { reader: reader.clone(), folder, live: self.live };
        let epochs = Walk::new(log, &known.list, &known.lists, &reader);
        let mut pass = Pass::new(source, epochs, checkpoint.suite.hash_alg());
        self.walk(&mut pass, checkpoint, seen).map_err(|f| match pass.epochs.running() {
            Some(year) => {
                Failure { zh: format!("{}（{year} 年度）", f.zh), en: format!("{} (epoch {year})", f.en), ..f }
            }
            None => f,
        })?;
        anchors::kept(log, checkpoint, pass.reports)?;
        for (what, n) in [("leaves", pass.index), ("cases", pass.cases.len() as u64), ("tiles", pass.tiles)] {
            self.counts.add(what, n);
        }
        self.counts.add("files", files.len() as u64 + 1);
        let epochs = pass.epochs.all(checkpoint.size);
        if !epochs.is_empty() {
            self.counts.add("epochs", epochs.len() as u64);
        }
        self.epochs.extend(epochs);
        self.closing_anchors.extend(pass.epochs.anchors.into_iter().map(|(epoch, a)| (log, epoch, a)));
        self.renewed.extend(pass.renewed);
        Ok(())
    }

    fn walk(&self, pass: &mut Pass<'_>, checkpoint: &Checkpoint, seen: &[Seen]) -> Result<(), Failure> {
        pass.check_seen(seen)?;
        for bundle in 0..checkpoint.size.div_ceil(WIDTH) {
            let width = (checkpoint.size - bundle * WIDTH).min(WIDTH);
            pass.bundle(bundle, width, seen)?;
        }
        pass.finish(checkpoint)
    }
}

pub(crate) fn digests(lists: &[SignedValue], alg: HashAlg) -> Result<Vec<Hash>, Failure> {
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
    bound_list(c, lists)
}

/// The key list that a checkpoint binds is here.
fn bound_list(c: &Checkpoint, lists: &[Hash]) -> Result<(), Failure> {
    let Some((number, digest)) = &c.keys else { return Ok(()) };
    let at = number.checked_sub(1).and_then(|n| usize::try_from(n).ok());
    if at.and_then(|n| lists.get(n)).is_some_and(|h| h.bytes == *digest) {
        return Ok(());
    }
    let (zh, en) = ("检查点所绑定的密钥清单缺失或不符", "the key list it binds is missing or another");
    Err(Failure::new("checkpoint", "key_list", zh, en))
}
