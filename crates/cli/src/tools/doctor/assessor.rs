//! What an assessor of commercial cryptography asks: algorithms, where keys live, what keys there are and how old, until
//! when certificates are good, where random bytes come from, what could leave the memory, and whether the program
//! computes rightly here. Looks, and changes nothing.

use super::{Check, State, certificate};
use crate::keyplace;
use crate::layout::Layout;
use crate::serve::confine;
use crate::wiring::{self, CliError};
use app::deployment::Deployment;
use crypto::{Keeping, KeyInfo, KeyState, Suite};
use hsm::KeyPlace;
use model::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

const DAY: i64 = 86_400_000;
/// A certificate that ends sooner is to be renewed.
const SOON: i64 = 30 * DAY;

/// The checks, and what they rest on for the report.
pub(super) struct Assessment {
    /// One check each.
    pub(super) checks: Vec<Check>,
    /// Figures and names, for `--json`.
    pub(super) facts: Value,
}

/// Looks at everything.
///
/// # Errors
/// A record of the folder cannot be read.
pub(super) fn assess(layout: &Layout, deployment: &Deployment) -> Result<Assessment, CliError> {
    let now = (wiring::wall_clock())();
    let (tested, self_test) = self_test();
    let here = layout.zone_trust().is_file();
    let (place, custody) = if here { keys(layout, deployment.suite)? } else { (None, elsewhere()) };
    let ring = layout.zone_keys().join("ring");
    let inventory = if here { crypto::inventory(&ring) } else { Ok(Vec::new()) };
    let (ends, certificates) = certificates(layout, now);
    let facts = json!({
        "suite": deployment.suite,
        "algorithms": algorithms(deployment.suite),
        "keys": place,
        "inventory": inventory.as_ref().map(|all| grouped(all)).unwrap_or_default(),
        "certificates": ends,
        "tls_versions": ["1.2", "1.3"],
        "self_test": tested,
        "bulk_cipher": crypto::bulk_module().map_or_else(|| "built-in".to_owned(), crypto::BulkModule::name),
    });
    let checks = vec![
        self_test,
        algorithms_check(deployment.suite),
        custody,
        inventory.map_or_else(|e| broken_ring(&e), |all| inventory_check(&all, here)),
        certificates,
        tls_versions(),
        entropy(),
        core_dumps(),
        swap(),
    ];
    Ok(Assessment { checks, facts })
}

fn self_test() -> (Vec<&'static str>, Check) {
    match crypto::self_test() {
        Ok(names) => {
            let list = names.join(", ");
            let check = Check::new(
                "self_test",
                State::Ok,
                format!("算法自检通过（已知答案）：{list}。每个进程启动时都先自检。"),
                format!("Self-tests with known answers passed: {list}. Every process runs them before anything else."),
            );
            (names, check)
        }
        Err(e) => (
            Vec::new(),
            Check::new("self_test", State::Fail, format!("算法自检未通过：{e}。"), format!("Self-tests failed: {e}.")),
        ),
    }
}

/// What serves which purpose.
fn algorithms(suite: Suite) -> Value {
    match suite {
        Suite::Gm => json!({
            "sealing": "SM4-GCM", "digest": "SM3", "mac": "HMAC-SM3", "derivation": "HKDF-SM3", "signature": "SM2",
            "passwords": "Argon2id, HMAC-SM3", "log": "SM3, SHA-256",
        }),
        Suite::Intl => json!({
            "sealing": "AES-256-GCM", "digest": "SHA-256", "mac": "HMAC-SHA-256", "derivation": "HKDF-SHA-256",
            "signature": "Ed25519", "passwords": "Argon2id, HMAC-SHA-256", "log": "SHA-256, SM3",
        }),
    }
}

fn algorithms_check(suite: Suite) -> Check {
    match suite {
        Suite::Gm => Check::new(
            "algorithms",
            State::Ok,
            "封装 SM4-GCM，摘要 SM3，签名 SM2，口令 Argon2id 之后再经 HMAC-SM3；日志另有一棵 SHA-256 树供国际工具核验。",
            "Sealing SM4-GCM, digest SM3, signature SM2, passwords Argon2id and then HMAC-SM3; the log has a second tree in SHA-256 for international tools.",
        ),
        Suite::Intl => Check::new(
            "algorithms",
            State::NotAssessable,
            "国际算法（AES-256-GCM、SHA-256、Ed25519）：商用密码应用安全性评估须用 gm 套件。",
            "International algorithms (AES-256-GCM, SHA-256, Ed25519): a commercial-cryptography assessment wants suite gm.",
        ),
    }
}

fn elsewhere() -> Check {
    Check::new(
        "keys",
        State::Warn,
        "运营域在另一台机器：请在那里检查其密钥。平台自己的密钥为软件密钥。",
        "The zone is on another machine: examine its keys there. The platform's own keys are software keys.",
    )
}

