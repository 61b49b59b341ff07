//! Measures of microdata risk over equivalence classes: k, distinct l, entropy l, α, β, δ and t.
//! Pure arithmetic over coded columns; knows no files, no thresholds and no verdicts.
//!
//! Definitions are those of the usual literature: k (Sweeney), l (Machanavajjhala), (α,k) (Wong), basic β (Cao), δ-disclosure
//! (Brickell), t with equal distance for unordered and ordered distance for ordered attributes (Li). Several sensitive
//! attributes: the worst of them, over the classes of the quasi-identifiers alone.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A column as dense codes: `codes[row] < cardinality`. For an ordered column the code is the rank of the value.
#[derive(Clone, Copy, Debug)]
pub struct Coded<'a> {
    /// Code of each row.
    pub codes: &'a [u32],
    /// Number of codes.
    pub cardinality: u32,
}

/// The equivalence classes of some columns: a dense class number per row.
#[derive(Clone, Debug)]
pub struct Classes {
    /// Class of each row.
    pub of_row: Vec<u32>,
    /// Number of classes.
    pub count: u32,
}

/// What one sensitive column shows within the classes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Diversity {
    /// Fewest distinct values in a class.
    pub l_distinct: u64,
    /// Smallest exp(entropy), natural logarithm.
    pub l_entropy: f64,
    /// Largest share of one value in a class.
    pub alpha: f64,
    /// Largest (q − p) / p.
    pub beta: f64,
    /// Largest |ln(q / p)| over values present in a class.
    pub delta: f64,
    /// Largest distance between a class and the table.
    pub t: f64,
}

impl Diversity {
    /// The worse of two, measure by measure.
    #[must_use]
    pub fn worst(self, other: Self) -> Self {
        Self {
            l_distinct: self.l_distinct.min(other.l_distinct),
            l_entropy: self.l_entropy.min(other.l_entropy),
            alpha: self.alpha.max(other.alpha),
            beta: self.beta.max(other.beta),
            delta: self.delta.max(other.delta),
            t: self.t.max(other.t),
        }
    }
}

/// A hasher for keys that are small dense numbers: one multiplication, so that a pass over millions of rows stays cheap.
#[derive(Default)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }
    fn write_u64(&mut self, n: u64) {
        let mixed = (self.0 ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 29);
    }
    fn write_u128(&mut self, n: u128) {
        self.write_u64(n as u64);
        self.write_u64((n >> 64) as u64);
    }
    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }
}

/// A hash map for keys that no adversary chooses directly (codes, HMAC tokens).
pub type FastMap<K, V> = HashMap<K, V, BuildHasherDefault<Mix>>;

