//! Complementary suppression (G3): where a total may be known, what is suppressed must not follow from what is shown.
//!
//! A family is a set of groups whose populations add up to a total: the groups of one level, where another release of the query
//! may show the total, or the groups under one subtotal. In each family the suppressed groups together must hide enough subjects
//! for every count of the release, and be more than one. Where they do not, the smallest shown group goes too, until all families
//! hold. A total of one single part is that part: both are shown or neither. Where levels cut across each other, totals along
//! one of them and along the other are subtracted too: see `margins`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, UInt64Type};
use datafusion::common::{DataFusionError, Result};

use super::pace::Pace;
use super::suppress::{encode, is_none, sets, tokens};
use super::{Count, Demands, margins};
use arrow::array::AsArray;

/// Groups that add up to a total: the rows, and the row that shows the total where it is one of the same release.
pub(super) struct Family {
    pub rows: Vec<usize>,
    pub total: Option<usize>,
}

/// The groups with their families.
pub(super) struct Table<'a> {
    columns: Vec<(&'a Count, ArrayRef)>,
    names: Vec<Vec<u8>>,
    sizes: Vec<usize>,
    pub families: Vec<Family>,
    /// Families of each row.
    pub of_row: Vec<Vec<usize>>,
}

/// Suppresses more groups until every family holds.
pub(super) async fn complement(
    groups: &RecordBatch,
    demands: &Demands,
    kept: &mut [bool],
    pace: &mut Pace,
) -> Result<()> {
    let columns = demands
        .counts
        .iter()
        .map(|count| Ok((count, sets(groups, count.column)?)))
        .collect::<Result<Vec<(&Count, ArrayRef)>>>()?;
    let names = encode(groups, &(0..demands.keys).collect::<Vec<usize>>())?;
    let size = |row| columns.first().map_or(0, |(_, sets)| tokens(sets, row).count());
    let sizes = (0..groups.num_rows()).map(size).collect();
    let families = families(groups, demands, pace).await?;
    let mut of_row = vec![Vec::new(); groups.num_rows()];
    for (number, family) in families.iter().enumerate() {
        family.rows.iter().chain(&family.total).for_each(|row| of_row[*row].push(number));
        pace.step().await;
    }
    let table = Table { columns, names, sizes, families, of_row };
    let mut open: BTreeSet<usize> = (0..table.families.len()).collect();
    let crossing = crossing(&levels(groups, demands)?);
    loop {
        table.settle(kept, &mut open, pace).await;
        let told = if crossing { margins::told(&table, kept, pace).await } else { Vec::new() };
        if told.is_empty() {
            return Ok(());
        }
        for row in told {
            kept[row] = false;
            open.extend(&table.of_row[row]);
        }
    }
}

/// Do two levels cut across each other?
fn crossing(levels: &[u64]) -> bool {
    let levels: BTreeSet<u64> = levels.iter().copied().collect();
    levels.iter().any(|a| levels.iter().any(|b| a & b != *a && a & b != *b))
}

impl Table<'_> {
    /// Suppresses more groups until the open families hold, and those that share groups with them.
    async fn settle(&self, kept: &mut [bool], open: &mut BTreeSet<usize>, pace: &mut Pace) {
        // Suppressing more never breaks a family again that hides enough.
        let mut safe = vec![false; self.families.len()];
        while let Some(number) = open.pop_first() {
            let family = &self.families[number];
            match self.another(family, kept) {
                Some(row) => {
                    kept[row] = false;
                    open.extend(self.of_row[row].iter().filter(|family| !safe[**family]));
                }
                None => safe[number] = family.rows.iter().filter(|row| !kept[**row]).take(2).count() == 2,
            }
            pace.step().await;
        }
    }

    /// The group that must go too, if the family does not hold.
    fn another(&self, family: &Family, kept: &[bool]) -> Option<usize> {
        let hidden: Vec<usize> = family.rows.iter().copied().filter(|row| !kept[*row]).collect();
        let smallest = || self.smallest(family.rows.iter().copied().filter(|row| kept[*row]));
        // A total of one part is that part.
        if let (Some(total), [part]) = (family.total, family.rows.as_slice())
            && !kept[*part]
        {
            return kept[total].then_some(total);
        }
        match family.total {
            // A suppressed subtotal follows from its parts if all of them are shown.
            Some(total) if !kept[total] => {
                if hidden.is_empty() {
                    smallest()
                } else {
                    None
                }
            }
            _ if hidden.is_empty() || hidden.len() == family.rows.len() => None,
            _ if hidden.len() < 2 || !self.hides_enough(&hidden) => smallest(),
            _ => None,
        }
    }

    /// The row of the fewest subjects. Sets saturate; among large groups the name decides, so that the same data give the same
    /// answer.
    pub(super) fn smallest(&self, rows: impl Iterator<Item = usize>) -> Option<usize> {
        rows.min_by_key(|row| (self.sizes[*row], &self.names[*row]))
    }

    /// Rows by falling size.
    pub(super) fn by_size(&self, rows: &mut [usize]) {
        rows.sort_by(|a, b| (self.sizes[*b], &self.names[*b]).cmp(&(self.sizes[*a], &self.names[*a])));
    }

    /// Do the rows together hide enough subjects of every count?
    pub(super) fn hides_enough(&self, rows: &[usize]) -> bool {
        self.columns.iter().all(|(count, sets)| {
            let mut union: HashSet<&[u8]> = HashSet::new();
            for row in rows {
                union.extend(tokens(sets, *row));
                if union.len() >= count.k as usize {
                    return true;
                }
            }
            (count.or_none || count.cells.is_some()) && rows.iter().all(|row| is_none(sets, *row))
        })
    }
}

async fn families(groups: &RecordBatch, demands: &Demands, pace: &mut Pace) -> Result<Vec<Family>> {
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
                pace.turn().await;
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
