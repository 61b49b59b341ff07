//! Calendar arithmetic of time grids: which literals bound whole cells, which units are as coarse as a grid.

use datafusion::common::ScalarValue;
use jiff::civil::{Date, DateTime};

use crate::contract::Grid;

/// The point at which a bound cuts time, if it cuts between cells of the grid; and whether time is continuous there.
///
/// A date d cuts before d, or after it where `above` (`x <= d`); both are cuts between days. A time of day cuts at an instant.
/// Where the compared time is a day's first instant (`whole_days`), so is the literal, and it is taken as that day.
pub fn bound(grid: Grid, value: &ScalarValue, above: bool, whole_days: bool) -> Option<(DateTime, bool)> {
    match value {
        ScalarValue::Date32(Some(days)) => day_bound(grid, date(i64::from(*days))?, above),
        _ if whole_days => {
            let (point, _) = bound(Grid::Day, value, false, false)?;
            day_bound(grid, point.date(), above)
        }
        ScalarValue::TimestampSecond(Some(n), None) => instant(grid, i128::from(*n) * 1_000_000_000),
        ScalarValue::TimestampMillisecond(Some(n), None) => instant(grid, i128::from(*n) * 1_000_000),
        ScalarValue::TimestampMicrosecond(Some(n), None) => instant(grid, i128::from(*n) * 1_000),
        ScalarValue::TimestampNanosecond(Some(n), None) => instant(grid, i128::from(*n)),
        _ => None,
    }
}

fn day_bound(grid: Grid, day: Date, above: bool) -> Option<(DateTime, bool)> {
    let day = if above { day.tomorrow().ok()? } else { day };
    starts_cell(grid, day.to_datetime(jiff::civil::Time::midnight())).map(|point| (point, false))
}

fn instant(grid: Grid, nanoseconds: i128) -> Option<(DateTime, bool)> {
    let timestamp = jiff::Timestamp::from_nanosecond(nanoseconds).ok()?;
    let point = jiff::tz::TimeZone::UTC.to_datetime(timestamp);
    starts_cell(grid, point).map(|point| (point, true))
}

fn date(days: i64) -> Option<Date> {
    let epoch = jiff::civil::date(1970, 1, 1);
    epoch.checked_add(jiff::Span::new().try_days(days).ok()?).ok()
}

/// The point, if a cell of the grid starts there.
fn starts_cell(grid: Grid, point: DateTime) -> Option<DateTime> {
    let hour = point.minute() == 0 && point.second() == 0 && point.subsec_nanosecond() == 0;
    let day = hour && point.hour() == 0;
    let starts = match grid {
        Grid::Hour => hour,
        Grid::Day => day,
        Grid::Month => day && point.day() == 1,
        Grid::Quarter => day && point.day() == 1 && point.month() % 3 == 1,
        Grid::Year => day && point.day() == 1 && point.month() == 1,
        Grid::Number(_) => false,
    };
    starts.then_some(point)
}

/// May `date_trunc` or `date_part` with that unit be taken of a time on the grid? Only units that the grid's cell determines.
pub fn is_coarse(unit: &str, grid: Grid) -> bool {
    let units: &[&str] = match grid {
        Grid::Year => &["year"],
        Grid::Quarter => &["year", "quarter"],
        Grid::Month => &["year", "quarter", "month"],
        Grid::Day => &["year", "quarter", "month", "week", "day", "dow", "isodow", "doy"],
        Grid::Hour => &["year", "quarter", "month", "week", "day", "dow", "isodow", "doy", "hour"],
        Grid::Number(_) => &[],
    };
    units.contains(&unit.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str) -> ScalarValue {
        let day: Date = text.parse().unwrap();
        let epoch = jiff::civil::date(1970, 1, 1);
        ScalarValue::Date32(Some((day - epoch).get_days()))
    }

    #[test]
    fn bounds_lie_between_cells() {
        let cases = [
            (Grid::Month, "2024-01-01", false, true),
            (Grid::Month, "2024-01-31", true, true),
            (Grid::Month, "2024-02-29", true, true),
            (Grid::Month, "2023-02-28", true, true),
            (Grid::Month, "2024-02-28", true, false),
            (Grid::Month, "2024-01-01", true, false),
            (Grid::Month, "2024-01-31", false, false),
            (Grid::Month, "2024-01-15", false, false),
            (Grid::Year, "1990-01-01", false, true),
            (Grid::Year, "1989-12-31", true, true),
            (Grid::Year, "1990-02-01", false, false),
        ];
        for (grid, text, above, on) in cases {
            assert_eq!(bound(grid, &days(text), above, false).is_some(), on, "{text} {above}");
        }
        let hour =
            |seconds| bound(Grid::Hour, &ScalarValue::TimestampSecond(Some(seconds), None), false, false).is_some();
        assert!(hour(7200) && !hour(7201));
        assert!(bound(Grid::Month, &ScalarValue::Date32(Some(i32::MAX)), true, false).is_none());
        // A date as a time of day: after the first instant of a month is after its first day.
        let first = ScalarValue::TimestampSecond(Some(1_704_067_200), None);
        assert!(bound(Grid::Month, &first, true, true).is_none() && bound(Grid::Month, &first, false, true).is_some());
    }

    #[test]
    fn units_are_as_coarse_as_the_grid() {
        assert!(is_coarse("MONTH", Grid::Month) && is_coarse("dow", Grid::Hour));
        assert!(
            !is_coarse("day", Grid::Month)
                && !is_coarse("week", Grid::Month)
                && !is_coarse("minute", Grid::Hour)
                && !is_coarse("month", Grid::Year)
        );
    }
}
