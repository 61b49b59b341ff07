//! Verifies archives of closed epochs, one or several: every byte against the manifest, the manifest against the root, every
//! leaf against both closing checkpoints, and each epoch against the one before.

use super::pass::{Carried, Opened, Pass};
use super::{
    BEFORE, CLOSING, KEYS, LEAVES, LeafTable, MANIFEST, MANIFEST_TYPE, Manifest, OPENED, PACK, TILES, VERIFIER,
};
use super::{WITNESSES, WitnessedFile, digested};
use crate::LogError;
use crate::checkpoint::{Anchor, Checkpoint};
use crate::cosign::Cosigned;
use crate::epoch::Opening;
use crate::files::Folder;
use crate::keys::{KeyListView, SignedValue, judge_lists, read_key_lists};
use crate::leaf::LogName;
use crate::merkle::verify_consistency;
use crate::proof::{LeafProofFile, decode_nodes};
use crate::reader::LogReader;
use crate::report::{Counts, EpochView, Failure, VerifyReport};
use crate::tile::ALGS;
use crate::trust::{Trust, WitnessPolicy};
use crate::verify::{Asked, check_checkpoint, digests, verify_asked};
use crate::witnessed::{NONE_ASKED, Witnesses};
use crypto::{Hash, HashAlg};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What a verifier is given besides the archives.
#[derive(Clone, Copy)]
pub struct ArchivesAsked<'a> {
    /// The trust file.
    pub trust: Option<&'a Trust>,
    /// The witnesses that must have seen each closed epoch, in the place of the trust file's.
    pub witnesses: Option<&'a WitnessPolicy>,
    /// How leaves are kept.
    pub table: &'a dyn LeafTable,
    /// The folder of both logs, to hold the archives against.
    pub live: Option<&'a Path>,
    /// The archives are to be bound anew: that the log binds others of these epochs so far is no failure.
    pub rebind: bool,
}

impl<'a> ArchivesAsked<'a> {
    fn policy(&self) -> Option<&'a WitnessPolicy> {
        self.witnesses.or(self.trust.and_then(|t| t.witnesses.as_ref()))
    }
}

impl std::fmt::Debug for ArchivesAsked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArchivesAsked").field("live", &self.live).finish_non_exhaustive()
    }
}

/// Verifies archives, each log's in the order of its epochs. One that does not begin where the one before it ends is a gap.
#[must_use]
pub fn verify_archives(dirs: &[PathBuf], asked: ArchivesAsked<'_>) -> VerifyReport {
    let mut run =
        Run { asked, counts: Counts::default(), clock: None, epochs: Vec::new(), unproved: Vec::new(), seen: true };
    let result = run.all(dirs);
    let mut report = VerifyReport::new(result, asked.trust.is_some() && run.seen, run.counts, run.clock);
    report.unproved = report.valid.then(|| run.unproved.join("; "));
    report.epochs = run.epochs;
    report
}

struct Run<'a> {
    asked: ArchivesAsked<'a>,
    counts: Counts,
    clock: Option<String>,
    epochs: Vec<EpochView>,
    unproved: Vec<String>,
    /// Enough of the witnesses that were asked for have seen each epoch, and the live log is trusted where it was given.
    seen: bool,
}

pub(super) fn fail(file: &str, what: &str, zh: impl Into<String>, en: impl Into<String>) -> Failure {
    Failure::new(file, what, zh, en)
}

