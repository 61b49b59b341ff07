//! `yunyu admin doctor`: what stands and falls with this machine and folder. Looks, and changes nothing.

mod assessor;
mod certificate;
mod copies;
mod epochs;
mod parts;
mod resources;

use super::said::Said;
use crate::init::{PLATFORM_LOG_KEY, ZONE_LOG_KEY};
use crate::layout::Layout;
use crate::serve::confine::{self, Confinement};
use crate::wiring::{self, CliError};
use app::deployment::Deployment;
use model::Clock;
use serde_json::json;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// How a check came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    /// As it should be.
    Ok,
    /// Works, but weaker than in production.
    Warn,
    /// Must be mended.
    Fail,
    /// Cannot be judged by a cryptography assessment in this form.
    NotAssessable,
}

/// One check.
#[derive(Debug, serde::Serialize)]
struct Check {
    id: &'static str,
    state: State,
    zh: String,
    en: String,
}

impl Check {
    fn new(id: &'static str, state: State, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { id, state, zh: zh.into(), en: en.into() }
    }
}

/// Examines a folder; something to mend is exit code 1.
pub fn run(data: &Path) -> Result<Said, CliError> {
    let layout = Layout::new(data)?;
    let deployment = wiring::deployment(&layout)?;
    let assessed = assessor::assess(&layout, &deployment)?;
    let mut checks = vec![
        confinement(&layout),
        clock(&layout, &deployment),
        Check::new(
            "suite",
            State::Ok,
            format!("密码套件 {}。", deployment.suite.name()),
            format!("Cipher suite {}.", deployment.suite.name()),
        ),
        pack(&layout, &deployment)?,
        permissions(&layout),
        root_key(&layout),
    ];
    checks.extend(log(&layout, &deployment));
    checks.push(tls(&layout));
    checks.extend(assessed.checks);
    checks.extend(parts::checks(&layout, &deployment));
    checks.extend(copies::checks(&layout, &deployment));
    let held = resources::held(&layout, &deployment)?;
    checks.extend(resources::checks(&held));
    let failed = checks.iter().any(|c| c.state == State::Fail);
    let mut text = String::new();
    for check in &checks {
        let mark = match check.state {
            State::Ok => "✓",
            State::Warn => "!",
            State::Fail => "✗",
            State::NotAssessable => "–",
        };
        let _ = writeln!(text, "{mark} {}\n    {}\n    {}", check.id, check.zh, check.en);
    }
    let json = json!({"data": layout.data, "deployment": deployment.deployment, "ok": !failed, "checks": checks, "cryptography": assessed.facts, "resources": held});
    Ok(Said::new(u8::from(failed), json, text))
}

/// Tries it: a thread of its own is confined as the platform would be, and then reaches for the zone's folder.
/// The kernel confines single threads, so that this process goes on as before.
fn confinement(layout: &Layout) -> Check {
    let own = layout.clone();
    let tried = std::thread::spawn(move || {
        let state = confine::confine_platform(&own, &[]).map_err(|e| e.to_string())?;
        Ok::<_, String>((state, std::fs::read_dir(own.zone()).is_ok()))
    });
    match tried.join().unwrap_or_else(|_| Err("the probe ended unexpectedly".to_owned())) {
        Ok((Confinement::Enforced, false)) => Check::new(
            "confinement",
            State::Ok,
            "内核强制隔离：平台进程打不开运营域目录（已试）。",
            "The kernel enforces it: the platform process cannot open the zone's folder (tried).",
        ),
        Ok((state, false)) => Check::new(
            "confinement",
            State::Warn,
            format!("内核只部分强制隔离（{}）；平台进程打不开运营域目录。", state.word()),
            format!(
                "The kernel enforces a part ({}); the platform process cannot open the zone's folder.",
                state.word()
            ),
        ),
        Ok((state, true)) => Check::new(
            "confinement",
            State::Warn,
            format!("内核没有强制隔离（{}）：同机部署时只靠文件权限。请把运营域放到另一台机器。", state.word()),
            format!(
                "The kernel does not enforce it ({}): on one machine only file permissions separate the two. Put the zone on a machine of its own.",
                state.word()
            ),
        ),
        Err(e) => {
            Check::new("confinement", State::Fail, format!("无法隔离：{e}。"), format!("It cannot be confined: {e}."))
        }
    }
}

/// The folder's clock, and whether the machine's stands before what was already recorded.
fn clock(layout: &Layout, deployment: &Deployment) -> Check {
    if deployment.clock == Clock::Simulated {
        return Check::new(
            "clock",
            State::Warn,
            "模拟时钟：只供演示，只监听本机，不接受真实登记。",
            "A simulated clock: for demonstration, loopback only, no real enrolment.",
        );
    }
    let last = ["platform", "zone"].iter().filter_map(|log| {
        let bytes = std::fs::read(layout.log().join(log).join("checkpoint")).ok()?;
        Some(audit::Checkpoint::parse(&bytes).ok()?.time)
    });
    let seen = last.chain([deployment.created_at.0]).max().unwrap_or_default();
    // Two processes write these times; half a minute of difference is allowed everywhere.
    if (wiring::wall_clock())() + 30_000 < seen {
        return Check::new(
            "clock",
            State::Fail,
            "机器时钟早于日志里最后的时间；请校时。",
            "The machine's clock stands before the last time in the logs; set it.",
        );
    }
    Check::new(
        "clock",
        State::Ok,
        "真实时钟，不早于日志里最后的时间。",
        "A real clock, not before the last time in the logs.",
    )
}

