//! Thresholds of the gate: one set, filled from the rule pack, tightened per product. Whole numbers only, because it is signed.

use crate::purpose::Purpose;
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
    /// The same for persons where a sensitive field is shown.
    pub k_person_sensitive: u64,
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
            k_person_sensitive: 20,
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
    /// The parameter set of a rule pack, by the pack's names; what the pack does not set keeps the product's value.
    #[must_use]
    pub fn from_thresholds(thresholds: &BTreeMap<String, i64>) -> Self {
        let mut params = Self::default();
        let of = |name: &str| thresholds.get(name).and_then(|n| u64::try_from(*n).ok());
        for (name, kind) in [("k.person", "person"), ("k.enterprise", "enterprise")] {
            if let Some(k) = of(name) {
                params.k.insert(kind.to_owned(), k);
            }
        }
        params.k_other = of("k.other").unwrap_or(params.k_other);
        params.k_person_sensitive = of("k.person_sensitive").unwrap_or(params.k_person_sensitive);
        params.k_controlled = of("k.microdata").unwrap_or(params.k_controlled);
        // The share of the two largest; a pack that limits more than two contributors limits these two all the more.
        if let (Some(percent), Some(2..)) = (of("dominance.percent"), of("dominance.largest").or(Some(2))) {
            params.top2_permille = percent.saturating_mul(10);
        }
        params.rest_permille = of("dominance.p_percent").map_or(params.rest_permille, |p| p.saturating_mul(10));
        params
    }

    /// The same set with a purpose's thresholds where they are stricter.
    #[must_use]
    pub fn tightened(mut self, purpose: &Purpose) -> Self {
        for (kind, k) in &purpose.thresholds {
            let k = self.k_of(kind, u64::from(*k));
            self.k.insert(kind.clone(), k);
        }
        for (kind, bound) in &purpose.dominance {
            let bound = u64::from(bound.top1);
            let known = self.top1_permille.entry(kind.clone()).or_insert(bound);
            *known = bound.min(*known);
        }
        self
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packs_set_and_purposes_tighten() {
        let pack = [
            ("k.person", 12),
            ("k.other", 15),
            ("dominance.percent", 85),
            ("dominance.p_percent", 20),
            ("k.microdata", -1),
        ];
        let pack = pack.into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
        let params = GateParams::from_thresholds(&pack);
        assert_eq!((params.k_of("person", 0), params.k_of("enterprise", 0), params.k_of("household", 0)), (12, 5, 15));
        assert_eq!((params.top2_permille, params.rest_permille, params.k_controlled), (850, 200, 5));
        let purpose = "name: p\nanswer: aggregate\ntables: []\nthresholds: {person: 11, enterprise: 8}\ndominance: {enterprise: {top1: 0.5}}\n";
        let tight = params.tightened(&Purpose::parse(purpose).unwrap());
        assert_eq!((tight.k_of("person", 0), tight.k_of("enterprise", 0), tight.k_of("enterprise", 30)), (12, 8, 30));
        assert_eq!(tight.top1_permille["enterprise"], 500);
        let loose =
            "name: p\nanswer: aggregate\ntables: []\nthresholds: {person: 2}\ndominance: {enterprise: {top1: 0.9}}\n";
        let same = tight.clone().tightened(&Purpose::parse(loose).unwrap());
        assert_eq!(same, tight, "a purpose cannot loosen");
    }
}
