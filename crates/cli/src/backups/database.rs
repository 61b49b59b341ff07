//! The platform's database in a backup: SQLite copied as of one moment, or the dump of a PostgreSQL that the caller made.

use super::copied::{not_plain, top};
use super::take::BackupArgs;
use crate::layout::Layout;
use crate::serve::supervisor;
use crate::tools::input;
use crate::wiring::{self, CliError};
use ::backup::{Content, Facts};
use std::fs;
use std::path::Path;

/// The platform's database, and the last order that it knows.
pub fn database(
    args: &BackupArgs,
    layout: &Layout,
    runtime: &tokio::runtime::Runtime,
    copy: &Path,
    files: &mut Vec<(String, Content)>,
    facts: &mut Facts,
) -> Result<Option<u64>, CliError> {
    if !layout.platform().is_dir() {
        return Ok(None);
    }
    for name in ["platform.db", "platform.db-wal", "platform.db-shm", "platform.db-journal"] {
        let path = layout.platform().join(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if !found.is_file() => return Err(not_plain(&path)),
            _ => {}
        }
    }
    let url = wiring::database_url(layout)?;
    if !url.starts_with("sqlite:") {
        let logged = facts.logs.get("platform").map_or(0, |log| log.size);
        let last = dumped(args, layout, runtime, &url, logged)?;
        let dump = args.dump.as_deref().map(input::real).transpose()?.unwrap_or_default();
        files.push(("platform/database.dump".to_owned(), Content::File(dump)));
        facts.database = Some("dump".to_owned());
        return Ok(Some(last));
    }
    // Initialised and never started: there is none yet.
    if url == layout.database_url() && !layout.platform().join("platform.db").is_file() {
        return Ok(None);
    }
    let last = runtime.block_on(store::snapshot(&url, copy))?;
    files.push((
        "platform/platform.db".to_owned(),
        Content::File(top(&layout.platform()).join(copy.file_name().unwrap_or_default())),
    ));
    facts.database = Some("sqlite".to_owned());
    Ok(Some(last))
}

/// The last order of a PostgreSQL database of which the caller gave a dump, after it was made sure that the dump is one, that it is
/// not older than the log, and that the database is this deployment's and holds every leaf of the log.
fn dumped(
    args: &BackupArgs,
    layout: &Layout,
    runtime: &tokio::runtime::Runtime,
    url: &str,
    logged: u64,
) -> Result<u64, CliError> {
    let Some(dump) = &args.dump else {
        return Err(CliError::usage(
            "--dump",
            "数据库是 PostgreSQL：请停止平台，用 pg_dump --format=custom 制作副本并以 --dump 给出。",
            "The database is PostgreSQL: stop the platform, copy it with pg_dump --format=custom and give the file by --dump.",
        ));
    };
    let _stopped = super::stopped::not_served(layout)?;
    is_dump(dump, &layout.log().join("platform/checkpoint"))?;
    let suite = wiring::deployment(layout)?.suite;
    let settings = store::Settings { suite, mac_key: wiring::queue_key(layout, suite)?, tail: None };
    let behind = || {
        CliError::usage(
            supervisor::DATABASE_VAR,
            "该数据库不含本部署日志的全部内容：不是这一部署的数据库，或是旧副本。请核对 YUNYU_DATABASE。",
            "This database does not hold all of the deployment's log: it is another deployment's, or an older copy. Check YUNYU_DATABASE.",
        )
    };
    runtime.block_on(async {
        // Nothing of ours is made in a database that is somebody else's.
        if !store::is_ours(url).await? {
            return Err(behind());
        }
        let store = store::Store::open(url, settings).await?;
        if logged > 0 && store.leaves_from(logged - 1, 1).await?.is_empty() {
            return Err(behind());
        }
        Ok(store.last_order_seq().await?)
    })
}

/// First bytes of what pg_dump writes in its custom format, which is what pg_restore takes.
const DUMP_MAGIC: &[u8] = b"PGDMP";

fn is_dump(dump: &Path, checkpoint: &Path) -> Result<(), CliError> {
    use std::io::Read;
    let at = dump.display().to_string();
    let mut head = [0; DUMP_MAGIC.len()];
    let mut file = fs::File::open(dump).map_err(|e| input::unreadable(dump, &e))?;
    if file.read_exact(&mut head).is_err() || head != DUMP_MAGIC {
        return Err(CliError::usage(
            &at,
            "不是 pg_dump 的 custom 格式（pg_dump --format=custom）。",
            "It is no dump of pg_dump's custom format (pg_dump --format=custom).",
        ));
    }
    let made = |path: &Path| fs::metadata(path).and_then(|m| m.modified()).ok();
    if made(checkpoint).zip(made(dump)).is_some_and(|(log, dump)| dump < log) {
        return Err(CliError::usage(
            &at,
            "该副本早于日志的最近检查点：请在平台停止之后再运行 pg_dump。",
            "The dump is older than the log's last checkpoint: run pg_dump after the platform was stopped.",
        ));
    }
    Ok(())
}
