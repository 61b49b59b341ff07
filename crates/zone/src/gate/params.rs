//! Thresholds of the gate: one set, filled from the rule pack, tightened per product. Whole numbers only, because it is signed.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Who gets the released file: decides the highest accepted risk 1/k of microdata (disclosure §2, check 8).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Anybody: θ = 0.05.
    Public,
    /// Named recipients under contract: θ = 0.2.
    #[default]
    Controlled,
    /// Stays in the domain: θ = 1/3.
    Domain,
}

/// The gate's thresholds. Ratios are in thousandths.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateParams {
    /// Fewest distinct subjects of each kind behind a released row (check 4, G1).
    pub k: BTreeMap<String, u64>,
    /// The same for kinds not named.
    pub k_other: u64,
    /// Two largest contributors: at or above this share of the total is dominated (check 5).
    pub top2_permille: u64,
    /// p% rule: the rest without the two largest must reach this share of the largest (check 5).
    pub rest_permille: u64,
    /// Largest contributor of a subject kind: above this share is dominated (G4).
    pub top1_permille: BTreeMap<String, u64>,
    /// Recipient scope of microdata.
    pub scope: Scope,
    /// Smallest class of microdata by scope (check 8).
    pub k_public: u64,
    /// As above, controlled recipients.
    pub k_controlled: u64,
    /// As above, inside the domain.
    pub k_domain: u64,
    /// Fewest distinct sensitive values in a class; two where the attribute has only two (check 10).
    pub l_distinct: u64,
    /// Smallest exp(entropy), in thousandths.
    pub l_entropy_permille: u64,
    /// Largest distance t, in thousandths.
    pub t_permille: u64,
    /// Most rows of an artefact.
    pub max_rows: u64,
    /// Most columns of an artefact.
    pub max_columns: u64,
}

impl Default for GateParams {
    fn default() -> Self {
        Self {
            k: BTreeMap::from([("person".to_owned(), 10), ("enterprise".to_owned(), 5)]),
            k_other: 10,
            top2_permille: 900,
            rest_permille: 100,
            top1_permille: BTreeMap::from([("enterprise".to_owned(), 700)]),
            scope: Scope::default(),
            k_public: 20,
            k_controlled: 5,
            k_domain: 3,
            l_distinct: 3,
            l_entropy_permille: 2000,
            t_permille: 300,
            max_rows: 50_000_000,
            max_columns: 512,
        }
    }
}

impl GateParams {
    /// Threshold of a subject kind: the stricter of the gate's and the one the release point carries.
    #[must_use]
    pub fn k_of(&self, kind: &str, release_point: u64) -> u64 {
        self.k.get(kind).copied().unwrap_or(self.k_other).max(release_point)
    }

    /// Smallest class accepted for microdata under the scope.
    #[must_use]
    pub fn k_microdata(&self) -> u64 {
        match self.scope {
            Scope::Public => self.k_public,
            Scope::Controlled => self.k_controlled,
            Scope::Domain => self.k_domain,
        }
    }
}
