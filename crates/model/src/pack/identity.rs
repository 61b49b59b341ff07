//! Who a layer is: legal status, dates, legal bases and local words.

use crate::entity::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

words! {
    /// Kind of a layer.
    LayerKind {
        /// Product default.
        Product = "product",
        /// National norms.
        National = "national",
        /// A city, or an invented one in a test.
        City = "city",
        /// Terms of one agreement.
        Agreement = "agreement",
    }
}

words! {
    /// Legal status of the text behind a layer.
    LegalStatus {
        /// In force.
        InForce = "in_force",
        /// A draft for comments.
        Draft = "draft",
        /// Not a legal text.
        None = "none",
    }
}

/// A local word for a term of the model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Term {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// `pack.toml` without its effects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Name of the layer: its folder.
    pub id: String,
    /// Kind.
    pub kind: LayerKind,
    /// Layer above; empty for the product default.
    pub inherits: Option<String>,
    /// Version, from 1.
    pub version: u32,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// Legal status.
    pub status: LegalStatus,
    /// First day in force, `YYYY-MM-DD`.
    pub effective_from: Option<String>,
    /// Last day in force.
    pub effective_to: Option<String>,
    /// Legal bases to cite.
    pub legal_basis: Vec<String>,
    /// Local words, by word of the model.
    pub terms: BTreeMap<String, Term>,
}
