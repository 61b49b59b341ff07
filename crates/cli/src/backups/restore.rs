//! `yunyu admin restore`: lays a snapshot out beside the folder, checks it, and puts it in the folder's place in one step.
//!
//! What is known to be newer than the snapshot is compared first; going behind it needs two people. What was destroyed
//! since stays destroyed: tombstones of the folder, the custody and later snapshots win, and objects under their keys are
//! not even laid out.

use super::stopped::stopped;
use super::{BACKUP_VAR, beside, kept, laying, live, passphrase, ring, statement};
use crate::layout::{Layout, write_private};
use crate::tools::Said;
use crate::tools::input;
use crate::wiring::CliError;
use ::backup::{Custody, Facts, Known, Last, Manifest, Newer, Repo, Restoration, Unpacked, behind, newer_than};
use app::restored::Restored;
use audit::Checkpoint;
use clap::Args;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Arguments of `restore`. The passphrase comes in `YUNYU_BACKUP_PASSPHRASE`, or as a line on standard input.
#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// 备份目录 · Folder of the backup
    #[arg(long, value_name = "DIR")]
    pub backup: PathBuf,
    /// 恢复到此数据目录；原有内容移到旁边 · Data folder to restore; what is there is set aside beside it
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 快照编号，默认最新 · Snapshot; default: the newest
    #[arg(long, value_name = "N")]
    pub snapshot: Option<u64>,
    /// 密钥托管目录 · Custody of keys; default: the one that the folder has
    #[arg(long, value_name = "DIR")]
    pub custody: Option<PathBuf>,
    /// 新机器上：备份所记的托管已永久丢失 · On a new machine: the custody that the backup tells of is lost for good
    #[arg(long, conflicts_with = "custody")]
    pub former_custody_lost: bool,
    /// 缺少密钥也恢复（软件密钥则一个不要）：其下的密封对象永远打不开 · Restore without the keys that are missing (software keys: without any); what lies under them is given up
    #[arg(long)]
    pub without_keys: bool,
    /// 已核对 --without-keys 将放弃的密钥；不加此项只列出 · Drop the keys that --without-keys names; without it they are only listed
    #[arg(long, requires = "without_keys")]
    pub yes: bool,
    /// 他人留存的检查点（见证方） · A checkpoint that somebody kept, a witness's above all; may be given several times
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Vec<PathBuf>,
    /// 已签署的恢复确认书，两人各一份 · A signed statement; two are needed to go behind what is known
    #[arg(long, value_name = "FILE")]
    pub confirmed: Vec<PathBuf>,
    /// 写出待签署的确认书草案 · Write the statement to be signed
    #[arg(long, value_name = "FILE")]
    pub draft: Option<PathBuf>,
    /// 草案：恢复的理由 · For the draft: why
    #[arg(long, default_value = "", requires = "draft")]
    pub reason: String,
    /// 草案：签署人担保仍有效的授权，其余一律恢复为暂停 · For the draft: an authorisation the signers vouch for
    #[arg(long, value_name = "ID", requires = "draft")]
    pub in_force: Vec<String>,
    /// 演练：恢复到临时目录并核验，不动原目录 · Drill: lay out beside, check, remove; the folder stays as it is
    #[arg(long)]
    pub drill: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// What a restore rests on.
pub(super) struct Ground {
    pub(super) repo: Repo,
    /// Its folder.
    pub(super) backup: PathBuf,
    pub(super) manifest: Manifest,
    /// The newest snapshot that can be read.
    pub(super) newest: Option<Manifest>,
    pub(super) digest: model::Digest,
    /// The folder that is replaced, where it can still be read.
    pub(super) layout: Layout,
    pub(super) custody: Option<Custody>,
    pub(super) gone: BTreeSet<String>,
    /// Everything that says how far the deployment was.
    pub(super) known: Known,
    pub(super) newer: Newer,
    pub(super) checkpoints: Vec<(String, Checkpoint)>,
    /// Statements that served a restore already.
    pub(super) used: BTreeSet<String>,
    /// Id of the custody that is lost for good.
    pub(super) lost: Option<String>,
}

