//! `yunyu admin backup`: a snapshot of a folder in use.
//!
//! The order makes it consistent. First both logs, each under a checkpoint; then the platform's database as of one moment,
//! so that it holds every leaf of its log; then the zone's journal as far as it goes with that database: up to the first
//! frame that takes an order the database does not know, so that it holds every leaf of the zone's log and every report
//! that the database acknowledges. Objects come last: what vanishes meanwhile was destroyed.

use super::copied::{copied, not_plain, top};
use super::database::database;
use super::live::{self, LogCopy};
use super::stopped::open_lock;
use super::{BACKUP_VAR, beside, kept, lost, passphrase};
use crate::keyplace;
use crate::layout::Layout;
use crate::serve::{platform, supervisor};
use crate::tools::Said;
use crate::tools::input;
use crate::wiring::{self, CliError};
use ::backup::{Content, Custody, Facts, Last, Manifest, Repo, Source, take};
use clap::Args;
use hsm::KeyPlace;
use model::Timestamp;
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Arguments of `backup`. The passphrase comes in `YUNYU_BACKUP_PASSPHRASE`, or as a line on standard input.
#[derive(Debug, Args)]
pub struct BackupArgs {
    /// 数据目录 · Data folder; it may be in use
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 备份目录 · Folder of the backup; each run adds a snapshot
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// 密钥托管目录，须与备份分开保管；销毁时会从中清除 · Custody of keys, kept apart from the backup; destruction reaches it
    #[arg(long, value_name = "DIR")]
    pub custody: Option<PathBuf>,
    /// 原托管已永久丢失：由两名保管人到场，在空目录另建一处 · The former custody is lost for good: with both keepers, a new one is made in an empty folder
    #[arg(long, requires = "custody")]
    pub former_custody_lost: bool,
    /// PostgreSQL 的 pg_dump 输出；须在平台停止时制作 · Output of pg_dump, made while the platform is stopped
    #[arg(long, value_name = "FILE")]
    pub dump: Option<PathBuf>,
    /// 核对备份中已有的内容，损坏的重新写好；演练发现损坏后自动进行 · Read again what the backup holds already, and write anew what is damaged; done by itself after a drill that found damage
    #[arg(long)]
    pub check: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Takes a snapshot.
pub fn backup(args: &BackupArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&input::real(&args.data)?)?;
    let trust = live::trust(&layout)?;
    let out = input::real(&args.out)?;
    let custody_dir = kept::dir(args.custody.as_deref(), &layout)?;
    super::apart("--out", &[&layout.data, &out], custody_dir.as_deref())?;
    beside::swept(&layout)?;
    if out.exists() && !out.is_dir() {
        return Err(CliError::usage(
            "--out",
            "不是目录；请给出备份目录。",
            "It is not a folder: name the backup's folder.",
        ));
    }
    no_dump_of_sqlite(args)?;
    if let Some(dir) = &custody_dir {
        may_keep(dir, &layout, &trust, args.former_custody_lost)?;
    }
    let secret = passphrase(BACKUP_VAR)?;
    long_enough(&out, &secret)?;
    let repo = Repo::open_or_make(&out, &trust.deployment, trust.suite, &secret)?;
    let check = args.check || repo.check_wanted();
    let repo = if check { repo.checking() } else { repo };
    // Told, and left as it is: the snapshot that is taken now holds everything again.
    let Last { manifest: newest, damaged } = repo.last()?;
    let told = newest.and_then(|m| m.custody).filter(|id| !kept::is_lost(&layout, id));
    if told.is_some() && custody_dir.is_none() {
        return Err(kept::unrecorded());
    }
    let _still = still(&layout)?;
    let (custody, lost) = in_custody(args, custody_dir.as_deref(), &layout, &trust, told.as_deref())?;
    let held = custody.as_ref().map(|c| c.sync(&layout.ring())).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _alone = alone(&layout)?;
    let copy = layout.platform().join(format!(".backup-{}", crypto::random_hex(8)?));
    let taken = collect(args, &layout, &trust, &runtime, &copy).and_then(|mut source| {
        source.custody = custody.as_ref().and_then(|c| c.id().map(str::to_owned));
        Ok(take(&repo, source)?)
    });
    // A copy of the database lies in the open only as long as it is read.
    remove(&copy)?;
    let (manifest, written) = taken?;
    if let Some(custody) = &custody {
        custody.set_floor(&manifest.facts)?;
    }
    if check {
        repo.want_check(false);
    }
    let digest = repo.digest(&manifest)?;
    if manifest.facts.database.as_deref() == Some("sqlite") {
        let mut refs = vec![("snapshot", digest.to_string()), ("number", manifest.number.to_string())];
        refs.extend(lost.map(|id| ("custody_lost", id)));
        runtime.block_on(record(&layout, "make_backup", &refs))?;
    }
    let done = Done { out: &out, written, held, damaged: &damaged, mended: repo.mended() };
    Ok(said(&manifest, &digest, &done))
}

