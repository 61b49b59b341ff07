//! One text cell to one typed value. Pure; a fault is a stable reason and never carries the text.

use super::reason::Reason;
use std::borrow::Cow;

/// Full-width forms (U+FF01–U+FF5E, U+3000) as ASCII, outer blanks removed.
#[must_use]
pub fn narrow(text: &str) -> Cow<'_, str> {
    let text = trim(text);
    if text.is_ascii() || !text.chars().any(|c| matches!(c, '\u{FF01}'..='\u{FF5E}' | '\u{3000}')) {
        return Cow::Borrowed(text);
    }
    let ascii = |c: char| match c {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        c => c,
    };
    Cow::Owned(text.chars().map(ascii).collect::<String>().trim().to_owned())
}

/// `str::trim` with a short way for the common cell, whose ends are visible ASCII characters.
pub(super) fn trim(text: &str) -> &str {
    match (text.as_bytes().first(), text.as_bytes().last()) {
        (Some(b'!'..=b'~'), Some(b'!'..=b'~')) => text,
        _ => text.trim(),
    }
}

/// Whether an unquoted cell spells "no value". A quoted one is taken at its word.
#[must_use]
pub fn is_null_word(text: &str) -> bool {
    matches!(text, "NULL" | "null" | "Null" | "\\N" | "NA" | "N/A" | "n/a" | "NaN" | "nan" | "None" | "#N/A")
}

/// Whole number; thousands separators and a zero fraction (`12.0`) are accepted.
///
/// # Errors
/// `bad_number`, or `excel_float` for scientific notation.
pub fn integer(text: &str) -> Result<i64, Reason> {
    let text = narrow(text);
    if let Ok(n) = text.parse::<i64>() {
        return Ok(n);
    }
    let plain = without_separators(&text).ok_or(Reason::BadNumber)?;
    let whole = match plain.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b == b'0') => whole,
        Some(_) => return Err(float_reason(&plain)),
        None => &plain,
    };
    whole.parse::<i64>().map_err(|_| float_reason(&plain))
}

fn float_reason(text: &str) -> Reason {
    let scientific = text.contains(['e', 'E']) && text.parse::<f64>().is_ok();
    if scientific { Reason::ExcelFloat } else { Reason::BadNumber }
}

/// Finite number.
///
/// # Errors
/// `bad_number`.
pub fn number(text: &str) -> Result<f64, Reason> {
    let text = narrow(text);
    let starts_like_one = text.bytes().next().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'));
    if !starts_like_one {
        return Err(Reason::BadNumber);
    }
    let value = match text.parse::<f64>() {
        Ok(value) => value,
        Err(_) => without_separators(&text).and_then(|t| t.parse::<f64>().ok()).ok_or(Reason::BadNumber)?,
    };
    if value.is_finite() { Ok(value) } else { Err(Reason::BadNumber) }
}

/// Removes thousands separators; `None` where commas stand elsewhere than before three digits.
fn without_separators(text: &str) -> Option<String> {
    let (whole, rest) = text.find('.').map_or((text, ""), |dot| text.split_at(dot));
    if rest.contains(',') {
        return None;
    }
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let mut plain = first.to_owned();
    let digits = first.trim_start_matches(['-', '+']).len();
    for group in groups {
        let fits = group.len() == 3 && group.bytes().all(|b| b.is_ascii_digit());
        if !fits || digits == 0 || digits > 3 {
            return None;
        }
        plain.push_str(group);
    }
    plain.push_str(rest);
    Some(plain)
}

/// Decimal number as an unscaled integer; digits beyond the scale have to be zero.
///
/// # Errors
/// `bad_number`.
pub fn decimal(text: &str, precision: u8, scale: i8) -> Result<i128, Reason> {
    let text = narrow(text);
    let plain = without_separators(&text).ok_or(Reason::BadNumber)?;
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let kept = usize::try_from(scale).map_err(|_| Reason::BadNumber)?;
    let (near, beyond) = fraction.split_at_checked(kept.min(fraction.len())).ok_or(Reason::BadNumber)?;
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty())
        || !all_digits(whole)
        || !all_digits(near)
        || beyond.bytes().any(|b| b != b'0')
    {
        return Err(Reason::BadNumber);
    }
    let unscaled = format!("{whole}{near:0<kept$}");
    let significant = unscaled.trim_start_matches('0');
    if significant.len() > usize::from(precision) {
        return Err(Reason::BadNumber);
    }
    let value = if significant.is_empty() { 0 } else { significant.parse::<i128>().map_err(|_| Reason::BadNumber)? };
    Ok(if negative { -value } else { value })
}

/// Truth value.
///
/// # Errors
/// `bad_boolean`.
pub fn boolean(text: &str) -> Result<bool, Reason> {
    let text = narrow(text);
    match text.as_ref() {
        "1" | "是" | "真" | "有" => return Ok(true),
        "0" | "否" | "假" | "无" => return Ok(false),
        _ => {}
    }
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "true" | "t" | "yes" | "y" => Ok(true),
        "false" | "f" | "no" | "n" => Ok(false),
        _ => Err(Reason::BadBoolean),
    }
}

