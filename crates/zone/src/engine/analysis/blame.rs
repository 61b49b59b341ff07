//! Refusals with their columns and their place in the text.

use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::logical_expr::Expr;
use model::refusal::Position;

use super::Pass;
use crate::engine::label::Label;
use crate::engine::verdict::{Checked, Reason, deny};

impl Pass<'_> {
    /// Refuses the use of an expression.
    pub(super) fn refuse<T>(
        &self,
        expr: &Expr,
        label: &Label,
        rule: &str,
        zh: &str,
        en: &str,
        help: (&str, &str),
    ) -> Checked<T> {
        let names: Vec<String> = label.names();
        let list = names.join(", ");
        let (zh, en) = match names.is_empty() {
            true => (zh.to_owned(), en.to_owned()),
            false => (format!("{zh}（{list}）"), format!("{en} ({list})")),
        };
        let place = self
            .place(expr)
            .or_else(|| names.iter().find_map(|name| self.text.find(name.rsplit('.').next().unwrap_or(name))));
        deny(Reason::new(rule, zh, en).columns(names).help(help.0, help.1).place(place).place(self.text.start()))
    }

    /// Place of an expression: that of its first column that still knows it.
    pub(super) fn place(&self, expr: &Expr) -> Option<Position> {
        let (mut found, mut named) = (None, None);
        // Walking an expression with this closure cannot fail.
        let _ = expr.apply(|part| {
            if let Expr::Column(column) = part {
                found = column.spans.first().map(|span| Position { line: span.start.line, column: span.start.column });
                named = named.or_else(|| self.text.find(&column.name));
            }
            Ok(if found.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
        });
        found.filter(|place| place.line > 0).or(named)
    }
}

/// A plan could not be built: refused without the planner's words, which nobody has reviewed for values.
pub(super) fn internal<E>(_: E) -> Box<Reason> {
    Box::new(
        Reason::new("N1", "查询无法改写为受控形式", "the query cannot be rewritten into its governed form")
            .help("写得简单些", "write it more simply"),
    )
}
