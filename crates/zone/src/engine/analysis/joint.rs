//! Several release points in one query (G6): what one of them shows must not be subtracted from what another shows.
//!
//! Two points over the same subjects may stand together only if it can be proved from the plan that their difference is harmless:
//! they are the same grouping; or they group the same rows, one by all keys of the other, so that complementary suppression
//! protects the parts of each total; or no row can be in both. Everything else is refused with the way to write it in one
//! grouping. Points that only bound a measure below a release show nothing themselves and are compared with each other alone.

use std::cmp::Ordering;

use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator};

use super::Release;
use super::compare::constant;
use crate::engine::parse::Text;
use crate::engine::verdict::{Checked, Reason, deny};

/// For each release point the sets of its keys (by index) whose groups another point shows as totals.
pub(crate) type Totals = Vec<Vec<Vec<usize>>>;

/// Checks every pair of points.
///
/// # Errors
/// G6 where two points could be subtracted from each other.
pub(crate) fn check(releases: &[Release], text: &Text) -> Checked<Totals> {
    let rows: Vec<Rows> = releases.iter().map(|release| Rows::of(&release.population)).collect();
    let mut totals: Totals = vec![Vec::new(); releases.len()];
    for (a, one) in releases.iter().enumerate() {
        for (b, other) in releases.iter().enumerate().skip(a + 1) {
            let apart = one.kinds.is_disjoint(&other.kinds) && one.tables.is_disjoint(&other.tables);
            if apart || one.bound != other.bound || one.original == other.original || rows[a].excludes(&rows[b]) {
                continue;
            }
            let Some((of_one, of_other)) = rows[a].equals(&rows[b]).then(|| nested(one, other)).flatten() else {
                return deny(refusal(text));
            };
            totals[a].extend(of_one);
            totals[b].extend(of_other);
        }
    }
    if totals.iter().enumerate().all(|(at, own)| own.is_empty() || protectable(at, own, releases)) {
        Ok(totals)
    } else {
        deny(refusal(text))
    }
}

fn refusal(text: &Text) -> Reason {
    Reason::new(
        "G6",
        "一条查询中的多个释放结果可能相减而还原少数主体",
        "several released results of one query could be subtracted from each other to show a few subjects",
    )
    .help(
        "写进同一个分组：条件用 FILTER (WHERE …)，合计用 ROLLUP 或 GROUPING SETS，不同的表用 LEFT JOIN；或分成几条查询；或使区分它们的条件为同一列取不同字面值的等值",
        "put them in one grouping, with FILTER (WHERE …) for conditions, ROLLUP or GROUPING SETS for totals and LEFT JOIN for \
         several tables, or ask in several queries, or make the condition that tells them apart an equality on the same column \
         with different literals",
    )
    .place(text.start())
}

/// Complementary suppression chooses for one point at a time and between two levels: the parts of a total must be no total
/// themselves, and stand in no other point of the same rows that might choose otherwise.
fn protectable(at: usize, totals: &[Vec<usize>], releases: &[Release]) -> bool {
    let (part, rows) = (&releases[at], Rows::of(&releases[at].population));
    let rival = |(b, other): (usize, &Release)| {
        b != at
            && part.bound == other.bound
            && part.original != other.original
            && other.keys.len() >= part.keys.len()
            && rows.equals(&Rows::of(&other.population))
    };
    totals.iter().all(|keys| keys == &totals[0]) && !releases.iter().enumerate().any(rival)
}

/// Key sets to protect in either point, if the keys of one are among the other's; `None`: the groups cut across each other.
fn nested(one: &Release, other: &Release) -> Option<(Option<Vec<usize>>, Option<Vec<usize>>)> {
    // In one grouping the aggregates' conditions are told apart atom by atom, and rows taken several times stand alone. In two
    // nothing of this is seen.
    if one.conditional || other.conditional || one.multiplied || other.multiplied {
        return None;
    }
    let (rows, of_other) = (left_out(one), left_out(other));
    let among = |a: &[(Expr, bool)], b: &[(Expr, bool)]| a.iter().all(|arg| b.contains(arg));
    if !one.bound && !among(&rows, &of_other) && !among(&of_other, &rows) {
        return None;
    }
    let (keys, others) = (names(one), names(other));
    let within = |few: &[Expr], many: &[Expr]| {
        few.iter().map(|key| many.iter().position(|known| known == key)).collect::<Option<Vec<usize>>>()
    };
    // Levels of grouping sets protect each other; beside them only the grand total can be kept apart.
    if (one.levels || other.levels) && !keys.is_empty() && !others.is_empty() {
        return None;
    }
    match (within(&keys, &others), within(&others, &keys)) {
        (Some(_), Some(_)) => Some((None, None)),
        (Some(of_other), None) => Some((None, Some(of_other))),
        (None, Some(of_one)) => Some((Some(of_one), None)),
        (None, None) => None,
    }
}

