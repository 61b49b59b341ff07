//! Which groups and cells are let through: the group rules over one table of groups. Pure, but for giving others a turn.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::compute::{filter_record_batch, kernels::nullif::nullif};
use arrow::datatypes::{DataType, Float64Type, Int64Type, SchemaRef};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, Result};

use super::complement::{complement, levels};
use super::pace::Pace;
use super::{Count, Demands};
use crate::engine::quantile;
use crate::engine::subjects::{NOBODY, TOKEN, size_of_set};

/// The rows of `groups` that may be released, visible columns only.
pub async fn release(groups: &RecordBatch, demands: &Demands, schema: &SchemaRef) -> Result<RecordBatch> {
    let mut pace = Pace::default();
    let mut kept = vec![true; groups.num_rows()];
    for count in demands.counts.iter().filter(|count| count.cells.is_none()) {
        judge(groups, count, |row| kept[row] = false)?;
        pace.turn().await;
    }
    for key in &demands.varied {
        drop_uniform(groups, demands, *key, &mut kept)?;
        pace.turn().await;
    }
    let (blanked, cells) = blanked(groups, demands, &mut pace).await?;
    if !demands.totals.is_empty() || demands.levels.is_some() {
        // Beside totals a blanked cell is a suppressed one: its whole row goes.
        kept.iter_mut().zip(&blanked).for_each(|(keep, blank)| *keep &= !blank);
        complement(groups, demands, &mut kept, &mut pace).await?;
        let levels = levels(groups, demands)?;
        kept.iter_mut().zip(&levels).for_each(|(keep, level)| *keep &= !demands.unshown.contains(level));
    }
    let blanked = BooleanArray::from(blanked);
    let show = |(index, array): (usize, &ArrayRef)| match cells.contains(&index) {
        true => nullif(array, &blanked).map_err(DataFusionError::from),
        false => Ok(Arc::clone(array)),
    };
    let columns =
        groups.columns().iter().take(demands.visible).enumerate().map(show).collect::<Result<Vec<ArrayRef>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(groups.num_rows()));
    let shown = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?;
    Ok(filter_record_batch(&shown, &BooleanArray::from(kept))?)
}

/// Calls `fail` for each row whose count is too small. Rows of nobody are rows: they count nobody, and are not none.
fn judge(groups: &RecordBatch, count: &Count, mut fail: impl FnMut(usize)) -> Result<()> {
    let sets = sets(groups, count.column)?;
    for row in 0..groups.num_rows() {
        let set = if sets.is_valid(row) { sets.as_binary::<i32>().value(row) } else { &[] };
        if size_of_set(set) < count.k as usize && !(set.is_empty() && count.or_none) {
            fail(row);
        }
    }
    Ok(())
}

/// A column of subject sets.
pub(super) fn sets(groups: &RecordBatch, column: usize) -> Result<ArrayRef> {
    let array = groups.columns().get(column).filter(|array| array.as_binary_opt::<i32>().is_some());
    array.cloned().ok_or_else(|| DataFusionError::Internal("a column of subject sets is missing".into()))
}

/// The rows with a cell that rests on too few, and the columns to blank in them. Once one cell of a row is blanked, every cell of
/// that row that depends on a condition is: together with the row's total the others would give it away.
async fn blanked(groups: &RecordBatch, demands: &Demands, pace: &mut Pace) -> Result<(Vec<bool>, HashSet<usize>)> {
    let mut blanked = vec![false; groups.num_rows()];
    let mut cells = HashSet::new();
    for count in &demands.counts {
        if let Some(columns) = &count.cells {
            cells.extend(columns.iter().copied());
            judge(groups, count, |row| blanked[row] = true)?;
            pace.turn().await;
        }
    }
    for quantile in &demands.surrounded {
        cells.insert(quantile.cell);
        lonely(groups, quantile, |row| blanked[row] = true)?;
        pace.turn().await;
    }
    for share in &demands.shares {
        cells.insert(share.cell);
        let column = groups.columns().get(share.column).and_then(|array| array.as_primitive_opt::<Int64Type>());
        let shares = column.ok_or_else(|| DataFusionError::Internal("a column of shares is missing".into()))?;
        for (row, blank) in blanked.iter_mut().enumerate() {
            *blank |= shares.is_valid(row) && shares.value(row) > i64::from(share.most);
        }
    }
    Ok((blanked, cells))
}