impl Run<'_> {
    fn all(&mut self, dirs: &[PathBuf]) -> Result<(), Failure> {
        let (mut all, lists) = (Vec::new(), self.newest(dirs)?);
        for dir in dirs {
            let name = name_of(dir);
            let opened = self.open(dir, &name, &lists).map_err(|f| inside(&name, f))?;
            all.push(opened);
        }
        all.sort_by_key(|o| (o.manifest.log, o.manifest.from));
        let anchors = seen_of_the_other(&all)?;
        let mut logs: BTreeMap<LogName, Carried> = BTreeMap::new();
        for opened in &all {
            let first = !logs.contains_key(&opened.manifest.log);
            let carried = logs.entry(opened.manifest.log).or_default();
            self.follows(opened, first, carried).map_err(|f| inside(&opened.name, f))?;
            self.leaves(opened, carried, &anchors).map_err(|f| inside(&opened.name, f))?;
            carried.to = opened.manifest.to;
            carried.note = Some(opened.note.clone());
            let mut view =
                EpochView::closed(opened.manifest.log, opened.manifest.epoch, opened.manifest.from, &opened.note);
            view.archive = Some(opened.digest.to_string());
            self.epochs.push(view);
        }
        self.counts.add("archives", all.len() as u64);
        match self.asked.live {
            Some(live) => self.live(live, &all)?,
            None => {
                for (log, carried) in &logs {
                    let to = carried.to;
                    self.unproved.push(format!(
                        "未给出日志本身：{log} 第{to}条及以后未核对 · the log itself was not given: nothing of {log} from leaf {to} on is proved"
                    ));
                }
            }
        }
        // Of the log itself it is said there.
        if self.asked.live.is_none() && self.asked.policy().is_none() {
            self.unproved.push(NONE_ASKED.to_owned());
        }
        self.anchored(&all, &anchors)
    }

    /// Each of them was held against an archive, or is against the log itself; what lies in neither is said.
    fn anchored(&mut self, all: &[Opened], anchors: &[(String, Anchor)]) -> Result<(), Failure> {
        let mut open: BTreeMap<String, u64> = BTreeMap::new();
        for (by, anchor) in anchors {
            let archived =
                |o: &Opened| o.note.origin == anchor.origin && (o.manifest.from..=o.manifest.to).contains(&anchor.size);
            if let Some(live) = self.asked.live {
                let log = anchor.origin.rsplit('/').next().unwrap_or_default();
                let (reader, _) = LogReader::open(&live.join(log))?;
                if !reader.root(HashAlg::Sm3, anchor.size).is_ok_and(|root| root == anchor.sm3) {
                    let en = format!("the log {log} does not extend what this checkpoint saw");
                    return Err(inside(by, fail(CLOSING, "anchor", format!("日志 {log} 不是此检查点所见的延续"), en)));
                }
            } else if !all.iter().any(archived) {
                *open.entry(anchor.origin.clone()).or_default() += 1;
                continue;
            }
            self.counts.add("anchors", 1);
        }
        for (origin, n) in open {
            let log = origin.rsplit('/').next().unwrap_or_default();
            self.counts.add("anchors_not_checked", n);
            self.unproved.push(format!(
                "检查点对 {log} 日志的{n}个锚未核对：请一并给出该日志的归档（--archive）或日志目录 · {n} anchors of the log {log} \
                 were not checked: give the archives of that log too (--archive), or the folder of the logs"
            ));
        }
        Ok(())
    }

    /// The newest key lists of all that was given: what was revoked later is revoked in an older archive too. Whoever has
    /// fewer must have the same.
    fn newest(&self, dirs: &[PathBuf]) -> Result<Vec<SignedValue>, Failure> {
        let mut newest: Vec<SignedValue> = Vec::new();
        for dir in dirs.iter().map(PathBuf::as_path).chain(self.asked.live) {
            let lists = read_key_lists(dir).map_err(|e| inside(&name_of(dir), e.into()))?;
            if lists.iter().zip(&newest).any(|(one, other)| one != other) {
                let en = "the key lists that were given contradict each other";
                return Err(fail("keys", "key_list", "所给的密钥清单互相矛盾", en));
            }
            if lists.len() > newest.len() {
                newest = lists;
            }
        }
        Ok(newest)
    }

    /// Manifest, files, key lists, checkpoints, the opening that went on from here, witnesses, pack.
    fn open(&mut self, dir: &Path, name: &str, lists: &[SignedValue]) -> Result<Opened, Failure> {
        let folder = Folder::new(dir);
        let missing = |file: &str| fail(file, "missing", "缺少文件", "a file is missing");
        if let Some(file) = folder.irregular(folder.names("")?.into_iter().collect())? {
            return Err(fail(&file, "not_plain", "既不是普通文件也不是目录", "neither a plain file nor a folder"));
        }
        let bytes = folder.read(MANIFEST)?.ok_or_else(|| missing(MANIFEST))?;
        let bad = || fail(MANIFEST, "malformed", "清单格式不符", "not a manifest in its one encoding");
        let signed: SignedValue = crypto::from_canonical(&bytes).map_err(|_| bad())?;
        let manifest: Manifest = serde_json::from_value(signed.body.clone()).map_err(|_| bad())?;
        if manifest.v != 1 || serde_json::to_value(&manifest).ok().as_ref() != Some(&signed.body) {
            return Err(bad());
        }
        self.files(dir, &folder, &manifest)?;
        let root = self.asked.trust.map(|t| &t.root);
        let list = judge_lists(lists, root)?;
        self.deployment(&manifest, &list)?;
        let entry = list.valid(&signed.key, manifest.made_at).filter(|e| e.kind() == manifest.log.holder());
        let held = entry.is_some_and(|e| e.public.verify(MANIFEST_TYPE, &signed.body, &signed.signature).is_ok());
        if !held {
            return Err(fail(MANIFEST, "signature", "清单签名无效", "no log key in force has signed the manifest"));
        }
        let lists = digests(lists, manifest.suite.hash_alg())?;
        let note = |file: &str, size: u64| -> Result<Checkpoint, Failure> {
            let bytes = folder.read(file)?.ok_or_else(|| missing(file))?;
            let note = Checkpoint::parse(&bytes).map_err(|e| Failure { file: file.to_owned(), ..e.into() })?;
            check_checkpoint(&note, manifest.log, &list, &lists).map_err(|f| Failure { file: file.to_owned(), ..f })?;
            match note.size == size {
                true => Ok(note),
                false => Err(fail(file, "epoch", "不是该年度的检查点", "not the checkpoint that the manifest names")),
            }
        };
        let closing = note(CLOSING, manifest.to)?;
        let before = if manifest.from > 0 { Some(note(BEFORE, manifest.from)?) } else { None };
        if manifest.made_at < closing.time {
            let en = "it says that it was made before the epoch was closed";
            return Err(fail(MANIFEST, "malformed", "归档时间早于结篇", en));
        }
        self.opened(&folder, &manifest, &closing, (&list, &lists))?;
        self.witnesses(dir, &manifest, (&list, &lists), &closing)?;
        self.pack(&folder, &manifest)?;
        self.counts.add("files", manifest.files.len() as u64 + 1);
        self.clock = Some(manifest.clock.to_string());
        let digest = manifest.suite.hash(&bytes);
        Ok(Opened { folder, name: name.to_owned(), manifest, digest, note: closing, before })
    }

    /// Exactly the files of the manifest, byte for byte.
    fn files(&self, dir: &Path, folder: &Folder, manifest: &Manifest) -> Result<(), Failure> {
        let mut there = folder.all()?;
        there.remove(MANIFEST);
        let named: BTreeSet<String> = manifest.files.iter().map(|f| f.name.clone()).collect();
        let ordered = manifest.files.iter().zip(manifest.files.iter().skip(1)).all(|(one, next)| one.name < next.name);
        if !ordered || named.iter().any(|name| name.chars().any(char::is_control)) {
            let en = "the manifest's files are not named once each and in order";
            return Err(fail(MANIFEST, "malformed", "清单中的文件未逐一按序列出", en));
        }
        if let Some(file) = named.iter().find(|name| !belongs(name, manifest)) {
            let en = "the manifest names a file that no archive has";
            return Err(fail(file, "unknown_file", "清单所列的文件不属于归档", en));
        }
        if let Some(file) = there.difference(&named).next() {
            return Err(fail(file, "unknown_file", "不属于归档的文件", "a file that does not belong to the archive"));
        }
        if let Some(file) = named.difference(&there).next() {
            return Err(fail(file, "missing", "缺少文件", "a file is missing"));
        }
        for file in &manifest.files {
            if digested(&dir.join(&file.name), &file.name)? != *file {
                let en = "the file is not the one that the manifest names";
                return Err(fail(&file.name, "digest", "文件与清单不符", en));
            }
        }
        Ok(())
    }

    fn deployment(&self, manifest: &Manifest, list: &KeyListView) -> Result<(), Failure> {
        let own = manifest.deployment == list.deployment && manifest.clock == list.clock;
        let trusted = self.asked.trust.is_none_or(|t| {
            t.deployment == manifest.deployment && t.clock == manifest.clock && t.suite == manifest.suite
        });
        if own && trusted {
            return Ok(());
        }
        Err(fail(MANIFEST, "other_deployment", "属于另一部署、时钟或套件", "another deployment's, clock's or suite's"))
    }

    /// The leaf that opened the next epoch with this very checkpoint stands under a later one that the log's key signed.
    fn opened(
        &self,
        folder: &Folder,
        manifest: &Manifest,
        closing: &Checkpoint,
        (list, lists): (&KeyListView, &[Hash]),
    ) -> Result<(), Failure> {
        let placed = |f: Failure| Failure { file: OPENED.to_owned(), ..f };
        let bytes = folder.read(OPENED)?.unwrap_or_default();
        let report = LeafProofFile::verify(&bytes, self.asked.trust);
        if let Some(f) = report.failure {
            return Err(placed(f));
        }
        let proof = crypto::from_canonical::<LeafProofFile>(&bytes).map(|file| file.proof);
        let proof = proof.map_err(LogError::from)?;
        let (leaf, checkpoint) = proof.check()?;
        check_checkpoint(&checkpoint, manifest.log, list, lists).map_err(placed)?;
        let opening = Opening::read(&leaf)?;
        let held = proof.log == manifest.log
            && checkpoint.size > closing.size
            && opening.is_some_and(|o| o.closed == manifest.epoch && o.note == *closing);
        if held {
            return Ok(());
        }
        let en = "the next epoch was not opened with this closing checkpoint";
        Err(fail(OPENED, "epoch", "下一年度不是由此结篇检查点开启", en))
    }

    fn witnesses(
        &mut self,
        dir: &Path,
        manifest: &Manifest,
        (list, lists): (&KeyListView, &[Hash]),
        closing: &Checkpoint,
    ) -> Result<(), Failure> {
        let policy = self.asked.policy();
        let known = Witnesses::new(list, lists, policy);
        let mut counted = 0;
        for file in manifest.files.iter().filter(|f| f.name.starts_with(WITNESSES)) {
            let name = file.name.strip_prefix(WITNESSES).and_then(|n| n.strip_suffix(".json")).unwrap_or_default();
            let placed = |f: Failure| Failure { file: file.name.clone(), ..f };
            let bytes = Folder::new(dir).read(&file.name)?.unwrap_or_default();
            let read: WitnessedFile = crypto::from_canonical(&bytes).map_err(|e| placed(LogError::from(e).into()))?;
            let noted = Cosigned::parse(read.note.as_bytes()).map_err(|e| placed(e.into()))?;
            check_checkpoint(&noted.checkpoint, manifest.log, list, lists).map_err(placed)?;
            for (alg, proof) in [(HashAlg::Sm3, &read.sm3_proof), (HashAlg::Sha256, &read.sha256_proof)] {
                let (seen, own) = (&noted.checkpoint, closing);
                let (old, new) = if seen.size <= own.size { (seen, own) } else { (own, seen) };
                let nodes = decode_nodes(proof).unwrap_or_default();
                if !verify_consistency(alg, (old.size, &old.root(alg)), (new.size, &new.root(alg)), &nodes) {
                    let en = "it is not shown that the witness saw the log of the closing checkpoint";
                    return Err(fail(&file.name, "anchor", "未证明见证方所见即结篇检查点所属的日志", en));
                }
            }
            let covers = noted.checkpoint.size >= closing.size;
            match known.cosigned(name, &noted).map_err(placed)? {
                None => self.counts.add("unknown_witnesses", 1),
                Some(in_policy) => {
                    self.counts.add("cosignatures", 1);
                    counted += u32::from(in_policy && covers);
                }
            }
        }
        if policy.is_some_and(|p| counted < p.k) {
            self.seen = false;
            let (log, epoch) = (manifest.log, manifest.epoch);
            self.unproved.push(format!(
                "{log} {epoch} 年度缺少足够的见证签名 · too few witnesses have cosigned {log}, epoch {epoch}"
            ));
        }
        Ok(())
    }

    /// The rule pack is the one that the trust file pins.
    fn pack(&self, folder: &Folder, manifest: &Manifest) -> Result<(), Failure> {
        let Some(trust) = self.asked.trust else { return Ok(()) };
        let mut texts = BTreeMap::new();
        for file in &manifest.files {
            let Some(name) = file.name.strip_prefix(PACK) else { continue };
            let bytes = folder.read(&file.name)?.unwrap_or_default();
            texts.insert(name.to_owned(), String::from_utf8_lossy(&bytes).into_owned());
        }
        let digest = crypto::digest_of(trust.suite, "pack", &texts).map_err(LogError::from)?;
        if digest == trust.pack.digest {
            return Ok(());
        }
        Err(fail("pack", "other_pack", "规则包与信任文件不符", "not the rule pack that the trust file pins"))
    }

    /// It begins where the one before it ends, with the same checkpoint.
    fn follows(&mut self, opened: &Opened, first: bool, carried: &mut Carried) -> Result<(), Failure> {
        let Manifest { log, epoch, from, .. } = opened.manifest;
        if first {
            carried.whole = from == 0;
            if from > 0 {
                self.unproved.push(format!(
                    "{log} 只从 {epoch} 年度给起：此前{from}条仅由根哈希证明 · of {log} the epoch {epoch} is the first given: of the {from} leaves before it only the roots are proved"
                ));
            }
            return Ok(());
        }
        let (to, same) = (carried.to, opened.before.as_ref() == carried.note.as_ref());
        if from == to && same {
            return Ok(());
        }
        if from > to {
            let zh = format!("{log} 在 {epoch} 年度之前缺少一个年度：第{to}至{}条", from - 1);
            let en = format!("an epoch of {log} before {epoch} is missing: leaves {to} to {}", from - 1);
            return Err(fail(MANIFEST, "missing", zh, en));
        }
        let zh = format!("{log} {epoch} 年度不接续所给的上一年度");
        Err(fail(MANIFEST, "epoch", zh, format!("the epoch {epoch} of {log} does not follow the one given before it")))
    }

    /// From the roots of the epoch before, over every leaf, to the closing roots; every tile and case on the way.
    fn leaves(&mut self, opened: &Opened, carried: &mut Carried, seen: &[(String, Anchor)]) -> Result<(), Failure> {
        let mut pass = Pass::new(opened, carried, seen)?;
        let mut failure = None;
        let read = self.asked.table.read(&opened.path(LEAVES), &mut |row| {
            let index = row.index;
            pass.row(row).map_err(|f| {
                failure.get_or_insert(f);
                LogError::Different { index }
            })
        });
        if let Some(f) = failure {
            return Err(Failure { file: LEAVES.to_owned(), ..f });
        }
        read.map_err(|e| Failure { file: LEAVES.to_owned(), ..e.into() })?;
        let (leaves, tiles, continued) = pass.finish()?;
        for (what, n) in [("leaves", leaves), ("tiles", tiles), ("cases_continued", continued)] {
            self.counts.add(what, n);
        }
        Ok(())
    }

    /// The archives against the log itself: the same epochs, roots, and bound manifests.
    fn live(&mut self, dir: &Path, all: &[Opened]) -> Result<(), Failure> {
        let asked = Asked { trust: self.asked.trust, witnesses: self.asked.witnesses, ..Asked::default() };
        let report = verify_asked(dir, asked);
        if let Some(f) = report.failure {
            return Err(f);
        }
        self.seen &= report.trusted || self.asked.trust.is_none();
        self.unproved.extend(report.unproved);
        let mut epochs = report.epochs;
        for opened in all {
            let m = &opened.manifest;
            let view = epochs.iter_mut().find(|v| (v.log, v.epoch) == (m.log, m.epoch));
            let not = |en: String| {
                let zh = format!("日志中没有这样的 {} {} 年度", m.log, m.epoch);
                inside(&opened.name, fail(MANIFEST, "epoch", zh, en))
            };
            let en = format!("the log has no such epoch {} of {}", m.epoch, m.log);
            let view = view.filter(|v| (v.from, v.to) == (m.from, m.to)).ok_or_else(|| not(en.clone()))?;
            let (reader, _) = LogReader::open(&dir.join(m.log.as_str()))?;
            if ALGS.iter().any(|alg| !reader.root(*alg, m.to).is_ok_and(|r| r == opened.note.root(*alg))) {
                return Err(not(en));
            }
            let digest = opened.digest.to_string();
            let bound = view.bound.is_empty() || view.bound.contains(&digest);
            if !bound && !self.asked.rebind {
                let (zh, en) = ("日志所绑定的是另一份归档", "the log binds another archive of this epoch");
                return Err(inside(&opened.name, fail(MANIFEST, "archive", zh, en)));
            }
            view.archive = Some(digest);
        }
        self.epochs = epochs;
        Ok(())
    }
}

