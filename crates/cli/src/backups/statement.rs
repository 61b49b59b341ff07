//! The statement that two people sign before a restore goes behind what is known: drafted, judged, used up.

use super::live;
use super::restore::{Ground, RestoreArgs};
use crate::layout::Layout;
use crate::tools::Said;
use crate::tools::input;
use crate::wiring::{self, CliError};
use ::backup::{RESTORATION_TYPE, Restoration, confirmed, digits};
use model::ids::AuthorisationId;
use model::{Digest, Signed, Timestamp};
use serde_json::json;
use std::io::ErrorKind;
use std::path::Path;

/// Two people's statement, where one is needed or given. Judged by the newest key list that is known.
pub fn allowed(args: &RestoreArgs, ground: &Ground, staging: &Layout) -> Result<Option<Restoration>, CliError> {
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
    let used = |body: &Restoration| named(ground, body).is_ok_and(|name| ground.used.contains(&name));
    Ok(Some(confirmed(list, &statement(args, ground)?, &statements, used)?))
}

fn statement(args: &RestoreArgs, ground: &Ground) -> Result<Restoration, CliError> {
    Ok(Restoration {
        v: 2,
        deployment: ground.repo.deployment().to_owned(),
        snapshot: ground.digest.clone(),
        known: Digest(crypto::digest_of(ground.repo.suite(), "known", &ground.known)?.to_string()),
        gives_up: ground.newer.clone(),
        in_force: args.in_force.iter().map(|id| AuthorisationId(id.clone())).collect(),
        reason: args.reason.clone(),
        at: Timestamp((wiring::wall_clock())()),
    })
}

/// Writes what two people are to sign.
pub fn draft(args: &RestoreArgs, ground: &Ground, draft: &Path) -> Result<Said, CliError> {
    if args.reason.chars().any(app::matters::hidden) {
        return Err(CliError::usage(
            "--reason",
            "理由须写成一行，不含控制字符。",
            "A reason is one line without control characters.",
        ));
    }
    let body = statement(args, ground)?;
    let draft = input::written_new(draft, &crypto::canonical(&body)?)?;
    let text =
        format!("确认书草案 draft: {}\n  由两名审批人各自运行 yunyu admin confirm-restore 签署。\n", draft.display());
    Ok(Said::new(0, json!({"draft": draft, "statement": body}), text))
}

/// The name under which a statement is remembered.
fn named(ground: &Ground, body: &Restoration) -> Result<String, CliError> {
    Ok(digits(&Digest(crypto::digest_of(ground.repo.suite(), RESTORATION_TYPE, body)?.to_string())))
}

/// What another restore that began at the same moment has taken is used.
fn used_now(marked: std::io::Result<()>) -> Result<(), CliError> {
    match marked {
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(CliError::Refused(::backup::again())),
        done => Ok(done?),
    }
}

/// From here on the statement serves no other restore. A restore that is killed now needs a new one: rather that than one that
/// serves twice.
pub fn use_up(ground: &Ground, staging: &Layout, by: Option<&Restoration>) -> Result<(), CliError> {
    let mut all = ground.used.clone();
    if let Some(by) = by {
        let name = named(ground, by)?;
        let mut once = false;
        if let Some(custody) = &ground.custody {
            used_now(::backup::use_up(custody.dir(), &name))?;
            once = true;
        }
        // Where the custody has said that it is the first, the backup only remembers it.
        let marked =
            if once { ::backup::remember(&ground.backup, &name) } else { ::backup::use_up(&ground.backup, &name) };
        match marked {
            // A backup may lie where nobody can write; the folder remembers, and the statement's age ends it.
            Err(e) if matches!(e.kind(), ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied) => {}
            done => used_now(done)?,
        }
        all.insert(name);
    }
    all.iter().try_for_each(|name| Ok(::backup::remember(&staging.data, name)?))
}
