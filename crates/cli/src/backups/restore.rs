//! `yunyu admin restore`: lays a snapshot out beside the folder, checks it, and puts it in the folder's place in one step.
//!
//! What is known to be newer than the snapshot is compared first; going behind it needs two people. What was destroyed
//! since stays destroyed: tombstones of the folder, the custody and later snapshots win, and objects under their keys are
//! not even laid out.

use super::live;
use super::ring;
use super::{BACKUP_VAR, passphrase};
use crate::layout::{Layout, write_private};
use crate::tools::Said;
use crate::tools::input;
use crate::wiring::{self, CliError};
use ::backup::{
    Custody, Facts, Manifest, Newer, Repo, Restoration, Unpacked, behind, confirmed, exchange, newer_than, unpack,
    wipe_keys,
};
use app::restored::Restored;
use audit::{Checkpoint, LogConfig, LogName, TileLog, verify_once};
use clap::Args;
use model::ids::AuthorisationId;
use model::{Signed, Timestamp};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
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
    #[arg(long, default_value = "")]
    pub reason: String,
    /// 草案：签署人担保仍有效的授权，其余一律恢复为暂停 · For the draft: an authorisation the signers vouch for
    #[arg(long, value_name = "ID")]
    pub in_force: Vec<String>,
    /// 演练：恢复到临时目录并核验，不动原目录 · Drill: lay out beside, check, remove; the folder stays as it is
    #[arg(long)]
    pub drill: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// What a restore rests on.
struct Ground {
    repo: Repo,
    manifest: Manifest,
    digest: model::Digest,
    layout: Layout,
    /// The folder that is replaced, where it can still be read.
    custody: Option<Custody>,
    gone: BTreeSet<String>,
    newer: Newer,
    checkpoints: Vec<(String, Checkpoint)>,
}

/// Restores, drills, or writes the draft of the statement that is missing.
pub fn restore(args: &RestoreArgs) -> Result<Said, CliError> {
    let ground = ground(args)?;
    if let Some(draft) = &args.draft {
        return draft_statement(args, &ground, draft);
    }
    if args.drill {
        return drill(args, &ground);
    }
    stopped(&ground.layout)?;
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
    let staging = beside(&ground.layout, "restoring")?;
    let tried = lay_out(args, &ground, &staging).and_then(|done| Ok((done, allowed(args, &ground, &staging)?)));
    if tried.is_err() {
        clear(&staging)?;
    }
    let (restored, vouched) = tried?;
    leave_for_the_start(&ground, &staging, vouched.as_ref())?;
    let aside = put_in_place(&ground, &staging)?;
    Ok(said(&ground, &restored, vouched.as_ref(), aside.as_deref()))
}

fn ground(args: &RestoreArgs) -> Result<Ground, CliError> {
    let layout = Layout::new(&input::real(&args.data)?)?;
    let backup = input::real(&args.backup)?;
    let custody_dir = super::custody_dir(args.custody.as_deref(), &layout)?;
    let staging = named(&layout, "restoring");
    super::apart("--data", &[&layout.data, &backup, &staging], custody_dir.as_deref())?;
    replaceable(&layout)?;
    let secret = passphrase(BACKUP_VAR)?;
    let repo = Repo::open(&backup, &secret)?;
    let newest = repo.newest()?;
    let manifest = match (args.snapshot, &newest) {
        (Some(n), _) => repo.snapshot(n)?,
        (None, Some(newest)) => newest.clone(),
        (None, None) => {
            return Err(CliError::usage(
                "--backup",
                "备份中没有完成的快照。",
                "The backup holds no finished snapshot.",
            ));
        }
    };
    let there = live::trust(&layout).ok();
    if there.as_ref().is_some_and(|t| t.deployment != repo.deployment()) {
        return Err(CliError::usage("--data", "该目录属于另一部署。", "The folder is another deployment's."));
    }
    let custody = custody_dir.map(|d| Custody::open(&d, repo.deployment())).transpose()?;
    let mut gone: BTreeSet<String> = manifest.destroyed.iter().cloned().collect();
    gone.extend(newest.iter().flat_map(|m| m.destroyed.iter().cloned()));
    gone.extend(live::destroyed(&layout.ring()));
    gone.extend(custody.iter().map(Custody::destroyed).collect::<Result<Vec<_>, _>>()?.into_iter().flatten());
    gone.extend(live::withdrawn(&layout, custody.as_ref())?);
    let checkpoints = checkpoints(args, repo.deployment())?;
    let mut known: Vec<Facts> = there.iter().map(|trust| live::known(&layout, trust)).collect();
    known.extend(custody.as_ref().map(Custody::floor).transpose()?.flatten());
    known.extend(
        checkpoints.iter().map(|(log, note)| Facts {
            logs: BTreeMap::from([(log.clone(), live::log_facts(note))]),
            ..Facts::default()
        }),
    );
    known.extend(newest.as_ref().map(|m| m.facts.clone()));
    let mut newer = newer_than(&manifest.facts, &known)?;
    if let Some(later) = newest.as_ref().filter(|m| m.number > manifest.number) {
        newer.insert("snapshot".to_owned(), later.number);
    }
    let digest = repo.digest(&manifest)?;
    Ok(Ground { repo, manifest, digest, layout, custody, gone, newer, checkpoints })
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
    Ok(out)
}

