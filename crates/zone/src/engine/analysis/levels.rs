//! Grouping sets: the levels of a release, and those that must be looked at beside them.
//!
//! Two levels that cut across each other (districts, and streets) may still add up to each other in the data: streets make a
//! district. The level of both keys shows which parts they share; it is computed with the others, takes part in suppression, and
//! is dropped.

use std::collections::BTreeSet;

use datafusion::logical_expr::Expr;
use datafusion::logical_expr::expr::GroupingSet;
use datafusion::logical_expr::utils::grouping_set_to_exprlist;

use super::Pass;
use super::blame::internal;
use crate::engine::verdict::{Checked, Reason, deny};

/// Most levels of a release.
const MOST_LEVELS: usize = 64;

/// The grouping as it will run, and the numbers of the levels that are not shown.
pub(super) struct Levels {
    pub group: Vec<Expr>,
    pub hidden: Vec<u64>,
}

/// Completes a grouping's levels.
///
/// # Errors
/// Too many levels.
pub(super) fn complete(pass: &Pass, group: Vec<Expr>) -> Checked<Levels> {
    let [Expr::GroupingSet(set)] = group.as_slice() else { return Ok(Levels { group, hidden: Vec::new() }) };
    let keys: Vec<Expr> = grouping_set_to_exprlist(&group).map_err(internal)?.into_iter().cloned().collect();
    let too_many = || {
        let reason = Reason::new("N1", "小计的层次过多", "there are too many levels of subtotals");
        deny(reason.help("列出所需的 GROUPING SETS", "list the GROUPING SETS that are wanted").place(pass.text.start()))
    };
    let sets = match set {
        // Levels of these contain each other, or are all there.
        GroupingSet::Rollup(keys) if keys.len() < MOST_LEVELS => return Ok(Levels { group, hidden: Vec::new() }),
        GroupingSet::Cube(keys) if keys.len() <= 6 => return Ok(Levels { group, hidden: Vec::new() }),
        GroupingSet::Rollup(_) | GroupingSet::Cube(_) => return too_many(),
        GroupingSet::GroupingSets(sets) => sets.clone(),
    };
    let at = |key: &Expr| keys.iter().position(|known| known == key);
    let shown: Vec<BTreeSet<usize>> = sets.iter().map(|set| set.iter().filter_map(at).collect()).collect();
    let all = closed(&shown).filter(|all| all.len() <= MOST_LEVELS);
    let Some(all) = all else { return too_many() };
    let added: Vec<&BTreeSet<usize>> = all.iter().filter(|set| !shown.contains(set)).collect();
    let bit = |key: usize| 1_u64 << (keys.len() - 1 - key);
    let number = |set: &&BTreeSet<usize>| (0..keys.len()).filter(|key| !set.contains(key)).map(bit).sum();
    let hidden = added.iter().map(number).collect();
    let exprs = |set: &BTreeSet<usize>| set.iter().map(|key| keys[*key].clone()).collect::<Vec<Expr>>();
    let sets = sets.into_iter().chain(added.iter().map(|set| exprs(set))).collect();
    Ok(Levels { group: vec![Expr::GroupingSet(GroupingSet::GroupingSets(sets))], hidden })
}

/// The sets with the union of every two of them; `None` where there are too many.
fn closed(sets: &[BTreeSet<usize>]) -> Option<BTreeSet<BTreeSet<usize>>> {
    let mut all: BTreeSet<BTreeSet<usize>> = sets.iter().cloned().collect();
    loop {
        let unions: BTreeSet<BTreeSet<usize>> =
            all.iter().flat_map(|a| all.iter().map(|b| a.union(b).copied().collect())).collect();
        let before = all.len();
        all.extend(unions);
        match all.len() {
            after if after == before => return Some(all),
            after if after > MOST_LEVELS => return None,
            _ => {}
        }
    }
}
