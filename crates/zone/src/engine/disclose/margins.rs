//! What totals along crossing levels tell together (G3).
//!
//! Each family says that its suppressed groups add up to what its total leaves over. Where levels cut across each other these
//! equations can be combined: the totals of the rows of a block less those of its columns are a sum of the few groups that the
//! block does not share. The equations are solved here; every sum that they give must hide enough subjects by itself, and where
//! one does not, another group of its families goes.

use std::collections::{BTreeMap, BTreeSet};

use super::complement::Table;
use super::pace::Pace;

/// Most steps of solving. Beyond them nothing is known, and the families concerned are suppressed as a whole.
const MOST_STEPS: u64 = 20_000_000;

/// The field that is computed in: no coefficient of so few equations of ones is a multiple of it by chance.
const PRIME: u64 = (1 << 61) - 1;

/// A sum of groups by place, each with its coefficient.
type Sum = BTreeMap<usize, u64>;

/// Groups that must go too, since the totals that are shown tell a sum of too few subjects.
pub(super) async fn told(table: &Table<'_>, kept: &[bool], pace: &mut Pace) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..kept.len()).filter(|row| !kept[*row] && !table.of_row[*row].is_empty()).collect();
    // Small groups last: sums of small ones alone are then left over by themselves.
    table.by_size(&mut rows);
    let places: BTreeMap<usize, usize> = rows.iter().enumerate().map(|(place, row)| (*row, place)).collect();
    let mut solved = Solved { sums: BTreeMap::new(), steps: 0 };
    for family in &table.families {
        let parts = family.rows.iter().filter_map(|row| places.get(row)).map(|place| (*place, 1));
        let total = family.total.filter(|_| !family.rows.is_empty()).and_then(|row| places.get(&row));
        let sum: Sum = parts.chain(total.map(|place| (*place, PRIME - 1))).collect();
        solved.add(sum, pace).await;
    }
    solved.reduce(pace).await;
    if solved.steps > MOST_STEPS {
        return everything(table, kept);
    }
    for sum in solved.sums.values() {
        let few: Vec<usize> = sum.keys().map(|place| rows[*place]).collect();
        if !table.hides_enough(&few)
            && let Some(row) = another(table, kept, &few)
        {
            return vec![row];
        }
        pace.step().await;
    }
    Vec::new()
}

/// The smallest shown part of a family that one of those groups is in, or else its total.
fn another(table: &Table<'_>, kept: &[bool], few: &[usize]) -> Option<usize> {
    let families: BTreeSet<usize> = few.iter().flat_map(|row| table.of_row[*row].iter().copied()).collect();
    let families = || families.iter().map(|number| &table.families[*number]);
    let parts = families().flat_map(|family| family.rows.iter().copied()).filter(|row| kept[*row]);
    table
        .smallest(parts)
        .or_else(|| table.smallest(families().filter_map(|family| family.total).filter(|row| kept[*row])))
}

/// All that is shown in a family with a suppressed group.
fn everything(table: &Table<'_>, kept: &[bool]) -> Vec<usize> {
    let mut rows = BTreeSet::new();
    for family in &table.families {
        let all = || family.rows.iter().chain(&family.total).copied();
        if all().any(|row| !kept[row]) {
            rows.extend(all().filter(|row| kept[*row]));
        }
    }
    rows.into_iter().collect()
}

/// Equations in echelon form: each under the place of its first group, which has the coefficient one.
struct Solved {
    sums: BTreeMap<usize, Sum>,
    steps: u64,
}

impl Solved {
    /// Adds an equation, unless it follows from the others.
    async fn add(&mut self, mut sum: Sum, pace: &mut Pace) {
        while let Some((place, factor)) = sum.first_key_value().map(|(place, factor)| (*place, *factor)) {
            if self.steps > MOST_STEPS {
                return;
            }
            pace.step().await;
            let Some(known) = self.sums.get(&place) else {
                let inverse = power(factor, PRIME - 2);
                sum.values_mut().for_each(|value| *value = times(*value, inverse));
                self.steps += sum.len() as u64;
                self.sums.insert(place, sum);
                return;
            };
            self.steps += known.len() as u64;
            subtract(&mut sum, known, factor);
        }
    }

    /// Takes every leading group out of the other equations.
    async fn reduce(&mut self, pace: &mut Pace) {
        let places: Vec<usize> = self.sums.keys().rev().copied().collect();
        for place in places {
            let Some(mut sum) = self.sums.remove(&place) else { continue };
            let leading: Vec<usize> = sum.keys().copied().filter(|other| self.sums.contains_key(other)).collect();
            for other in leading.into_iter().filter(|other| *other > place) {
                if self.steps > MOST_STEPS {
                    return;
                }
                pace.step().await;
                if let (Some(factor), Some(known)) = (sum.get(&other).copied(), self.sums.get(&other)) {
                    self.steps += known.len() as u64;
                    subtract(&mut sum, known, factor);
                }
            }
            self.sums.insert(place, sum);
        }
    }
}

fn subtract(sum: &mut Sum, known: &Sum, factor: u64) {
    for (place, value) in known {
        let entry = sum.entry(*place).or_default();
        *entry = (*entry + PRIME - times(*value, factor)) % PRIME;
        if *entry == 0 {
            sum.remove(place);
        }
    }
}

fn times(a: u64, b: u64) -> u64 {
    u64::try_from(u128::from(a) * u128::from(b) % u128::from(PRIME)).unwrap_or_default()
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = times(result, base);
        }
        base = times(base, base);
        exponent >>= 1;
    }
    result
}