/// What a run did besides its snapshot.
struct Done<'a> {
    out: &'a Path,
    written: u64,
    held: Option<u64>,
    damaged: &'a [u64],
    mended: u64,
}

fn said(manifest: &Manifest, digest: &model::Digest, done: &Done<'_>) -> Said {
    let Done { out, written, held, damaged, mended } = *done;
    let bytes: u64 = manifest.files.iter().map(|f| f.len).chain(manifest.objects.iter().map(|o| o.len)).sum();
    let mut text = format!(
        "快照 snapshot {}  {digest}\n  文件 files {}  密封对象 sealed objects {}  共 total {bytes} B  新增 new {written} B\n",
        manifest.number,
        manifest.files.len(),
        manifest.objects.len()
    );
    text.push_str(&match held {
        Some(n) => format!("  托管密钥 keys in custody {n}\n"),
        None => {
            "  没有密钥托管：仅凭本备份打不开任何密封对象。\n  No custody: this backup alone opens no sealed object.\n"
                .to_owned()
        }
    });
    for number in damaged {
        text.push_str(&format!(
            "  快照 {number} 已损坏，不能恢复；本次快照不依赖它。\n  Snapshot {number} is damaged and cannot be restored; this one does not rest on it.\n"
        ));
    }
    if mended > 0 {
        text.push_str(&format!("  已重新写好损坏的部分 damaged parts written anew: {mended}\n"));
    }
    text.push_str("  不含 not in it: root/, desks/, story/\n");
    let json = json!({
        "out": out, "snapshot": manifest.number, "digest": digest, "files": manifest.files.len(),
        "objects": manifest.objects.len(), "bytes": bytes, "new_bytes": written, "keys_in_custody": held,
        "damaged": damaged, "mended": mended, "facts": manifest.facts,
    });
    Said::new(0, json, text)
}

/// A backup that is begun gets a passphrase that is worth something; one that is there opens with its own.
fn long_enough(out: &Path, secret: &str) -> Result<(), CliError> {
    if out.join("backup.json").is_file() || secret.chars().count() >= super::SHORTEST {
        return Ok(());
    }
    Err(CliError::usage(
        BACKUP_VAR,
        format!("备份口令至少 {} 个字符。", super::SHORTEST),
        format!("A backup's passphrase has at least {} characters.", super::SHORTEST),
    ))
}

/// Refuses a custody that this folder cannot have, before anything is written.
fn may_keep(dir: &Path, layout: &Layout, trust: &audit::Trust, lost: bool) -> Result<(), CliError> {
    if !layout.ring().is_dir() || keyplace::kept(layout)? != KeyPlace::File {
        return Err(CliError::usage(
            "--custody",
            "该目录没有软件密钥环：密钥在硬件模块中，由其自身的备份办法保管。",
            "This folder has no ring of software keys: a hardware module keeps its keys by its own means.",
        ));
    }
    if !layout.keepers().is_file() {
        return Err(CliError::usage(
            "--custody",
            "主密钥尚未由两名保管人封存；请先运行 yunyu admin export-keys。",
            "The master key was not sealed by two keepers yet: run `yunyu admin export-keys` first.",
        ));
    }
    if lost { Ok(()) } else { kept::open(dir, layout, &trust.deployment, None).map(drop) }
}

fn no_dump_of_sqlite(args: &BackupArgs) -> Result<(), CliError> {
    if args.dump.is_some() && std::env::var_os(supervisor::DATABASE_VAR).is_none() {
        return Err(CliError::usage(
            "--dump",
            "数据库是该目录自己的 SQLite，不需要 --dump；PostgreSQL 须在环境变量 YUNYU_DATABASE 中给出。",
            "The database is the folder's own SQLite and takes no --dump; PostgreSQL is named in YUNYU_DATABASE.",
        ));
    }
    Ok(())
}

/// The custody that keys go into, and which one it replaces because that is lost.
fn in_custody(
    args: &BackupArgs,
    dir: Option<&Path>,
    layout: &Layout,
    trust: &audit::Trust,
    told: Option<&str>,
) -> Result<(Option<Custody>, Option<String>), CliError> {
    match dir {
        Some(dir) if args.former_custody_lost => {
            let (made, lost) = lost::replaced(dir, layout, trust, told)?;
            Ok((Some(made), Some(lost)))
        }
        dir => Ok((dir.map(|dir| custody(dir, layout, trust, told)).transpose()?, None)),
    }
}