/// Keys without their aliases, and of one table without its names, of which there may be several.
fn names(release: &Release) -> Vec<Expr> {
    release.keys.iter().map(unnamed(release)).collect()
}

/// The arguments that may be null, so named.
fn left_out(release: &Release) -> Vec<(Expr, bool)> {
    let unnamed = unnamed(release);
    release.nullable.iter().map(|(arg, sums)| (unnamed(arg), *sums)).collect()
}

fn unnamed(release: &Release) -> impl Fn(&Expr) -> Expr + use<> {
    let single = matches!(Rows::of(&release.population).core, LogicalPlan::TableScan(_));
    move |expr| if single { unqualified(bare_alias(expr)) } else { bare_alias(expr).clone() }
}

fn bare_alias(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare_alias(&alias.expr),
        _ => expr,
    }
}

/// The rows of a point's input: a relation, and the conditions on it.
pub(super) struct Rows {
    core: LogicalPlan,
    conditions: Vec<Expr>,
}

impl Rows {
    /// Takes conditions, table names and columns carried under their own names off the top. Above anything but one table the
    /// names stay, since two tables may have columns of one name.
    pub(super) fn of(population: &LogicalPlan) -> Self {
        let (mut conditions, mut plan) = (Vec::new(), population);
        loop {
            plan = match plan {
                LogicalPlan::Filter(filter) => {
                    conditions.extend(split_conjunction(&filter.predicate).into_iter().cloned());
                    &filter.input
                }
                LogicalPlan::SubqueryAlias(alias) if is_table(plan) => &alias.input,
                LogicalPlan::Projection(node)
                    if is_table(plan) && node.expr.iter().all(|expr| matches!(expr, Expr::Column(_))) =>
                {
                    &node.input
                }
                _ => break,
            }
        }
        if matches!(plan, LogicalPlan::TableScan(_)) {
            conditions = conditions.iter().map(unqualified).collect();
        }
        Self { core: plan.clone(), conditions }
    }

    fn equals(&self, other: &Self) -> bool {
        let all_in = |a: &[Expr], b: &[Expr]| a.iter().all(|condition| b.contains(condition));
        self.same_core(other)
            && all_in(&self.conditions, &other.conditions)
            && all_in(&other.conditions, &self.conditions)
    }

    /// Can no row be in both?
    pub(super) fn excludes(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.domains(), other.domains());
        self.same_core(other)
            && ours
                .iter()
                .any(|(expr, domain)| theirs.iter().any(|(known, of_other)| known == expr && domain.excludes(of_other)))
    }

    fn same_core(&self, other: &Self) -> bool {
        match (&self.core, &other.core) {
            // Which columns a scan reads is no matter; it carries no conditions before the plan is optimised.
            (LogicalPlan::TableScan(a), LogicalPlan::TableScan(b)) => {
                a.table_name == b.table_name && a.filters.is_empty() && b.filters.is_empty() && a.fetch == b.fetch
            }
            (a, b) => a == b,
        }
    }

    fn domains(&self) -> Vec<(Expr, Domain)> {
        self.conditions.iter().filter_map(domain).collect()
    }
}

/// One table under any names, with conditions?
pub(super) fn is_table(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::TableScan(_) => true,
        LogicalPlan::SubqueryAlias(node) => is_table(&node.input),
        LogicalPlan::Filter(node) => is_table(&node.input),
        LogicalPlan::Projection(node) => {
            node.expr.iter().all(|expr| matches!(expr, Expr::Column(_))) && is_table(&node.input)
        }
        _ => false,
    }
}

fn unqualified(expr: &Expr) -> Expr {
    let strip = |expr: Expr| match expr {
        Expr::Column(mut column) => {
            column.relation = None;
            Ok(Transformed::yes(Expr::Column(column)))
        }
        other => Ok(Transformed::no(other)),
    };
    expr.clone().transform_up(strip).map_or_else(|_| expr.clone(), |stripped| stripped.data)
}

/// Do two conditions hold one expression to values that have none in common?
pub(super) fn excludes(a: &Expr, b: &Expr) -> bool {
    match (domain(a), domain(b)) {
        (Some((of, one)), Some((known, other))) => of == known && one.excludes(&other),
        _ => false,
    }
}

/// Values that an expression is held to.
enum Domain {
    /// One of these.
    Among(Vec<ScalarValue>),
    /// Between these, each with whether it belongs to it; `None`: open.
    Range(Option<(ScalarValue, bool)>, Option<(ScalarValue, bool)>),
}

