//! `yunyu audit archive`, `renew` and `verify --archive`: closed epochs of the log in folders of their own, bound in the log
//! anew every few years.

use super::audit::{log_folder, log_name, policy, said, unusable};
use super::input;
use super::said::Said;
use crate::init::{PLATFORM_LOG_KEY, ZONE_LOG_KEY};
use crate::layout::Layout;
use crate::wiring::{self, CliError};
use ::audit::archive::{ArchivesAsked, Making, Manifest, make_archive, verify_archives};
use ::audit::{ClockKind, EPOCH_RENEWED, EpochView, LogError, LogName, LogReader, Trust};
use clap::Args;
use model::Timestamp;
use model::retention::RENEWAL_MONTHS;
use model::storage_words;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use zone::leaf_table::ParquetLeaves;

/// Archives that one leaf binds; a leaf takes 64 references.
const IN_ONE_LEAF: usize = 60;
/// What a verifier of another make needs, besides the archive's own files.
const ALONG: [(&str, &str); 6] = [
    ("verifier/README.txt", include_str!("archive.txt")),
    ("verifier/log.md", include_str!("../../../../docs/log.md")),
    ("verifier/evidence.md", include_str!("../../../../docs/evidence.md")),
    ("verifier/verify_evidence.py", include_str!("../../../../docs/verify/verify_evidence.py")),
    ("verifier/quorum.py", include_str!("../../../../docs/verify/quorum.py")),
    ("verifier/judge.py", include_str!("../../../../docs/verify/judge.py")),
];

/// Arguments of `archive`.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    /// 数据目录 · Data folder
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 哪一部日志 · Which log
    #[arg(long, value_parser = log_name, default_value = "platform")]
    pub log: LogName,
    /// 已结篇的年度 · The closed epoch, by its year
    #[arg(long, value_name = "YEAR")]
    pub epoch: u32,
    /// 归档目录，须为空 · Folder of the archive; empty, or not there yet
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `renew`. A database other than the folder's own comes in `YUNYU_DATABASE`.
#[derive(Debug, Args)]
pub struct RenewArgs {
    /// 平台的数据目录 · Data folder of the platform
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 归档目录，每个已结篇年度各一份 · An archive; one for each closed epoch of each log
    #[arg(long, value_name = "DIR", required = true)]
    pub archive: Vec<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// The trust file of the folder, and the pack it was made with: the zone's own where the zone has a folder of its own.
fn founded(layout: &Layout) -> Result<(Trust, model::pack::Pack), CliError> {
    let apart = layout.zone_trust().is_file();
    let (file, kept) = match apart {
        true => (layout.zone_trust(), layout.zone_pack()),
        false => (layout.trust_file(), layout.platform_pack()),
    };
    let trust = input::trust(Some(&file))?.ok_or_else(|| CliError::bug("no trust file"))?;
    let pack = wiring::pack_kept(&kept, &trust.city)?;
    Ok((trust, pack))
}

/// Makes an archive, and verifies it.
pub fn archive(args: &ArchiveArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let dir = log_folder(&args.data)?;
    let (trust, pack) = founded(&layout)?;
    let (keys, name) = match args.log {
        LogName::Platform => (layout.platform_keys(), PLATFORM_LOG_KEY),
        LogName::Zone => (layout.zone_keys(), ZONE_LOG_KEY),
    };
    if !keys.join(name).is_file() {
        return Err(CliError::usage(
            "--data",
            "此目录没有该日志的签名密钥；请在写该日志的机器上归档。",
            "This folder does not hold the log's key: make the archive on the machine that writes the log.",
        ));
    }
    let signer = wiring::service_key(&keys, name)?;
    let at = match trust.clock {
        ClockKind::Real => (wiring::wall_clock())(),
        ClockKind::Simulated => LogReader::open(&dir.join(args.log.as_str())).map_err(|e| unusable(&dir, &e))?.1.time,
    };
    let mut more: BTreeMap<String, Vec<u8>> =
        ALONG.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
    more.extend(pack.texts.iter().map(|(name, text)| (format!("pack/{name}"), text.clone().into_bytes())));
    let out = input::real(&args.out)?;
    apart(&out, &args.data)?;
    let (unfinished, _held) = place(&out)?;
    let making = Making {
        log_dir: &dir,
        log: args.log,
        epoch: args.epoch,
        out: &unfinished,
        at,
        table: &ParquetLeaves,
        signer: &signer,
        more: &more,
    };
    // What was begun goes again on any failure: a folder under the archive's own name is whole and was verified.
    let made = finished(args, &making, &trust, &out).inspect_err(|_| drop(std::fs::remove_dir_all(&unfinished)));
    let (manifest, digest) = made?;
    let (log, epoch, from, to) = (args.log, args.epoch, manifest.from, manifest.to);
    let doc = json!({"archive": out, "log": log, "epoch": epoch, "from": from, "to": to, "manifest": digest,
        "files": manifest.files.len() + 1});
    let text =
        format!("已归档并核验 archived and verified: {}\n  {log} {epoch}: {from}..{to}\n  {digest}\n", out.display());
    Ok(Said::new(0, doc, text))
}

/// Makes the archive where it is begun, verifies it there, and gives it its name.
fn finished(
    args: &ArchiveArgs,
    making: &Making<'_>,
    trust: &Trust,
    out: &Path,
) -> Result<(Manifest, crypto::Hash), CliError> {
    let made = make_archive(making).map_err(|e| not_made(args, &e))?;
    let asked = ArchivesAsked { trust: Some(trust), witnesses: None, table: &ParquetLeaves, live: None, rebind: false };
    if let Some(f) = verify_archives(&[making.out.to_path_buf()], asked).failure {
        return Err(CliError::bug(format!("the archive that was made does not verify: {} ({})", f.en, f.file)));
    }
    let named = || {
        std::fs::rename(making.out, out)?;
        std::fs::File::open(out.parent().unwrap_or(Path::new("/")))?.sync_all()
    };
    named().map_err(|e| unwritten(&e))?;
    Ok(made)
}

/// An archive stands neither inside the folder it is made of, whose files are held against the log one by one, nor inside
/// another archive, whose files are held against its manifest.
fn apart(out: &Path, data: &Path) -> Result<(), CliError> {
    if out.starts_with(input::real(data)?) {
        return Err(CliError::usage(
            "--out",
            "归档目录不能放在数据目录之内，请另择地点。",
            "The archive's folder cannot stand inside the data folder: name a place outside.",
        ));
    }
    if out.ancestors().skip(1).any(|above| above.join(::audit::archive::MANIFEST).is_file()) {
        return Err(CliError::usage(
            "--out",
            "归档目录不能放在另一份归档之内，请另择地点。",
            "The archive's folder cannot stand inside another archive: name a place outside.",
        ));
    }
    Ok(())
}

/// Where an archive is begun, taken for this run alone: beside its folder, which must not be there or be empty.
fn place(out: &Path) -> Result<(PathBuf, std::fs::File), CliError> {
    let taken = |path: &Path| match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(e) => e.kind() != ErrorKind::NotFound,
    };
    let shown = out.display();
    if taken(out) {
        return Err(CliError::usage(
            "--out",
            format!("{shown} 已有内容或不是目录；请给一个空目录，或尚不存在的路径。"),
            format!("{shown} holds something or is no folder: name an empty folder, or one that is not there yet."),
        ));
    }
    let name = out.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let unfinished = out.with_file_name(format!(".{name}.unfinished"));
    if let Some(above) = out.parent() {
        std::fs::create_dir_all(above).map_err(|e| unwritten(&e))?;
    }
    // Making the folder is what takes the place: of two runs one makes it, and only that one may clear it away.
    match std::fs::create_dir(&unfinished) {
        Ok(()) => {
            let held = std::fs::File::open(&unfinished).map_err(|e| unwritten(&e))?;
            held.try_lock().map_err(|_| busy(&unfinished))?;
            Ok((unfinished, held))
        }
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(begun(&unfinished)),
        Err(e) => Err(unwritten(&e)),
    }
}

