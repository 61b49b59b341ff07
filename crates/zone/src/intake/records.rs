//! Records of a delimited text file, read as a stream in bounded memory.
//!
//! Knows lines, quotes and delimiters; no contract and no type. A line that cannot be part of a well-formed record
//! is handed out whole, to be set aside; reading goes on with the next line, so that one stray quote never swallows
//! the rows behind it.

use super::encoding::{Detected, Encoding, Utf16Reader, decode_line, detect};
use super::reason::Reason;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// Longest physical line and longest record, in bytes.
pub const MAX_RECORD: usize = 1 << 20;
/// Bytes looked at to find encoding and delimiter.
const HEAD: usize = 64 << 10;
const DELIMITERS: [char; 4] = [',', '\t', ';', '|'];

/// The stream cannot be read any further.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Reading failed.
    #[error("the upload could not be read: {0}")]
    Read(#[from] io::Error),
    /// A line is longer than [`MAX_RECORD`]: not a delimited text file.
    #[error("line {line} is longer than 1 MiB")]
    LineTooLong {
        /// Line, from 1.
        line: u64,
    },
}

/// What [`Records::next`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A record; its fields are in the row.
    Row,
    /// Bytes that are no record; the row holds them raw.
    Fault(Reason),
    /// End of the file.
    End,
}

/// One record. Reused from record to record.
#[derive(Debug, Default)]
pub struct Row {
    /// First physical line of the record, from 1.
    pub line: u64,
    /// The record as it was uploaded, line end included (UTF-16 as UTF-8).
    pub raw: Vec<u8>,
    /// Whether one of its lines is not in the file's main encoding.
    pub other_encoding: bool,
    text: String,
    fields: Vec<Field>,
    mark: usize,
}

#[derive(Clone, Copy, Debug)]
struct Field {
    start: usize,
    end: usize,
    quoted: bool,
}

impl Row {
    /// Number of fields.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fields.len()
    }

    /// Whether there is no field.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// A field's text and whether it was quoted.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<(&str, bool)> {
        let field = self.fields.get(index)?;
        Some((self.text.get(field.start..field.end)?, field.quoted))
    }

    fn clear(&mut self) {
        self.raw.clear();
        self.text.clear();
        self.fields.clear();
        self.mark = 0;
        self.other_encoding = false;
    }

    fn end_field(&mut self, quoted: bool) {
        self.fields.push(Field { start: self.mark, end: self.text.len(), quoted });
        self.mark = self.text.len();
    }
}

enum Scan {
    Complete,
    Open,
    Malformed,
}

/// Streaming reader of records.
pub struct Records<'a> {
    input: Box<dyn BufRead + 'a>,
    main: Detected,
    delimiter: char,
    pending: VecDeque<Vec<u8>>,
    next_line: u64,
    blank: u64,
    empty: bool,
    lengths: Vec<usize>,
}

