//! Tables: labels by contract, clamped measures, and the hidden subject columns.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::{Expr, ExprSchemable, LogicalPlan, Projection, TableScan, TableScanBuilder, lit, when};

use super::blame::internal;
use super::relation::{Hidden, Straddled};
use super::{Pass, Relation, State};
use crate::contract::{Class, Contract};
use crate::engine::label::{Label, SubjectKey};
use crate::engine::verdict::{Checked, Reason, deny};

impl Pass<'_> {
    pub(super) fn scan(&mut self, scan: &TableScan) -> Checked<Relation> {
        let table = scan.table_name.table().to_owned();
        let Some(contract) = self.policy.contract(&table) else {
            return deny(Reason::new("N1", "没有这张表", "there is no such table").place(self.text.find(&table)));
        };
        let contract = contract.clone();
        if !scan.filters.is_empty() || scan.fetch.is_some() || scan.projection.is_some() {
            return deny(Reason::new("N1", "不接受的查询形式", "this form of query is not accepted"));
        }
        let public = contract.table.is_public();
        if !public && !self.policy.purpose.tables.contains(&table) {
            let (zh, en) = (format!("用途不包含表 {table}"), format!("the purpose does not include the table {table}"));
            return deny(
                Reason::new("N5", zh, en)
                    .help(format!("申请包含 {table} 的用途"), format!("ask for a purpose with {table}"))
                    .place(self.text.find(&table)),
            );
        }
        if !public && contract.table.subjects.is_empty() {
            let (zh, en) = (
                format!("表 {table} 的契约未写主体"),
                format!("the contract of {table} does not say whose records it holds"),
            );
            return deny(
                Reason::new("G1", zh, en)
                    .help("在契约中写明 yunyuSubjects", "state yunyuSubjects in the contract")
                    .place(self.text.find(&table)),
            );
        }
        self.scans += 1;
        let number = self.scans;
        let (plan, hidden) = self.read(scan, &contract, number, public)?;
        let labels = contract.table.fields.iter().map(|field| {
            let key = contract.table.subjects.iter().find(|subject| subject.key.as_deref() == Some(&field.name));
            let subject = key.map(|subject| SubjectKey { kind: subject.kind.clone(), scan: number });
            Label { subject, ..Label::of_field(&table, field) }
        });
        let always = contract.table.subjects.iter().any(|subject| !subject.when_measure);
        Ok(Relation {
            plan,
            schema: Arc::clone(&scan.projected_schema),
            labels: labels.collect(),
            state: if public || !always { State::Public } else { State::Raw },
            implicit: BTreeSet::new(),
            hidden,
            tables: if public { BTreeSet::new() } else { BTreeSet::from([table]) },
            fixed: BTreeSet::new(),
            synthetic: false,
            fans: Vec::new(),
            fan_tables: BTreeSet::new(),
            straddled: Straddled::No,
            loose: None,
        })
    }

    /// The scan of the records themselves under a projection that clamps measures and names the subject columns.
    fn read(
        &self,
        scan: &TableScan,
        contract: &Contract,
        number: usize,
        public: bool,
    ) -> Checked<(LogicalPlan, Vec<Hidden>)> {
        let table = &contract.table.name;
        let Some(source) = (self.sources)(table) else {
            return deny(Reason::new(
                "N1",
                format!("没有表 {table} 的记录"),
                format!("there are no records of {table}"),
            ));
        };
        let raw = TableScanBuilder::new(scan.table_name.clone(), source).build().map_err(internal)?;
        let raw = LogicalPlan::TableScan(raw);
        let mut exprs = Vec::new();
        for field in &contract.table.fields {
            let column = Expr::Column(Column::new(Some(scan.table_name.clone()), &field.name));
            exprs.push(match (field.clamp, field.class) {
                (Some(bounds), Some(Class::Mea)) => {
                    clamp(column, bounds, &raw)?.alias_qualified(Some(scan.table_name.clone()), &field.name)
                }
                _ => column,
            });
        }
        let mut hidden = Vec::new();
        for subject in contract.table.subjects.iter().filter(|_| !public) {
            let name = format!("{}_{number}", subject.column());
            exprs.push(Expr::Column(Column::new(Some(scan.table_name.clone()), subject.column())).alias(&name));
            hidden.push(Hidden {
                kind: subject.kind.clone(),
                column: Column::from_name(name),
                scan: number,
                table: table.clone(),
                when_measure: subject.when_measure,
            });
        }
        let plan = Projection::try_new(exprs, Arc::new(raw)).map_err(internal)?;
        Ok((LogicalPlan::Projection(plan), hidden))
    }
}

/// A measure kept within its declared bounds.
fn clamp(column: Expr, (low, high): (f64, f64), plan: &LogicalPlan) -> Checked<Expr> {
    let kind = column.get_type(plan.schema()).map_err(internal)?;
    let bound = |value: f64| ScalarValue::Float64(Some(value)).cast_to(&kind).map(lit).map_err(internal);
    let (low, high) = (bound(low)?, bound(high)?);
    when(column.clone().lt(low.clone()), low)
        .when(column.clone().gt(high.clone()), high)
        .otherwise(column)
        .map_err(internal)
}