/// What stands where an archive would be begun: another run's work, which its lock shows, or what such a run left.
fn begun(unfinished: &Path) -> CliError {
    let held = std::fs::File::open(unfinished).is_ok_and(|folder| folder.try_lock().is_err());
    if held {
        return busy(unfinished);
    }
    let left = unfinished.display();
    CliError::usage(
        "--out",
        format!("上次归档中断，留下了 {left}：它不是归档；请删除后重试。"),
        format!("An earlier run was stopped and left {left}, which is no archive: delete it, and run this again."),
    )
}

fn busy(unfinished: &Path) -> CliError {
    let at = unfinished.display();
    CliError::usage(
        "--out",
        format!("另一次归档正在写 {at}：请等它结束，或用 --out 指定别处。"),
        format!("Another run is writing {at}: wait until it ends, or name another place with --out."),
    )
}

fn not_made(args: &ArchiveArgs, e: &LogError) -> CliError {
    match e {
        LogError::Malformed { what: "epoch", .. } => {
            CliError::usage("--epoch", "该日志没有这个已结篇的年度。", "The log has no closed epoch of this year.")
        }
        LogError::Io { source, .. } => unwritten(source),
        other => unusable(&args.data, other),
    }
}

/// What to do about storage that fails; nothing was left behind.
fn unwritten(e: &std::io::Error) -> CliError {
    let (zh, en) = match e.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
            "磁盘空间不足或已达配额：请腾出空间，或用 --out 指定别处".to_owned(),
            "The disk or the quota is full: free some space, or name another place with --out".to_owned(),
        ),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => (
            "没有读取日志或写入归档目录的权限：请检查权限，或用 --out 指定别处".to_owned(),
            "The log may not be read or the archive's folder not be written: look at the permissions, or name another place with --out".to_owned(),
        ),
        kind => (
            format!("存储出错（{}）：请检查磁盘，或用 --out 指定别处", storage_words(kind)[0]),
            format!("The storage failed ({}): look at the disk, or name another place with --out", storage_words(kind)[1]),
        ),
    };
    CliError::usage(
        "--out",
        format!("{zh}。没有归档，也未留下文件。"),
        format!("{en}. Nothing was archived, and no file was left."),
    )
}