impl<'a> Records<'a> {
    /// Opens a stream: finds encoding and delimiter from its head. `names` are the columns looked for, where they are known.
    ///
    /// # Errors
    /// [`RecordError::Read`].
    pub fn open(mut reader: impl Read + 'a, names: &[&str]) -> Result<Self, RecordError> {
        let mut head = Vec::with_capacity(HEAD);
        reader.by_ref().take(HEAD as u64).read_to_end(&mut head)?;
        let main = detect(&head);
        let empty = head.len() == main.mark;
        let first = first_line(&head, main);
        let delimiter = delimiter(&first, names);
        let mut head = Cursor::new(head);
        head.set_position(main.mark as u64);
        let bytes = BufReader::with_capacity(HEAD, head.chain(reader));
        let input: Box<dyn BufRead + 'a> = if main.encoding.is_utf16() {
            Box::new(BufReader::with_capacity(HEAD, Utf16Reader::new(bytes, main.encoding)))
        } else {
            Box::new(bytes)
        };
        let pending = VecDeque::new();
        Ok(Self { input, main, delimiter, pending, next_line: 1, blank: 0, empty, lengths: Vec::new() })
    }

    /// Main encoding.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.main.encoding
    }

    /// Delimiter.
    #[must_use]
    pub fn delimiter(&self) -> char {
        self.delimiter
    }

    /// Whether the stream holds no byte (a byte order mark aside).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.empty
    }

    /// Blank lines passed over so far; they are no rows.
    #[must_use]
    pub fn blank_lines(&self) -> u64 {
        self.blank
    }

    /// Reads the next record into `row`.
    ///
    /// # Errors
    /// [`RecordError`].
    pub fn next(&mut self, row: &mut Row) -> Result<Next, RecordError> {
        loop {
            row.clear();
            if !self.take_line(&mut row.raw)? {
                return Ok(Next::End);
            }
            row.line = self.next_line;
            self.next_line += 1;
            if without_line_end(&row.raw).is_empty() {
                self.blank += 1;
                continue;
            }
            return if row.raw.contains(&b'"') { self.quoted(row) } else { Ok(self.plain(row)) };
        }
    }

    /// A line without a quote: one record.
    fn plain(&self, row: &mut Row) -> Next {
        let raw = std::mem::take(&mut row.raw);
        let found = match decode_line(without_line_end(&raw), self.main) {
            None => Next::Fault(Reason::WrongEncoding),
            Some((text, encoding)) => {
                row.other_encoding = encoding != self.main.encoding;
                row.text.push_str(&text);
                let mut from = 0;
                while let Some(at) = text.get(from..).and_then(|rest| rest.find(self.delimiter)) {
                    row.fields.push(Field { start: from, end: from + at, quoted: false });
                    from += at + 1;
                }
                row.fields.push(Field { start: from, end: text.len(), quoted: false });
                Next::Row
            }
        };
        row.raw = raw;
        found
    }

    /// A line with quotes: the record may go on over further lines.
    fn quoted(&mut self, row: &mut Row) -> Result<Next, RecordError> {
        self.lengths.clear();
        let mut from = 0;
        let mut in_quotes = false;
        let mut wrong = false;
        loop {
            let raw = std::mem::take(&mut row.raw);
            let line = raw.get(from..).unwrap_or_default();
            self.lengths.push(line.len());
            let scan = match decode_line(line, self.main) {
                Some((text, encoding)) => {
                    row.other_encoding |= encoding != self.main.encoding;
                    self.scan(&text, row, in_quotes)
                }
                None if in_quotes => {
                    wrong = true;
                    self.scan(&String::from_utf8_lossy(line), row, in_quotes)
                }
                None => {
                    row.raw = raw;
                    return Ok(Next::Fault(Reason::WrongEncoding));
                }
            };
            from = raw.len();
            row.raw = raw;
            match scan {
                Scan::Complete if wrong => return Ok(Next::Fault(Reason::WrongEncoding)),
                Scan::Complete => return Ok(Next::Row),
                Scan::Open if row.raw.len() <= MAX_RECORD && self.take_line(&mut row.raw)? => {
                    self.next_line += 1;
                    in_quotes = true;
                }
                Scan::Open | Scan::Malformed => return Ok(self.give_back(row)),
            }
        }
    }

    fn scan(&self, line: &str, row: &mut Row, mut in_quotes: bool) -> Scan {
        let mut rest = line;
        loop {
            if in_quotes {
                let Some(at) = rest.find('"') else {
                    row.text.push_str(rest);
                    return Scan::Open;
                };
                row.text.push_str(rest.get(..at).unwrap_or_default());
                rest = rest.get(at + 1..).unwrap_or_default();
                if let Some(after) = rest.strip_prefix('"') {
                    row.text.push('"');
                    rest = after;
                    continue;
                }
                row.end_field(true);
                in_quotes = false;
                match rest.strip_prefix(self.delimiter) {
                    Some(after) => rest = after,
                    None if matches!(rest, "" | "\n" | "\r\n") => return Scan::Complete,
                    None => return Scan::Malformed,
                }
            } else if let Some(after) = rest.strip_prefix('"') {
                in_quotes = true;
                rest = after;
            } else if let Some(at) = rest.find(self.delimiter) {
                row.text.push_str(rest.get(..at).unwrap_or_default());
                row.end_field(false);
                rest = rest.get(at + self.delimiter.len_utf8()..).unwrap_or_default();
            } else {
                row.text.push_str(rest.trim_end_matches(['\r', '\n']));
                row.end_field(false);
                return Scan::Complete;
            }
        }
    }

    /// Keeps the first physical line of a malformed record and gives the others back to be read again.
    fn give_back(&mut self, row: &mut Row) -> Next {
        let first = self.lengths.first().copied().unwrap_or(row.raw.len());
        let mut end = row.raw.len();
        for length in self.lengths.iter().skip(1).rev() {
            let start = end - length;
            self.pending.push_front(row.raw.get(start..end).unwrap_or_default().to_vec());
            end = start;
        }
        row.raw.truncate(first);
        self.next_line = row.line + 1;
        Next::Fault(Reason::RaggedRow)
    }

    /// Appends the next physical line; false at the end of the stream.
    fn take_line(&mut self, into: &mut Vec<u8>) -> Result<bool, RecordError> {
        if let Some(line) = self.pending.pop_front() {
            into.extend_from_slice(&line);
            return Ok(true);
        }
        let before = into.len();
        let read = self.input.by_ref().take(MAX_RECORD as u64 + 2).read_until(b'\n', into)?;
        if into.len() - before > MAX_RECORD {
            return Err(RecordError::LineTooLong { line: self.next_line });
        }
        Ok(read > 0)
    }
}

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn first_line(head: &[u8], main: Detected) -> String {
    let body = head.get(main.mark..).unwrap_or_default();
    let mut bytes = Vec::new();
    if main.encoding.is_utf16() {
        // A head cut in the middle of a unit only damages its end.
        let _ = Utf16Reader::new(body, main.encoding).read_to_end(&mut bytes);
    } else {
        bytes.extend_from_slice(body);
    }
    let line = bytes.split(|b| *b == b'\n').find(|l| !without_line_end(l).is_empty()).unwrap_or_default();
    decode_line(line, main).map(|(text, _)| text.into_owned()).unwrap_or_default()
}

