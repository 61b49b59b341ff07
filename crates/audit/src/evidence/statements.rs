//! The signed statements of an evidence file: each by a listed key of the right kind valid at its time, each recorded
//! by a leaf, each bound to a head of its case that is in the chain; and nothing recorded without its statement.

use super::chain::{Chains, Link};
use super::{Evidence, Quorum, SKEW_MS, Statement, statement_digest};
use crate::keys::{KeyEntryView, KeyListView};
use crate::leaf::{LogName, Outcome};
use crate::report::{Counts, Failure};
use crypto::Hash;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Leaf references whose digest must be that of a statement of the same type.
pub const REFERRED: [&str; 3] = ["act", "order", "report"];

/// Is this a digest's text? An id is not.
pub fn digest_text(text: &str) -> bool {
    text.parse::<Hash>().is_ok()
}

/// Statements by type and digest.
pub type Known<'a> = BTreeMap<(&'a str, String), &'a Statement>;

/// Checks all statements of the file.
pub fn check_statements<'a>(
    body: &'a Evidence,
    list: &KeyListView,
    chains: &Chains,
    quorum: Quorum<'_>,
    counts: &mut Counts,
) -> Result<Known<'a>, Failure> {
    let mut known = Known::new();
    let mut last = None;
    for (i, s) in body.statements.iter().enumerate() {
        let place = format!("body.statements[{i}]");
        let digest = statement_digest(body.suite, &s.signed()).map_err(crate::LogError::from)?.to_string();
        let key = (s.kind.as_str(), digest);
        if last.replace(key.clone()).is_some_and(|l| l >= key) {
            return Err(Failure::new(
                place,
                "order",
                "陈述未按类型与摘要排列",
                "statements are not in order of type and digest",
            ));
        }
        let one = One { body, list, chains, s, digest: &key.1 };
        one.check().map_err(|f| Failure { file: place, ..f })?;
        known.insert(key, s);
        counts.add("statements", 1);
    }
    check_references(chains, &known)?;
    for (i, s) in body.statements.iter().enumerate().filter(|(_, s)| s.kind == "order") {
        check_order(body, s, list, &known, quorum)
            .map_err(|f| Failure { file: format!("body.statements[{i}]"), ..f })?;
        counts.add("orders", 1);
    }
    Ok(known)
}

/// Effects of the orders that no report here answers: that the zone carried them out is not shown. Who withholds an order
/// from the zone cannot make its answer.
pub fn unanswered_orders(body: &Evidence) -> Vec<String> {
    let of = |kind: &'static str| body.statements.iter().filter(move |s| s.kind == kind);
    let answered: BTreeSet<&str> = of("report").filter_map(|s| s.text("order")).collect();
    let open = of("order").filter(|s| s.text("id").is_none_or(|id| !answered.contains(id)));
    open.filter_map(|s| s.body.pointer("/effect/effect")?.as_str()).map(str::to_owned).collect()
}

/// Every statement that a leaf names is there. A refused command's leaf may name one that is not.
fn check_references(chains: &Chains, known: &Known<'_>) -> Result<(), Failure> {
    for link in chains.links.iter().filter(|l| l.leaf.outcome == Outcome::Done) {
        for (name, digest) in link.leaf.refs.iter().filter(|(n, d)| REFERRED.contains(&n.as_str()) && digest_text(d)) {
            if !known.contains_key(&(name.as_str(), digest.clone())) {
                let (zh, en) = (format!("缺少条目所引的{name}"), format!("the {name} that it records is missing"));
                return Err(Failure::new(&link.place, "statement_missing", zh, en));
            }
        }
    }
    Ok(())
}

struct One<'a> {
    body: &'a Evidence,
    list: &'a KeyListView,
    chains: &'a Chains,
    s: &'a Statement,
    digest: &'a str,
}

fn fail<T>(what: &str, zh: &str, en: &str) -> Result<T, Failure> {
    Err(Failure::new("", what, zh, en))
}

