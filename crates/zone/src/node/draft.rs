//! One frame in the making: an effect with its leaves and reports, numbered against the state it will be applied to.

use super::config::NodeConfig;
use super::error::NodeError;
use super::leaves::log_error;
use super::record::Record;
use super::state::{Bound, State};
use audit::evidence::statement_digest;
use audit::{Leaf, LogName, Outcome, leaf_hash};
use model::ids::{CaseId, OrgId, PersonId};
use model::order::{REPORT_TYPE, ReportOutcome, ZoneReport};
use model::{Digest, Refusal, Signed, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a leaf says; the rest (number, chain, time) is the draft's.
#[derive(Default)]
pub(crate) struct Said {
    /// Verb, snake case.
    pub(crate) kind: &'static str,
    pub(crate) case: Option<CaseId>,
    pub(crate) actor: Option<PersonId>,
    pub(crate) org: Option<OrgId>,
    /// Present when a rule said no.
    pub(crate) refusal: Option<Refusal>,
    pub(crate) article: Option<String>,
    /// Digest of what it is about.
    pub(crate) object: Option<Digest>,
    /// Ids and digests.
    pub(crate) refs: BTreeMap<String, String>,
}

impl Said {
    pub(crate) fn new(kind: &'static str) -> Self {
        Self { kind, ..Self::default() }
    }

    pub(crate) fn case(mut self, case: &CaseId) -> Self {
        self.case = Some(case.clone());
        self
    }

    pub(crate) fn object(mut self, digest: &Digest) -> Self {
        self.object = Some(digest.clone());
        self
    }

    pub(crate) fn article(mut self, article: &str) -> Self {
        self.article = Some(article.to_owned()).filter(|a| !a.is_empty());
        self
    }

    pub(crate) fn refused(mut self, refusal: &Refusal) -> Self {
        self.refusal = Some(refusal.clone());
        self.article(&refusal.article)
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.refs.insert(name.to_owned(), value.to_string());
        self
    }
}

pub(crate) struct Draft<'a> {
    cfg: &'a NodeConfig,
    /// The state before the frame.
    pub(crate) state: &'a State,
    /// Time of the frame.
    pub(crate) at: Timestamp,
    records: Vec<Record>,
    leaves: u64,
    heads: BTreeMap<CaseId, (u64, Digest)>,
    reports: u64,
    encoded: Vec<(u64, Vec<u8>)>,
}

impl<'a> Draft<'a> {
    pub(crate) fn new(cfg: &'a NodeConfig, state: &'a State, at: Timestamp) -> Self {
        Self {
            cfg,
            state,
            at,
            records: Vec::new(),
            leaves: state.leaves,
            heads: BTreeMap::new(),
            reports: state.report_seq,
            encoded: Vec::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records and the encoded leaves among them.
    pub(crate) fn finish(self) -> (Vec<Record>, Vec<(u64, Vec<u8>)>) {
        (self.records, self.encoded)
    }

    /// Digest of a signed statement, by which a leaf refers to it.
    pub(crate) fn statement<T: Serialize>(&self, signed: &Signed<T>) -> Result<Digest, NodeError> {
        Ok(Digest(statement_digest(self.cfg.trust.suite, signed)?.to_string()))
    }

    pub(crate) fn push(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Adds a leaf to the log and, where it belongs to a case, to the case's chain.
    pub(crate) fn leaf(&mut self, said: Said) -> Result<Digest, NodeError> {
        let head = said.case.as_ref().map(|c| self.heads.get(c).or_else(|| self.state.heads.get(c)).cloned());
        let case_seq = head.as_ref().map(|h| h.as_ref().map_or(1, |(n, _)| n + 1));
        let leaf = Leaf {
            v: 1,
            log: LogName::Zone,
            at: self.at.0,
            kind: said.kind.into(),
            case: said.case.as_ref().map(|c| c.0.clone()),
            case_seq,
            prev: head.flatten().map(|(_, hash)| hash.0),
            actor: said.actor.map(|p| p.0),
            org: said.org.map(|o| o.0),
            outcome: if said.refusal.is_some() { Outcome::Refused } else { Outcome::Done },
            rule: said.refusal.map(|r| r.rule),
            article: said.article,
            object: said.object.map(|d| d.0),
            refs: said.refs,
        };
        let bytes = leaf.encode().map_err(log_error)?;
        let hash = Digest(leaf_hash(self.cfg.trust.suite.hash_alg(), &bytes).to_string());
        if let (Some(case), Some(n)) = (said.case, case_seq) {
            self.heads.insert(case, (n, hash.clone()));
        }
        self.encoded.push((self.leaves, bytes));
        self.records.push(Record::Leaf { index: self.leaves, leaf: Box::new(leaf), hash: hash.clone() });
        self.leaves += 1;
        Ok(hash)
    }

    /// Adds a report to the platform. It binds the heads of both chains of the case as they now stand.
    pub(crate) fn report(&mut self, bound: Option<&Bound>, outcome: ReportOutcome) -> Result<(), NodeError> {
        self.reports += 1;
        let zone_head = bound.and_then(|b| self.heads.get(&b.case).or_else(|| self.state.heads.get(&b.case)));
        let body = ZoneReport {
            v: 1,
            deployment: self.cfg.trust.deployment.clone(),
            seq: self.reports,
            case: bound.map(|b| b.case.clone()),
            case_head: bound.map(|b| b.head.clone()),
            zone_head: zone_head.map(|(_, hash)| hash.clone()),
            order: bound.map(|b| b.order.clone()),
            at: self.at,
            outcome,
        };
        let signature = self.cfg.signer.sign(REPORT_TYPE, &body)?;
        let report = Signed { body, key: self.cfg.signer.key_id(), signature };
        self.records.push(Record::Report { report: Box::new(report) });
        Ok(())
    }
}