/// Where the zone's keys are. A device is asked, so that a wrong PIN or a missing token shows here.
fn keys(layout: &Layout, suite: Suite) -> Result<(Option<Value>, Check), CliError> {
    let place = keyplace::kept(layout)?;
    let named = place.to_string();
    if place == KeyPlace::File {
        let check = Check::new(
            "keys",
            State::NotAssessable,
            "密钥为软件密钥，不是密码机或智能密码钥匙：商用密码应用安全性评估无从认定。",
            "Keys are software keys, not in an HSM or USB key: a commercial-cryptography assessment cannot accept them.",
        );
        return Ok((Some(json!({"place": named, "kind": "file", "extractable": true})), check));
    }
    Ok(match keyplace::look(&place, suite) {
        Ok(Keeping { kind, device, extractable }) => {
            let facts = json!({"place": named, "kind": kind, "device": device, "extractable": extractable});
            let check = Check::new(
                "keys",
                State::Warn,
                format!(
                    "数据密钥的加密密钥在密码设备中且不可导出：{device}（{kind}）；设备的商用密码产品认证须另行出示。签名密钥仍为软件密钥，其口令由设备派生；平台的密钥为软件密钥；批量加解密由软件完成。"
                ),
                format!(
                    "Key-encryption keys are in a device and cannot be exported: {device} ({kind}); its product certificate is to be shown separately. Signing keys are still software keys, under a passphrase that the device derives; the platform's keys are software keys; bulk encryption is done in software."
                ),
            );
            (Some(facts), check)
        }
        Err(e) => {
            let (zh, en) = match e {
                CliError::Usage { zh, en, .. } => (zh, en),
                other => (format!("密钥设备不可用：{other}。"), format!("The key device cannot be used: {other}.")),
            };
            let check = Check::new("keys", State::Fail, zh, en);
            (Some(json!({"place": named})), check)
        }
    })
}

/// Keys by purpose.
fn grouped(all: &[KeyInfo]) -> Vec<Value> {
    let mut purposes: BTreeMap<&str, Vec<&KeyInfo>> = BTreeMap::new();
    for key in all {
        purposes.entry(&key.purpose).or_default().push(key);
    }
    let group = |(purpose, keys): (&str, Vec<&KeyInfo>)| {
        let live = || keys.iter().filter(|k| k.state == KeyState::Live);
        json!({
            "purpose": purpose,
            "live": live().count(),
            "sealed": keys.iter().filter(|k| k.state == KeyState::Sealed).count(),
            "destroyed": keys.iter().filter(|k| k.state == KeyState::Destroyed).count(),
            "rotating": live().filter(|k| k.rotating).count(),
            "oldest": live().filter_map(|k| k.created_at).min().map(|at| Timestamp(at).date().to_string()),
            "undated": live().filter(|k| k.created_at.is_none()).count(),
            "most_wrapped": live().map(|k| k.wrapped).max().unwrap_or(0),
        })
    };
    purposes.into_iter().map(group).collect()
}

fn broken_ring(e: &crypto::CryptoError) -> Check {
    Check::new(
        "key_inventory",
        State::Fail,
        format!("密钥清单读不出：{e}。"),
        format!("The key ring's folder cannot be read: {e}."),
    )
}

fn inventory_check(all: &[KeyInfo], here: bool) -> Check {
    if !here {
        return Check::new(
            "key_inventory",
            State::Warn,
            "运营域在另一台机器：密钥清单在那里。",
            "The zone is on another machine: its key inventory is there.",
        );
    }
    let rotating = all.iter().filter(|k| k.rotating).count();
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for group in grouped(all) {
        let text = |name: &str| group[name].as_str().unwrap_or("–").to_owned();
        let (purpose, oldest) = (text("purpose"), text("oldest"));
        zh.push(format!("{purpose} 在用 {}、已销毁 {}、最早 {oldest}", group["live"], group["destroyed"]));
        en.push(format!("{purpose}: {} live, {} destroyed, oldest {oldest}", group["live"], group["destroyed"]));
    }
    if zh.is_empty() {
        return Check::new("key_inventory", State::Ok, "还没有密钥。", "There is no key yet.");
    }
    let (zh, en) = (zh.join("；"), en.join("; "));
    if rotating == 0 {
        return Check::new("key_inventory", State::Ok, format!("{zh}。"), format!("{en}."));
    }
    Check::new(
        "key_inventory",
        State::Warn,
        format!("{zh}。{rotating} 个密钥的轮换未完成：请运行 yunyu admin rotate-keys。"),
        format!("{en}. The rotation of {rotating} is not finished: run `yunyu admin rotate-keys`."),
    )
}