/// Verifies archives, against the log's folder where it is given.
pub fn verify(args: &super::audit::VerifyArgs) -> Result<Said, CliError> {
    let trust = input::trust(args.trust.as_deref())?;
    let dirs = args.archive.iter().map(|d| input::folder(d)).collect::<Result<Vec<_>, _>>()?;
    let live = args.dir.as_deref().map(input::folder).transpose()?;
    let policy = policy(&args.witness, args.witnesses)?;
    let asked = ArchivesAsked {
        trust: trust.as_ref(),
        witnesses: policy.as_ref(),
        table: &ParquetLeaves,
        live: live.as_deref(),
        rebind: false,
    };
    let report = verify_archives(&dirs, asked);
    let mut said = said(&report, trust.is_some())?;
    if live.is_none() && report.epochs.iter().any(|e| e.closed_at.is_some()) {
        said.text.push_str("  日志是否绑定这些归档：未核对，请一并给出日志目录 · whether the log binds these archives was not looked at: give the log's folder too\n");
    }
    Ok(said)
}

/// Binds the archives of all closed epochs in the log anew.
pub fn renew(args: &RenewArgs) -> Result<Said, CliError> {
    let layout = Layout::new(&args.data)?;
    let (trust, _) = founded(&layout)?;
    let dirs = args.archive.iter().map(|d| input::folder(d)).collect::<Result<Vec<_>, _>>()?;
    let log = layout.log();
    let asked =
        ArchivesAsked { trust: Some(&trust), witnesses: None, table: &ParquetLeaves, live: Some(&log), rebind: true };
    let report = verify_archives(&dirs, asked);
    if !report.valid {
        return said(&report, true);
    }
    let closed: Vec<&EpochView> = report.epochs.iter().filter(|e| e.closed_at.is_some()).collect();
    if closed.len() != dirs.len() {
        return Err(CliError::usage(
            "--archive",
            format!("共有{}个已结篇的年度，只给出{}份归档；须全部给出。", closed.len(), dirs.len()),
            format!("{} epochs are closed and {} archives were given: all must be.", closed.len(), dirs.len()),
        ));
    }
    let bound = |e: &&EpochView| Some((format!("{}_{}", e.log, e.epoch), e.archive.clone()?));
    let refs: Vec<(String, String)> = closed.iter().filter_map(bound).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for part in refs.chunks(IN_ONE_LEAF) {
        let part: Vec<(&str, String)> = part.iter().map(|(name, digest)| (name.as_str(), digest.clone())).collect();
        runtime.block_on(crate::backups::record(&layout, EPOCH_RENEWED, &part))?;
    }
    let mut text =
        "已重新绑定，随平台的下一个检查点签署 bound anew; the platform's next checkpoint signs it\n".to_owned();
    for (name, digest) in &refs {
        let _ = writeln!(text, "  {name} {digest}");
    }
    Ok(Said::new(0, json!({"renewed": refs.into_iter().collect::<BTreeMap<_, _>>()}), text))
}

/// When an epoch's archive must be bound again at the latest; none for the running one.
pub fn due(epoch: &EpochView) -> Option<Timestamp> {
    let since = epoch.renewed_at.max(epoch.closed_at)?;
    epoch.closed_at.map(|_| Timestamp(since).plus_months(RENEWAL_MONTHS))
}

/// The epochs for people.
pub fn listed(epochs: &[EpochView]) -> String {
    let mut out = String::new();
    let day = |at: i64| Timestamp(at).date();
    for e in epochs {
        let _ = write!(out, "  {} {}: {}..{}", e.log, e.epoch, e.from, e.to);
        match e.closed_at {
            None => out.push_str("  未结篇 running"),
            Some(at) => {
                let _ = write!(out, "  结篇 closed {}", day(at));
            }
        }
        if let Some(digest) = &e.archive {
            let _ = write!(out, "\n    归档 archive {digest}");
        }
        match (e.renewed_at, due(e)) {
            (Some(at), Some(due)) => {
                let _ = write!(out, "\n    已绑定 bound {}，下次不晚于 next by {}", day(at), due.date());
            }
            (None, Some(due)) => {
                let _ = write!(out, "\n    未见日志绑定其归档，不晚于 no binding seen in a log; by {}", due.date());
            }
            _ => {}
        }
        out.push('\n');
    }
    out
}
