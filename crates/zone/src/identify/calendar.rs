//! Dates as they stand in files: which text is a date, a month or a timestamp. No clock: the bounds are wide and fixed.

/// Is this a day of the Gregorian calendar between 1850 and 2100?
#[must_use]
pub fn is_day(year: u32, month: u32, day: u32) -> bool {
    (1850..=2100).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month)
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// What a text says about time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A day; the year is given so that the caller can judge dates of birth.
    Date(u32),
    /// A day with a time of day.
    Timestamp(u32),
    /// A month with a separator (`2024-03`, `2024年3月`).
    Month(u32),
}

fn number(digits: &str, lens: std::ops::RangeInclusive<usize>) -> Option<u32> {
    (lens.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

/// Reads `2024-03-05`, `2024/3/5`, `2024.03.05`, `2024年3月5日`, months of the same forms, and each day followed by a time.
/// Compact forms (`20240305`) are left to [`compact_day`], because a plain number may be anything.
#[must_use]
pub fn moment(text: &str) -> Option<Moment> {
    let (day_part, time_part) = split_time(text);
    let cleaned = day_part.trim_end_matches(['日', '月']);
    let separator = cleaned.chars().find(|c| !c.is_ascii_digit())?;
    let parts: Vec<&str> = match separator {
        '-' | '/' | '.' => cleaned.split(separator).collect(),
        '年' => cleaned.split(['年', '月']).collect(),
        _ => return None,
    };
    let year = number(parts.first()?, 4..=4)?;
    let month = number(parts.get(1)?, 1..=2)?;
    match (parts.get(2), time_part) {
        (None, None) if separator != '.' && is_day(year, month, 1) => Some(Moment::Month(year)),
        (Some(day), time) if parts.len() == 3 => {
            let day = number(day, 1..=2)?;
            is_day(year, month, day).then_some(())?;
            match time {
                None => Some(Moment::Date(year)),
                Some(time) => is_time(time).then_some(Moment::Timestamp(year)),
            }
        }
        _ => None,
    }
}

fn split_time(text: &str) -> (&str, Option<&str>) {
    match text.find(['T', ' ']) {
        Some(at) => (&text[..at], Some(text[at + 1..].trim())),
        None => (text, None),
    }
}

fn is_time(text: &str) -> bool {
    let text = text.trim_end_matches('Z');
    let text = text.rfind(['+', '-']).map_or(text, |at| &text[..at]);
    let text = text.split('.').next().unwrap_or(text);
    let parts: Vec<&str> = text.split(':').collect();
    let limit = [24, 60, 60];
    (2..=3).contains(&parts.len())
        && parts.iter().zip(limit).all(|(p, max)| number(p, 1..=2).is_some_and(|n| n < max || (n == max && max == 60)))
}

/// Reads `YYYYMMDD`, and gives the year.
#[must_use]
pub fn compact_day(text: &str) -> Option<u32> {
    if text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, month, day) = (text[..4].parse().ok()?, text[4..6].parse().ok()?, text[6..].parse().ok()?);
    is_day(year, month, day).then_some(year)
}

/// Reads `YYYYMM`, and gives the year.
#[must_use]
pub fn compact_month(text: &str) -> Option<u32> {
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (year, month) = (text[..4].parse().ok()?, text[4..].parse().ok()?);
    is_day(year, month, 1).then_some(year)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_usual_forms() {
        for (text, want) in [
            ("2024-02-29", Some(Moment::Date(2024))),
            ("2023-02-29", None),
            ("2024/3/5", Some(Moment::Date(2024))),
            ("2024.03.05", Some(Moment::Date(2024))),
            ("2024年3月5日", Some(Moment::Date(2024))),
            ("2024年3月", Some(Moment::Month(2024))),
            ("2024-03", Some(Moment::Month(2024))),
            ("2024-13", None),
            ("2024-03-05 10:20:30", Some(Moment::Timestamp(2024))),
            ("2024-03-05T10:20:30.123+08:00", Some(Moment::Timestamp(2024))),
            ("2013-01-01T10:00:00Z", Some(Moment::Timestamp(2013))),
            ("2024-03-05 25:00", None),
            ("12.5", None),
            ("2024.03", None),
            ("1-2-3", None),
            ("", None),
            ("年", None),
            ("２", None),
        ] {
            assert_eq!(moment(text), want, "{text}");
        }
        assert_eq!(compact_day("20240229"), Some(2024));
        assert_eq!(compact_day("20230229"), None);
        assert_eq!(compact_month("202413"), None);
        assert_eq!(compact_month("202412"), Some(2024));
    }
}