/// Calls `fail` for each row whose quantile has too few subjects on one side.
fn lonely(groups: &RecordBatch, of: &super::Surrounded, mut fail: impl FnMut(usize)) -> Result<()> {
    let missing = || DataFusionError::Internal("what surrounds a quantile is missing".into());
    let rooms = groups.columns().get(of.column).and_then(|array| array.as_binary_opt::<i32>()).ok_or_else(missing)?;
    let values = groups.columns().get(of.cell).ok_or_else(missing)?;
    let values = arrow::compute::cast(values, &DataType::Float64)?;
    let values = values.as_primitive::<Float64Type>();
    for row in (0..groups.num_rows()).filter(|row| values.is_valid(*row)) {
        let room = if rooms.is_valid(row) { rooms.value(row) } else { &[] };
        if !quantile::surrounds(room, values.value(row), of.least) {
            fail(row);
        }
    }
    Ok(())
}

/// G5: drops the groups that agree in all other keys and show one single value of that key.
fn drop_uniform(groups: &RecordBatch, demands: &Demands, key: usize, kept: &mut [bool]) -> Result<()> {
    let others: Vec<usize> = (0..demands.keys).filter(|other| *other != key).collect();
    let (outer, values) = (encode(groups, &others)?, encode(groups, &[key])?);
    let mut seen: HashMap<&[u8], HashSet<&[u8]>> = HashMap::new();
    for row in 0..groups.num_rows() {
        seen.entry(&outer[row]).or_default().insert(&values[row]);
    }
    for (row, keep) in kept.iter_mut().enumerate() {
        *keep &= seen.get(outer[row].as_slice()).is_some_and(|values| values.len() > 1);
    }
    Ok(())
}

/// The tokens of a row's set.
pub(super) fn tokens(sets: &ArrayRef, row: usize) -> impl Iterator<Item = &[u8]> {
    bytes(sets, row).chunks_exact(TOKEN).filter(|token| **token != NOBODY.to_be_bytes())
}

/// Has the row no subject because nothing is there?
pub(super) fn is_none(sets: &ArrayRef, row: usize) -> bool {
    bytes(sets, row).is_empty()
}

fn bytes(sets: &ArrayRef, row: usize) -> &[u8] {
    if sets.is_valid(row) { sets.as_binary::<i32>().value(row) } else { &[] }
}

