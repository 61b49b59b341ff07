//! The types that force the order `ClearedPlan → Sealed → Released`: only the engine makes a [`Sealed`], only the gate opens one.
//! Their batches are private; what anybody may see of a sealed artefact is its digest, its number of rows and its lineage.

use crate::artefact::{self, ArtefactError};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use crypto::{Hash, Suite};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan};
use serde_json::Value;
use std::sync::Arc;

/// What kind of answer the engine says it made. The gate believes it only where that makes the gate stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nature {
    /// Every source column is public.
    Public,
    /// Rows are groups with release points to recount.
    Aggregate,
    /// Rows are (masked) records.
    Rows,
    /// Not known, as after reading a sealed file back: can be released under a clearance, but not assessed.
    Unknown,
}

/// Where an output column comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ColumnOrigin {
    /// Made from public columns only.
    pub public: bool,
    /// Result of an aggregate function.
    pub aggregate: bool,
    /// May single out a person together with others (DIM, TIME, SEN, KEY classes).
    pub quasi: bool,
    /// Says something that must not be learnt about one (SEN class, MEA at row level).
    pub sensitive: bool,
}

/// A subject kind at a release point.
#[derive(Clone, Debug)]
pub struct SubjectCount {
    /// Kind: `person`, `enterprise`, `row`, …
    pub kind: String,
    /// 16-byte token over the release point's input.
    pub token: Expr,
    /// Threshold the engine applied; the gate takes the stricter of this and its own.
    pub k: u64,
}

/// Aggregate function of a measure, as far as the gate tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasureKind {
    /// `COUNT`.
    Count,
    /// `SUM`.
    Sum,
    /// `AVG`.
    Avg,
    /// Any other admitted aggregate (spread, quantile): contributors are counted, dominance is not measured.
    Other,
}

/// An aggregate at a release point.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Output column that shows it, where it is shown as it is.
    pub output: Option<usize>,
    /// Which function.
    pub kind: MeasureKind,
    /// Its argument over the input; `None` for `COUNT(*)`.
    pub value: Option<Expr>,
    /// Its condition (`FILTER`), where it has one.
    pub filter: Option<Expr>,
}

/// A place in the plan where restricted rows become released groups.
#[derive(Clone, Debug)]
pub struct ReleasePoint {
    /// Everything below the grouping, over raw records, subject columns included.
    pub input: LogicalPlan,
    /// Grouping expressions; none for one group of everything.
    pub group: Vec<Expr>,
    /// Subject kinds to count.
    pub subjects: Vec<SubjectCount>,
    /// Aggregates computed here.
    pub measures: Vec<Measure>,
    /// Output column of each grouping expression, where it is shown as it is.
    pub keys_in_output: Vec<Option<usize>>,
}

/// What the engine hands over.
pub struct SealedParts {
    /// Schema of the answer.
    pub schema: SchemaRef,
    /// The answer.
    pub batches: Vec<RecordBatch>,
    /// Lineage for people: output column → source columns with transform class.
    pub lineage: Value,
    /// Kind of answer.
    pub nature: Nature,
    /// Origin of each output column; empty when not known, which the gate takes as restricted.
    pub origins: Vec<ColumnOrigin>,
    /// Release points to recount.
    pub points: Vec<ReleasePoint>,
    /// Session in which the release points' inputs can be run again.
    pub session: Option<SessionState>,
}

/// An answer over raw records that nobody has seen.
pub struct Sealed {
    parts: SealedParts,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("rows", &self.rows()).finish_non_exhaustive()
    }
}

impl Sealed {
    /// Seals an answer. For the engine, and for reading a sealed file back. Metadata of the schema stays behind.
    pub(crate) fn new(mut parts: SealedParts) -> Self {
        let plain = |f: &Arc<Field>| Field::new(f.name(), f.data_type().clone(), true);
        let schema = Arc::new(Schema::new(parts.schema.fields().iter().map(plain).collect::<Vec<_>>()));
        let bare = |batch: &RecordBatch| RecordBatch::try_new(Arc::clone(&schema), batch.columns().to_vec());
        // Batches of another shape keep their own: the canonical digest then fails and the gate blocks.
        if let Ok(batches) = parts.batches.iter().map(bare).collect::<Result<Vec<_>, _>>() {
            (parts.schema, parts.batches) = (schema, batches);
        }
        Self { parts }
    }

    /// An answer read back from a sealed file: it can be released under a clearance, and not assessed again.
    #[must_use]
    pub(crate) fn reopened(schema: SchemaRef, batches: Vec<RecordBatch>, lineage: Value) -> Self {
        Self::new(SealedParts {
            schema,
            batches,
            lineage,
            nature: Nature::Unknown,
            origins: Vec::new(),
            points: Vec::new(),
            session: None,
        })
    }

    /// Canonical digest.
    ///
    /// # Errors
    /// When a column has no canonical form.
    pub fn digest(&self, suite: Suite) -> Result<Hash, ArtefactError> {
        artefact::digest(&self.parts.schema, &self.parts.batches, suite)
    }

    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.parts.batches.iter().map(|b| b.num_rows() as u64).sum()
    }

    /// Names of the columns.
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.parts.schema.fields().iter().map(|f| f.name().clone()).collect()
    }

    /// Lineage for people.
    #[must_use]
    pub fn lineage(&self) -> &Value {
        &self.parts.lineage
    }

    /// Everything inside, for the gate and for writing the sealed file.
    pub(crate) fn parts(&self) -> &SealedParts {
        &self.parts
    }

    /// Gives up the seal. Only [`super::release`] calls it.
    pub(super) fn open(self) -> SealedParts {
        self.parts
    }
}

/// An artefact that may leave the zone. Made only by [`super::release`].
#[derive(Debug)]
pub struct Released {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
    digest: Hash,
}

impl Released {
    /// For the gate alone.
    pub(super) fn new(schema: SchemaRef, batches: Vec<RecordBatch>, digest: Hash) -> Self {
        Self { schema, batches, digest }
    }

    /// Schema.
    #[must_use]
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    /// Rows.
    #[must_use]
    pub fn batches(&self) -> &[RecordBatch] {
        &self.batches
    }

    /// Canonical digest, as approved.
    #[must_use]
    pub fn digest(&self) -> Hash {
        self.digest
    }
}