/// Restores, drills, or writes the draft of the statement that is missing.
pub fn restore(args: &RestoreArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&input::real(&args.data)?)?;
    if args.drill {
        return drill(args, &ground(args, layout)?);
    }
    // Before two people's statement is used up for nothing.
    if !::backup::replaceable(&layout.data)? {
        return Err(CliError::usage(
            "--data",
            "该目录是挂载点，无法整体换下：请把数据目录放在挂载点之内的下一级目录，再恢复到那里。",
            "The folder is a mount point and cannot be exchanged whole: restore into a folder inside of it, and serve that one.",
        ));
    }
    // Held until the folders have changed places: nobody starts in a folder that is about to be replaced, and nothing in it
    // changes after two people were asked.
    let _stopped = stopped(&layout)?;
    let ground = ground(args, layout)?;
    if let Some(draft) = &args.draft {
        return statement::draft(args, &ground, draft);
    }
    let from = ring::Sources {
        custody: ground.custody.as_ref(),
        old: &ground.layout,
        gone: &ground.gone,
        without_keys: args.without_keys,
    };
    ring::may_drop(&from, args.yes)?;
    if !ground.newer.is_empty() && args.confirmed.is_empty() {
        return Err(behind(&ground.newer).into());
    }
    let (staging, _held) = beside::make(&ground.layout, beside::RESTORING, ground.custody.as_ref())?;
    let tried = laid_out_and_put_in_place(args, &ground, &staging);
    if tried.is_err() {
        beside::abandon(&staging)?;
    }
    forget_place(&ground);
    let (restored, vouched, aside) = tried?;
    Ok(said(&ground, &restored, vouched.as_ref(), aside.as_deref()))
}

/// The notes of where it was laid out go with it: nothing lies there any more. Where they cannot, the next destruction looks again.
fn forget_place(ground: &Ground) {
    if let Err(e) =
        beside::sweep(&ground.layout).and_then(|_| ground.custody.as_ref().map_or(Ok(Vec::new()), beside::sweep_places))
    {
        tracing::warn!(error = %e, "the notes of where a snapshot was laid out stay");
    }
}

/// What was laid out, the statement that it rests on, and where the replaced folder is kept.
type InPlace = (Unpacked, Option<Restoration>, Option<PathBuf>);

fn laid_out_and_put_in_place(args: &RestoreArgs, ground: &Ground, staging: &Layout) -> Result<InPlace, CliError> {
    let done = laying::lay_out(ground, staging, args.without_keys)?;
    let vouched = statement::allowed(args, ground, staging)?;
    leave_for_the_start(ground, staging, vouched.as_ref())?;
    statement::use_up(ground, staging, vouched.as_ref())?;
    let aside = put_in_place(ground, staging)?;
    Ok((done, vouched, aside))
}