/// The custody that the folder has, or a new one where it has none. From then on the zone reaches it when it destroys.
fn custody(dir: &Path, layout: &Layout, trust: &audit::Trust, told: Option<&str>) -> Result<Custody, CliError> {
    let custody = match kept::open(dir, layout, &trust.deployment, told)? {
        Some(custody) => custody.with_id()?,
        None => Custody::open_or_make(dir, &trust.deployment)?,
    };
    kept::remember(layout, &custody)?;
    Ok(custody)
}

/// One backup of a folder at a time: the end of each removes the copies of the database that killed ones left.
fn alone(layout: &Layout) -> Result<Option<fs::File>, CliError> {
    if !layout.platform().is_dir() {
        return Ok(None);
    }
    let path = layout.platform().join("backup.lock");
    let file = open_lock(&path).map_err(|_| not_plain(&path))?;
    if let Err(fs::TryLockError::WouldBlock) = file.try_lock() {
        return Err(CliError::usage(
            "--data",
            "该目录的另一次备份正在进行；请等它结束。",
            "Another backup of this folder is under way; wait for its end.",
        ));
    }
    Ok(Some(file))
}

/// No header changes under way while objects are copied.
fn still(layout: &Layout) -> Result<Option<zone::node::Still>, CliError> {
    if !layout.zone().is_dir() {
        return Ok(None);
    }
    zone::node::hold_still(&layout.zone()).map(Some).map_err(|e| match e {
        zone::node::NodeError::Rotating => CliError::usage(
            "--data",
            "正在轮换密钥，或轮换中断未完成；请先完成 yunyu admin rotate-keys。",
            "Keys are being rotated, or a rotation was cut short; finish `yunyu admin rotate-keys` first.",
        ),
        other => CliError::bug(other),
    })
}

fn collect(
    args: &BackupArgs,
    layout: &Layout,
    trust: &audit::Trust,
    runtime: &tokio::runtime::Runtime,
    copy: &Path,
) -> Result<Source, CliError> {
    let logs = live::logs(layout)?;
    let mut facts = Facts::default();
    let mut files = Vec::new();
    for LogCopy { name, note, leaves } in logs {
        facts.logs.insert(name.as_str().to_owned(), live::log_facts(&note));
        files.push((format!("@log/{name}.checkpoint"), Content::Bytes(note.render().into_bytes())));
        files.push((format!("@log/{name}.leaves"), Content::Bytes(leaves)));
    }
    let last = database(args, layout, runtime, copy, &mut files, &mut facts)?;
    if let Some(journal) = live::journal(layout, trust, last)? {
        facts.order_seq = Some(journal.order_seq);
        facts.report_seq = Some(journal.report_seq);
        facts.frames = Some(journal.frames);
        files.push(("zone/journal".to_owned(), Content::Prefix(top(&layout.zone()).join("journal"), journal.len)));
    }
    files.extend(copied(layout)?.into_iter().map(|(name, path)| (name, Content::File(path))));
    let objects = top(&layout.zone()).join("objects");
    // Only the zone writes there: a link is its keeper's.
    let objects = objects.canonicalize().unwrap_or(objects);
    Ok(Source {
        at: Timestamp((wiring::wall_clock())()),
        files,
        objects: objects.is_dir().then(|| (objects, "zone/objects".to_owned())),
        destroyed: live::destroyed(&layout.ring()),
        facts,
        custody: None,
    })
}

fn remove(copy: &Path) -> Result<(), CliError> {
    let parent = copy.parent().unwrap_or(Path::new("."));
    let Ok(entries) = fs::read_dir(parent) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        // Also those of runs that were killed.
        if path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(".backup-")) {
            let folder = fs::symlink_metadata(&path).is_ok_and(|m| m.is_dir());
            if folder { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
                .map_err(|e| input::unreadable(&path, &e))?;
        }
    }
    Ok(())
}

/// Leaves a leaf in the platform's log; a running platform's sequencer takes it up.
pub async fn record(layout: &Layout, kind: &str, refs: &[(&str, String)]) -> Result<(), CliError> {
    let app = platform::open(layout, wiring::deployment(layout)?, "", ["none", "open"]).await?;
    app::link::restore_clock(&app).await?;
    let refs: BTreeMap<String, String> = refs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    Ok(app::restored::record(&app, kind, refs).await?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_lock_is_not_made_through_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(&dir.path().join("data")).unwrap();
        fs::create_dir_all(layout.platform()).unwrap();
        let target = layout.data.join("made");
        symlink(&target, layout.platform().join("backup.lock")).unwrap();
        assert!(alone(&layout).is_err() && !target.exists());
    }
}
