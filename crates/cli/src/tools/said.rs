//! What a tool answers: an exit code, a JSON document, and the same for people. Knows nothing of what it says.

use crate::wiring::CliError;
use serde_json::Value;
use std::io::{ErrorKind, Write};

/// The answer of a tool.
#[derive(Debug)]
pub struct Said {
    /// Exit code.
    pub code: u8,
    /// The document of `--json`.
    pub json: Value,
    /// For people, on standard output.
    pub text: String,
    /// For people, on standard error: beside a text that programs read too.
    pub aside: String,
}

impl Said {
    /// An answer for programs and people.
    pub fn new(code: u8, json: Value, text: String) -> Self {
        Self { code, json, text, aside: String::new() }
    }

    /// An answer for programs only.
    pub fn json_only(code: u8, json: Value) -> Self {
        Self::new(code, json, String::new())
    }

    /// Prints it; the result is the exit code.
    ///
    /// # Errors
    /// Standard output cannot be written. That its reader went away is none.
    pub fn print(&self, json: bool) -> Result<u8, CliError> {
        if json {
            put(&mut std::io::stdout().lock(), &format!("{}\n", self.json))?;
        } else {
            put(&mut std::io::stderr().lock(), &self.aside)?;
            put(&mut std::io::stdout().lock(), &self.text)?;
        }
        Ok(self.code)
    }
}

fn put(to: &mut impl Write, text: &str) -> Result<(), CliError> {
    match to.write_all(text.as_bytes()).and_then(|()| to.flush()) {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(e.into()),
        _ => Ok(()),
    }
}

/// Rows under a header, aligned; Chinese characters are two places wide.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = header.iter().map(|h| width(h)).collect();
    for row in rows {
        for (w, cell) in widths.iter_mut().zip(row) {
            *w = (*w).max(width(cell));
        }
    }
    let mut out = String::new();
    let head: Vec<String> = header.iter().map(|h| (*h).to_owned()).collect();
    for row in std::iter::once(&head).chain(rows) {
        let mut line = String::new();
        for (cell, w) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', w.saturating_sub(width(cell)) + 2));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

fn width(text: &str) -> usize {
    text.chars().map(|c| if ('\u{1100}'..='\u{ffdc}').contains(&c) { 2 } else { 1 }).sum()
}