fn ground(args: &RestoreArgs, layout: Layout) -> Result<Ground, CliError> {
    let backup = input::real(&args.backup)?;
    let custody_dir = kept::dir(args.custody.as_deref(), &layout)?;
    let staging = beside::named(&layout, beside::RESTORING);
    super::apart("--data", &[&layout.data, &backup, &staging], custody_dir.as_deref())?;
    replaceable(&layout)?;
    let secret = passphrase(BACKUP_VAR)?;
    let repo = Repo::open(&backup, &secret)?;
    let Last { manifest: newest, damaged } = repo.last()?;
    let manifest = chosen(&repo, args.snapshot, newest.as_ref(), &damaged)?;
    complete(&manifest)?;
    let there = live::trust(&layout).ok();
    if there.as_ref().is_some_and(|t| t.deployment != repo.deployment()) {
        return Err(CliError::usage("--data", "该目录属于另一部署。", "The folder is another deployment's."));
    }
    // The folder says which custody is its own; where there is none any more, the snapshots do.
    let told = newest.iter().chain([&manifest]).find_map(|m| m.custody.as_deref());
    if custody_dir.is_none() || args.former_custody_lost {
        may_do_without(args, custody_dir.is_some(), told)?;
    }
    let custody = custody_dir.map(|d| custody(&d, &layout, repo.deployment(), told)).transpose()?;
    let mut gone: BTreeSet<String> = manifest.destroyed.iter().cloned().collect();
    gone.extend(newest.iter().flat_map(|m| m.destroyed.iter().cloned()));
    gone.extend(live::destroyed(&layout.ring()));
    gone.extend(custody.iter().map(Custody::destroyed).collect::<Result<Vec<_>, _>>()?.into_iter().flatten());
    gone.extend(live::withdrawn(&layout, custody.as_ref())?);
    let checkpoints = checkpoints(args, repo.deployment())?;
    let mut known: Known = there.iter().map(|trust| ("folder".to_owned(), live::known(&layout, trust))).collect();
    let floor = custody.as_ref().map(Custody::floor).transpose()?.flatten();
    known.extend(floor.map(|facts| ("custody".to_owned(), facts)));
    known.extend(newest.as_ref().map(|m| ("snapshot".to_owned(), m.facts.clone())));
    for (n, (log, note)) in checkpoints.iter().enumerate() {
        let logs = BTreeMap::from([(log.clone(), live::log_facts(note))]);
        known.insert(format!("checkpoint-{n}"), Facts { logs, ..Facts::default() });
    }
    let mut newer = newer_than(&manifest.facts, &known)?;
    let last = newest.iter().map(|m| m.number).chain(damaged).max();
    newer.extend(last.filter(|n| *n > manifest.number).map(|n| ("snapshot".to_owned(), n)));
    newer.extend(laying::elsewhere(&repo, &manifest, &known)?);
    let lost = told.filter(|_| args.former_custody_lost).map(str::to_owned);
    let digest = repo.digest(&manifest)?;
    let folders = [layout.data.as_path(), &backup];
    let folders = folders.into_iter().chain(custody.as_ref().map(Custody::dir));
    let used = folders.map(::backup::used).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
    Ok(Ground { repo, backup, manifest, newest, digest, layout, custody, gone, known, newer, checkpoints, used, lost })
}

/// The snapshot that was asked for, or the newest. An older one never quietly stands in for one that is damaged.
fn chosen(repo: &Repo, asked: Option<u64>, newest: Option<&Manifest>, damaged: &[u64]) -> Result<Manifest, CliError> {
    let last = damaged.iter().copied().chain(newest.map(|m| m.number)).max();
    let Some(number) = asked.or(last) else {
        return Err(CliError::usage("--backup", "备份中没有完成的快照。", "The backup holds no finished snapshot."));
    };
    if !repo.snapshots()?.contains(&number) {
        let last = last.unwrap_or_default();
        return Err(CliError::usage(
            "--snapshot",
            format!("备份中没有快照 {number}；最新的是 {last}。"),
            format!("The backup holds no snapshot {number}; the newest is {last}."),
        ));
    }
    match newest.filter(|m| m.number == number) {
        Some(newest) => Ok(newest.clone()),
        None => repo.snapshot(number).map_err(|e| if e.is_damage() { spoilt(number) } else { e.into() }),
    }
}

fn spoilt(number: u64) -> CliError {
    CliError::usage(
        &format!("snapshots/{number:06}"),
        format!("快照 {number} 已损坏，无法恢复：可用 --snapshot 指明更早的快照（须两人确认），并尽快再做一次备份。"),
        format!(
            "Snapshot {number} is damaged and cannot be restored: name an earlier one by --snapshot (two people must sign for it), and take another backup soon."
        ),
    )
}

/// A zone that is restored without its custody would certify destructions that do not reach it: whoever wants that says that
/// it is lost. A folder that has a custody says so by a backup, with both keepers.
fn may_do_without(args: &RestoreArgs, has: bool, told: Option<&str>) -> Result<(), CliError> {
    if has {
        return Err(CliError::usage(
            "--former-custody-lost",
            "该目录记有自己的密钥托管；若已丢失，请先运行 backup --custody 新目录 --former-custody-lost。",
            "The folder has a custody of its own; where that is lost, run `backup --custody NEW --former-custody-lost` first.",
        ));
    }
    if told.is_none() || args.drill || args.former_custody_lost {
        return Ok(());
    }
    Err(CliError::usage(
        "--custody",
        "备份的密钥在一处托管中，此后的销毁须能到达它：请用 --custody 指明；若已永久丢失，请加 --former-custody-lost。",
        "The backup's keys are in a custody that later destructions must reach: name it by --custody, or say --former-custody-lost if it is lost for good.",
    ))
}

