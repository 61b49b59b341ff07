//! What witnesses saw of a log, as it lies beside it: `witness/<log>/<name>` holds the newest checkpoint that the witness
//! of that name has cosigned. A log must extend what each of its known witnesses saw.
//!
//! Witnesses are known by the root's key lists (kind `witness`, with its `name`) or by the verifier's own policy.

use crate::LogError;
use crate::anchors::Seen;
use crate::checkpoint::Checkpoint;
use crate::cosign::{Cosigned, WitnessKey};
use crate::files::{Folder, TEMP};
use crate::keys::{KeyListView, SignedValue, check_lists, read_key_lists};
use crate::leaf::LogName;
use crate::report::Failure;
use crate::trust::WitnessPolicy;
use crate::verify::check_checkpoint;
use crypto::Hash;
use std::path::Path;

/// Folder of cosigned checkpoints, beside the logs.
pub(crate) const WITNESS: &str = "witness";

/// Said where a verifier asks for no witness: what they saw was checked, and nothing hangs on how many there are.
pub(crate) const NONE_ASKED: &str = "未要求见证（信任文件与 --witness 均未指定见证方） · no witnesses were asked for: neither the trust file nor --witness names any";

/// How far the witnesses of a policy have seen a log.
pub(crate) struct Witnessed {
    log: LogName,
    /// How many leaves the log has, where witnesses were asked for.
    all: Option<u64>,
    /// The size that enough of them have seen at least; none where too few have seen it.
    pub size: Option<u64>,
    /// Files of witnesses that nobody named.
    pub unknown: u64,
}

impl Witnessed {
    /// What it does not prove, in words; nothing where no witness was asked for or all was seen.
    pub fn unproved(&self) -> Option<String> {
        let (log, all) = (self.log, self.all?);
        match self.size {
            Some(size) if size >= all => None,
            Some(size) => Some(format!(
                "{log} 第{size}条之后尚无足够的见证 · of {log} enough witnesses have seen the first {size} leaves"
            )),
            None => Some(format!("{log} 缺少足够的见证签名 · too few witnesses have cosigned a checkpoint of {log}")),
        }
    }
}

/// The witnesses that a verifier knows.
pub(crate) struct Witnesses<'a> {
    list: &'a KeyListView,
    lists: &'a [Hash],
    policy: Option<&'a WitnessPolicy>,
}

impl<'a> Witnesses<'a> {
    pub fn new(list: &'a KeyListView, lists: &'a [Hash], policy: Option<&'a WitnessPolicy>) -> Self {
        Self { list, lists, policy }
    }

    /// Every cosigned checkpoint of a log: signatures checked here, roots for the caller to compare.
    pub fn read(&self, base: &Path, log: LogName, own: &Checkpoint) -> Result<(Vec<Seen>, Witnessed), Failure> {
        let folder = Folder::new(&base.join(WITNESS));
        if let Some(stray) = folder.names("")?.iter().find(|n| LogName::ALL.iter().all(|l| l.as_str() != *n)) {
            let (zh, en) = ("不属于日志的文件", "a file that does not belong to the log");
            return Err(Failure::new(format!("{WITNESS}/{stray}"), "unknown_file", zh, en));
        }
        let (mut seen, mut sizes, mut unknown) = (Vec::new(), Vec::new(), 0);
        for name in folder.names(log.as_str())?.into_iter().filter(|n| !n.ends_with(TEMP)) {
            let place = format!("{WITNESS}/{log}/{name}");
            let bytes = folder.read(&format!("{log}/{name}"))?.unwrap_or_default();
            let noted = Cosigned::parse(&bytes).map_err(|e| Failure { file: place.clone(), ..e.into() })?;
            check_checkpoint(&noted.checkpoint, log, self.list, self.lists)
                .map_err(|f| Failure { file: place.clone(), ..f })?;
            match self.cosigned(&name, &noted).map_err(|f| Failure { file: place.clone(), ..f })? {
                None => unknown += 1,
                Some(in_policy) => {
                    sizes.extend(in_policy.then_some(noted.checkpoint.size));
                    let sha256 = Some(noted.checkpoint.sha256);
                    seen.push(Seen { by: place, anchor: noted.checkpoint.as_anchor(), sha256 });
                }
            }
        }
        if let Some(s) = seen.iter().find(|s| s.anchor.size > own.size) {
            return Err(crate::anchors::rolled_back(log, own.size, s));
        }
        // What the k-th of them has seen, at least k of them have.
        sizes.sort_unstable_by(|a, b| b.cmp(a));
        let size = self.policy.and_then(|p| sizes.get((p.k as usize).checked_sub(1)?)).copied();
        Ok((seen, Witnessed { log, all: self.policy.map(|_| own.size), size, unknown }))
    }