impl One<'_> {
    fn check(&self) -> Result<(), Failure> {
        if self.s.body.get("deployment").is_some_and(|d| d.as_str() != Some(&self.body.deployment)) {
            return fail("other_deployment", "属于另一部署", "it is another deployment's");
        }
        let Some(link) = self.recorder() else {
            return fail("not_recorded", "没有日志条目记录此陈述", "no leaf records it");
        };
        let at = self.time(link.leaf.at);
        // Who holds a revoked key could write an earlier time: what is recorded after the revocation does not count.
        // A zone may report late, under a key that was renewed meanwhile.
        let recorded = if self.s.kind == "report" { at } else { link.leaf.at };
        let Some(entry) = self.list.valid(&self.s.key, at).filter(|e| e.holds(recorded)) else {
            return fail("key", "签名密钥未列入或当时无效", "its key is not listed or was not in force");
        };
        if entry.public.verify(&self.s.kind, &self.s.body, &self.s.signature).is_err() {
            return fail("signature", "签名无效", "its signature does not hold");
        }
        if at > link.leaf.at.saturating_add(SKEW_MS) {
            return fail("time", "陈述时间晚于记录时间", "it is later than the leaf that records it");
        }
        self.check_holder(entry)?;
        self.check_heads(link, at)
    }

    fn recorder(&self) -> Option<&Link> {
        if REFERRED.contains(&self.s.kind.as_str()) {
            return self.chains.recorder(&self.s.kind, self.digest);
        }
        self.chains.links.iter().find(|l| l.leaf.refs.values().any(|d| d == self.digest))
    }

    fn time(&self, recorded: i64) -> i64 {
        let member = |name| self.s.body.get(name).and_then(Value::as_i64);
        member("at").or_else(|| member("issued_at")).unwrap_or(recorded)
    }

    /// Is the key of the kind that makes such statements?
    fn check_holder(&self, entry: &KeyEntryView) -> Result<(), Failure> {
        let own = |name| self.s.text(name).is_some() && self.s.text(name) == entry.member(name);
        let fits = match self.s.kind.as_str() {
            "act" => entry.kind() == "person" && own("person") && own("org"),
            "order" => entry.kind() == "platform",
            "report" => entry.kind() == "zone",
            _ => matches!(entry.kind(), "person" | "platform" | "zone"),
        };
        if fits {
            Ok(())
        } else {
            fail("holder", "签名者无权作此陈述", "its signer does not make such statements")
        }
    }

    fn check_heads(&self, link: &Link, at: i64) -> Result<(), Failure> {
        if !REFERRED.contains(&self.s.kind.as_str()) {
            return Ok(());
        }
        let Some(case) = self.s.text("case") else {
            return if self.s.kind == "report" { Ok(()) } else { fail("case", "缺少案件", "it names no case") };
        };
        if link.leaf.log != LogName::Platform || link.leaf.case.as_deref() != Some(case) {
            return fail("case", "记录于另一案件", "it is recorded in another case");
        }
        if self.s.kind == "report" {
            if let Some(head) = self.s.text("zone_head")
                && self.chains.find(LogName::Zone, case, head).is_none()
            {
                return fail("head", "所绑定的域内案件链头不在链中", "the head it binds is not in the zone's chain");
            }
            return match self.s.text("case_head") {
                Some(head) => self.platform_head(link, case, head, None),
                None => Ok(()),
            };
        }
        match self.s.text(if self.s.kind == "act" { "head" } else { "case_head" }) {
            Some(head) => self.platform_head(link, case, head, Some(at)),
            None => self.no_head(link, case),
        }
    }

    /// The head must be in the chain before the leaf that records the statement, and not be later than the statement.
    fn platform_head(&self, link: &Link, case: &str, head: &str, at: Option<i64>) -> Result<(), Failure> {
        let Some(bound) = self.chains.before(LogName::Platform, case, link).find(|l| l.hash == head) else {
            return fail("head", "所绑定的案件链头不在链中", "the head it binds is not in the case's chain");
        };
        if at.is_some_and(|at| bound.leaf.at > at.saturating_add(SKEW_MS)) {
            return fail("time", "陈述时间早于其所见的链头", "it is earlier than the head it binds");
        }
        Ok(())
    }

    /// Only the first act of a case may bind nothing.
    fn no_head(&self, link: &Link, case: &str) -> Result<(), Failure> {
        let stated = |l: &Link| l.leaf.refs.iter().any(|(n, d)| REFERRED.contains(&n.as_str()) && digest_text(d));
        if self.s.kind == "act" && !self.chains.before(LogName::Platform, case, link).any(stated) {
            return Ok(());
        }
        fail("head", "未绑定案件链头", "it binds no head of its case")
    }
}

/// Each approval in an order is an act of this file that approves this order's object in this order's case, and
/// together they satisfy the caller's quorum.
fn check_order(
    body: &Evidence,
    order: &Statement,
    list: &KeyListView,
    known: &Known<'_>,
    quorum: Quorum<'_>,
) -> Result<(), Failure> {
    if order.body.get("key_list").and_then(Value::as_u64).is_some_and(|n| n > list.number) {
        return fail("key_list", "缺少指令所依据的密钥清单", "the key list it rests on is missing");
    }
    let object = order.body.pointer("/effect/object").unwrap_or(&Value::Null);
    let object = crypto::digest_of(body.suite, "object", object).map_err(crate::LogError::from)?.to_string();
    let mut acts = Vec::new();
    for approval in order.body.get("approvals").and_then(Value::as_array).into_iter().flatten() {
        let digest = statement_digest(body.suite, approval).map_err(crate::LogError::from)?.to_string();
        let Some(act) = known.get(&("act", digest)) else {
            return fail("approval", "指令所附批准不在证据中", "an approval in it is not an act of this file");
        };
        let approves = act.text("decision") == Some("approve") && act.text("object") == Some(&object);
        if !approves || act.text("case") != order.text("case") {
            return fail("approval", "指令所附批准针对另一对象", "an approval in it is about something else");
        }
        acts.push((*act).clone());
    }
    let refused =
        |why: String| fail("quorum", &format!("批准不足：{why}"), &format!("its approvals do not suffice: {why}"));
    quorum(order, &acts, list).or_else(refused)
}
