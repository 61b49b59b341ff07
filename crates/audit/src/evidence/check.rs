//! Verifies an evidence file: root → key lists → seal → checkpoints → witnesses → leaves and cases → statements → documents →
//! what the subject needs. The first fault ends it.

use super::chain::Chains;
use super::documents::check_documents;
use super::left_out::LeftOut;
use super::statements::{check_statements, unanswered_orders};
use super::subject::check_subject;
use super::witnesses::{check_witnesses, list_digests, unseen};
use super::{EVIDENCE_TYPE, Evidence, EvidenceFile, Quorum, SKEW_MS};
use crate::checkpoint::Checkpoint;
use crate::keys::{KeyListView, check_lists};
use crate::leaf::LogName;
use crate::merkle::verify_consistency;
use crate::proof::decode_nodes;
use crate::report::{Counts, Failure, VerifyReport};
use crate::trust::Trust;
use crate::verify::check_checkpoint;
use crate::witnessed::Witnesses;
use crypto::{Hash, HashAlg};
use std::collections::BTreeMap;

/// Verifies an evidence file. `trust` is the trust file; without it a valid file is only consistent in itself. Where it
/// asks for witnesses, the file is trusted only if enough of them have seen every leaf in it.
#[must_use]
pub fn verify(bytes: &[u8], trust: Option<&Trust>, quorum: Quorum<'_>) -> VerifyReport {
    let mut counts = Counts::default();
    let mut clock = None;
    let result = check(bytes, trust, quorum, &mut counts, &mut clock);
    let seen_enough = result.as_ref().is_ok_and(|open| open.unseen.is_empty());
    let too_few: String = result.iter().flat_map(|open| &open.unseen).map(|log| too_few(*log)).collect();
    let unanswered: String = result.iter().flat_map(|open| &open.unanswered).map(|effect| unanswered(effect)).collect();
    let left_out: String = result.iter().map(|open| open.left_out.to_string()).collect();
    let mut report = VerifyReport::new(result.map(drop), trust.is_some() && seen_enough, counts, clock);
    report.unproved = report.valid.then(|| {
        let after = "各案件最后一个已绑定条目之后是否还有条目，以及叙述中的文字（由平台填写） · whether leaves followed the \
            last bound head of each case, and the words of the story, which are the platform's";
        format!("{too_few}{unanswered}{left_out}{after}")
    });
    report
}

fn too_few(log: LogName) -> String {
    format!("看过此处 {log} 全部条目的见证不够 · too few witnesses have seen every leaf of {log} here; ")
}

fn unanswered(effect: &str) -> String {
    format!("此处没有运营域对指令 {effect} 的回执 · the zone's answer to an order to {effect} is not here; ")
}

/// What a file that holds leaves open.
struct Open {
    /// The logs of which too few witnesses have seen every leaf here.
    unseen: Vec<LogName>,
    /// Effects of the orders that no report here answers.
    unanswered: Vec<String>,
    /// What acts were signed over and is not here.
    left_out: LeftOut,
}

fn check(
    bytes: &[u8],
    trust: Option<&Trust>,
    quorum: Quorum<'_>,
    counts: &mut Counts,
    clock: &mut Option<String>,
) -> Result<Open, Failure> {
    let not =
        |_| Failure::new("", "malformed", "不是规范编码的证据文件", "not the canonical encoding of an evidence file");
    let file: EvidenceFile = crypto::from_canonical(bytes).map_err(not)?;
    let body = &file.body;
    if body.v != 1 {
        return Err(Failure::new("body.v", "version", "版本未知", "its version is unknown"));
    }
    *clock = Some(body.clock.to_string());
    check_trust(body, trust)?;
    let list = check_lists(&body.key_lists, Some(&body.root))
        .map_err(|e| Failure { file: "body.key_lists".to_owned(), ..e.into() })?;
    counts.add("key_lists", list.number);
    if list.deployment != body.deployment || list.clock != body.clock || body.root.suite() != body.suite {
        let (zh, en) = ("部署、套件或时钟类型不一致", "deployment, suite or kind of clock do not agree");
        return Err(Failure::new("body.key_lists", "other_deployment", zh, en));
    }
    check_seal(&file, &list)?;
    let lists = list_digests(body)?;
    let checkpoints = check_checkpoints(body, &list, &lists)?;
    check_anchors(body, &checkpoints, counts)?;
    let policy = trust.and_then(|t| t.witnesses.as_ref());
    let sizes = check_witnesses(body, &checkpoints, &Witnesses::new(&list, &lists, policy), counts)?;
    let chains = Chains::read(body, &checkpoints, counts)?;
    let statements = check_statements(body, &list, &chains, quorum, counts)?;
    check_documents(body, &chains, counts)?;
    check_subject(body, &chains, &statements)?;
    check_story(body, &chains)?;
    let left_out = LeftOut::of(body)?;
    Ok(Open { unseen: unseen(body, policy, &sizes), unanswered: unanswered_orders(body), left_out })
}