/// The names that an archive has; which tiles and key lists, what is read of them says.
fn belongs(name: &str, manifest: &Manifest) -> bool {
    match name {
        LEAVES | CLOSING | OPENED => true,
        BEFORE => manifest.from > 0,
        _ => [TILES, KEYS, WITNESSES, PACK, VERIFIER].iter().any(|folder| name.starts_with(folder)),
    }
}

/// What the checkpoints at the borders saw of the deployment's other log, and the first archive that says so.
fn seen_of_the_other(all: &[Opened]) -> Result<Vec<(String, Anchor)>, Failure> {
    let mut seen: Vec<(String, Anchor)> = Vec::new();
    for opened in all {
        let m = &opened.manifest;
        let borders = [opened.before.as_ref().map(|note| (BEFORE, note)), Some((CLOSING, &opened.note))];
        for (file, note) in borders.into_iter().flatten() {
            for anchor in &note.anchors {
                let other = LogName::ALL.into_iter().find(|log| *log != m.log);
                if other.is_none_or(|log| anchor.origin != format!("{}/{log}", m.deployment)) {
                    let en = "it anchors a log that is not this deployment's other log";
                    return Err(inside(&opened.name, fail(file, "other_log", "锚定了不属于本部署的日志", en)));
                }
                if !seen.iter().any(|(_, known)| known == anchor) {
                    seen.push((opened.name.clone(), anchor.clone()));
                }
            }
        }
    }
    Ok(seen)
}

/// What an archive is called in a report.
fn name_of(dir: &Path) -> String {
    dir.file_name().map_or_else(|| dir.display().to_string(), |n| n.to_string_lossy().into_owned())
}

fn inside(archive: &str, f: Failure) -> Failure {
    Failure { file: format!("{archive}/{}", f.file), ..f }
}
