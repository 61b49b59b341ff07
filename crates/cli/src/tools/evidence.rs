//! `yunyu evidence`: exports the file that proves a product's or another story, and verifies one without network or server.
//!
//! Approvals are counted here against the rule pack in the program; where a trust file is given, that pack must be
//! the one the trust file pins.

use super::said::Said;
use super::{audit, input};
use crate::layout::{Layout, write_private};
use crate::serve::{platform, supervisor};
use crate::wiring::{self, CliError};
use ::audit::evidence::{Evidence, Statement};
use ::audit::{Failure, KeyListView, SignedValue, Trust, VerifyReport};
use app::evidence::About;
use clap::{Args, Subcommand};
use crypto::HashAlg;
use model::order::{OBJECT_TYPE, WorkOrder};
use model::pack::Pack;
use model::storage_words;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// `evidence …`
#[derive(Debug, Subcommand)]
pub enum EvidenceTool {
    /// 导出证据：产品、决定、某人的操作经过、销毁或资源证明 · Export the evidence of a product, a decision, what a person did, a
    /// destruction, or a resource's certificate
    Export(ExportArgs),
    /// 导出离线核验网页（单个文件） · Write the offline verify page, one file
    Page(PageArgs),
    /// 离线核验证据 · Verify an evidence file offline
    Verify(VerifyArgs),
}

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// 产品编号，或种类（product decision query_history destruction resource_certificate）与编号 · A product, or a kind and
    /// an id: `decision CASE`, `query_history PERSON`, `destruction AUTHORISATION`, `resource_certificate CERTIFICATE`
    #[arg(value_name = "[KIND] ID", num_args = 1..=2, required = true)]
    pub what: Vec<String>,
    /// 数据目录 · Data folder
    #[arg(long, value_name = "DIR")]
    pub data: PathBuf,
    /// 输出文件 · Output, `ID.evidence.json` if not given
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `page`.
#[derive(Debug, Args)]
pub struct PageArgs {
    /// 输出文件 · Output
    #[arg(long, value_name = "FILE", default_value = "verify.html")]
    pub out: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Evidence file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// 信任文件 · Trust file had from elsewhere
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// 规则包文件夹，若部署用的不是程序内的规则包 · Folder of the rule pack, where the deployment's is not in the program
    #[arg(long, value_name = "DIR", requires = "trust")]
    pub city: Option<String>,
    /// 见证方的公钥文件，可多次 · Public key of a witness that must have seen every leaf; may be given several times
    #[arg(long, value_name = "FILE", requires = "trust")]
    pub witness: Vec<PathBuf>,
    /// 其中至少几个 · How many of them; all if not given
    #[arg(long, value_name = "K", requires = "witness")]
    pub witnesses: Option<u32>,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

impl EvidenceTool {
    /// Was JSON asked for?
    pub fn json(&self) -> bool {
        match self {
            Self::Export(args) => args.json,
            Self::Page(args) => args.json,
            Self::Verify(args) => args.json,
        }
    }
}

/// Exports or verifies.
pub fn run(tool: EvidenceTool) -> Result<Said, CliError> {
    match tool {
        EvidenceTool::Export(args) => export(&args),
        EvidenceTool::Page(args) => page(&args),
        EvidenceTool::Verify(args) => {
            let bytes = input::bytes(&args.file)?;
            let mut trust = input::trust(args.trust.as_deref())?;
            if let (Some(trust), Some(policy)) = (&mut trust, audit::policy(&args.witness, args.witnesses)?) {
                trust.witnesses = Some(policy);
            }
            let own = args.city.as_deref().map(wiring::pack).transpose()?;
            let report = verify(&bytes, trust.as_ref(), own)?;
            let said = audit::said(&report, trust.is_some())?;
            Ok(if report.valid { with_subject(said, &bytes) } else { said })
        }
    }
}

/// Types of documents that the verifier holds against signed statements; of all others only the digest is in the log.
const HELD: [&str; 2] = ["destruction-certificate", "resource-certificate"];

/// The evidence in a file, whatever it is worth.
fn read(bytes: &[u8]) -> Option<Evidence> {
    let signed: SignedValue = serde_json::from_slice(bytes).ok()?;
    serde_json::from_value(signed.body).ok()
}

/// What a file that holds is about, as it says itself: whoever was given the file of another matter sees it here.
fn with_subject(mut said: Said, bytes: &[u8]) -> Said {
    let Some(file) = read(bytes) else { return said };
    let [kind, id, deployment] =
        [&file.subject.kind, &file.subject.id, &file.deployment].map(|text| audit::shown(text));
    let at = model::Timestamp(file.made_at).date();
    let mut text = format!("  对象 about: {kind} {id}\n  部署 deployment: {deployment}\n  导出于 made: {at}\n");
    let unread: Vec<&str> = file
        .documents
        .iter()
        .filter(|d| !d.kind.as_deref().is_some_and(|kind| HELD.contains(&kind)))
        .map(|d| d.name.as_str())
        .collect();
    if !unread.is_empty() {
        let names = audit::shown(&unread.join(", "));
        text.push_str(&format!("  只核对了摘要的文件 documents of which only the digest was checked: {names}\n"));
    }
    let first = said.text.find('\n').map_or(said.text.len(), |at| at + 1);
    said.text.insert_str(first, &text);
    said.json["subject"] = json!(file.subject);
    said.json["deployment"] = json!(file.deployment);
    said.json["made_at"] = json!(file.made_at);
    said.json["documents_by_digest_only"] = json!(unread);
    said
}

/// Where an export may be written: not into the folders whose every file is held against the log, and over nothing but an
/// earlier export.
fn place(out: &Path, data: &Path) -> Result<PathBuf, CliError> {
    let out = input::real(out)?;
    let layout = Layout::new(&input::real(data)?)?;
    let within = [layout.log(), layout.platform(), layout.zone()].iter().any(|folder| out.starts_with(folder));
    if within {
        return Err(CliError::usage(
            "--out",
            "证据文件不能写入日志、平台或运营域的目录，请另择地点。",
            "An evidence file cannot be written into the folders of the log, the platform or the zone: name another place.",
        ));
    }
    let earlier = std::fs::read(&out).ok().is_none_or(|old| read(&old).is_some());
    if out.is_dir() || !earlier {
        return Err(CliError::usage(
            "--out",
            format!("{} 已存在，且不是先前导出的证据；请另择文件名。", out.display()),
            format!("{} is there and is no earlier evidence file: name another.", out.display()),
        ));
    }
    Ok(out)
}

/// What is asked for: a product unless a kind comes first.
fn asked(what: &[String]) -> Result<(About, &str), CliError> {
    match what {
        [id] => Ok((About::Product, id)),
        [kind, id] => About::parse(kind).map(|about| (about, id.as_str())).ok_or_else(|| {
            CliError::usage(
                "KIND",
                "证据种类是 product、decision、query_history、destruction 或 resource_certificate。",
                "The kind is product, decision, query_history, destruction or resource_certificate.",
            )
        }),
        _ => Err(CliError::usage("ID", "请给出编号。", "Give an id.")),
    }
}

/// The page that verifies evidence without this program, as it was built into it.
fn page(args: &PageArgs) -> Result<Said, CliError> {
    let Some(bytes) = web::console::offline_page() else {
        return Err(CliError::usage(
            "page",
            "本程序构建时未包含控制台：请先运行 cargo xtask console，再重新构建。",
            "This program was built without the console: run `cargo xtask console`, then build again.",
        ));
    };
    let out = input::absolute(&args.out)?;
    std::fs::write(&out, &bytes).map_err(|e| unwritable(&out, &e))?;
    let digest = HashAlg::Sha256.hash(&bytes).to_string();
    let text = format!("离线核验网页 offline verify page: {}\n{digest}\n", out.display());
    Ok(Said::new(0, json!({"page": out, "bytes": bytes.len(), "digest": digest}), text))
}

fn unwritable(out: &Path, e: &std::io::Error) -> CliError {
    CliError::usage(
        &out.display().to_string(),
        format!("无法写入（{}）。", storage_words(e.kind())[0]),
        format!("It cannot be written ({}).", storage_words(e.kind())[1]),
    )
}

fn export(args: &ExportArgs) -> Result<Said, CliError> {
    let (about, id) = asked(&args.what)?;
    let layout = Layout::new(&args.data)?;
    let deployment = wiring::deployment(&layout)?;
    if std::env::var_os(supervisor::DATABASE_VAR).is_none() && !layout.platform().join("platform.db").is_file() {
        return Err(CliError::usage(
            "--data",
            "该目录还没有数据库：尚未运行过 serve。",
            "The folder has no database yet: it was never served.",
        ));
    }
    let out = place(&args.out.clone().unwrap_or_else(|| default_name(id)), &args.data)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bytes = runtime.block_on(async {
        let app = platform::open(&layout, deployment, "", ["none", "open"]).await?;
        app::link::restore_clock(&app).await?;
        let source = app::evidence::Source {
            store: &app.store,
            log_dir: &app.log_dir,
            deployment: &app.deployment,
            pack: &app.pack,
            signer: &app.signer,
            now: app.clock.now(),
            // Whoever has the machine has all of it.
            shown: None,
        };
        Ok::<_, CliError>(app::evidence::export(&source, about, id).await?)
    })?;
    write_private(&out, &bytes).map_err(|e| unwritable(&out, &e))?;
    let digest = HashAlg::Sha256.hash(&bytes).to_string();
    let text = format!("证据文件 evidence: {}\n{digest}\n", out.display());
    let mut json = json!({"kind": about.kind(), "id": id, "evidence": out, "bytes": bytes.len(), "digest": digest});
    if about == About::Product {
        json["product"] = id.into();
    }
    Ok(Said::new(0, json, text))
}

/// The subject's id as a file name; ids hold nothing else, but the argument may.
fn default_name(id: &str) -> PathBuf {
    let safe = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    PathBuf::from(format!("{}.evidence.json", id.chars().map(safe).collect::<String>()))
}

/// Verifies an evidence file against the pack in the program or `own`, and the trust file where one is given.
///
/// # Errors
/// Only a failure of the program: what is wrong with the file stands in the report.
pub fn verify(bytes: &[u8], trust: Option<&Trust>, own: Option<Pack>) -> Result<VerifyReport, CliError> {
    let pinned = match trust {
        Some(trust) => match pinned(trust, own)? {
            Some(pack) => Some(pack),
            None => return Ok(other_pack()),
        },
        None => None,
    };
    let quorum = |order: &Statement, acts: &[Statement], list: &KeyListView| match &pinned {
        Some(pack) => check_quorum(pack, order, acts, list),
        None => named_quorum(order, acts, list),
    };
    Ok(::audit::evidence::verify(bytes, trust, &quorum))
}

/// The pack in the program, or the one given, if it is the one that the trust file pins.
fn pinned(trust: &Trust, own: Option<Pack>) -> Result<Option<Pack>, CliError> {
    let Some(pack) = own.or_else(|| shipped(&trust.pack.name)) else { return Ok(None) };
    let same = pack.version() == trust.pack.version && trust.city == trust.pack.name;
    Ok((same && wiring::pack_digest(trust.suite, &pack)? == trust.pack.digest).then_some(pack))
}

/// The quorum by the pack that the order names: without a trust file nothing says which pack it must be.
pub fn named_quorum(order: &Statement, acts: &[Statement], list: &KeyListView) -> Result<(), String> {
    check_quorum(&named(order)?, order, acts, list)
}

/// The pack that an order says it rests on; only one shipped with the program is believed.
fn named(order: &Statement) -> Result<Pack, String> {
    let version = order.body.get("pack").and_then(|v| v.as_str()).unwrap_or_default();
    let city = version.split('@').next().unwrap_or_default();
    let pack = shipped(city).filter(|p| p.version() == version);
    pack.ok_or_else(|| "the order rests on a rule pack that is not in this program".to_owned())
}

/// A pack by the name of its last layer. A name from a file never becomes a path.
fn shipped(name: &str) -> Option<Pack> {
    let all = wiring::layers();
    let chain = model::pack::resolve(&all, name).ok()?;
    Pack::load(&chain).ok()
}

fn other_pack() -> VerifyReport {
    let failure = Failure {
        file: "trust".to_owned(),
        what: "other_pack".to_owned(),
        zh: "信任文件固定的规则包不是本程序内置的规则包，批准是否足够无法证明".to_owned(),
        en: "the trust file pins a rule pack that is not in this program: whether the approvals suffice is not proved"
            .to_owned(),
    };
    VerifyReport {
        valid: false,
        trusted: false,
        checked: BTreeMap::new(),
        clock: None,
        failure: Some(failure),
        unproved: None,
        epochs: Vec::new(),
    }
}

/// Do the approvals in the order suffice, as the pack says?
fn check_quorum(pack: &Pack, order: &Statement, acts: &[Statement], list: &KeyListView) -> Result<(), String> {
    let shape = |_| "not an order or act of this version".to_owned();
    let said: WorkOrder = serde_json::from_value(order.body.clone()).map_err(shape)?;
    let object = order.body.pointer("/effect/object").ok_or("the order has no object")?;
    let signer = list.entries.iter().find(|e| e.key == order.key).ok_or("the order is signed by an unlisted key")?;
    let object = crypto::digest_of(signer.public.suite(), OBJECT_TYPE, object).map_err(|e| e.to_string())?;
    let mut given = Vec::new();
    for act in acts {
        let entry = list.entries.iter().find(|e| e.key == act.key).ok_or("an approval is signed by an unlisted key")?;
        let holder = serde_json::Value::Object(entry.holder.clone());
        given.push((
            serde_json::from_value(act.body.clone()).map_err(shape)?,
            serde_json::from_value(holder).map_err(shape)?,
        ));
    }
    let object = model::Digest(object.to_string());
    model::quorum::check_quorum(pack, &said, &given, &object).map_err(|r| format!("{} ({}): {}", r.code, r.rule, r.en))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever was given the file of another matter, or an old one, sees it; and which documents nobody checked.
    #[test]
    fn a_file_says_what_it_is_about() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../console/src/trust/testdata/ending/destruction.json");
        let bytes = std::fs::read(file).unwrap();
        let said = with_subject(Said::new(0, json!({}), "有效 · valid\n  leaves: 3\n".to_owned()), &bytes);
        let evidence = read(&bytes).unwrap();
        let lines: Vec<&str> = said.text.lines().collect();
        assert_eq!(lines[0], "有效 · valid");
        assert_eq!(lines[1], format!("  对象 about: destruction {}", evidence.subject.id));
        assert!(lines[2].ends_with(&evidence.deployment) && lines[3].contains("1970-01-01"), "{}", said.text);
        assert_eq!(said.json["subject"]["kind"], "destruction");
        let unread = said.json["documents_by_digest_only"].as_array().unwrap();
        assert_eq!(unread.len(), evidence.documents.iter().filter(|d| d.kind.as_deref() != Some(HELD[0])).count());
        assert!(!unread.is_empty() && unread.len() < evidence.documents.len());
    }

    /// An export never writes into what is held against the log, nor over a file that is something else.
    #[test]
    fn an_export_finds_its_place() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        for folder in ["log/platform", "platform", "zone"] {
            std::fs::create_dir_all(data.join(folder)).unwrap();
        }
        std::fs::write(data.join("trust.json"), b"{}").unwrap();
        std::os::unix::fs::symlink(data.join("log"), dir.path().join("link")).unwrap();
        for bad in
            ["data/log/x.json", "data/zone/../log/platform/x", "link/x.json", "data/trust.json", "data/zone/x", "link"]
        {
            assert!(place(&dir.path().join(bad), &data).is_err(), "{bad}");
        }
        for good in ["x.json", "data/x.json"] {
            assert!(place(&dir.path().join(good), &data).is_ok(), "{good}");
        }
        let file = dir.path().join("x.json");
        std::fs::write(&file, b"notes").unwrap();
        assert!(place(&file, &data).is_err(), "somebody's own file");
        let earlier = concat!(env!("CARGO_MANIFEST_DIR"), "/../../console/src/trust/testdata/ending/destruction.json");
        std::fs::copy(earlier, &file).unwrap();
        assert!(place(&file, &data).is_ok(), "an earlier export");
    }
}
