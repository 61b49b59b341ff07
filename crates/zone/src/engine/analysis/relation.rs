//! What the analysis knows about a node: its rewritten plan, a label per visible column, and whose records its rows are.

use std::collections::BTreeSet;

use datafusion::common::{Column, DFSchemaRef};
use datafusion::logical_expr::{Expr, LogicalPlan};

use crate::engine::label::{Atom, Label, Modes};
use crate::engine::verdict::Reason;

/// What the rows of a relation are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Public rows (columns of other classes may be carried along).
    Public,
    /// Rows about protected subjects.
    Raw,
    /// Released groups, and what was made of them.
    Released,
}

/// Whether somebody may stand on several rows of a grouping below a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Straddled {
    /// Only as in the table itself.
    No,
    /// Its own token says how often.
    Countable,
    /// The grouping is by another key: how often cannot be counted.
    Unseen,
}

/// A hidden column of subject tokens (or sets of tokens), carried through every node below a release.
#[derive(Clone, Debug)]
pub struct Hidden {
    /// Kind of subject.
    pub kind: String,
    /// The column in the rewritten plan.
    pub column: Column,
    /// Number of the scan that it comes from.
    pub scan: usize,
    /// Table that it comes from.
    pub table: String,
    /// Counts only when a measure of its table is used.
    pub when_measure: bool,
}

/// An analysed node.
#[derive(Clone, Debug)]
pub struct Relation {
    /// The rewritten plan: visible columns under their names, hidden columns beside them.
    pub plan: LogicalPlan,
    /// Schema of the node as it was written: the visible columns.
    pub schema: DFSchemaRef,
    /// Labels of the visible columns.
    pub labels: Vec<Label>,
    /// What the rows are.
    pub state: State,
    /// Columns that decide which rows exist.
    pub implicit: BTreeSet<Atom>,
    /// Subjects of the rows.
    pub hidden: Vec<Hidden>,
    /// Tables with restricted columns that meet here.
    pub tables: BTreeSet<String>,
    /// Columns held at one literal by a filter.
    pub fixed: BTreeSet<Atom>,
    /// The rows were written in the query itself.
    pub synthetic: bool,
    /// Hidden columns that tell apart how the rows were multiplied by public tables; see `fan`.
    pub fans: Vec<Column>,
    /// Public tables that may have multiplied the rows.
    pub fan_tables: BTreeSet<String>,
    /// Rows were grouped by a key and something else: whoever straddles it stands there several times.
    pub straddled: Straddled,
    /// Why these rows may not be grouped as somebody's: fine over public rows, refused at a release.
    pub loose: Option<Box<Reason>>,
}

impl Relation {
    /// A public relation without columns of tables.
    pub fn constant(plan: LogicalPlan, synthetic: bool) -> Self {
        let schema = plan.schema().clone();
        let labels = vec![Label::constant(); schema.fields().len()];
        Self {
            plan,
            schema,
            labels,
            state: State::Public,
            implicit: BTreeSet::new(),
            hidden: Vec::new(),
            tables: BTreeSet::new(),
            fixed: BTreeSet::new(),
            synthetic,
            fans: Vec::new(),
            fan_tables: BTreeSet::new(),
            straddled: Straddled::No,
            loose: None,
        }
    }

    /// Are the rows about protected subjects?
    pub fn is_raw(&self) -> bool {
        self.state == State::Raw
    }

    /// Can every column be used freely? Not so in a raw relation, nor where restricted columns are carried along.
    pub fn is_open(&self) -> bool {
        !self.is_raw() && self.labels.iter().all(Label::is_free)
    }

    /// The visible columns as expressions.
    pub fn visible(&self) -> Vec<Expr> {
        self.schema.columns().into_iter().map(Expr::Column).collect()
    }

    /// The hidden columns as expressions.
    pub fn hidden_columns(&self) -> Vec<Expr> {
        self.hidden.iter().map(|hidden| &hidden.column).chain(&self.fans).cloned().map(Expr::Column).collect()
    }

    /// Public rows alone: nobody stands behind them.
    pub fn is_nobodys(&self) -> bool {
        self.state == State::Public && self.hidden.is_empty() && self.tables.is_empty()
    }

    /// The rows' public columns have been equated with columns under G5: they say the same.
    pub fn reveal(&mut self, equated: &BTreeSet<Atom>) {
        for label in self.labels.iter_mut().filter(|label| label.is_free()) {
            label.reveals.extend(equated.iter().cloned());
        }
    }

    /// Takes every use from columns that are not public: they may be carried and dropped, no more.
    pub fn lock_restricted(&mut self) {
        for label in self.labels.iter_mut().filter(|label| !label.is_free()) {
            label.modes = Modes::NONE;
        }
    }
}
