//! Every test that `docs/threat-model.md` names exists: a claim whose test was renamed or removed is not proved.

use crate::run::{Done, failed, root};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Findings over the claims table.
pub fn check() -> Done<Vec<String>> {
    let text = fs::read_to_string(root().join("docs/threat-model.md")).map_err(failed("docs/threat-model.md"))?;
    let mut functions = BTreeSet::new();
    collect(&root().join("crates"), &mut functions);
    Ok(missing(&text, &functions))
}

/// Names of all functions in Rust files below a folder.
fn collect(folder: &Path, functions: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, functions);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let names = text.split("fn ").skip(1).map(|rest| rest.split(['(', '<']).next().unwrap_or_default());
            functions.extend(names.map(str::to_owned));
        }
    }
}

/// Tests in the last column of table rows, in backticks, that are not among the functions. `module::*` names a whole
/// module and is not looked up.
fn missing(text: &str, functions: &BTreeSet<String>) -> Vec<String> {
    let rows = text.lines().filter(|l| l.starts_with("| C"));
    let cells = rows.filter_map(|l| l.trim_end_matches(['|', ' ']).rsplit_once('|')).map(|(_, cell)| cell);
    let named = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let lost = named.filter_map(|t| t.rsplit_once("::")).filter(|(_, name)| *name != "*" && !functions.contains(*name));
    lost.map(|(_, name)| format!("docs/threat-model.md: there is no test `{name}`")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_test_is_found() {
        let functions = BTreeSet::from(["kept".to_owned()]);
        let table =
            "| # | x | y |\n|---|---|---|\n| C1 | a | `m::kept`, `m::lost` |\n| C2 | b | `m::*` |\n`m::elsewhere`";
        assert_eq!(missing(table, &functions), ["docs/threat-model.md: there is no test `lost`"]);
    }
}
