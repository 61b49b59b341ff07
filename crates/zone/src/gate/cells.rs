//! Check 4: distinct protected subjects behind every released row, recounted on raw records; and check 5, dominance, over the same groups.
//!
//! An artefact row is matched to its group by the values of its key columns. A row whose group is below the threshold, that has
//! no group, or that cannot be matched with certainty blocks.

use super::dominance::{self, Dominance};
use super::params::GateParams;
use super::recount::{Group, Recount, RecountError, recount};
use super::report::{CheckReport, Verdict};
use super::sealed::{MeasureKind, Nature, ReleasePoint, SealedParts, SubjectCount};
use crate::artefact::Canonical;
use arrow::array::{Array, RecordBatch};
use serde_json::json;
use std::collections::{BTreeMap, HashMap};

const CELLS_FORMULA: (&str, &str) = (
    "每行、每个条件及其余部分所涉不同主体数 ≥ k",
    "distinct subjects behind each row, each condition and its remainder ≥ k",
);

/// What the row count found, over all release points.
#[derive(Default)]
struct Tally {
    rows: u64,
    below: u64,
    without_group: u64,
    conditions_below: u64,
    zero_or_all: u64,
    /// A sensitive field is shown.
    sensitive: bool,
    smallest: BTreeMap<String, u64>,
    needed: BTreeMap<String, u64>,
    dominance: Dominance,
}

/// Recounts an artefact and reports checks 4 and 5.
pub(crate) async fn check(parts: &SealedParts, params: &GateParams) -> Vec<CheckReport> {
    match parts.nature {
        Nature::Public if public_by_lineage(parts) => {
            vec![nothing_restricted("cells", 4, CELLS_FORMULA), nothing_restricted("dominance", 5, dominance::FORMULA)]
        }
        Nature::Rows => vec![],
        Nature::Aggregate if !parts.points.is_empty() => match tally(parts, params).await {
            Ok(tally) => vec![tally.cells(), tally.dominance.report(params)],
            Err(RecountError) => vec![cannot_recount()],
        },
        _ => vec![cannot_recount()],
    }
}

fn public_by_lineage(parts: &SealedParts) -> bool {
    parts.points.is_empty()
        && parts.origins.len() == parts.schema.fields().len()
        && parts.origins.iter().all(|o| o.public)
}

fn nothing_restricted(id: &str, check: u64, formula: (&str, &str)) -> CheckReport {
    CheckReport {
        id: id.into(),
        check,
        verdict: Verdict::Pass,
        formula: formula.1.into(),
        formula_zh: formula.0.into(),
        parameter: json!({}),
        worst: json!({}),
        zh: "结果只来自公开字段。".into(),
        en: "The artefact comes from public fields only.".into(),
    }
}

fn cannot_recount() -> CheckReport {
    CheckReport {
        id: "cells".into(),
        check: 4,
        verdict: Verdict::Block,
        formula: CELLS_FORMULA.1.into(),
        formula_zh: CELLS_FORMULA.0.into(),
        parameter: json!({}),
        worst: json!({"recounted": false}),
        zh: "无法在原始记录上重新计数，不得出域。".into(),
        en: "The artefact cannot be recounted on raw records; it may not leave.".into(),
    }
}

async fn tally(parts: &SealedParts, params: &GateParams) -> Result<Tally, RecountError> {
    let session = parts.session.as_ref().ok_or(RecountError)?;
    let mut tally = Tally { sensitive: parts.origins.iter().any(|o| o.sensitive), ..Tally::default() };
    let rows: usize = parts.batches.iter().map(RecordBatch::num_rows).sum();
    let mut matched = vec![false; rows];
    for point in &parts.points {
        for subject in &point.subjects {
            let k = tally.k(subject, params);
            let needed = tally.needed.entry(subject.kind.clone()).or_default();
            *needed = k.max(*needed);
        }
        if point.subjects.is_empty() {
            return Err(RecountError);
        }
        let counted = recount(point, session).await?;
        tally.point(point, &counted, &parts.batches, params, &mut matched)?;
    }
    tally.rows = rows as u64;
    tally.without_group = matched.iter().filter(|m| !**m).count() as u64;
    Ok(tally)
}

impl Tally {
    /// The threshold of a subject kind at a release point.
    fn k(&self, subject: &SubjectCount, params: &GateParams) -> u64 {
        let sensitive = self.sensitive && subject.kind == "person";
        let least = if sensitive { params.k_person_sensitive } else { 0 };
        params.k_of(&subject.kind, subject.k.max(least))
    }

