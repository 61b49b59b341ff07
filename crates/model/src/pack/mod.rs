//! A rule pack: identity, parameters, procedures, quorums, policies and article coverage, in layers
//! (product default ← national ← city ← agreement). Texts are passed in: this module opens no file and knows no city.

mod article;
mod calendar;
mod check;
mod choices;
mod diff;
mod effect;
mod error;
mod graph;
mod identity;
mod load;
pub(crate) mod matter;
mod parameter;
mod recurring;
mod schema;
mod show;

pub use article::{Article, CoverageRow};
pub use calendar::{Calendar, Counted, Days, DaysOff, Year};
pub use diff::{Change, diff, diff_text};
pub use effect::Alternative;
pub use error::PackError;
pub use identity::{Identity, LayerKind, LegalStatus, Term};
pub use load::{PackText, layer_id, resolve};
pub use parameter::{Parameter, Status, Strict, Value, ValueKind};
pub use recurring::{DueOf, Recurring};
pub use schema::schema;
pub use show::{graph, mermaid, show, show_row};

use crate::party::OrgRole;
use crate::procedure::{Procedure, role_word};
use crate::refusal::Refusal;
use std::collections::BTreeMap;

/// A loaded and checked pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pack {
    /// Layers, the most general first.
    pub layers: Vec<Identity>,
    /// Effective parameters.
    pub parameters: BTreeMap<String, Parameter>,
    /// Procedures by name.
    pub procedures: BTreeMap<String, Procedure>,
    /// By effect of a work order: the ways in which its approvals may come together.
    pub effects: BTreeMap<String, Vec<Alternative>>,
    /// Cedar policies, by layer.
    pub policies: BTreeMap<String, String>,
    /// Rows of the requirements.
    pub articles: BTreeMap<String, Article>,
    /// Days off and make-up working days.
    pub calendar: Calendar,
    /// Every text the pack was read from: `layer/path` → text. The pack's digest is taken over this map. The calendar is not
    /// in it: a new year is announced every autumn and changes no rule.
    pub texts: BTreeMap<String, String>,
}

impl Pack {
    /// Reads, merges and checks the layers, the most general first.
    ///
    /// # Errors
    /// The first fault, with file, line, key and how to mend it.
    pub fn load(layers: &[PackText]) -> Result<Self, PackError> {
        load::load(layers)
    }

    /// Name of the last layer: the city.
    #[must_use]
    pub fn id(&self) -> &str {
        self.layers.last().map_or("", |l| l.id.as_str())
    }

    /// Version under which cases and authorisations run: the city and the version of each layer, e.g. `id@1.1.1`.
    #[must_use]
    pub fn version(&self) -> String {
        let versions: Vec<String> = self.layers.iter().map(|l| l.version.to_string()).collect();
        format!("{}@{}", self.id(), versions.join("."))
    }

    /// A parameter with its origin.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<&Parameter> {
        self.parameters.get(name)
    }

    /// A whole number.
    #[must_use]
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.param(name)?.value {
            Value::Integer(n) => Some(n),
            _ => None,
        }
    }

    /// A flag.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.param(name)?.value {
            Value::Flag(b) => Some(b),
            _ => None,
        }
    }

    /// A text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        match &self.param(name)?.value {
            Value::Text(t) => Some(t),
            _ => None,
        }
    }

    /// A list of words.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<&[String]> {
        match &self.param(name)?.value {
            Value::List(l) => Some(l),
            _ => None,
        }
    }

    /// A procedure by name.
    #[must_use]
    pub fn procedure(&self, name: &str) -> Option<&Procedure> {
        self.procedures.get(name)
    }

    /// The steps whose approvals an order of this effect carries when it comes from this procedure: these and no others.
    #[must_use]
    pub fn approvals_of(&self, effect: &str, procedure: &str) -> &[String] {
        let ways = self.effects.get(effect).map(Vec::as_slice).unwrap_or_default();
        ways.iter().find(|w| w.procedure == procedure).map(|w| w.steps.as_slice()).unwrap_or_default()
    }

    /// The article of a rule, beginning with its number; empty where no article stands behind the rule.
    #[must_use]
    pub fn article(&self, rule: &str) -> String {
        self.articles.get(rule).map(|a| a.article.clone()).unwrap_or_default()
    }

    /// The article of a rule as its row numbers it (`19.1`, where the row says so); empty where no article stands behind it.
    #[must_use]
    pub fn article_cited(&self, rule: &str) -> String {
        let article = self.article(rule);
        let row = rule.split_once('-').map(|(_, row)| row).filter(|r| !article.is_empty() && r.starts_with(&article));
        row.map_or(article.clone(), ToOwned::to_owned)
    }

    /// The rule of a procedure: that of its first step, or of the first after it behind which an article stands.
    #[must_use]
    pub fn rule_of(&self, procedure: &Procedure) -> String {
        let first = procedure.steps_from(&procedure.start).next();
        let spoken = first.into_iter().chain(&procedure.steps).find(|s| !self.article(&s.rule).is_empty());
        spoken.or(first).map(|s| s.rule.clone()).unwrap_or_default()
    }

    /// The article that whoever carries out an effect cites: of the first procedure that sends it.
    #[must_use]
    pub fn article_of_effect(&self, effect: &str) -> String {
        let way = self.effects.get(effect).and_then(|ways| ways.first());
        let procedure = way.and_then(|w| self.procedure(&w.procedure));
        procedure.map(|p| self.article_cited(&self.rule_of(p))).unwrap_or_default()
    }

    /// A refusal that cites a rule of this pack.
    #[must_use]
    pub fn refusal(&self, code: &str, rule: &str, zh: impl Into<String>, en: impl Into<String>) -> Refusal {
        Refusal::new(code, rule, &self.article(rule), zh, en)
    }

    /// The city's label of a role or relation: the last layer that has one wins.
    #[must_use]
    pub fn term(&self, word: &str) -> Option<&Term> {
        self.layers.iter().rev().find_map(|l| l.terms.get(word))
    }

    /// The city's label of an organisation's role.
    #[must_use]
    pub fn role_term(&self, role: OrgRole) -> Option<&Term> {
        self.term(&role_word(role))
    }

    pub(crate) fn terms_zh(&self, words: &[String]) -> String {
        let names: Vec<&str> = words.iter().map(|w| self.term(w).map_or(w.as_str(), |t| t.zh.as_str())).collect();
        names.join("、")
    }

    pub(crate) fn terms_en(&self, words: &[String]) -> String {
        let names: Vec<&str> = words.iter().map(|w| self.term(w).map_or(w.as_str(), |t| t.en.as_str())).collect();
        names.join(", ")
    }
}
