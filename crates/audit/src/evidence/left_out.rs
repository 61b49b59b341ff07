//! What acts were signed over and is not in the file. A decision demands it; other evidence holds without it, and whoever
//! seals the file could leave it out without a word.

use super::subject::{DOCUMENTS, OBJECT};
use super::{Evidence, Statement};
use crate::LogError;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt;

/// The digests of what is here that acts are signed over.
pub(super) struct Here {
    /// Of type and digest.
    shown: BTreeSet<(&'static str, String)>,
}

impl Here {
    /// The documents here; that an act came without any says the digest of `{}`.
    pub(super) fn of(body: &Evidence) -> Result<Self, LogError> {
        let mut shown =
            BTreeSet::from([(DOCUMENTS, crypto::digest_of(body.suite, DOCUMENTS, &json!({}))?.to_string())]);
        for kind in [OBJECT, DOCUMENTS] {
            let all = body.documents.iter().filter(|d| d.kind.as_deref() == Some(kind));
            shown.extend(all.map(|d| (kind, d.digest.to_string())));
        }
        Ok(Self { shown })
    }

    /// Whether the object, or the documents, that an act was signed over are here.
    pub(super) fn shows(&self, kind: &'static str, act: &Statement) -> bool {
        act.text(kind).is_some_and(|digest| self.shown.contains(&(kind, digest.to_owned())))
    }
}

/// How many acts were signed over documents, and over an object, that are not here.
pub(super) struct LeftOut {
    documents: usize,
    objects: usize,
}

impl LeftOut {
    /// An object is also here where an order holds it.
    pub(super) fn of(body: &Evidence) -> Result<Self, LogError> {
        let mut here = Here::of(body)?;
        let of = |kind: &'static str| body.statements.iter().filter(move |s| s.kind == kind);
        for object in of("order").filter_map(|s| s.body.pointer("/effect/object")) {
            here.shown.insert((OBJECT, crypto::digest_of::<Value>(body.suite, OBJECT, object)?.to_string()));
        }
        let missing = |kind| of("act").filter(|act| !here.shows(kind, act)).count();
        Ok(Self { documents: missing(DOCUMENTS), objects: missing(OBJECT) })
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let n @ 1.. = self.documents {
            write!(f, "此处缺少 {n} 项决定所附的文件 · the documents of {n} decisions are not here; ")?;
        }
        if let n @ 1.. = self.objects {
            write!(f, "此处缺少 {n} 项决定所签署的对象 · the objects of {n} decisions are not here; ")?;
        }
        Ok(())
    }
}