    /// Matches every artefact row to the groups of one release point.
    fn point(
        &mut self,
        point: &ReleasePoint,
        counted: &Recount,
        batches: &[RecordBatch],
        params: &GateParams,
        matched: &mut [bool],
    ) -> Result<(), RecountError> {
        let known: Vec<(usize, usize)> =
            point.keys_in_output.iter().enumerate().filter_map(|(key, output)| output.map(|o| (key, o))).collect();
        let mut by_key: HashMap<Vec<u8>, Vec<&Group>> = HashMap::new();
        for group in &counted.groups {
            let key = known.iter().flat_map(|(at, _)| group.key[*at].iter().copied()).collect();
            by_key.entry(key).or_default().push(group);
        }
        let mut row_number = 0;
        for batch in batches {
            let mut columns = Vec::new();
            for (_, output) in &known {
                let array = batch.columns().get(*output).ok_or(RecountError)?;
                columns.push(Canonical::new("", array).map_err(|_| RecountError)?);
            }
            for row in 0..batch.num_rows() {
                let mut key = Vec::new();
                columns.iter().for_each(|c| c.encode(row, &mut key));
                if let Some(groups) = by_key.get(&key) {
                    matched[row_number] = true;
                    self.row((point, counted), groups, (batch, row), params);
                }
                row_number += 1;
            }
        }
        Ok(())
    }

    /// One artefact row: every group that it may be must be large enough.
    fn row(
        &mut self,
        (point, counted): (&ReleasePoint, &Recount),
        groups: &[&Group],
        cell: (&RecordBatch, usize),
        params: &GateParams,
    ) {
        let mut below = false;
        for group in groups {
            for (subject, seen) in point.subjects.iter().zip(&group.subjects) {
                let (n, k) = (seen.len() as u64, self.k(subject, params));
                let smallest = self.smallest.entry(subject.kind.clone()).or_insert(n);
                *smallest = n.min(*smallest);
                below |= n < k;
            }
            self.measures((point, counted), group, cell, params);
        }
        self.below += u64::from(below);
    }

    fn measures(
        &mut self,
        (point, counted): (&ReleasePoint, &Recount),
        group: &Group,
        (batch, row): (&RecordBatch, usize),
        params: &GateParams,
    ) {
        for (at, measure) in point.measures.iter().enumerate() {
            let suppressed = measure.output.and_then(|at| batch.columns().get(at)).is_some_and(|a| a.is_null(row));
            if suppressed {
                continue;
            }
            for (kind, subject) in point.subjects.iter().enumerate() {
                let k = self.k(subject, params);
                let all = group.subjects[kind].len() as u64;
                let behind = counted.contributors(group, (at, measure.kind), kind);
                let n = behind.counted;
                let rest = all - n.min(all);
                let conditional = measure.filter.is_some();
                self.conditions_below += u64::from((n > 0 && n < k) || (conditional && rest > 0 && rest < k));
                self.zero_or_all += u64::from(n == 0 || (conditional && rest == 0));
                if let (MeasureKind::Sum | MeasureKind::Avg, Some(parts)) = (measure.kind, behind.parts) {
                    self.dominance.add(&subject.kind, parts.values(), params);
                }
            }
        }
    }

    fn cells(&self) -> CheckReport {
        let blocked = self.below + self.without_group + self.conditions_below;
        let verdict = match (blocked, self.zero_or_all) {
            (0, 0) => Verdict::Pass,
            (0, _) => Verdict::Review,
            _ => Verdict::Block,
        };
        let (zh, en) = match verdict {
            Verdict::Pass => {
                (format!("{} 行全部达到人数下限。", self.rows), format!("All {} rows reach the threshold.", self.rows))
            }
            Verdict::Review => (
                format!("{} 个单元格为零或为全部，请审核人判断。", self.zero_or_all),
                format!("{} cells are zero or everybody; reviewers must judge.", self.zero_or_all),
            ),
            Verdict::Block => (
                format!(
                    "{} 行人数不足，{} 行找不到对应分组，{} 个单元格人数不足。",
                    self.below, self.without_group, self.conditions_below
                ),
                format!(
                    "{} rows below the threshold, {} rows without a group, {} cells below the threshold.",
                    self.below, self.without_group, self.conditions_below
                ),
            ),
        };
        CheckReport {
            id: "cells".into(),
            check: 4,
            verdict,
            formula: CELLS_FORMULA.1.into(),
            formula_zh: CELLS_FORMULA.0.into(),
            parameter: json!({"k": self.needed}),
            worst: json!({
                "rows": self.rows, "rows_below": self.below, "rows_without_group": self.without_group,
                "cells_below": self.conditions_below, "cells_zero_or_all": self.zero_or_all, "smallest": self.smallest,
            }),
            zh,
            en,
        }
    }
}