fn custody(dir: &Path, layout: &Layout, deployment: &str, told: Option<&str>) -> Result<Custody, CliError> {
    match kept::open(dir, layout, deployment, told)? {
        Some(custody) => Ok(custody),
        None => Ok(Custody::open(dir, deployment)?),
    }
}

/// What is replaced is a data folder, or an empty one, or none: nothing else moves out of the way of a mistyped path.
fn replaceable(layout: &Layout) -> Result<(), CliError> {
    let empty = fs::read_dir(&layout.data).is_ok_and(|mut entries| entries.next().is_none());
    let ours = layout.platform().is_dir() || layout.zone().is_dir() || layout.deployment_file().is_file();
    if ours || empty || !layout.data.exists() {
        return Ok(());
    }
    Err(CliError::usage(
        "--data",
        "其中有别的文件，不是数据目录；请给出数据目录、空目录或尚不存在的目录。",
        "It holds other files and is no data folder: name a data folder, an empty one, or one that is not there yet.",
    ))
}

/// Kept checkpoints, by the log they are of.
fn checkpoints(args: &RestoreArgs, deployment: &str) -> Result<Vec<(String, Checkpoint)>, CliError> {
    let mut out = Vec::new();
    for file in &args.checkpoint {
        let at = file.display().to_string();
        let note = Checkpoint::parse(&input::bytes(file)?)
            .map_err(|_| CliError::usage(&at, "不是检查点。", "It is not a checkpoint."))?;
        let log = note.origin.strip_prefix(&format!("{deployment}/")).map(str::to_owned);
        let log =
            log.ok_or_else(|| CliError::usage(&at, "检查点属于另一部署。", "The checkpoint is another deployment's."))?;
        out.push((log, note));
    }
    // Whichever was given first, it is the same statement.
    out.sort_by(|a, b| (&a.0, a.1.size).cmp(&(&b.0, b.1.size)));
    Ok(out)
}

/// Whether a snapshot is of a platform's folder.
fn has_platform(manifest: &Manifest) -> bool {
    manifest.files.iter().any(|f| f.path.starts_with("platform/keys/"))
}

/// What a snapshot lacks of a platform that was in use: such a one can be laid out, and serves nothing.
fn lacks(manifest: &Manifest) -> Option<[&'static str; 2]> {
    let facts = &manifest.facts;
    let logged = facts.logs.contains_key("platform");
    match (has_platform(manifest), &facts.database, logged) {
        (true, None, true) => Some(["平台的数据库", "the platform's database"]),
        (true, Some(_), false) => Some(["平台的日志", "the platform's log"]),
        (true, None, false) if facts.order_seq.is_some_and(|n| n > 0) => {
            Some(["平台的数据库和日志", "the platform's database and log"])
        }
        _ => None,
    }
}

/// A snapshot that lacks what it cannot do without is refused: neither a drill nor a restore passes with it.
fn complete(manifest: &Manifest) -> Result<(), CliError> {
    let Some([zh, en]) = lacks(manifest) else { return Ok(()) };
    let number = manifest.number;
    Err(CliError::usage(
        &format!("snapshots/{number:06}"),
        format!(
            "快照 {number} 缺少{zh}，不能用来恢复：备份时它不在，或未给出 --dump。请用 --snapshot 指明别的快照，并尽快再做一次备份。"
        ),
        format!(
            "Snapshot {number} lacks {en} and is no use for a restore: it was away when the backup was taken, or --dump was not given. Name another one by --snapshot, and take another backup soon."
        ),
    ))
}

