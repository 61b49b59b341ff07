//! Complementary suppression (G3): where a total may be known, what is suppressed must not follow from what is shown.
//!
//! A family is a set of groups whose populations add up to a total: the groups of one level, where another release of the query
//! may show the total, or the groups under one subtotal. In each family the suppressed groups together must hide enough subjects
//! for every count of the release, and be more than one. Where they do not, the smallest shown group goes too, until all families
//! hold. A total of one single part is that part: both are shown or neither. Pairs of levels are looked at, not every combination
//! of cells.

use std::collections::{BTreeMap, HashMap, HashSet};

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, UInt64Type};
use datafusion::common::{DataFusionError, Result};

use super::suppress::{encode, sets, tokens};
use super::{Count, Demands};
use arrow::array::AsArray;

/// Groups that add up to a total: the rows, and the row that shows the total where it is one of the same release.
struct Family {
    rows: Vec<usize>,
    total: Option<usize>,
}

/// Suppresses more groups until every family holds.
pub(super) fn complement(groups: &RecordBatch, demands: &Demands, kept: &mut [bool]) -> Result<()> {
    let columns = demands
        .counts
        .iter()
        .map(|count| Ok((count, sets(groups, count.column)?)))
        .collect::<Result<Vec<(&Count, ArrayRef)>>>()?;
    let names = encode(groups, &(0..demands.keys).collect::<Vec<usize>>())?;
    let families = families(groups, demands)?;
    loop {
        let dropped = families.iter().find_map(|family| another(family, &columns, &names, kept));
        match dropped {
            Some(row) => kept[row] = false,
            None => return Ok(()),
        }
    }
}

/// The group that must go too, if the family does not hold.
fn another(family: &Family, columns: &[(&Count, ArrayRef)], names: &[Vec<u8>], kept: &[bool]) -> Option<usize> {
    let shown = || family.rows.iter().copied().filter(|row| kept[*row]);
    let hidden: Vec<usize> = family.rows.iter().copied().filter(|row| !kept[*row]).collect();
    // Sets saturate; among large groups the name decides, so that the same data give the same answer.
    let smallest =
        || shown().min_by_key(|row| (columns.first().map_or(0, |(_, sets)| tokens(sets, *row).count()), &names[*row]));
    // A total of one part is that part.
    if let (Some(total), [part]) = (family.total, family.rows.as_slice())
        && !kept[*part]
    {
        return kept[total].then_some(total);
    }
    match family.total {
        // A suppressed subtotal follows from its parts if all of them are shown.
        Some(total) if !kept[total] => smallest().filter(|_| hidden.is_empty()),
        _ if hidden.is_empty() || hidden.len() == family.rows.len() => None,
        _ => smallest()
            .filter(|_| hidden.len() < 2 || columns.iter().any(|(count, sets)| !hides_enough(count, sets, &hidden))),
    }
}

/// Do the rows together hide enough subjects?
fn hides_enough(count: &Count, sets: &ArrayRef, rows: &[usize]) -> bool {
    let union: HashSet<&[u8]> = rows.iter().flat_map(|row| tokens(sets, *row)).collect();
    union.len() >= count.k as usize || (union.is_empty() && (count.or_none || count.cells.is_some()))
}

fn families(groups: &RecordBatch, demands: &Demands) -> Result<Vec<Family>> {
    let levels = levels(groups, demands)?;
    let mut by_level: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
    for (row, level) in levels.iter().enumerate() {
        by_level.entry(*level).or_default().push(row);
    }
    let mut families = Vec::new();
    for keys in &demands.totals {
        let names = encode(groups, keys)?;
        let mut by_total: BTreeMap<(u64, &[u8]), Vec<usize>> = BTreeMap::new();
        for (row, level) in levels.iter().enumerate() {
            by_total.entry((*level, &names[row])).or_default().push(row);
        }
        families.extend(by_total.into_values().map(|rows| Family { rows, total: None }));
    }
    for (coarse, totals) in &by_level {
        for (fine, parts) in &by_level {
            // A set bit is a key that is rolled up.
            if coarse != fine && coarse & fine == *fine {
                families.extend(under(groups, demands, (*coarse, totals), parts)?);
            }
        }
    }
    Ok(families)
}

/// The parts of each total: those that agree in the keys that the total still has.
fn under(
    groups: &RecordBatch,
    demands: &Demands,
    (level, totals): (u64, &[usize]),
    parts: &[usize],
) -> Result<Vec<Family>> {
    let width = demands.levels.unwrap_or_default();
    let keys: Vec<usize> = (0..width).filter(|key| level >> (width - 1 - key) & 1 == 0).collect();
    let names = encode(groups, &keys)?;
    let mut by_name: HashMap<&[u8], Vec<usize>> = HashMap::new();
    for part in parts {
        by_name.entry(&names[*part]).or_default().push(*part);
    }
    let family = |total: &usize| Family {
        rows: by_name.get(names[*total].as_slice()).cloned().unwrap_or_default(),
        total: Some(*total),
    };
    Ok(totals.iter().map(family).collect())
}

/// The grouping number of each row: zero where the release has one level.
pub(super) fn levels(groups: &RecordBatch, demands: &Demands) -> Result<Vec<u64>> {
    let Some(width) = demands.levels else { return Ok(vec![0; groups.num_rows()]) };
    let missing = || DataFusionError::Internal("the grouping number is missing".into());
    let column = groups.columns().get(width).ok_or_else(missing)?;
    let column = arrow::compute::cast(column, &DataType::UInt64)?;
    // Bits above the keys tell repeated grouping sets apart; they are levels of their own and add nothing.
    Ok((0..column.len()).map(|row| column.as_primitive::<UInt64Type>().value(row)).collect())
}
