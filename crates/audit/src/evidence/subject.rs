//! What evidence about each kind of subject must hold besides what all evidence must: the whole of a decision, all that
//! is shown of a person's history. A product's way is `product`'s; what certificates are held against is `certificate`'s.
//!
//! Knows the members of acts that tie them to each other, nothing else of them.

use super::certificate::{DESTRUCTION, RESOURCE};
use super::chain::{Chains, Link};
use super::left_out::Here;
use super::product::check_product;
use super::statements::Known;
use super::{Document, Evidence, Statement};
use crate::leaf::LogName;
use crate::report::Failure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use std::collections::BTreeSet;

/// Kinds of subjects.
pub const KINDS: [&str; 5] = ["product", "decision", "query_history", "destruction", "resource_certificate"];
/// Type under which a case's object is digested.
pub(super) const OBJECT: &str = "object";
/// Type under which the documents of an act are digested.
pub(super) const DOCUMENTS: &str = "documents";

/// Checks the certificates that the file shows, and what the kind of subject demands.
pub fn check_subject(body: &Evidence, chains: &Chains, known: &Known<'_>) -> Result<(), Failure> {
    let scene = Scene { body, chains, known, id: &body.subject.id };
    scene.certificates()?;
    match body.subject.kind.as_str() {
        "product" => check_product(body, known),
        "decision" => scene.decision(),
        "query_history" => scene.history(),
        // That a certificate which is there holds was seen above.
        "destruction" => scene.shows(DESTRUCTION, "authorisation"),
        "resource_certificate" => scene.shows(RESOURCE, "id"),
        _ => Err(Failure::new("body.subject", "subject", "证据对象种类未知", "its kind of subject is unknown")),
    }
}

pub(super) fn incomplete(place: &str, zh: &str, en: &str) -> Failure {
    Failure::new(place, "incomplete", zh, en)
}

/// What is looked at, and the id of the subject.
pub(super) struct Scene<'a> {
    pub(super) body: &'a Evidence,
    pub(super) chains: &'a Chains,
    pub(super) known: &'a Known<'a>,
    pub(super) id: &'a str,
}

impl<'a> Scene<'a> {
    /// The case's chain and acts are here, and of every act the object and the documents that were signed.
    fn decision(&self) -> Result<(), Failure> {
        if !self.chains.has_case(LogName::Platform, self.id) {
            return Err(incomplete("body.logs", "缺少该事项的案件链", "the case's chain is missing"));
        }
        let acts: Vec<_> = self.of("act").filter(|(_, s)| s.text("case") == Some(self.id)).collect();
        if acts.is_empty() {
            return Err(incomplete("body.statements", "该事项没有签署的决定", "nobody decided anything in the case"));
        }
        let here = Here::of(self.body)?;
        for (_, act) in acts {
            if !here.shows(OBJECT, act) || !here.shows(DOCUMENTS, act) {
                let (zh, en) = (
                    "缺少某一决定所签署的对象或材料",
                    "the object or the documents that an act was signed over are missing",
                );
                return Err(incomplete("body.documents", zh, en));
            }
        }
        Ok(())
    }

    /// Every leaf is by the person or of a case in which they acted, and the story tells each of theirs.
    fn history(&self) -> Result<(), Failure> {
        let own: Vec<&Link> = self.chains.links.iter().filter(|l| l.leaf.actor.as_deref() == Some(self.id)).collect();
        if own.is_empty() {
            return Err(incomplete("body.logs", "没有此人的条目", "there is no leaf by the person"));
        }
        let cases: BTreeSet<_> = own.iter().filter_map(|l| l.leaf.case.as_deref()).collect();
        let belongs = |l: &&Link| {
            l.leaf.actor.as_deref() == Some(self.id) || l.leaf.case.as_deref().is_some_and(|c| cases.contains(c))
        };
        if let Some(stray) = self.chains.links.iter().find(|l| !belongs(l)) {
            let (zh, en) = ("条目与此人无关", "it is neither by the person nor of a case of theirs");
            return Err(Failure::new(&stray.place, "history", zh, en));
        }
        let told: BTreeSet<u64> = self.body.story.iter().filter_map(|s| s.leaf).collect();
        let platform = self.body.logs.get(&LogName::Platform).map(|p| p.leaves.as_slice()).unwrap_or_default();
        let links = self.chains.links.iter().filter(|l| l.leaf.log == LogName::Platform);
        let mut mine = links.zip(platform).filter(|(l, _)| l.leaf.actor.as_deref() == Some(self.id));
        if mine.any(|(_, p)| !told.contains(&p.index)) {
            return Err(incomplete("body.story", "故事遗漏了此人的条目", "the story leaves out a leaf by the person"));
        }
        Ok(())
    }

    /// Statements of a type with their digests.
    pub(super) fn of(&self, kind: &'static str) -> impl Iterator<Item = (&'a str, &'a Statement)> {
        self.known.iter().filter(move |((k, _), _)| *k == kind).map(|((_, digest), s)| (digest.as_str(), *s))
    }

    pub(super) fn document(&self, kind: &str, digest: &str) -> Option<&'a Document> {
        self.body.documents.iter().find(|d| d.kind.as_deref() == Some(kind) && d.digest.to_string() == digest)
    }
}

/// A member that is there and not null.
pub(super) fn known(value: Option<&Value>) -> Option<&Value> {
    value.filter(|v| !v.is_null())
}

/// Whether a member of a certificate is there and what it should be.
pub(super) fn agrees(says: &Value, name: &str, of: Option<&Value>) -> bool {
    known(of).is_some() && says.get(name) == of
}

/// The value of a document of a type; its encoding was checked before.
pub(super) fn content(document: &Document) -> Value {
    let bytes = BASE64.decode(&document.content).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}
