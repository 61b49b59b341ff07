//! The leaves of an evidence file: proved into their checkpoints, and each case's chain whole from its first leaf.

use super::{Evidence, SKEW_MS};
use crate::checkpoint::Checkpoint;
use crate::leaf::{Leaf, LogName, leaf_hash};
use crate::report::{Counts, Failure};
use std::collections::{BTreeMap, BTreeSet};

/// A leaf that is proved and in its chain.
#[derive(Clone, Debug)]
pub struct Link {
    pub place: String,
    pub leaf: Leaf,
    pub hash: String,
}

/// All leaves, by log in order of index, and the chain of every case.
#[derive(Debug, Default)]
pub struct Chains {
    pub links: Vec<Link>,
    cases: BTreeMap<(LogName, String), Vec<usize>>,
    platform: BTreeSet<u64>,
}

impl Chains {
    /// Proves every leaf and follows every chain.
    pub fn read(
        body: &Evidence,
        checkpoints: &BTreeMap<LogName, Checkpoint>,
        counts: &mut Counts,
    ) -> Result<Self, Failure> {
        let mut out = Self::default();
        for (log, part) in &body.logs {
            let Some(checkpoint) = checkpoints.get(log) else { continue };
            let mut last = None;
            for (i, proved) in part.leaves.iter().enumerate() {
                let place = format!("body.logs.{log}.leaves[{i}]");
                if last.replace(proved.index).is_some_and(|l| l >= proved.index) {
                    let (zh, en) = ("条目未按序号排列", "leaves are not in order of index");
                    return Err(Failure::new(place, "order", zh, en));
                }
                let (leaf, bytes) =
                    proved.check(*log, checkpoint).map_err(|e| Failure { file: place.clone(), ..e.into() })?;
                // Who writes a leaf says when; that it is in the tree by the checkpoint's time is what the log's key says.
                if leaf.at > checkpoint.time.saturating_add(SKEW_MS) {
                    let (zh, en) = ("条目时间晚于其检查点", "it is later than the checkpoint that covers it");
                    return Err(Failure::new(place, "time", zh, en));
                }
                if *log == LogName::Platform {
                    out.platform.insert(proved.index);
                }
                let hash = leaf_hash(body.suite.hash_alg(), &bytes).to_string();
                out.add(*log, Link { place, leaf, hash })?;
                counts.add("leaves", 1);
                counts.add("proofs", 2);
            }
        }
        counts.add("cases", out.cases.len() as u64);
        Ok(out)
    }

    fn add(&mut self, log: LogName, link: Link) -> Result<(), Failure> {
        if let (Some(case), Some(seq)) = (&link.leaf.case, link.leaf.case_seq) {
            let chain = self.cases.entry((log, case.clone())).or_default();
            let last = chain.last().and_then(|i| self.links.get(*i)).map(|l| &l.hash);
            if seq != chain.len() as u64 + 1 || link.leaf.prev.as_ref() != last {
                let (zh, en) = (
                    "案件链断裂：缺少或替换了前面的条目",
                    "the case's chain is broken: an earlier leaf is missing or another",
                );
                return Err(Failure::new(link.place, "chain", zh, en));
            }
            chain.push(self.links.len());
        }
        self.links.push(link);
        Ok(())
    }

    /// Is a platform leaf of this index shown?
    pub fn has_platform_leaf(&self, index: u64) -> bool {
        self.platform.contains(&index)
    }

    /// Is a chain of this case shown?
    pub fn has_case(&self, log: LogName, case: &str) -> bool {
        self.chain(log, case).next().is_some()
    }

    fn chain(&self, log: LogName, case: &str) -> impl Iterator<Item = &Link> {
        let chain = self.cases.get(&(log, case.to_owned()));
        chain.into_iter().flatten().filter_map(|i| self.links.get(*i))
    }

    /// The leaf of a case's chain with this hash.
    pub fn find(&self, log: LogName, case: &str, hash: &str) -> Option<&Link> {
        self.chain(log, case).find(|l| l.hash == hash)
    }

    /// The leaves of a case's chain before another of its leaves.
    pub fn before<'a>(&'a self, log: LogName, case: &str, link: &Link) -> impl Iterator<Item = &'a Link> {
        let seq = link.leaf.case_seq;
        self.chain(log, case).take_while(move |l| l.leaf.case_seq < seq)
    }

    /// The first platform leaf that names this statement, or else the first leaf that does.
    pub fn recorder(&self, name: &str, digest: &str) -> Option<&Link> {
        let mut named = self.links.iter().filter(|l| l.leaf.refs.get(name).is_some_and(|d| d == digest));
        named.next()
    }
}
