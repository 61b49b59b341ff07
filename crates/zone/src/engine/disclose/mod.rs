//! The release operator: the one place in a plan where groups of restricted rows become released rows.
//!
//! It stands directly above the releasing aggregate, reads the subject sets and shares that the aggregate computed beside the
//! visible columns, drops or blanks what the group rules do not let through, and shows the visible columns only. Everything above
//! it is post-processing. The optimiser can move nothing across it: it prunes no column, takes no predicate and no limit.

mod complement;
mod exec;
mod margins;
mod pace;
mod planner;
mod suppress;

use std::cmp::Ordering;
use std::collections::HashSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::common::{DFSchemaRef, Result};
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};

pub use planner::DisclosePlanner;

/// A column of subject sets and how many subjects it must show.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Count {
    /// Column of the input.
    pub column: usize,
    /// Least number of distinct subjects.
    pub k: u32,
    /// No subject at all is fine too.
    pub or_none: bool,
    /// Visible columns that are blanked where the count is too small; `None`: the row is dropped.
    pub cells: Option<Vec<usize>>,
}

/// A column of shares and how large one may be (G4).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    /// Column of the input, per mille.
    pub column: usize,
    /// Largest share, per mille.
    pub most: u32,
    /// Visible column that is blanked.
    pub cell: usize,
}

/// A column of what surrounds a quantile, and how much must.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Surrounded {
    /// Column of the input; see `quantile`.
    pub column: usize,
    /// Least number of subjects with a value.
    pub least: u64,
    /// Visible column of the quantile, that is blanked.
    pub cell: usize,
}

/// What a release demands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Demands {
    /// Number of visible columns; the others follow them in the input.
    pub visible: usize,
    /// Number of group keys; they come first.
    pub keys: usize,
    /// Subject counts.
    pub counts: Vec<Count>,
    /// Dominance.
    pub shares: Vec<Share>,
    /// Quantiles.
    pub surrounded: Vec<Surrounded>,
    /// Keys whose values must differ among groups that agree in all other keys (G5).
    pub varied: Vec<usize>,
    /// Sets of keys by which another release of the query shows totals of these groups: under each total a lone suppressed
    /// group takes another one with it (G3). The empty set is the grand total.
    pub totals: Vec<Vec<usize>>,
    /// The groups are of several levels (grouping sets): number of keys; the grouping number follows them.
    pub levels: Option<usize>,
    /// Grouping numbers of levels that are only looked at, and never shown.
    pub unshown: Vec<u64>,
}

/// The operator in a logical plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disclose {
    /// The releasing aggregate.
    pub input: LogicalPlan,
    /// What it demands.
    pub demands: Arc<Demands>,
    /// Schema of the visible columns.
    pub schema: DFSchemaRef,
    /// Number of the release point in its query.
    pub number: usize,
}

impl Hash for Disclose {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.input.hash(state);
        self.demands.hash(state);
    }
}

impl PartialOrd for Disclose {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.input.partial_cmp(&other.input)
    }
}

impl UserDefinedLogicalNodeCore for Disclose {
    fn name(&self) -> &str {
        "Disclose"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn prevent_predicate_push_down_columns(&self) -> HashSet<String> {
        self.schema.fields().iter().map(|field| field.name().clone()).collect()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Disclose")
    }

    fn with_exprs_and_inputs(&self, _: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let mut inputs = inputs.into_iter();
        match (inputs.next(), inputs.next()) {
            (Some(input), None) if input.schema().fields().len() == self.input.schema().fields().len() => {
                Ok(Self { input, ..self.clone() })
            }
            _ => datafusion::common::internal_err!("Disclose reads the columns it was made for"),
        }
    }

    /// Every column of the input is read, whichever are wanted above.
    fn necessary_children_exprs(&self, _: &[usize]) -> Option<Vec<Vec<usize>>> {
        Some(vec![(0..self.input.schema().fields().len()).collect()])
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }
}
