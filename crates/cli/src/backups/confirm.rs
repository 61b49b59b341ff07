//! `yunyu admin confirm-restore`: a person signs the statement that lets a restore go behind what is known.

use super::passphrase;
use crate::tools::Said;
use crate::tools::input;
use crate::wiring::CliError;
use ::backup::{RESTORATION_TYPE, Restoration, listed};
use clap::Args;
use crypto::KeyFile;
use model::Signed;
use serde_json::json;
use std::path::PathBuf;

/// Environment variable with the passphrase of a person's key file.
pub const KEY_VAR: &str = "YUNYU_KEY_PASSPHRASE";

/// Arguments of `confirm-restore`. The passphrase comes in `YUNYU_KEY_PASSPHRASE`, or as a line on standard input.
#[derive(Debug, Args)]
pub struct ConfirmArgs {
    /// 恢复确认书草案 · The draft that `restore --draft` wrote
    #[arg(long, value_name = "FILE")]
    pub draft: PathBuf,
    /// 本人的密钥文件 · The person's key file
    #[arg(long, value_name = "FILE")]
    pub key: PathBuf,
    /// 签署后的确认书 · Where the signed statement goes
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Signs.
pub fn confirm(args: &ConfirmArgs) -> Result<Said, CliError> {
    let at = args.draft.display().to_string();
    let bad = |_| CliError::usage(&at, "不是恢复确认书草案。", "It is not a draft of a restoration.");
    let body: Restoration = crypto::from_canonical(&input::bytes(&args.draft)?).map_err(bad)?;
    // What is shown on a terminal must be what is signed.
    if body.reason.chars().any(app::matters::hidden)
        || body.in_force.iter().any(|id| id.as_str().chars().any(app::matters::hidden))
    {
        return Err(CliError::usage(
            &at,
            "草案中有控制字符，屏幕上看到的可能不是所签的内容：请重新起草。",
            "The draft holds control characters: what a screen shows of it may not be what is signed. Draft it anew.",
        ));
    }
    let wrong = || CliError::usage("--key", "密钥文件或口令不对。", "The key file or its passphrase is wrong.");
    let file: KeyFile = serde_json::from_slice(&input::bytes(&args.key)?).map_err(|_| wrong())?;
    let key = file.open(&passphrase(KEY_VAR)?).map_err(|_| wrong())?;
    let signature = key.sign(RESTORATION_TYPE, &body)?;
    let signed = Signed { key: key.key_id(), signature, body };
    let out = input::written_new(&args.out, &crypto::canonical(&signed)?)?;
    let [zh, en] = listed(&signed.body.gives_up);
    let Restoration { snapshot, in_force, reason, at, .. } = &signed.body;
    let vouched = in_force.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(" ");
    let text = format!(
        "已签署 signed: {}\n  恢复快照 restores the snapshot: {}\n  起草于 drafted at: {}\n  理由 reason: {reason}\n  担保仍有效的授权 authorisations vouched for: {}\n  放弃：{zh}\n  gives up: {en}\n",
        out.display(),
        snapshot.0,
        at.rfc3339(),
        if vouched.is_empty() { "—" } else { &vouched },
    );
    Ok(Said::new(0, json!({"out": out, "key": signed.key, "statement": signed.body}), text))
}