/// Whether the day exists (years 1 to 9999).
#[must_use]
pub fn is_date(year: i64, month: u32, day: u32) -> bool {
    (1..=9999).contains(&year) && (1..=12).contains(&month) && day >= 1 && day <= days_in(year, month)
}

fn days_in(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 (proleptic Gregorian calendar).
fn days(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let shifted = (i64::from(month) + 9) % 12;
    let of_year = (153 * shifted + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Day as days since 1970-01-01. Year first (`-`, `/`, `.`, `年月日` or eight digits); a midnight time is accepted.
///
/// # Errors
/// `date_format`, or `impossible_date` for a day that does not exist.
pub fn date(text: &str) -> Result<i32, Reason> {
    date_as(text, None)
}

/// As [`date`]; a `format` in `strptime` notation comes first where the contract states one.
///
/// # Errors
/// As [`date`].
pub fn date_as(text: &str, format: Option<&str>) -> Result<i32, Reason> {
    let text = narrow(text);
    if let Some(day) = format.and_then(|f| jiff::civil::Date::strptime(f, text.as_ref()).ok()) {
        let number =
            days(i64::from(day.year()), u32::from(day.month().unsigned_abs()), u32::from(day.day().unsigned_abs()));
        return i32::try_from(number).map_err(|_| Reason::ImpossibleDate);
    }
    let (day_part, time_part) = split_time(&text);
    if time_part.is_some_and(|t| time(t) != Ok(0)) {
        return Err(Reason::DateFormat);
    }
    i32::try_from(day_number(day_part)?).map_err(|_| Reason::ImpossibleDate)
}

/// Instant as microseconds since 1970-01-01 00:00 of the local calendar; an offset (`Z`, `+08:00`) moves it to UTC.
///
/// # Errors
/// `date_format`, or `impossible_date` for a day or time that does not exist.
pub fn timestamp(text: &str) -> Result<i64, Reason> {
    timestamp_as(text, None)
}

/// As [`timestamp`]; a `format` in `strptime` notation comes first where the contract states one.
///
/// # Errors
/// As [`timestamp`].
pub fn timestamp_as(text: &str, format: Option<&str>) -> Result<i64, Reason> {
    let text = narrow(text);
    if let Some(instant) = format.and_then(|f| jiff::civil::DateTime::strptime(f, text.as_ref()).ok()) {
        let utc = instant.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| Reason::ImpossibleDate)?;
        return Ok(utc.timestamp().as_microsecond());
    }
    let (day_part, time_part) = split_time(&text);
    let micros = time_part.map_or(Ok(0), time)?;
    Ok(day_number(day_part)? * 86_400_000_000 + micros)
}

fn split_time(text: &str) -> (&str, Option<&str>) {
    if text.len() == 10 && text.is_ascii() {
        return (text, None);
    }
    match text.find(['T', ' ']) {
        Some(at) => (text.get(..at).unwrap_or_default(), text.get(at + 1..).map(str::trim)),
        None => (text, None),
    }
}

fn day_number(text: &str) -> Result<i64, Reason> {
    let (year, month, day) = day_parts(text).ok_or(Reason::DateFormat)?;
    if is_date(year, month, day) { Ok(days(year, month, day)) } else { Err(Reason::ImpossibleDate) }
}

fn day_parts(text: &str) -> Option<(i64, u32, u32)> {
    if let [a, b, c, d, b'-', e, f, b'-', g, h] = text.as_bytes() {
        let two = |x: &u8, y: &u8| {
            (x.is_ascii_digit() && y.is_ascii_digit()).then(|| u32::from(x - b'0') * 10 + u32::from(y - b'0'))
        };
        return Some((i64::from(two(a, b)? * 100 + two(c, d)?), two(e, f)?, two(g, h)?));
    }
    if text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return Some((text.get(..4)?.parse().ok()?, text.get(4..6)?.parse().ok()?, text.get(6..)?.parse().ok()?));
    }
    let text = text.strip_suffix('日').unwrap_or(text);
    let mut parts = text.split(['-', '/', '.', '年', '月']);
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let fits = |part: &str, most: usize| (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if parts.next().is_some() || year.len() != 4 || !fits(year, 4) || !fits(month, 2) || !fits(day, 2) {
        return None;
    }
    Some((year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))
}

/// Microseconds of the day, moved to UTC where there is an offset.
fn time(text: &str) -> Result<i64, Reason> {
    let (clock, offset) = split_offset(text)?;
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.split(':');
    let mut next = |required: bool| match parts.next() {
        Some(p) if (1..=2).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()) => {
            p.parse::<i64>().map_err(|_| Reason::DateFormat)
        }
        None if !required => Ok(0),
        _ => Err(Reason::DateFormat),
    };
    let (hour, minute, second) = (next(true)?, next(true)?, next(false)?);
    if parts.next().is_some() {
        return Err(Reason::DateFormat);
    }
    if hour > 23 || minute > 59 || second > 59 {
        return Err(Reason::ImpossibleDate);
    }
    let digits = fraction.get(..fraction.len().min(6)).unwrap_or_default();
    if !fraction.bytes().all(|b| b.is_ascii_digit()) || fraction.len() > 9 {
        return Err(Reason::DateFormat);
    }
    let mut micros = digits.parse::<i64>().unwrap_or_default();
    for _ in digits.len()..6 {
        micros *= 10;
    }
    Ok(((hour * 60 + minute - offset) * 60 + second) * 1_000_000 + micros)
}

/// The clock text and its offset from UTC in minutes.
fn split_offset(text: &str) -> Result<(&str, i64), Reason> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Ok((clock, 0));
    }
    let Some(at) = text.find(['+', '-']) else { return Ok((text, 0)) };
    let (clock, offset) = text.split_at(at);
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let padded = if digits.len() == 2 { digits + "00" } else { digits };
    if padded.len() != 4 || offset.len() > 6 {
        return Err(Reason::DateFormat);
    }
    let value: i64 = padded.parse().map_err(|_| Reason::DateFormat)?;
    let minutes = value / 100 * 60 + value % 100;
    Ok((clock, if offset.starts_with('-') { -minutes } else { minutes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let whole = [
            ("12", Ok(12)),
            ("１２３", Ok(123)),
            (" 7 ", Ok(7)),
            ("-1,234", Ok(-1234)),
            ("12.00", Ok(12)),
            ("12.5", Err(Reason::BadNumber)),
            ("1,23", Err(Reason::BadNumber)),
            (",123", Err(Reason::BadNumber)),
            ("3.2E+17", Err(Reason::ExcelFloat)),
            ("", Err(Reason::BadNumber)),
            ("9223372036854775808", Err(Reason::BadNumber)),
        ];
        for (text, expected) in whole {
            assert_eq!(integer(text), expected, "{text}");
        }
        for (text, expected) in [("1,234.5", Ok(1234.5)), ("１．５", Ok(1.5)), ("1e3", Ok(1000.0)), ("-.5", Ok(-0.5))]
        {
            assert_eq!(number(text), expected, "{text}");
        }
        let decimals = [
            ("12.5", Ok(1250)),
            ("-0.05", Ok(-5)),
            ("1,000", Ok(100_000)),
            ("0.001", Err(Reason::BadNumber)),
            ("1.230", Ok(123)),
            (".", Err(Reason::BadNumber)),
            ("99999", Err(Reason::BadNumber)),
            ("1e3", Err(Reason::BadNumber)),
        ];
        for (text, expected) in decimals {
            assert_eq!(decimal(text, 6, 2), expected, "{text}");
        }
        for text in ["", "inf", "nan", "1e999", "1.2.3", "12元", "1,2345", "0x10"] {
            assert_eq!(number(text), Err(Reason::BadNumber), "{text}");
        }
    }

    #[test]
    fn dates() {
        for text in [
            "2024-02-29",
            "2024/2/29",
            "20240229",
            "2024.02.29",
            "2024年2月29日",
            "２０２４-02-29",
            "2024-02-29 00:00:00",
        ] {
            assert_eq!(date(text), Ok(19782), "{text}");
        }
        assert_eq!(date("1970-01-01"), Ok(0));
        assert_eq!(date("1969-12-31"), Ok(-1));
        for text in ["2023-02-29", "2024-13-01", "2024-00-10", "20240230", "0000-01-01"] {
            assert_eq!(date(text), Err(Reason::ImpossibleDate), "{text}");
        }
        assert_eq!(date_as("29/02/2024", Some("%d/%m/%Y")), Ok(19782));
        assert_eq!(date_as("2024-02-29", Some("%d/%m/%Y")), Ok(19782));
        for text in ["29/02/2024", "24-02-29", "2024-02", "today", "2024-02-29-1", "2024-02-29 10:00"] {
            assert_eq!(date(text), Err(Reason::DateFormat), "{text}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(timestamp("1970-01-01 00:00:01.5"), Ok(1_500_000));
        assert_eq!(timestamp("1970-01-02T01:02"), Ok(86_400_000_000 + 3_720_000_000));
        assert_eq!(timestamp("1970-01-01T08:00:00+08:00"), Ok(0));
        assert_eq!(timestamp("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(timestamp("1970-01-01"), Ok(0));
        assert_eq!(
            timestamp_as("01/02/1970 00:00", Some("%m/%d/%Y %H:%M")),
            Ok(31 * 86_400_000_000 - 30 * 86_400_000_000)
        );
        assert_eq!(timestamp("1970-01-01 24:00:00"), Err(Reason::ImpossibleDate));
        assert_eq!(timestamp("1970-01-01 1:2:3:4"), Err(Reason::DateFormat));
        assert_eq!(timestamp("1970-01-01 aa"), Err(Reason::DateFormat));
    }

    #[test]
    fn truth() {
        for text in ["1", "true", "TRUE", "Y", "是", "１"] {
            assert_eq!(boolean(text), Ok(true));
        }
        for text in ["0", "False", "no", "否"] {
            assert_eq!(boolean(text), Ok(false));
        }
        assert_eq!(boolean("2"), Err(Reason::BadBoolean));
    }
}