fn check_trust(body: &Evidence, trust: Option<&Trust>) -> Result<(), Failure> {
    let Some(trust) = trust else { return Ok(()) };
    if body.root != trust.root {
        let (zh, en) = ("根公钥与信任文件不符", "the root key is not the trust file's");
        return Err(Failure::new("body.root", "other_root", zh, en));
    }
    let same = (&body.deployment, body.suite, body.clock) == (&trust.deployment, trust.suite, trust.clock);
    let digest = trust.digest()?;
    if !same || body.trust_digest.is_some_and(|d| d != digest) {
        let (zh, en) =
            ("部署、套件、时钟或信任文件摘要不符", "deployment, suite, clock or digest are not the trust file's");
        return Err(Failure::new("body", "other_trust", zh, en));
    }
    Ok(())
}

fn check_seal(file: &EvidenceFile, list: &KeyListView) -> Result<(), Failure> {
    let entry = list.valid(&file.key, file.body.made_at).filter(|e| e.kind() == "platform");
    let held = entry.is_some_and(|e| e.public.verify(EVIDENCE_TYPE, &file.body, &file.signature).is_ok());
    if held {
        return Ok(());
    }
    let (zh, en) = ("证据文件上的平台签名无效", "the platform's signature over the file does not hold");
    Err(Failure::new("signature", "seal", zh, en))
}

fn check_checkpoints(
    body: &Evidence,
    list: &KeyListView,
    lists: &[Hash],
) -> Result<BTreeMap<LogName, Checkpoint>, Failure> {
    let mut out = BTreeMap::new();
    for (log, part) in &body.logs {
        let place = format!("body.logs.{log}.checkpoint");
        let checkpoint = Checkpoint::parse(part.checkpoint.as_bytes());
        let checkpoint = checkpoint.map_err(|e| Failure { file: place.clone(), ..e.into() })?;
        check_checkpoint(&checkpoint, *log, list, lists).map_err(|f| Failure { file: place.clone(), ..f })?;
        if checkpoint.time > body.made_at.saturating_add(SKEW_MS) {
            let (zh, en) = ("晚于证据文件的生成时间", "it is later than the file was made");
            return Err(Failure::new(place, "time", zh, en));
        }
        out.insert(*log, checkpoint);
    }
    if !out.contains_key(&LogName::Platform) {
        return Err(Failure::new("body.logs", "missing", "缺少平台日志", "the platform's log is missing"));
    }
    Ok(out)
}

/// Exactly one proof for each anchor that a checkpoint here holds of a log here.
fn check_anchors(body: &Evidence, all: &BTreeMap<LogName, Checkpoint>, counts: &mut Counts) -> Result<(), Failure> {
    let fail = |i: usize| {
        let (zh, en) = ("两份日志的互相锚定不一致", "the logs do not confirm each other's history");
        Failure::new(format!("body.anchors[{i}]"), "anchor", zh, en)
    };
    let mut proofs = body.anchors.iter().enumerate();
    for (log, own) in all {
        let others = all.iter().filter(|(other, _)| *other != log);
        let mut seen: Vec<_> = others.flat_map(|(_, c)| &c.anchors).filter(|a| a.origin == own.origin).collect();
        seen.sort_by_key(|a| (a.size, a.sm3));
        seen.dedup();
        for anchor in seen {
            let (i, given) = proofs.next().ok_or_else(|| fail(body.anchors.len()))?;
            let nodes = decode_nodes(&given.proof).ok_or_else(|| fail(i))?;
            let (seen, own) = ((anchor.size, &anchor.sm3), (own.size, &own.sm3));
            let (old, new) = if seen.0 <= own.0 { (seen, own) } else { (own, seen) };
            let held =
                given.log == *log && given.size == anchor.size && verify_consistency(HashAlg::Sm3, old, new, &nodes);
            if !held {
                return Err(fail(i));
            }
            counts.add("anchors", 1);
        }
    }
    match proofs.next() {
        Some((i, _)) => Err(fail(i)),
        None => Ok(()),
    }
}

fn check_story(body: &Evidence, chains: &Chains) -> Result<(), Failure> {
    for (n, step) in (1u64..).zip(&body.story) {
        let shown = step.leaf.is_none_or(|leaf| chains.has_platform_leaf(leaf));
        if step.n != n || !shown {
            let (zh, en) = ("故事步骤编号或所引日志条目不符", "its number or the leaf it names is not there");
            return Err(Failure::new(format!("body.story[{}]", n - 1), "story", zh, en));
        }
    }
    Ok(())
}