/// The program must hold the very pack that the folder was initialised with.
fn pack(layout: &Layout, deployment: &Deployment) -> Result<Check, CliError> {
    let bad = |zh: &str, en: &str| Ok(Check::new("pack", State::Fail, zh, en));
    let Some(trust) = std::fs::read(layout.trust_file()).ok().and_then(|b| audit::Trust::parse(&b).ok()) else {
        return bad("信任文件缺失或损坏。", "The trust file is missing or broken.");
    };
    if trust.deployment != deployment.deployment || trust.root.to_string() != deployment.root {
        return bad("信任文件不属于该部署。", "The trust file is not of this deployment.");
    }
    let Ok(pack) = wiring::pack_kept(&layout.platform_pack(), &deployment.city) else {
        return bad("本程序没有该部署的规则包。", "This program has not the deployment's rule pack.");
    };
    if pack.version() != deployment.pack || wiring::pack_digest(deployment.suite, &pack)? != trust.pack.digest {
        return bad(
            "程序内置的规则包不是初始化时固定的规则包。",
            "The pack in this program is not the one fixed at initialisation.",
        );
    }
    Ok(Check::new(
        "pack",
        State::Ok,
        format!("规则包 {}，与信任文件一致。", deployment.pack),
        format!("Pack {}, as the trust file pins it.", deployment.pack),
    ))
}

/// Nobody but the owner may read keys, desks, the zone's folder or the root.
fn permissions(layout: &Layout) -> Check {
    let mut open = Vec::new();
    for dir in [layout.platform(), layout.zone(), layout.root(), layout.desks()] {
        if dir.exists() && !private(&dir) {
            open.push(dir);
        }
    }
    for dir in [layout.platform_keys(), layout.zone_keys(), layout.root(), layout.desks()] {
        wide_files(&dir, &mut open);
    }
    if open.is_empty() {
        return Check::new(
            "permissions",
            State::Ok,
            "密钥与各目录只有所有者能读。",
            "Only the owner can read keys and folders.",
        );
    }
    let names: Vec<String> = open.iter().map(|p| p.display().to_string()).collect();
    Check::new(
        "permissions",
        State::Fail,
        format!("别的用户也能读：{}；请用 chmod go= 收紧。", names.join("、")),
        format!("Other users can read {}; tighten with chmod go=.", names.join(", ")),
    )
}

fn private(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o077 == 0)
}

/// Files below a folder that group or others may touch. A folder that is private itself hides what lies in it, but keys
/// are copied and moved: each must be private on its own.
fn wide_files(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            wide_files(&path, out);
        } else if !private(&path) {
            out.push(path);
        }
    }
}

fn root_key(layout: &Layout) -> Check {
    if layout.root().join("root.key.json").exists() {
        return Check::new(
            "root",
            State::Warn,
            "根密钥还在本机；生产环境应移到离线介质。",
            "The root key still lies on this machine; in production it belongs on an offline medium.",
        );
    }
    Check::new("root", State::Ok, "根密钥不在本机。", "The root key is not on this machine.")
}

/// Both logs against the trust file; a folder that was never served has none.
fn log(layout: &Layout, deployment: &Deployment) -> Vec<Check> {
    let mut keys = vec![layout.platform_keys().join(PLATFORM_LOG_KEY)];
    if layout.zone().exists() {
        keys.push(layout.zone_keys().join(ZONE_LOG_KEY));
    }
    if keys.iter().any(|k| !k.is_file()) {
        return vec![Check::new("log", State::Fail, "日志签名密钥缺失。", "A log's signing key is missing.")];
    }
    if !layout.log().join("platform").exists() {
        return vec![Check::new(
            "log",
            State::Warn,
            "还没有日志：尚未运行过 serve。",
            "There is no log yet: the folder was never served.",
        )];
    }
    let trust = std::fs::read(layout.trust_file()).ok().and_then(|b| audit::Trust::parse(&b).ok());
    let report = audit::verify_dir(&layout.log(), trust.as_ref(), None);
    let epochs = epochs::check(&report.epochs, epochs::now(layout, deployment));
    let log = match (report.failure, report.trusted) {
        (None, true) => Check::new("log", State::Ok, "日志核验通过。", "The logs verify."),
        (None, false) => Check::new(
            "log",
            State::Fail,
            "日志自身一致，但没有信任文件可对照。",
            "The logs are consistent, but there is no trust file to hold them against.",
        ),
        (Some(f), _) => Check::new(
            "log",
            State::Fail,
            format!("日志核验不通过：{}（{}）。", f.zh, f.file),
            format!("The logs do not verify: {} ({}).", f.en, f.file),
        ),
    };
    std::iter::once(log).chain(epochs).collect()
}

fn tls(layout: &Layout) -> Check {
    let dir = layout.platform().join("tls");
    match (dir.join("cert.pem").is_file(), dir.join("key.pem").is_file()) {
        (true, true) if private(&dir.join("key.pem")) => {
            Check::new("tls", State::Ok, "TLS 证书与私钥已就位。", "TLS certificate and key are in place.")
        }
        (true, true) => Check::new("tls", State::Fail, "TLS 私钥别的用户也能读。", "Other users can read the TLS key."),
        (false, false) => Check::new(
            "tls",
            State::Warn,
            "没有 TLS 证书：只能监听本机回环地址。",
            "There is no TLS certificate: only loopback can be served.",
        ),
        _ => Check::new("tls", State::Fail, "TLS 证书与私钥缺一。", "One of TLS certificate and key is missing."),
    }
}