/// Nothing may work in a folder that is replaced.
pub fn stopped(layout: &Layout) -> Result<(), CliError> {
    for lock in [layout.zone().join("lock"), layout.platform().join("log-signer.json.lock")] {
        let Ok(file) = File::open(&lock) else { continue };
        if file.try_lock().is_err() {
            return Err(CliError::usage(
                "--data",
                "平台或运营域正在运行；请先停止。",
                "The platform or the zone is running; stop it first.",
            ));
        }
    }
    Ok(())
}

/// Stands in a folder that is being laid out, and in no other.
const UNFINISHED: &str = ".restoring";

fn named(layout: &Layout, word: &str) -> PathBuf {
    let mut name = layout.data.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{word}"));
    layout.data.with_file_name(name)
}

/// A folder beside the data folder, empty; what a killed run left there goes first.
fn beside(layout: &Layout, word: &str) -> Result<Layout, CliError> {
    use std::os::unix::fs::PermissionsExt;
    let staging = Layout { data: named(layout, word) };
    if staging.data.join(UNFINISHED).is_file() || fs::read_dir(&staging.data).is_ok_and(|mut d| d.next().is_none()) {
        clear(&staging)?;
    } else if staging.data.exists() {
        // Killed after the folders changed places: this is the one that was replaced.
        set_aside(layout, &staging)?;
    }
    fs::create_dir_all(&staging.data)?;
    write_private(&staging.data.join(UNFINISHED), b"")?;
    for folder in [staging.data.clone(), staging.platform(), staging.zone()] {
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(staging)
}

/// Keeps a replaced folder under a name of its own, without its keys: they would outlive a later destruction.
fn set_aside(layout: &Layout, replaced: &Layout) -> Result<PathBuf, CliError> {
    wipe_keys(&replaced.ring())?;
    let aside = named(layout, &format!("before-restore-{}", crypto::random_hex(4)?));
    fs::rename(&replaced.data, &aside)?;
    Ok(aside)
}

fn clear(staging: &Layout) -> Result<(), CliError> {
    wipe_keys(&staging.ring())?;
    match fs::remove_dir_all(&staging.data) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

/// Lays everything out and checks it: objects and files by digest, logs by their signed roots and the trust file, the
/// journal by its chain, and every kept checkpoint that is not newer.
fn lay_out(args: &RestoreArgs, ground: &Ground, staging: &Layout) -> Result<Unpacked, CliError> {
    let manifest = &ground.manifest;
    let done = unpack(&ground.repo, manifest, &staging.data, &ground.gone)?;
    let trust = live::trust(staging)?;
    let (custody, old, gone) = (ground.custody.as_ref(), &ground.layout, &ground.gone);
    ring::lay(staging, &ring::Sources { custody, old, gone, without_keys: args.without_keys })?;
    let missing = ring::opened(staging, manifest, gone)?.missing;
    if missing > 0 && !args.without_keys {
        return Err(CliError::usage(
            "--custody",
            format!("{missing} 个加密对象缺少密钥；请给出密钥托管目录，或用 --without-keys 明确不要密钥。"),
            format!("Keys of {missing} encrypted objects are missing: name the custody, or say --without-keys."),
        ));
    }
    for name in LogName::ALL {
        rebuild(ground, staging, &trust, name)?;
    }
    newer_key_lists(ground, staging, &trust)?;
    lists_of_destroyed(ground, staging)?;
    verified(ground, staging, &trust)?;
    if staging.zone().is_dir() {
        write_private(&staging.zone().join(zone::node::RESTORED), b"")?;
    }
    let journal = live::journal(staging, &trust, None)?;
    if journal.map(|j| j.frames) != manifest.facts.frames {
        return Err(CliError::bug("the restored journal is not the one that was backed up"));
    }
    Ok(done)
}

/// Builds a log from its leaves under the checkpoint that its owner signed; the signer's memory with it.
fn rebuild(ground: &Ground, staging: &Layout, trust: &audit::Trust, name: LogName) -> Result<(), CliError> {
    let part = |end: &str| ground.manifest.files.iter().find(|f| f.path == format!("@log/{name}.{end}"));
    let (Some(note), Some(leaves)) = (part("checkpoint"), part("leaves")) else { return Ok(()) };
    let note = Checkpoint::parse(&ground.repo.file(note)?).map_err(CliError::bug)?;
    let leaves = live::split(&ground.repo.file(leaves)?).ok_or_else(|| CliError::bug("a log's leaves are damaged"))?;
    let lists = live::key_lists(staging, &trust.root);
    let keys = live::log_keys(staging, &lists, name);
    let key = keys.iter().find(|k| note.verify(k).is_ok());
    let key = key.ok_or_else(|| CliError::bug("no listed key signed the log's checkpoint"))?;
    let state = live::signer_file(staging, name);
    let config = LogConfig::new(&trust.deployment, name, trust.suite, trust.clock, &state);
    let mut log = TileLog::open(&staging.log().join(name.as_str()), config).map_err(CliError::bug)?;
    log.copy(0, &leaves, &note, key).map_err(CliError::bug)
}

/// A key that was revoked after the snapshot stays revoked: newer lists are handed to the platform's first start.
fn newer_key_lists(ground: &Ground, staging: &Layout, trust: &audit::Trust) -> Result<(), CliError> {
    let restored = live::key_lists(staging, &trust.root).last().map_or(0, |l| l.body.number);
    for list in live::key_lists(&ground.layout, &trust.root).into_iter().filter(|l| l.body.number > restored) {
        let file = staging.signed_lists().join(format!("{}.json", list.body.number));
        fs::create_dir_all(staging.signed_lists())?;
        write_private(&file, &crypto::canonical(&list)?)?;
    }
    Ok(())
}

/// What a destruction removed after the snapshot stays on record.
fn lists_of_destroyed(ground: &Ground, staging: &Layout) -> Result<(), CliError> {
    let Ok(entries) = fs::read_dir(ground.layout.zone().join("destroyed")) else { return Ok(()) };
    let kept = staging.zone().join("destroyed");
    fs::create_dir_all(&kept)?;
    for entry in entries {
        let path = entry?.path();
        let target = kept.join(path.file_name().unwrap_or_default());
        if !target.exists() {
            write_private(&target, &fs::read(&path)?)?;
        }
    }
    Ok(())
}

fn verified(ground: &Ground, staging: &Layout, trust: &audit::Trust) -> Result<(), CliError> {
    if !staging.log().join("platform/checkpoint").is_file() {
        return Ok(());
    }
    let within = |(log, note): &&(String, Checkpoint)| {
        ground.manifest.facts.logs.get(log).is_some_and(|ours| note.size <= ours.size)
    };
    let kept: Vec<Option<String>> = ground.checkpoints.iter().filter(within).map(|(_, n)| Some(n.render())).collect();
    for from in if kept.is_empty() { vec![None] } else { kept } {
        let report = verify_once(&staging.log(), Some(trust), from.as_deref());
        if !report.valid {
            let why = report.failure.map(|f| format!("{}: {}", f.file, f.en)).unwrap_or_default();
            return Err(CliError::usage(
                "--backup",
                "恢复出的日志与信任文件或所给检查点不符。",
                format!("The restored logs do not hold against the trust file or a kept checkpoint ({why})."),
            ));
        }
    }
    Ok(())
}

/// Two people's statement, where one is needed or given. Judged by the newest key list that is known.
fn allowed(args: &RestoreArgs, ground: &Ground, staging: &Layout) -> Result<Option<Restoration>, CliError> {
    if ground.newer.is_empty() && args.confirmed.is_empty() {
        return Ok(None);
    }
    let trust = live::trust(staging)?;
    let mut statements: Vec<Signed<Restoration>> = Vec::new();
    for file in &args.confirmed {
        let at = file.display().to_string();
        let bad =
            |_| CliError::usage(&at, "不是已签署的恢复确认书。", "It is not a signed statement of a restoration.");
        statements.push(crypto::from_canonical(&input::bytes(file)?).map_err(bad)?);
    }
    let lists = live::key_lists(staging, &trust.root);
    let list = lists.last().map(|l| &l.body).ok_or_else(|| {
        CliError::usage("--data", "没有密钥清单，无法核对签署人。", "There is no key list to judge the signers by.")
    })?;
    Ok(Some(confirmed(list, &statement(args, ground), &statements)?))
}

fn statement(args: &RestoreArgs, ground: &Ground) -> Restoration {
    Restoration {
        v: 1,
        deployment: ground.repo.deployment().to_owned(),
        snapshot: ground.digest.clone(),
        gives_up: ground.newer.clone(),
        in_force: args.in_force.iter().map(|id| AuthorisationId(id.clone())).collect(),
        reason: args.reason.clone(),
        at: Timestamp((wiring::wall_clock())()),
    }
}

fn draft_statement(args: &RestoreArgs, ground: &Ground, draft: &Path) -> Result<Said, CliError> {
    let draft = input::absolute(draft)?;
    let body = statement(args, ground);
    write_private(&draft, &crypto::canonical(&body)?)?;
    let text =
        format!("确认书草案 draft: {}\n  由两名审批人各自运行 yunyu admin confirm-restore 签署。\n", draft.display());
    Ok(Said::new(0, json!({"draft": draft, "statement": body}), text))
}

/// What the platform does at its first start: it cannot be done here, where its database may be PostgreSQL.
fn leave_for_the_start(ground: &Ground, staging: &Layout, by: Option<&Restoration>) -> Result<(), CliError> {
    if ground.manifest.facts.database.is_none() {
        return Ok(());
    }
    let mut refs = BTreeMap::from([
        ("snapshot".to_owned(), ground.digest.to_string()),
        ("number".to_owned(), ground.manifest.number.to_string()),
    ]);
    if let Some(by) = by {
        refs.insert("statement".to_owned(), crypto::digest_of(ground.repo.suite(), "restoration", by)?.to_string());
    }
    refs.extend(ground.newer.iter().map(|(what, n)| (format!("gave_up_{}", what.replace('-', "_")), n.to_string())));
    let in_force = by.map(|b| b.in_force.clone()).unwrap_or_default();
    let restored = Restored { v: 1, in_force, refs };
    Ok(write_private(&staging.restored_file(), &crypto::canonical(&restored)?)?)
}

/// The restored folder takes the other's place in one step.
fn put_in_place(ground: &Ground, staging: &Layout) -> Result<Option<PathBuf>, CliError> {
    if let Some(custody) = custody_path(ground, staging) {
        write_private(&staging.custody_file(), custody.display().to_string().as_bytes())?;
    }
    for folder in [staging.platform(), staging.zone()] {
        // Made for either part; the part that is not in the snapshot is not there afterwards either.
        let _ = fs::remove_dir(folder);
    }
    let there = ground.layout.data.exists();
    fs::remove_file(staging.data.join(UNFINISHED))?;
    exchange(&staging.data, &ground.layout.data)?;
    if there { set_aside(&ground.layout, staging).map(Some) } else { Ok(None) }
}

/// A restored zone reaches the same custody when it destroys.
fn custody_path(ground: &Ground, staging: &Layout) -> Option<PathBuf> {
    let custody = ground.custody.as_ref().filter(|_| staging.ring().is_dir())?;
    custody.keys().parent().map(Path::to_path_buf)
}

fn drill(args: &RestoreArgs, ground: &Ground) -> Result<Said, CliError> {
    let staging = beside(&ground.layout, "drill")?;
    let tried = lay_out(args, ground, &staging)
        .and_then(|done| Ok((done, ring::opened(&staging, &ground.manifest, &ground.gone)?)));
    clear(&staging)?;
    let (done, opened) = tried?;
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
