//! What the story is about to send, written down before it is sent: after a `kill -9` the same bytes go out again
//! under the same idempotency key, so nothing is done twice and nothing is lost.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

/// One remembered value.
#[derive(Serialize, Deserialize)]
struct Entry {
    key: String,
    value: Value,
}

/// Append-only file of remembered values, one JSON document per line.
pub struct Journal {
    file: File,
    known: BTreeMap<String, Value>,
}

impl Journal {
    /// Opens the journal of a folder; a line torn by a crash is cut off.
    pub fn open(dir: &Path) -> std::io::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join("journal.jsonl");
        let mut known = BTreeMap::new();
        let mut whole = 0;
        if path.is_file() {
            let mut reader = BufReader::new(File::open(&path)?);
            let mut line = String::new();
            while reader.read_line(&mut line)? > 0 {
                let Some(entry) = line.strip_suffix('\n').and_then(|l| serde_json::from_str::<Entry>(l).ok()) else {
                    break;
                };
                whole += line.len() as u64;
                known.insert(entry.key, entry.value);
                line.clear();
            }
        }
        let file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.set_len(whole)?;
        Ok(Self { file, known })
    }

    /// What was remembered under a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.known.get(key)
    }

    /// Remembers a value for good; the first value under a key stays.
    pub fn remember(&mut self, key: &str, value: &Value) -> std::io::Result<()> {
        if self.known.contains_key(key) {
            return Ok(());
        }
        let entry = Entry { key: key.to_owned(), value: value.clone() };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        self.file.sync_data()?;
        self.known.insert(entry.key, entry.value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Journal;
    use serde_json::json;

    #[test]
    fn a_torn_line_is_cut_and_whole_ones_stay() -> std::io::Result<()> {
        let dir = tempfile::tempdir()?;
        let mut journal = Journal::open(dir.path())?;
        journal.remember("a", &json!(1))?;
        journal.remember("a", &json!(2))?;
        drop(journal);
        let path = dir.path().join("journal.jsonl");
        let mut bytes = std::fs::read(&path)?;
        bytes.extend_from_slice(b"{\"key\":\"b\",\"val");
        std::fs::write(&path, bytes)?;
        let mut journal = Journal::open(dir.path())?;
        assert_eq!(journal.get("a"), Some(&json!(1)));
        assert_eq!(journal.get("b"), None);
        journal.remember("b", &json!(3))?;
        drop(journal);
        assert_eq!(Journal::open(dir.path())?.get("b"), Some(&json!(3)));
        Ok(())
    }
}