/// Certificates of both processes, with the end of each.
fn certificates(layout: &Layout, now: i64) -> (Vec<Value>, Check) {
    let (mut facts, mut worst, mut words) = (Vec::new(), State::Ok, Vec::new());
    for (name, dir) in [("platform", layout.platform()), ("zone", layout.zone())] {
        let Ok(pem) = std::fs::read_to_string(dir.join("tls/cert.pem")) else { continue };
        let end = certificate::not_after(&pem);
        let state = match end.as_deref().and_then(|e| e.get(..10)).and_then(Timestamp::morning_of) {
            Some(end) if end.0 > now + SOON => State::Ok,
            Some(end) if end.0 > now => State::Warn,
            _ => State::Fail,
        };
        if worst == State::Ok || state == State::Fail {
            worst = state;
        }
        words.push(format!("{name} {}", end.as_deref().unwrap_or("?")));
        facts.push(json!({"of": name, "not_after": end}));
    }
    let list = words.join(", ");
    let check = match (facts.is_empty(), worst) {
        (true, _) => Check::new("certificates", State::Ok, "没有 TLS 证书。", "There is no TLS certificate."),
        (_, State::Ok) => Check::new(
            "certificates",
            State::Ok,
            format!("TLS 证书有效至：{list}。"),
            format!("TLS certificates are good until: {list}."),
        ),
        (_, State::Warn) => Check::new(
            "certificates",
            State::Warn,
            format!("TLS 证书三十天内到期：{list}。"),
            format!("A TLS certificate ends within thirty days: {list}."),
        ),
        _ => Check::new(
            "certificates",
            State::Fail,
            format!("TLS 证书已到期或读不出：{list}。"),
            format!("A TLS certificate has ended or cannot be read: {list}."),
        ),
    };
    (facts, check)
}

fn tls_versions() -> Check {
    Check::new(
        "tls_versions",
        State::NotAssessable,
        "TLS 1.2 与 1.3（国际算法）；国密 TLS（TLCP 或 RFC 8998）须在前面放经认证的网关。",
        "TLS 1.2 and 1.3 with international algorithms; TLCP or RFC 8998 needs a certified gateway in front.",
    )
}

/// Random bytes are the kernel's (for keys in a device, the device's); whether the kernel has a hardware source is told.
fn entropy() -> Check {
    let source = std::fs::read_to_string("/sys/class/misc/hw_random/rng_current").unwrap_or_default();
    let source = match source.trim() {
        "" | "none" => None,
        named => Some(named.to_owned()),
    };
    match source {
        Some(named) => Check::new(
            "entropy",
            State::Ok,
            format!("随机数来自内核 getrandom，内核有硬件随机源 {named}；密码设备中的密钥用设备的随机数。"),
            format!(
                "Random bytes are the kernel's (getrandom), which has the hardware source {named}; keys in a device use the device's."
            ),
        ),
        None => Check::new(
            "entropy",
            State::Warn,
            "随机数来自内核 getrandom；内核没有列出硬件随机源。密码设备中的密钥用设备的随机数。",
            "Random bytes are the kernel's (getrandom); it names no hardware source. Keys in a device use the device's.",
        ),
    }
}

/// Tries it on this process, as every process of the program does it to itself.
fn core_dumps() -> Check {
    use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
    let off = confine::harden(false).is_ok()
        && getrlimit(Resource::Core).current == Some(0)
        && dumpable_behavior().is_ok_and(|b| b == DumpableBehavior::NotDumpable);
    if off {
        Check::new(
            "core_dumps",
            State::Ok,
            "各进程不留内存转储，别的进程不能查看其内存（已试）。",
            "No process leaves a core dump or lets another look into it (tried).",
        )
    } else {
        Check::new("core_dumps", State::Fail, "内存转储关不掉。", "Core dumps cannot be turned off.")
    }
}

fn swap() -> Check {
    swap_of(Path::new("/proc/swaps"))
}

/// Keys are not locked into memory: the machine has no swap, or it must be encrypted.
fn swap_of(list: &Path) -> Check {
    let areas = std::fs::read_to_string(list).map(|text| text.lines().count().saturating_sub(1));
    match areas {
        Ok(0) => Check::new(
            "swap",
            State::Ok,
            "没有交换区：内存中的密钥不会写到磁盘。",
            "There is no swap area: keys in memory are not written to disk.",
        ),
        Ok(n) => Check::new(
            "swap",
            State::Warn,
            format!("有 {n} 个交换区，密钥没有锁在内存里：请关闭或加密交换区。"),
            format!("There are {n} swap areas, and keys are not locked into memory: turn them off or encrypt them."),
        ),
        Err(_) => {
            Check::new("swap", State::Warn, "看不出有没有交换区。", "Whether there is a swap area cannot be seen.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_areas_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("swaps");
        let head = "Filename\tType\tSize\tUsed\tPriority\n";
        for (text, state) in [(head.to_owned(), State::Ok), (format!("{head}/swap\tfile\t1\t0\t-2\n"), State::Warn)] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(swap_of(&file).state, state);
        }
        assert_eq!(swap_of(&dir.path().join("none")).state, State::Warn);
    }
}