    /// The newest key list.
    pub fn list(&self) -> &KeyListView {
        self.list
    }

    /// Digests of all key lists.
    pub fn lists(&self) -> &[Hash] {
        self.lists
    }

    /// Whether the witness of this name has signed, and whether the policy counts it; `None` where nobody knows it.
    pub fn cosigned(&self, name: &str, noted: &Cosigned) -> Result<Option<bool>, Failure> {
        let listed = self.list.entries.iter().filter(|e| e.kind() == "witness" && e.member("name") == Some(name));
        let listed: Vec<_> = listed.filter_map(|e| Some((e, WitnessKey::new(name, e.public.clone()).ok()?))).collect();
        let asked = self.policy.and_then(|p| p.keys.iter().find(|k| k.name() == name));
        let signed = |key: &WitnessKey| -> Result<Option<u64>, Failure> {
            for line in &noted.lines {
                if let Some(time) = line.verify(&noted.checkpoint, key).map_err(Failure::from)? {
                    return Ok(Some(time));
                }
            }
            Ok(None)
        };
        let counted = asked.map(signed).transpose()?.flatten().is_some();
        let mut known = counted;
        for (entry, key) in &listed {
            if let Some(time) = signed(key)? {
                let ms = i64::try_from(time).ok().and_then(|t| t.checked_mul(1000));
                if !ms.is_some_and(|ms| entry.holds(ms)) {
                    let (zh, en) =
                        ("见证密钥在签名时未生效或已吊销", "the witness's key was not in force when it signed");
                    return Err(Failure::new("", "cosignature", zh, en));
                }
                known = true;
            }
        }
        match (known, asked.is_some() || !listed.is_empty()) {
            (true, _) => Ok(Some(counted)),
            (false, false) => Ok(None),
            (false, true) => {
                let (zh, en) = ("没有该见证的有效签名", "the witness of this name has not signed it");
                Err(Failure::new("", "cosignature", zh, en))
            }
        }
    }
}

/// The cosigned checkpoints of a log that have one line, by the witness's name.
pub(crate) fn cosigned_checkpoints(log_dir: &Path, log: LogName) -> Result<Vec<(String, Cosigned)>, LogError> {
    let folder = Folder::new(&log_dir.join(WITNESS));
    let mut out = Vec::new();
    for name in folder.names(log.as_str())?.into_iter().filter(|n| !n.ends_with(TEMP)) {
        let noted = Cosigned::parse(&folder.read(&format!("{log}/{name}"))?.unwrap_or_default())?;
        if matches!(noted.lines.as_slice(), [line] if line.name == name) {
            out.push((name, noted));
        }
    }
    Ok(out)
}

/// Why a cosigned checkpoint is refused that is of another history than the log: no mistake of whoever attaches it.
pub const ANOTHER_HISTORY: &str = "the log never was in that state";

/// Puts a cosigned checkpoint beside the log that it is of, in the place of an older one of the same witness. Returns the
/// log and the name of the witness.
///
/// # Errors
/// Not a cosigned checkpoint of one of the logs in `log_dir` with one line, of a state that the log does not have, or older
/// than the one that is there; or writing failed.
pub fn attach_cosignature(log_dir: &Path, note: &[u8]) -> Result<(LogName, String), LogError> {
    let bad = |why| LogError::malformed("cosigned checkpoint", why);
    let noted = Cosigned::parse(note)?;
    let [line] = noted.lines.as_slice() else { return Err(bad("not one cosignature")) };
    if !crate::cosign::is_witness_name(&line.name) {
        return Err(bad("not a witness's name"));
    }
    let lists: Vec<SignedValue> = read_key_lists(log_dir)?;
    let list = check_lists(&lists, None)?;
    let log = LogName::ALL.into_iter().find(|l| noted.checkpoint.origin == format!("{}/{l}", list.deployment));
    let log = log.ok_or_else(|| bad("another deployment's log"))?;
    let (reader, _) = crate::LogReader::open(&log_dir.join(log.as_str()))?;
    for alg in crate::tile::ALGS {
        if reader.root(alg, noted.checkpoint.size)? != noted.checkpoint.root(alg) {
            return Err(bad(ANOTHER_HISTORY));
        }
    }
    let folder = Folder::new(&log_dir.join(WITNESS));
    folder.make()?;
    let file = format!("{log}/{}", line.name);
    let there = folder.read(&file)?.map(|bytes| Cosigned::parse(&bytes)).transpose()?;
    if there.is_some_and(|t| t.checkpoint.size > noted.checkpoint.size) {
        return Err(bad("a newer one of this witness is there"));
    }
    folder.write(&file, note)?;
    Ok((log, line.name.clone()))
}
