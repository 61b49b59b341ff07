//! Checks 8 and 10: microdata. The smallest class over the quasi-identifiers, and what a class tells about a sensitive attribute.

use super::measures::{self, Diversity, Grouped};
use super::params::GateParams;
use super::report::{CheckReport, Verdict, decimal, permille};
use super::view::{Column, View};
use serde_json::json;

/// The measures of microdata.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// Smallest class: distinct subjects where a subject column is named, rows otherwise.
    pub k: u64,
    /// Number of classes.
    pub classes: u64,
    /// Classes of one.
    pub unique: u64,
    /// Rows in classes below the threshold.
    pub rows_at_risk: u64,
    /// Number of classes by size: 1, 2, 3–4, 5–9, 10–19, 20 and more.
    pub histogram: [u64; 6],
    /// What the worst class tells of the sensitive columns.
    pub diversity: Option<Diversity>,
    /// Fewest distinct values that one of the sensitive columns has at all.
    pub domain: u64,
}

/// Which columns play which part.
#[derive(Clone, Debug, Default)]
pub struct Roles<'a> {
    /// Quasi-identifiers.
    pub quasi: Vec<&'a Column>,
    /// Sensitive attributes, each with whether its values are ordered.
    pub sensitive: Vec<(&'a Column, bool)>,
    /// Subject column.
    pub subject: Option<&'a Column>,
}

/// Measures a table; `None` when it has no row.
#[must_use]
pub fn measure(view: &View, roles: &Roles<'_>, k: u64) -> Option<Measured> {
    let coded: Vec<_> = roles.quasi.iter().map(|c| c.coded()).collect();
    let grouped = Grouped::new(&measures::classes(view.rows, &coded));
    let sizes = roles.subject.map_or_else(|| grouped.sizes(), |s| grouped.subjects(s.coded()));
    let rows = grouped.sizes();
    let mut histogram = [0_u64; 6];
    for size in &sizes {
        histogram[[2, 3, 5, 10, 20].iter().take_while(|edge| size >= *edge).count()] += 1;
    }
    let mut diversity: Option<Diversity> = None;
    for (column, ordered) in &roles.sensitive {
        let ranked = column.ranked();
        let coded = measures::Coded { codes: &ranked, cardinality: column.values.len() as u32 };
        let one = measures::diversity(&grouped, coded, *ordered)?;
        diversity = Some(diversity.map_or(one, |d| d.worst(one)));
    }
    Some(Measured {
        k: sizes.iter().copied().min()?,
        classes: sizes.len() as u64,
        unique: sizes.iter().filter(|s| **s == 1).count() as u64,
        rows_at_risk: sizes.iter().zip(&rows).filter(|(s, _)| **s < k).map(|(_, r)| r).sum(),
        histogram,
        diversity,
        domain: roles.sensitive.iter().map(|(c, _)| c.values.iter().flatten().count() as u64).min().unwrap_or(0),
    })
}

/// Check 8.
#[must_use]
pub fn check_k(measured: &Measured, params: &GateParams) -> CheckReport {
    let k = params.k_microdata();
    let verdict = if measured.k >= k { Verdict::Pass } else { Verdict::Block };
    let risk = permille(1.0, measured.k as f64);
    let (zh, en) = match verdict {
        Verdict::Pass => (
            format!("最小等价类 {}，达到 {k}。", measured.k),
            format!("The smallest class has {}, at least {k}.", measured.k),
        ),
        _ => (
            format!("最小等价类 {}，低于 {k}；{} 行处于风险中。", measured.k, measured.rows_at_risk),
            format!("The smallest class has {}, below {k}; {} rows are at risk.", measured.k, measured.rows_at_risk),
        ),
    };
    CheckReport {
        id: "microdata".into(),
        check: 8,
        verdict,
        formula: "k = smallest class over the quasi-identifiers; 1/k ≤ θ".into(),
        formula_zh: "k = 准标识符各等价类中最小的一类；1/k ≤ θ".into(),
        parameter: json!({"k": k, "scope": params.scope}),
        worst: json!({
            "k": measured.k, "risk_permille": risk, "classes": measured.classes, "classes_of_one": measured.unique,
            "rows_at_risk": measured.rows_at_risk,
            "classes_by_size": {"1": measured.histogram[0], "2": measured.histogram[1], "3-4": measured.histogram[2],
                "5-9": measured.histogram[3], "10-19": measured.histogram[4], "20+": measured.histogram[5]},
        }),
        zh,
        en,
    }
}

/// Check 10, where there is a sensitive attribute.
#[must_use]
pub fn check_diversity(measured: &Measured, params: &GateParams) -> Option<CheckReport> {
    let d = measured.diversity?;
    // Two values cannot make three; entropy 2 would then ask for an even split in every class.
    let binary = measured.domain <= 2;
    let need = if binary { measured.domain.clamp(1, 2) } else { params.l_distinct };
    let entropy_ok = binary || d.l_entropy * 1000.0 + 1e-6 >= params.l_entropy_permille as f64;
    let t_ok = d.t * 1000.0 <= params.t_permille as f64 + 1e-6;
    let verdict = if d.l_distinct >= need && entropy_ok && t_ok { Verdict::Pass } else { Verdict::Block };
    let (zh, en) = match verdict {
        Verdict::Pass => (
            "每个等价类中的敏感属性足够多样。".to_owned(),
            "The sensitive attribute is diverse enough in every class.".to_owned(),
        ),
        _ => (
            "有等价类几乎泄露了其成员的敏感属性。".to_owned(),
            "Some class all but tells its members' sensitive attribute.".to_owned(),
        ),
    };
    Some(CheckReport {
        id: "diversity".into(),
        check: 10,
        verdict,
        formula: "distinct l ≥ l; min exp(H) ≥ entropy l; max distance t ≤ t".into(),
        formula_zh: "不同取值数 ≥ l；最小 exp(H) ≥ 熵 l；最大距离 ≤ t".into(),
        parameter: json!({"l_distinct": need, "l_entropy_permille": if binary { 0 } else { params.l_entropy_permille }, "t_permille": params.t_permille}),
        worst: json!({
            "l_distinct": d.l_distinct, "l_entropy": decimal(d.l_entropy), "alpha": decimal(d.alpha),
            "beta": decimal(d.beta), "delta": decimal(d.delta), "t": decimal(d.t),
        }),
        zh,
        en,
    })
}
