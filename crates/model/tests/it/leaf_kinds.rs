//! Every kind of leaf that the program writes is on the list, and the console has words for each, in both languages.

use model::leaf_kind::{LEAF_KINDS, is_leaf_kind};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What stands before the name of a kind where a leaf is written or a command tried.
const BEFORE: [&str; 13] = [
    "Said::new(\"",
    "LeafDraft::done(\"",
    "Command::plain(\"",
    "Command::in_case(\"",
    "append_leaf(leaf(\"",
    "append_leaf(made(\"",
    "clock_leaf(\"",
    "said(draft, \"",
    "settled(draft, \"",
    "notice(\"",
    "&for_leaf, \"",
    "record(&layout, \"",
    "record(&ground.layout, \"",
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The sources of the crates that write leaves, their tests aside.
fn sources() -> String {
    let mut open: Vec<PathBuf> =
        ["app", "audit", "cli", "zone"].map(|name| repository().join("crates").join(name).join("src")).into();
    let mut out = String::new();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = std::fs::read_dir(&path).unwrap().map(|e| e.unwrap().path());
            open.extend(entries.filter(|p| p.file_stem().is_none_or(|name| name != "tests")));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            out += text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        }
    }
    out
}

#[test]
fn the_list_is_what_the_program_writes() {
    assert!(LEAF_KINDS.is_sorted() && LEAF_KINDS.iter().collect::<BTreeSet<_>>().len() == LEAF_KINDS.len());
    let text = sources();
    for before in BEFORE {
        let mut found = text.split(before).skip(1).map(|rest| rest.split('"').next().unwrap()).peekable();
        assert!(found.peek().is_some(), "nothing stands after {before} any more");
        for kind in found {
            assert!(is_leaf_kind(kind), "the kind {kind} is not on the list");
        }
    }
    for kind in LEAF_KINDS {
        assert!(text.contains(&format!("\"{kind}\"")), "nothing writes {kind} any more");
    }
}

#[test]
fn the_console_has_words_for_each_kind() {
    const OF: &str = "audit.kindOf.";
    for language in ["zh", "en"] {
        let path = repository().join(format!("console/src/messages/trust.{language}.json"));
        let words: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let words = words.as_object().unwrap();
        for kind in LEAF_KINDS {
            let said = words.get(&format!("{OF}{kind}")).and_then(|w| w.as_str()).unwrap_or_default();
            assert!(!said.is_empty(), "no words in {language} for {kind}");
        }
        for kind in words.keys().filter_map(|name| name.strip_prefix(OF)) {
            assert!(is_leaf_kind(kind), "words in {language} for {kind}, which nothing writes");
        }
    }
}