/// The classes of all rows by all columns; one class when there is no column.
#[must_use]
pub fn classes(rows: usize, columns: &[Coded<'_>]) -> Classes {
    let mut of_row = vec![0_u32; rows];
    let mut count = u32::from(rows > 0);
    for column in columns {
        let mut index: FastMap<u64, u32> = FastMap::default();
        let mut next = 0;
        for (class, code) in of_row.iter_mut().zip(column.codes) {
            let key = u64::from(*class) * u64::from(column.cardinality.max(1)) + u64::from(*code);
            *class = *index.entry(key).or_insert_with(|| {
                next += 1;
                next - 1
            });
        }
        count = next;
    }
    Classes { of_row, count }
}

/// Rows of each class, side by side: `rows[starts[c]..starts[c + 1]]` are the rows of class `c`.
#[derive(Clone, Debug)]
pub struct Grouped {
    starts: Vec<usize>,
    rows: Vec<u32>,
}

impl Grouped {
    /// Sorts rows by class in one counting pass.
    #[must_use]
    pub fn new(classes: &Classes) -> Self {
        let mut starts = vec![0; classes.count as usize + 1];
        for class in &classes.of_row {
            starts[*class as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut rows = vec![0; classes.of_row.len()];
        for (row, class) in (0_u32..).zip(&classes.of_row) {
            let slot = &mut next[*class as usize];
            rows[*slot] = row;
            *slot += 1;
        }
        Self { starts, rows }
    }

    /// The rows of each class.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.starts.windows(2).map(|w| &self.rows[w[0]..w[1]])
    }

    /// Size of each class in rows.
    #[must_use]
    pub fn sizes(&self) -> Vec<u64> {
        self.iter().map(|rows| rows.len() as u64).collect()
    }

    /// Distinct subjects of each class.
    #[must_use]
    pub fn subjects(&self, subject: Coded<'_>) -> Vec<u64> {
        let mut seen = vec![u32::MAX; subject.cardinality as usize];
        (0_u32..)
            .zip(self.iter())
            .map(|(class, rows)| {
                let mut n = 0;
                for row in rows {
                    let mark = &mut seen[subject.codes[*row as usize] as usize];
                    n += u64::from(*mark != class);
                    *mark = class;
                }
                n
            })
            .collect()
    }
}

/// Measures one sensitive column; `None` when there are no rows.
#[must_use]
pub fn diversity(grouped: &Grouped, sensitive: Coded<'_>, ordered: bool) -> Option<Diversity> {
    let rows = sensitive.codes.len();
    if rows == 0 {
        return None;
    }
    let table = Whole::new(sensitive);
    let mut counts = vec![0_u64; sensitive.cardinality as usize];
    let mut touched: Vec<u32> = Vec::new();
    let mut worst: Option<Diversity> = None;
    for class in grouped.iter().filter(|class| !class.is_empty()) {
        for row in class {
            let code = sensitive.codes[*row as usize];
            let count = &mut counts[code as usize];
            if *count == 0 {
                touched.push(code);
            }
            *count += 1;
        }
        touched.sort_unstable();
        let one = table.measure(&touched, &counts, class.len() as f64, ordered);
        worst = Some(worst.map_or(one, |w| w.worst(one)));
        for code in touched.drain(..) {
            counts[code as usize] = 0;
        }
    }
    worst
}

/// The distribution of a sensitive column in the whole table.
struct Whole {
    share: Vec<f64>,
    /// Cumulative shares: `cumulative[i]` = shares of codes `0..=i`.
    cumulative: Vec<f64>,
    /// Prefix sums of the cumulative shares, one longer.
    area: Vec<f64>,
}

impl Whole {
    fn new(column: Coded<'_>) -> Self {
        let mut counts = vec![0_u64; column.cardinality as usize];
        for code in column.codes {
            counts[*code as usize] += 1;
        }
        let n = column.codes.len() as f64;
        let share = counts.iter().map(|c| *c as f64 / n).collect();
        let mut running = 0_u64;
        let cumulative: Vec<f64> = counts
            .iter()
            .map(|c| {
                running += c;
                running as f64 / n
            })
            .collect();
        let mut area = vec![0.0];
        for value in &cumulative {
            area.push(area[area.len() - 1] + value);
        }
        Self { share, cumulative, area }
    }

    fn measure(&self, touched: &[u32], counts: &[u64], size: f64, ordered: bool) -> Diversity {
        let (mut entropy, mut alpha, mut beta, mut delta, mut distance) =
            (0.0_f64, 0.0_f64, f64::MIN, 0.0_f64, 1.0_f64);
        for code in touched {
            let q = counts[*code as usize] as f64 / size;
            let p = self.share[*code as usize];
            entropy -= q * q.ln();
            alpha = alpha.max(q);
            beta = beta.max((q - p) / p);
            delta = delta.max((q / p).ln().abs());
            distance += (q - p).abs() - p;
        }
        let t = if ordered { self.ordered_distance(touched, counts, size) } else { 0.5 * distance };
        Diversity { l_distinct: touched.len() as u64, l_entropy: entropy.exp(), alpha, beta, delta, t: t.max(0.0) }
    }

    /// Σ |Q − P| over all ranks, divided by m − 1; between two values of the class Q is constant and P only rises.
    fn ordered_distance(&self, touched: &[u32], counts: &[u64], size: f64) -> f64 {
        let m = self.cumulative.len();
        if m < 2 {
            return 0.0;
        }
        let mut sum = self.gap(0, touched.first().map_or(m, |c| *c as usize), 0.0);
        let mut running = 0_u64;
        for (at, code) in touched.iter().enumerate() {
            running += counts[*code as usize];
            let end = touched.get(at + 1).map_or(m, |c| *c as usize);
            sum += self.gap(*code as usize, end, running as f64 / size);
        }
        sum / (m as f64 - 1.0)
    }

    /// Σ |q − P_i| for `i` in `from..to`.
    fn gap(&self, from: usize, to: usize, q: f64) -> f64 {
        let cross = from + self.cumulative[from..to].partition_point(|p| *p <= q);
        let below = q * (cross - from) as f64 - (self.area[cross] - self.area[from]);
        let above = (self.area[to] - self.area[cross]) - q * (to - cross) as f64;
        below + above
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn coded(codes: &[u32], cardinality: u32) -> Coded<'_> {
        Coded { codes, cardinality }
    }

    /// The definitions written out, slow and obvious.
    fn plainly(classes: &[Vec<u32>], all: &[u32], m: u32, ordered: bool) -> Diversity {
        let share = |rows: &[u32], v: u32| rows.iter().filter(|c| **c == v).count() as f64 / rows.len() as f64;
        let mut worst: Option<Diversity> = None;
        for class in classes {
            let q: Vec<f64> = (0..m).map(|v| share(class, v)).collect();
            let p: Vec<f64> = (0..m).map(|v| share(all, v)).collect();
            let present: Vec<usize> = (0..m as usize).filter(|v| q[*v] > 0.0).collect();
            let mut run = 0.0;
            let emd: f64 = (0..m as usize)
                .map(|i| {
                    run += q[i] - p[i];
                    f64::abs(run)
                })
                .sum();
            let equal: f64 = (0..m as usize).map(|i| (q[i] - p[i]).abs()).sum::<f64>() / 2.0;
            let one = Diversity {
                l_distinct: present.len() as u64,
                l_entropy: (-present.iter().map(|v| q[*v] * q[*v].ln()).sum::<f64>()).exp(),
                alpha: q.iter().copied().fold(0.0, f64::max),
                beta: present.iter().map(|v| (q[*v] - p[*v]) / p[*v]).fold(f64::MIN, f64::max),
                delta: present.iter().map(|v| (q[*v] / p[*v]).ln().abs()).fold(0.0, f64::max),
                t: if ordered { if m > 1 { emd / f64::from(m - 1) } else { 0.0 } } else { equal },
            };
            worst = Some(worst.map_or(one, |w| w.worst(one)));
        }
        worst.unwrap()
    }

    proptest! {
        #[test]
        fn equals_the_definitions(rows in proptest::collection::vec((0_u32..4, 0_u32..3, 0_u32..6), 1..200), ordered: bool) {
            let a: Vec<u32> = rows.iter().map(|r| r.0).collect();
            let b: Vec<u32> = rows.iter().map(|r| r.1).collect();
            // Codes must be dense: rank the values present.
            let mut present: Vec<u32> = rows.iter().map(|r| r.2).collect();
            present.sort_unstable();
            present.dedup();
            let s: Vec<u32> = rows.iter().map(|r| present.binary_search(&r.2).unwrap() as u32).collect();
            let m = present.len() as u32;
            let classes = classes(rows.len(), &[coded(&a, 4), coded(&b, 3)]);
            let grouped = Grouped::new(&classes);
            let mut want: std::collections::BTreeMap<(u32, u32), Vec<u32>> = Default::default();
            for (row, value) in rows.iter().zip(&s) {
                want.entry((row.0, row.1)).or_default().push(*value);
            }
            let groups: Vec<Vec<u32>> = want.into_values().collect();
            prop_assert_eq!(classes.count as usize, groups.len());
            prop_assert_eq!(grouped.sizes().into_iter().min(), groups.iter().map(|g| g.len() as u64).min());
            let got = diversity(&grouped, coded(&s, m), ordered).unwrap();
            let want = plainly(&groups, &s, m, ordered);
            prop_assert_eq!(got.l_distinct, want.l_distinct);
            for (g, w) in [(got.l_entropy, want.l_entropy), (got.alpha, want.alpha), (got.beta, want.beta), (got.delta, want.delta), (got.t, want.t)] {
                prop_assert!((g - w).abs() < 1e-9, "{got:?} {want:?}");
            }
        }
    }

    #[test]
    fn subjects_are_counted_once() {
        let class = [0_u32, 0, 0, 1, 1];
        let who = [7_u32, 7, 3, 7, 3];
        let classes = classes(5, &[coded(&class, 2)]);
        assert_eq!(Grouped::new(&classes).subjects(coded(&who, 8)), vec![2, 2]);
        assert_eq!(Grouped::new(&classes).sizes(), vec![3, 2]);
    }

    #[test]
    fn no_rows_no_measure() {
        let classes = classes(0, &[]);
        assert_eq!(classes.count, 0);
        assert!(diversity(&Grouped::new(&classes), coded(&[], 0), true).is_none());
    }
}
