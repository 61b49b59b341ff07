//! `cargo xtask tidy`: what the compiler does not check about the shape of the code. The rules are data
//! (`xtask/tidy.toml`); city names come from `packs/`.

mod claims;
mod direction;
mod source;

use crate::run::{Done, Problem, failed, root};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// `xtask/tidy.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    file_lines: usize,
    function_lines: usize,
    unsafe_crates: Vec<String>,
    crates: BTreeMap<String, Vec<String>>,
    alone: BTreeMap<String, Vec<String>>,
    pure: Pure,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

/// Paths that pure crates may not name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pure {
    crates: Vec<String>,
    starts: Vec<String>,
    ends: Vec<String>,
}

/// A size that a file or function may have.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    path: String,
    function: Option<String>,
    lines: usize,
    /// Why; nobody reads it but people.
    #[serde(rename = "reason")]
    _reason: String,
}

/// What one file showed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Finding {
    /// The file has so many lines.
    File { path: String, lines: usize },
    /// The function has so many lines.
    Function { path: String, line: usize, name: String, lines: usize },
    /// Something that no exception covers.
    Plain { path: String, line: usize, what: String },
}

/// Runs all checks and prints every finding.
pub fn main() -> Done {
    let text = fs::read_to_string(root().join("xtask/tidy.toml")).map_err(failed("xtask/tidy.toml"))?;
    let rules: Rules = toml::from_str(&text).map_err(failed("xtask/tidy.toml"))?;
    let cities = cities(&root().join("packs"))?;
    let mut findings = Vec::new();
    for (krate, path) in sources()?.into_iter().filter(|(_, path)| !is_test_file(path)) {
        let text = fs::read_to_string(root().join(&path)).map_err(failed(&path))?;
        findings.extend(source::check(&krate, &path, &text, &rules, &cities));
    }
    let mut lines = judge(findings, &rules);
    lines.extend(direction::check(&rules)?);
    lines.extend(claims::check()?);
    for line in &lines {
        eprintln!("   {line}");
    }
    if lines.is_empty() {
        eprintln!("── tidy: fine");
        Ok(())
    } else {
        Err(Problem::Failed(format!("tidy: {} findings", lines.len())))
    }
}

/// A module of tests in a file of its own (`#[cfg(test)] mod tests;`): sizes and names are its own affair.
fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// Applies limits and exceptions; an exception that nothing needs is a finding too.
fn judge(findings: Vec<Finding>, rules: &Rules) -> Vec<String> {
    let mut used = vec![false; rules.exceptions.len()];
    let mut allowed = |path: &str, function: Option<&str>, lines: usize| {
        let fits = |e: &Exception| e.path == path && e.function.as_deref() == function && lines <= e.lines;
        let at = rules.exceptions.iter().position(fits);
        at.and_then(|i| used.get_mut(i)).map(|u| *u = true).is_some()
    };
    let mut out = Vec::new();
    for finding in findings {
        match finding {
            Finding::File { path, lines } => {
                if lines > rules.file_lines && !allowed(&path, None, lines) {
                    out.push(format!("{path}: {lines} lines; a file has at most {}", rules.file_lines));
                }
            }
            Finding::Function { path, line, name, lines } => {
                if lines > rules.function_lines && !allowed(&path, Some(&name), lines) {
                    let limit = rules.function_lines;
                    out.push(format!("{path}:{line}: `{name}` has {lines} lines; a function has at most {limit}"));
                }
            }
            Finding::Plain { path, line, what } => out.push(format!("{path}:{line}: {what}")),
        }
    }
    for (e, used) in rules.exceptions.iter().zip(used) {
        if !used {
            out.push(format!("xtask/tidy.toml: the exception for {} is not needed or too small", e.path));
        }
    }
    out
}

/// Ids and Chinese names of the cities: folders of `packs/` whose `pack.toml` says `kind = "city"`.
fn cities(packs: &Path) -> Done<Vec<String>> {
    let mut out = Vec::new();
    for entry in fs::read_dir(packs).into_iter().flatten().flatten() {
        let Ok(text) = fs::read_to_string(entry.path().join("pack.toml")) else {
            continue;
        };
        let pack: toml::Table = toml::from_str(&text).map_err(failed("pack.toml"))?;
        if pack.get("kind").and_then(|k| k.as_str()) == Some("city") {
            out.extend(pack.get("id").and_then(|id| id.as_str()).map(str::to_owned));
            // "某某市公共数据…": the name before 市.
            let zh = pack.get("zh").and_then(|zh| zh.as_str()).and_then(|zh| zh.split_once('市'));
            out.extend(zh.map(|(name, _)| name.to_owned()));
        }
    }
    Ok(out)
}

/// Every Rust file below `crates/*/src` and `xtask/src`, with its crate, relative to the root.
fn sources() -> Done<Vec<(String, String)>> {
    let mut out = Vec::new();
    let mut folders: Vec<(String, PathBuf)> = vec![("xtask".to_owned(), root().join("xtask/src"))];
    for entry in fs::read_dir(root().join("crates")).map_err(failed("crates"))?.flatten() {
        folders.push((entry.file_name().to_string_lossy().into_owned(), entry.path().join("src")));
    }
    while let Some((krate, folder)) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push((krate.clone(), path));
            } else if path.extension().is_some_and(|e| e == "rs") {
                let relative = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().into_owned();
                out.push((krate.clone(), relative));
            }
        }
    }
    out.sort();
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn rules(exceptions: &str) -> Rules {
        let text = format!(
            "file_lines = 5\nfunction_lines = 3\nunsafe_crates = ['leaf']\n[crates]\npure = []\nleaf = []\n\
             edge = ['pure']\ntop = ['all']\n[alone]\nsql = ['edge']\n\
             [pure]\ncrates = ['pure']\nstarts = ['std::fs']\nends = ['SystemTime::now']\n{exceptions}"
        );
        toml::from_str(&text).unwrap()
    }

    fn function(lines: usize) -> Finding {
        Finding::Function { path: "a.rs".into(), line: 1, name: "f".into(), lines }
    }

    #[test]
    fn limits_hold() {
        assert!(judge(vec![function(3), Finding::File { path: "a.rs".into(), lines: 5 }], &rules("")).is_empty());
        assert_eq!(judge(vec![function(4), Finding::File { path: "a.rs".into(), lines: 6 }], &rules("")).len(), 2);
    }

    #[test]
    fn an_exception_covers_its_size_and_no_more() {
        let one = rules("[[exceptions]]\npath = 'a.rs'\nfunction = 'f'\nlines = 7\nreason = 'r'");
        assert!(judge(vec![function(7)], &one).is_empty());
        assert_eq!(judge(vec![function(8)], &one).len(), 2);
        assert_eq!(
            judge(vec![function(3)], &one),
            ["xtask/tidy.toml: the exception for a.rs is not needed or too small"]
        );
    }

    #[test]
    fn city_names_come_from_the_packs() {
        let dir = std::env::temp_dir().join(format!("tidy-{}", std::process::id()));
        for (id, kind) in [("atlantis", "city"), ("national", "national")] {
            fs::create_dir_all(dir.join(id)).unwrap();
            let text = format!("id = '{id}'\nkind = '{kind}'\nzh = '大西市公共数据办法'\n[terms]\n");
            fs::write(dir.join(id).join("pack.toml"), text).unwrap();
        }
        let found = cities(&dir).unwrap();
        fs::remove_dir_all(&dir).unwrap();
        assert_eq!(found, ["atlantis", "大西"]);
    }
}
