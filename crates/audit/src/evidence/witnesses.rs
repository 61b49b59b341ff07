//! What witnesses saw of the logs in an evidence file: their cosigned checkpoints, which the log here must extend, and
//! whether enough of them have seen every leaf here.

use super::{Evidence, Witnessed};
use crate::checkpoint::Checkpoint;
use crate::cosign::{Cosigned, is_witness_name};
use crate::leaf::LogName;
use crate::merkle::verify_consistency;
use crate::proof::decode_nodes;
use crate::report::{Counts, Failure};
use crate::trust::WitnessPolicy;
use crate::verify::check_checkpoint;
use crate::witnessed::Witnesses;
use crypto::{Hash, HashAlg};
use std::collections::BTreeMap;

/// Checks every cosigned checkpoint; returns the sizes that witnesses of the policy have seen, by log.
pub(super) fn check_witnesses(
    body: &Evidence,
    checkpoints: &BTreeMap<LogName, Checkpoint>,
    witnesses: &Witnesses<'_>,
    counts: &mut Counts,
) -> Result<BTreeMap<LogName, Vec<u64>>, Failure> {
    let mut sizes: BTreeMap<LogName, Vec<u64>> = BTreeMap::new();
    let mut before: Option<&Witnessed> = None;
    for (i, given) in body.witnessed.iter().enumerate() {
        let place = |f| Failure { file: format!("body.witnessed[{i}]"), ..f };
        if before.is_some_and(|b| (b.log, &b.witness) >= (given.log, &given.witness)) {
            let (zh, en) = ("数组未按规定次序排列", "the array is not in its order");
            return Err(place(Failure::new("", "order", zh, en)));
        }
        before = Some(given);
        let (size, counted) = check_one(given, checkpoints, witnesses).map_err(place)?;
        counts.add(if counted.is_none() { "unknown_witnesses" } else { "cosignatures" }, 1);
        if counted == Some(true) {
            sizes.entry(given.log).or_default().push(size);
        }
    }
    Ok(sizes)
}

/// The size that was seen, and whether the policy counts who saw it; `None` where nobody knows the witness.
fn check_one(
    given: &Witnessed,
    checkpoints: &BTreeMap<LogName, Checkpoint>,
    witnesses: &Witnesses<'_>,
) -> Result<(u64, Option<bool>), Failure> {
    let own = checkpoints.get(&given.log).ok_or_else(|| {
        Failure::new("", "missing", "见证的日志不在文件中", "the log that a witness saw is not in the file")
    })?;
    let noted = Cosigned::parse(given.note.as_bytes())?;
    let seen = &noted.checkpoint;
    check_checkpoint(seen, given.log, witnesses.list(), witnesses.lists())?;
    if seen.size > own.size {
        let (zh, en) = ("日志比见证所见的短", "the log is shorter than what a witness saw");
        return Err(Failure::new("", "rolled_back", zh, en));
    }
    for (alg, texts) in [(HashAlg::Sm3, &given.sm3_proof), (HashAlg::Sha256, &given.sha256_proof)] {
        let (old, new) = (seen.root(alg), own.root(alg));
        let held = decode_nodes(texts)
            .is_some_and(|nodes| verify_consistency(alg, (seen.size, &old), (own.size, &new), &nodes));
        if !held {
            let (zh, en) = ("日志不是见证所见历史的延续", "the log does not extend the history that a witness saw");
            return Err(Failure::new("", "anchor", zh, en));
        }
    }
    let bad = || {
        let (zh, en) =
            ("见证签名无效，或见证密钥当时未生效", "a witness's signature does not hold, or its key was not in force");
        Failure::new("", "cosignature", zh, en)
    };
    match noted.lines.as_slice() {
        [line] if line.name == given.witness && is_witness_name(&given.witness) => {}
        _ => return Err(bad()),
    }
    let counted = witnesses.cosigned(&given.witness, &noted).map_err(|_| bad())?;
    Ok((seen.size, counted))
}

/// Logs of whose leaves here too few witnesses of the policy have seen every one.
pub(super) fn unseen(
    body: &Evidence,
    policy: Option<&WitnessPolicy>,
    sizes: &BTreeMap<LogName, Vec<u64>>,
) -> Vec<LogName> {
    let Some(policy) = policy else { return Vec::new() };
    let too_few = |log: &LogName| {
        let leaves = body.logs.get(log).into_iter().flat_map(|part| &part.leaves);
        let least = leaves.map(|l| l.index).max().map_or(0, |last| last.saturating_add(1));
        let enough = sizes.get(log).into_iter().flatten().filter(|size| **size >= least).count();
        least > 0 && enough < policy.k as usize
    };
    LogName::ALL.into_iter().filter(too_few).collect()
}

/// Digests of the key lists as checkpoints bind them.
pub(super) fn list_digests(body: &Evidence) -> Result<Vec<Hash>, Failure> {
    let alg = body.suite.hash_alg();
    let digest = |l| crypto::canonical(l).map(|b| alg.hash(&b)).map_err(crate::LogError::from);
    Ok(body.key_lists.iter().map(digest).collect::<Result<_, _>>()?)
}