/// Columns as comparable byte strings.
pub(super) fn encode(groups: &RecordBatch, columns: &[usize]) -> Result<Vec<Vec<u8>>> {
    if columns.is_empty() {
        return Ok(vec![Vec::new(); groups.num_rows()]);
    }
    let arrays: Vec<ArrayRef> = columns.iter().map(|column| Arc::clone(groups.column(*column))).collect();
    let fields = arrays.iter().map(|array| SortField::new(array.data_type().clone())).collect();
    let rows = RowConverter::new(fields)?.convert_columns(&arrays)?;
    Ok(rows.iter().map(|row| row.as_ref().to_vec()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{BinaryArray, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Schema};

    /// Groups by (place, kind) with a count, a set of so many subjects (distinct between groups), a conditional set and a share.
    fn groups(rows: &[(&str, &str, usize, usize, i64)]) -> RecordBatch {
        let set = |row: usize, size: usize| {
            (0..size).flat_map(|n| ((row * 1000 + n) as u128).to_be_bytes()).collect::<Vec<u8>>()
        };
        let sets = |size: fn(&(&str, &str, usize, usize, i64)) -> usize| {
            let values: Vec<Vec<u8>> = rows.iter().enumerate().map(|(n, row)| set(n, size(row))).collect();
            Arc::new(BinaryArray::from_iter_values(values)) as ArrayRef
        };
        RecordBatch::try_from_iter(vec![
            ("place", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0))) as ArrayRef),
            ("kind", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.1)))),
            ("n", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.2 as i64)))),
            ("m", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.3 as i64)))),
            ("all", sets(|row| row.2)),
            ("some", sets(|row| row.3)),
            ("share", Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.4)))),
        ])
        .unwrap()
    }

    fn demands() -> Demands {
        let whole = Count { column: 4, k: 10, or_none: false, cells: None };
        let part = Count { column: 5, k: 10, or_none: false, cells: Some(vec![3]) };
        Demands {
            visible: 4,
            keys: 2,
            counts: vec![whole, part],
            shares: Vec::new(),
            surrounded: Vec::new(),
            varied: Vec::new(),
            totals: Vec::new(),
            levels: None,
            unshown: Vec::new(),
        }
    }

    fn run(rows: &[(&str, &str, usize, usize, i64)], demands: &Demands) -> Vec<(String, Option<i64>)> {
        let fields = ["place", "kind"].map(|name| Field::new(name, DataType::Utf8, true)).into_iter();
        let fields: Vec<Field> = fields.chain(["n", "m"].map(|name| Field::new(name, DataType::Int64, true))).collect();
        let schema = Arc::new(Schema::new(fields));
        let out = futures::executor::block_on(release(&groups(rows), demands, &schema)).unwrap();
        assert_eq!(out.num_columns(), 4);
        let (places, cells) = (out.column(0).as_string::<i32>(), out.column(3).as_primitive::<Int64Type>());
        (0..out.num_rows())
            .map(|row| (places.value(row).to_owned(), cells.is_valid(row).then(|| cells.value(row))))
            .collect()
    }

    #[test]
    fn drops_small_groups_and_blanks_small_cells() {
        let rows = [("a", "x", 9, 9, 0), ("b", "x", 10, 10, 0), ("c", "x", 30, 9, 0)];
        assert_eq!(run(&rows, &demands()), [("b".to_owned(), Some(10)), ("c".to_owned(), None)]);
    }

    #[test]
    fn blanks_dominated_sums() {
        let mut demands = demands();
        demands.shares = vec![super::super::Share { column: 6, most: 700, cell: 3 }];
        let rows = [("a", "x", 20, 20, 700), ("b", "x", 20, 20, 701)];
        assert_eq!(run(&rows, &demands), [("a".to_owned(), Some(20)), ("b".to_owned(), None)]);
    }

    #[test]
    fn drops_groups_of_one_value() {
        let mut demands = demands();
        demands.varied = vec![1];
        let rows = [
            ("a", "x", 20, 20, 0),
            ("b", "x", 20, 20, 0),
            ("b", "y", 20, 20, 0),
            ("c", "x", 20, 20, 0),
            ("c", "y", 3, 3, 0),
        ];
        let places: Vec<String> = run(&rows, &demands).into_iter().map(|row| row.0).collect();
        assert_eq!(places, ["b", "b", "c"]);
    }

    #[test]
    fn takes_a_second_group_with_a_lone_one() {
        let mut demands = demands();
        demands.totals = vec![Vec::new()];
        let rows = [("a", "x", 9, 9, 0), ("b", "x", 40, 40, 0), ("c", "x", 12, 12, 0)];
        assert_eq!(run(&rows, &demands), [("b".to_owned(), Some(40))]);
        let rows = [("a", "x", 9, 9, 0), ("b", "x", 40, 40, 0), ("c", "x", 2, 2, 0)];
        assert_eq!(run(&rows, &demands), [("b".to_owned(), Some(40))]);
    }
}