/// What the platform does at its first start: it cannot be done here, where its database may be PostgreSQL.
fn leave_for_the_start(ground: &Ground, staging: &Layout, by: Option<&Restoration>) -> Result<(), CliError> {
    if !has_platform(&ground.manifest) {
        return Ok(());
    }
    let mut refs = BTreeMap::from([
        ("snapshot".to_owned(), ground.digest.to_string()),
        ("number".to_owned(), ground.manifest.number.to_string()),
    ]);
    if let Some(by) = by {
        refs.insert("statement".to_owned(), crypto::digest_of(ground.repo.suite(), "restoration", by)?.to_string());
    }
    refs.extend(ground.lost.iter().map(|id| ("custody_lost".to_owned(), id.clone())));
    refs.extend(ground.newer.iter().map(|(what, n)| (format!("gave_up_{}", what.replace('-', "_")), n.to_string())));
    let in_force = by.map(|b| b.in_force.clone()).unwrap_or_default();
    let restored = Restored { v: 1, in_force, refs };
    Ok(write_private(&staging.restored_file(), &crypto::canonical(&restored)?)?)
}

/// The restored folder takes the other's place in one step.
fn put_in_place(ground: &Ground, staging: &Layout) -> Result<Option<PathBuf>, CliError> {
    // A restored zone reaches the same custody when it destroys.
    if let Some(custody) = ground.custody.as_ref().filter(|_| staging.ring().is_dir()) {
        kept::remember(staging, custody)?;
    }
    if let Some(id) = ground.lost.as_ref().filter(|_| staging.zone().is_dir()) {
        kept::remember_lost(staging, id)?;
    }
    for folder in [staging.platform(), staging.zone()] {
        // Made for either part; the part that is not in the snapshot is not there afterwards either.
        let _ = fs::remove_dir(folder);
    }
    beside::exchange(&ground.layout, staging)
}

fn drill(args: &RestoreArgs, ground: &Ground) -> Result<Said, CliError> {
    let (staging, _held) = beside::make(&ground.layout, beside::DRILL, ground.custody.as_ref())?;
    let tried = laying::lay_out(ground, &staging, args.without_keys)
        .and_then(|done| Ok((done, ring::opened(&staging, &ground.manifest, &ground.gone)?)));
    beside::clear(&staging)?;
    let (done, opened) = tried?;
    forget_place(ground);
    let recorded = ground.layout.platform().join("platform.db").is_file();
    if recorded {
        let refs = [
            ("snapshot", ground.digest.to_string()),
            ("number", ground.manifest.number.to_string()),
            ("objects", done.objects.to_string()),
            ("opened", opened.opened.to_string()),
            ("sealed", opened.sealed.to_string()),
        ];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(super::take::record(&ground.layout, "drill_restore", &refs))?;
    }
    let text = format!(
        "演练通过 drill passed: 快照 snapshot {}  文件 files {}  对象 objects {}  打开 opened {}  已封存 sealed {}\n",
        ground.manifest.number, done.files, done.objects, opened.opened, opened.sealed
    );
    let json = json!({
        "drill": true, "snapshot": ground.manifest.number, "files": done.files, "objects": done.objects,
        "opened": opened.opened, "sealed": opened.sealed, "left_out": done.left_out, "recorded": recorded, "newer": ground.newer,
    });
    Ok(Said::new(0, json, text))
}

fn said(ground: &Ground, done: &Unpacked, by: Option<&Restoration>, aside: Option<&Path>) -> Said {
    let mut text = format!(
        "已恢复 restored: {}\n  快照 snapshot {}  文件 files {}  对象 objects {}  因密钥已销毁未恢复 left out {}\n",
        ground.layout.data.display(),
        ground.manifest.number,
        done.files,
        done.objects,
        done.left_out
    );
    if let Some(aside) = aside {
        text.push_str(&format!("  原目录 what was there: {}\n", aside.display()));
    }
    text.push_str("  首次启动时，未经两人担保的授权一律暂停。\n  At the first start every authorisation is suspended that two people did not vouch for.\n");
    let json = json!({
        "data": ground.layout.data, "snapshot": ground.manifest.number, "digest": ground.digest, "files": done.files,
        "objects": done.objects, "left_out": done.left_out, "gave_up": ground.newer, "set_aside": aside,
        "in_force": by.map(|b| b.in_force.clone()).unwrap_or_default(),
    });
    Said::new(0, json, text)
}