/// The delimiter of a header line: the one under which most cells are names looked for, then the one with most cells.
#[must_use]
pub fn delimiter(header: &str, names: &[&str]) -> char {
    let mut best = (',', 0, 0);
    for candidate in DELIMITERS {
        let cells = || header.split(candidate).map(|cell| cell.trim().trim_matches('"'));
        let known = cells().filter(|cell| names.contains(cell)).count();
        let all = cells().count();
        if (known, all) > (best.1, best.2) {
            best = (candidate, known, all);
        }
    }
    best.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Vec<Result<Vec<String>, (u64, &'static str)>> {
        let mut records = Records::open(Cursor::new(bytes.to_vec()), &[]).unwrap();
        let mut row = Row::default();
        let mut out = Vec::new();
        loop {
            match records.next(&mut row).unwrap() {
                Next::End => return out,
                Next::Fault(reason) => out.push(Err((row.line, reason.code()))),
                Next::Row => out.push(Ok((0..row.len()).map(|i| row.get(i).unwrap().0.to_owned()).collect())),
            }
        }
    }

    fn ok(cells: &[&str]) -> Result<Vec<String>, (u64, &'static str)> {
        Ok(cells.iter().map(|c| (*c).to_owned()).collect())
    }

    #[test]
    fn quotes_and_lines() {
        let text = "a,b\r\n1,\"x,\"\"y\"\"\nz\"\n\n2,5\" pipe\n3,\n";
        assert_eq!(
            read(text.as_bytes()),
            vec![ok(&["a", "b"]), ok(&["1", "x,\"y\"\nz"]), ok(&["2", "5\" pipe"]), ok(&["3", ""])]
        );
        assert_eq!(read(b"a;b\n1;2"), vec![ok(&["a", "b"]), ok(&["1", "2"])]);
        assert_eq!(read(b"a\tb\n1\t2"), vec![ok(&["a", "b"]), ok(&["1", "2"])]);
        assert_eq!(read(b"a|b\n1|2"), vec![ok(&["a", "b"]), ok(&["1", "2"])]);
        assert_eq!(read(b""), vec![]);
    }

    #[test]
    fn a_stray_quote_costs_one_line() {
        let text = b"a,b\n1,\"open\n2,two\n3,\"three\"\n4,four\n";
        let expected =
            vec![ok(&["a", "b"]), Err((2, "ragged_row")), ok(&["2", "two"]), ok(&["3", "three"]), ok(&["4", "four"])];
        assert_eq!(read(text), expected);
        assert_eq!(read(b"a,b\n1,\"open\n2,x\n"), vec![ok(&["a", "b"]), Err((2, "ragged_row")), ok(&["2", "x"])]);
    }

    #[test]
    fn gb18030_trail_bytes_are_no_delimiters() {
        // 黔 has the trail byte 0x7C ('|') in some neighbours; 亅 is 0x81 0x7C.
        let gb = encoding_rs::GB18030.encode("甲|乙\n亅中文|中文亅\n").0.into_owned();
        assert!(gb.windows(2).any(|w| w[1] == b'|' && w[0] >= 0x80));
        assert_eq!(read(&gb), vec![ok(&["甲", "乙"]), ok(&["亅中文", "中文亅"])]);
    }

    #[test]
    fn an_endless_line_is_refused() {
        let endless = Cursor::new(vec![b'x'; MAX_RECORD * 2]);
        let mut records = Records::open(endless, &[]).unwrap();
        assert!(matches!(records.next(&mut Row::default()), Err(RecordError::LineTooLong { line: 1 })));
    }

    proptest! {
        /// Every byte comes out again, in a row or set aside.
        #[test]
        fn nothing_is_lost(bytes in proptest::collection::vec(prop_oneof![Just(b'"'), Just(b','), Just(b'\n'), Just(b'\r'), Just(b'a'), any::<u8>()], 0..400)) {
            let mut records = Records::open(Cursor::new(bytes.clone()), &[]).unwrap();
            prop_assume!(!records.encoding().is_utf16());
            let mark = records.main.mark;
            let mut row = Row::default();
            let mut all = Vec::new();
            while records.next(&mut row).unwrap() != Next::End {
                all.extend_from_slice(&row.raw);
            }
            let blank = |l: &&[u8]| !without_line_end(l).is_empty();
            let kept: Vec<&[u8]> = all.split_inclusive(|b| *b == b'\n').filter(blank).collect();
            let given: Vec<&[u8]> = bytes[mark..].split_inclusive(|b| *b == b'\n').filter(blank).collect();
            prop_assert_eq!(kept, given);
        }

        /// What a CSV writer wrote is read back.
        #[test]
        fn written_rows_come_back(rows in proptest::collection::vec(proptest::collection::vec("[a-z中文\",\n\r ]{0,6}", 3), 1..20)) {
            let mut writer = csv::WriterBuilder::new().quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            writer.write_record(["甲", "乙", "丙"]).unwrap();
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let bytes = writer.into_inner().unwrap();
            let mut expected = vec![ok(&["甲", "乙", "丙"])];
            expected.extend(rows.into_iter().map(Ok));
            prop_assert_eq!(read(&bytes), expected);
        }
    }
}