impl Domain {
    fn excludes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Among(a), Self::Among(b)) => a.iter().all(|x| b.iter().all(|y| differs(x, y))),
            (Self::Among(values), Self::Range(low, high)) | (Self::Range(low, high), Self::Among(values)) => {
                values.iter().all(|value| {
                    let point = Some((value.clone(), true));
                    below(&point, low) || below(high, &point)
                })
            }
            (Self::Range(low, high), Self::Range(from, to)) => below(high, from) || below(to, low),
        }
    }
}

fn differs(a: &ScalarValue, b: &ScalarValue) -> bool {
    matches!(a.partial_cmp(b), Some(Ordering::Less | Ordering::Greater))
}

/// Does all up to `high` lie below all from `low`?
fn below(high: &Option<(ScalarValue, bool)>, low: &Option<(ScalarValue, bool)>) -> bool {
    let (Some((high, with_high)), Some((low, with_low))) = (high, low) else { return false };
    match high.partial_cmp(low) {
        Some(Ordering::Less) => true,
        Some(Ordering::Equal) => !(*with_high && *with_low),
        _ => false,
    }
}

/// What a condition holds an expression to.
fn domain(condition: &Expr) -> Option<(Expr, Domain)> {
    let literal = |expr: &Expr| constant(expr).filter(|value| !value.is_null()).cloned();
    match condition {
        Expr::BinaryExpr(comparison) => {
            let (expr, op, value) = match (literal(&comparison.left), literal(&comparison.right)) {
                (None, Some(value)) => (comparison.left.as_ref(), comparison.op, value),
                (Some(value), None) => (comparison.right.as_ref(), comparison.op.swap()?, value),
                _ => return None,
            };
            let domain = match op {
                Operator::Eq => Domain::Among(vec![value]),
                Operator::Lt => Domain::Range(None, Some((value, false))),
                Operator::LtEq => Domain::Range(None, Some((value, true))),
                Operator::Gt => Domain::Range(Some((value, false)), None),
                Operator::GtEq => Domain::Range(Some((value, true)), None),
                _ => return None,
            };
            Some((expr.clone(), domain))
        }
        Expr::Between(between) if !between.negated => {
            let (low, high) = (literal(&between.low)?, literal(&between.high)?);
            Some((between.expr.as_ref().clone(), Domain::Range(Some((low, true)), Some((high, true)))))
        }
        Expr::InList(list) if !list.negated => {
            let values = list.list.iter().map(literal).collect::<Option<Vec<ScalarValue>>>()?;
            Some((list.expr.as_ref().clone(), Domain::Among(values)))
        }
        Expr::Not(inner) if is_column(inner) => {
            Some((inner.as_ref().clone(), Domain::Among(vec![ScalarValue::from(false)])))
        }
        Expr::IsTrue(inner) => Some((inner.as_ref().clone(), Domain::Among(vec![ScalarValue::from(true)]))),
        Expr::IsFalse(inner) => Some((inner.as_ref().clone(), Domain::Among(vec![ScalarValue::from(false)]))),
        column if is_column(column) => Some((column.clone(), Domain::Among(vec![ScalarValue::from(true)]))),
        _ => None,
    }
}

fn is_column(expr: &Expr) -> bool {
    matches!(expr, Expr::Column(_))
}

#[cfg(test)]
mod tests {
    use crate::contract::Contract;
    use crate::engine::{Decision, check};
    use crate::purpose::Purpose;

    fn table(name: &str) -> Contract {
        let yaml = format!(
            "apiVersion: v3.1.0\nkind: DataContract\nid: {name}\nversion: 1.0.0\nstatus: active\nschema:\n  - name: {name}\n    \
             customProperties: [{{property: yunyuSubjects, value: [{{kind: row}}]}}]\n    properties:\n      - {{name: a, \
             logicalType: string, customProperties: [{{property: yunyuClass, value: DIM}}]}}\n"
        );
        Contract::parse(&yaml).unwrap()
    }

    /// Rows of two tables without keys are never the same subject; rows of one table are.
    #[test]
    fn keyless_tables_are_apart() {
        let contracts = [table("flights"), table("planes")];
        let purpose = Purpose::parse("name: p\nanswer: aggregate\ntables: [flights, planes]\n").unwrap();
        let verdict = |sql: &str| check(sql, &contracts, &purpose).verdict;
        assert_eq!(
            verdict("SELECT (SELECT COUNT(*) FROM flights) AS f, (SELECT COUNT(*) FROM planes WHERE a = 'x') AS p"),
            Decision::Aggregate
        );
        let same = "SELECT (SELECT COUNT(*) FROM flights) AS f, (SELECT COUNT(*) FROM flights WHERE a = 'x') AS p";
        assert_eq!(verdict(same), Decision::Refuse);
    }
}
