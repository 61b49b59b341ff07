//! One row of text to typed cells, or the reason and column for which it is set aside.

use super::identifier;
use super::plan::{Column, Plan};
use super::reason::Reason;
use super::records::Row;
use super::value::{self, is_null_word, narrow};
use arrow::datatypes::DataType;
use std::borrow::Cow;

/// A typed value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Cell<'a> {
    Null,
    Text(Cow<'a, str>),
    Integer(i64),
    Number(f64),
    Decimal(i128),
    Date(i32),
    Timestamp(i64),
    Boolean(bool),
}

/// A fault and the column it stands in, where it stands in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) reason: Reason,
    /// Position in the contract.
    pub(super) column: Option<usize>,
}

/// Reads every cell of a row into `cells` (contract order).
pub(super) fn read_row<'a>(plan: &Plan, row: &'a Row, cells: &mut Vec<Cell<'a>>) -> Result<(), Fault> {
    cells.clear();
    if row.len() != plan.width {
        return Err(Fault { reason: Reason::RaggedRow, column: None });
    }
    for (i, column) in plan.columns.iter().enumerate() {
        let found = column.source.and_then(|at| row.get(at));
        let cell = match found {
            Some((text, quoted)) => {
                read_cell(column, text, quoted).map_err(|reason| Fault { reason, column: Some(i) })?
            }
            None => Cell::Null,
        };
        if column.required && cell == Cell::Null {
            return Err(Fault { reason: Reason::MissingRequired, column: Some(i) });
        }
        cells.push(cell);
    }
    Ok(())
}

fn read_cell<'a>(column: &Column, text: &'a str, quoted: bool) -> Result<Cell<'a>, Reason> {
    let trimmed = value::trim(text);
    if trimmed.is_empty() || (!quoted && is_null_word(trimmed)) {
        return Ok(Cell::Null);
    }
    Ok(match column.data_type {
        DataType::Int64 => Cell::Integer(value::integer(text)?),
        DataType::Float64 => Cell::Number(value::number(text)?),
        DataType::Decimal128(precision, scale) => Cell::Decimal(value::decimal(text, precision, scale)?),
        DataType::Date32 => Cell::Date(value::date_as(text, column.format.as_deref())?),
        DataType::Timestamp(..) => Cell::Timestamp(value::timestamp_as(text, column.format.as_deref())?),
        DataType::Boolean => Cell::Boolean(value::boolean(text)?),
        _ => Cell::Text(read_text(column, text)?),
    })
}

fn read_text<'a>(column: &Column, text: &'a str) -> Result<Cow<'a, str>, Reason> {
    if has_control(text) {
        return Err(Reason::StrayCharacter);
    }
    let text = if column.narrow { narrow(text) } else { Cow::Borrowed(text) };
    if let Some(kind) = &column.identifier {
        let scientific = kind.starts_with("cn_") || kind == "bank_card";
        if scientific && text.contains(['e', 'E']) && text.contains('+') && text.parse::<f64>().is_ok() {
            return Err(Reason::ExcelFloat);
        }
        identifier::check(kind, &text)?;
    }
    Ok(text)
}

/// Whether a text holds an ASCII control character other than tab and line ends. Eight bytes at a time: every text
/// byte of every upload passes here.
fn has_control(text: &str) -> bool {
    const ONES: u64 = u64::MAX / 255;
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let below_space = |word: &[u8; 8]| {
        let word = u64::from_ne_bytes(*word);
        word.wrapping_sub(ONES * 0x20) & !word & (ONES * 0x80) != 0
    };
    let suspicious = words.iter().any(below_space) || rest.iter().any(|b| *b < 0x20);
    suspicious && text.bytes().any(|b| b < 0x20 && !b"\t\n\r".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::has_control;

    #[test]
    fn control_characters_are_found_at_every_place() {
        for len in 0..40 {
            let clean: String = "中文 abc\u{80}~\u{7F}é".chars().cycle().take(len).collect();
            assert!(!has_control(&clean));
            for (at, _) in clean.char_indices() {
                for (sign, found) in
                    [('\u{0}', true), ('\u{1F}', true), ('\u{B}', true), ('\t', false), ('\n', false), ('\r', false)]
                {
                    let mut text = clean.clone();
                    text.insert(at, sign);
                    assert_eq!(has_control(&text), found, "{at} {sign:?}");
                }
            }
        }
    }
}
