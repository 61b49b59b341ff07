//! The tools without a process: what they say on good and bad input.

use super::{Tool, answer, evidence};
use crate::init::{self, InitDone, InitOptions};
use crate::layout::Layout;
use crate::wiring::{self, CliError};
use ::audit::Trust;
use ::audit::evidence::Statement;
use clap::Parser;
use crypto::Suite;
use model::Timestamp;
use serde_json::{Value, json};
use std::path::Path;

/// Closed epochs of the log.
mod epochs;

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    tool: Tool,
}

fn say(words: &[&str]) -> Result<super::Said, CliError> {
    let line = std::iter::once("yunyu").chain(words.iter().copied());
    answer(Line::try_parse_from(line).unwrap_or_else(|e| panic!("{e}")).tool)
}

fn city() -> String {
    let listed = say(&["pack", "list"]).unwrap().json;
    let packs = listed["packs"].as_array().unwrap();
    let found = packs.iter().find(|p| p["kind"] == "city").unwrap();
    found["id"].as_str().unwrap().to_owned()
}

fn made(dir: &Path, suite: Suite) -> (Layout, InitDone) {
    made_on(dir, suite, None)
}

/// The same, on a simulated clock from an instant on.
fn made_on(dir: &Path, suite: Suite, simulated_from: Option<Timestamp>) -> (Layout, InitDone) {
    let layout = Layout::new(dir).unwrap();
    let options = InitOptions {
        city: wiring::choose(&city()).unwrap(),
        with_zone: true,
        keys: hsm::KeyPlace::File,
        suite,
        simulated_from,
        wall: Timestamp(wiring::wall_clock()()),
    };
    let done = init::init(&layout, &options).unwrap();
    (layout, done)
}

#[test]
fn the_command_tree_is_well_formed() {
    use clap::CommandFactory;
    Line::command().debug_assert();
}

#[test]
fn every_row_of_a_pack_can_be_shown_and_is_in_the_coverage() {
    let city = city();
    let coverage = say(&["pack", "coverage", &city]).unwrap().json;
    let rows = coverage["packs"][0]["rows"].as_array().unwrap();
    assert!(rows.len() > 20);
    for row in rows {
        let state = row["state"].as_str().unwrap();
        assert!(["answered", "open", "not_software"].contains(&state));
        assert_eq!(row["reason"].is_null(), state == "answered", "{row}");
        let shown = say(&["pack", "show", &city, row["row"].as_str().unwrap()]).unwrap();
        assert_eq!((shown.code, &shown.json["state"]), (0, &row["state"]));
    }
    let missing = say(&["pack", "show", &city, "NO-1.1"]).unwrap_err();
    assert_eq!(missing.code(), 2);
}

#[test]
fn a_procedure_that_is_not_there_names_those_that_are() {
    let e = say(&["pack", "graph", &city(), "nothing"]).unwrap_err();
    assert_eq!(e.code(), 2);
    assert!(e.json()["error"]["en"].as_str().unwrap().contains("authorisation"));
}

#[test]
fn a_pack_with_an_unknown_key_is_not_valid_and_says_where() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("invented");
    std::fs::create_dir(&own).unwrap();
    std::fs::write(own.join("pack.toml"), "id = \"invented\"\nkind = \"city\"\nfoo = 1\n").unwrap();
    let said = say(&["pack", "check", dir.path().to_str().unwrap()]).unwrap();
    assert_eq!((said.code, &said.json["valid"]), (1, &json!(false)));
    assert_eq!(said.json["failure"]["line"], 3);
    assert_eq!(say(&["pack", "check", own.join("none").to_str().unwrap()]).unwrap_err().code(), 2);
}

/// A policy that speaks of an attribute nobody has would forbid nothing: the check says so.
#[test]
fn a_pack_with_a_policy_that_means_nothing_is_not_valid() {
    let dir = tempfile::tempdir().unwrap();
    let own = dir.path().join("invented");
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/tests/packs/yunzhou");
    std::fs::create_dir_all(own.join("procedures")).unwrap();
    for name in ["pack.toml", "parameters.toml", "articles.toml", "procedures/authorisation.toml"] {
        let text = std::fs::read_to_string(from.join(name)).unwrap();
        std::fs::write(own.join(name), text.replacen("id = \"yunzhou\"", "id = \"invented\"", 1)).unwrap();
    }
    let check = |attribute: &str, rule: &str| {
        let policy = format!(
            "@id(\"x\")\n@rule(\"{rule}\")\nforbid (principal, action, resource) when {{ principal.{attribute}.contains(\"reader\") }};\n"
        );
        std::fs::write(own.join("policy.cedar"), policy).unwrap();
        say(&["pack", "check", own.to_str().unwrap()]).unwrap()
    };
    assert_eq!(check("roles", "YZ-6.1").code, 0);
    for (attribute, rule) in [("rolls", "YZ-6.1"), ("roles", "YZ-9.9")] {
        let said = check(attribute, rule);
        assert_eq!(
            (said.code, &said.json["failure"]["file"]),
            (1, &json!("invented/policy.cedar")),
            "{attribute} {rule}"
        );
    }
}

#[test]
fn a_trust_file_that_pins_another_pack_proves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (layout, _) = made(dir.path(), Suite::Intl);
    let mut trust = Trust::parse(&std::fs::read(layout.trust_file()).unwrap()).unwrap();
    let here = evidence::verify(b"{}", Some(&trust), None).unwrap();
    assert_eq!(here.failure.unwrap().what, "malformed");
    trust.pack.digest = Suite::Intl.hash(b"another pack");
    let other = evidence::verify(b"{}", Some(&trust), None).unwrap();
    assert!(!other.valid && !other.trusted);
    assert_eq!(other.failure.unwrap().what, "other_pack");
}

/// An order to end an authorisation, with no approval in it.
fn order(pack: &str) -> Statement {
    let digest = Suite::Intl.hash(b"head").to_string();
    let body = json!({
        "v": 1, "deployment": "d", "id": "o-1", "seq": 1, "case": "c-1", "case_head": digest, "key_list": 1,
        "pack": pack, "issued_at": 1_000_000, "expires": 2_000_000, "approvals": [],
        "effect": {"effect": "destroy", "object": {"authorisation": "a-1", "ground": "violation", "article": "1"}},
    });
    Statement { kind: "order".to_owned(), body, key: "k".to_owned(), signature: String::new() }
}

#[test]
fn an_order_without_its_approvals_does_not_pass() {
    let dir = tempfile::tempdir().unwrap();
    let (layout, _) = made(dir.path(), Suite::Intl);
    let signed: Value = serde_json::from_slice(&std::fs::read(layout.log().join("keys/1.json")).unwrap()).unwrap();
    let list: ::audit::KeyListView = serde_json::from_value(signed["body"].clone()).unwrap();
    let mut order = order(&wiring::pack(&city()).unwrap().version());
    assert!(evidence::named_quorum(&order, &[], &list).unwrap_err().contains("unlisted key"));
    order.key.clone_from(&list.entries[0].key);
    let said = evidence::named_quorum(&order, &[], &list).unwrap_err();
    assert!(said.contains("quorum-missing"), "{said}");
}

#[test]
fn a_pack_named_in_a_file_never_becomes_a_path() {
    let dir = tempfile::tempdir().unwrap();
    let (layout, _) = made(dir.path(), Suite::Intl);
    let signed: Value = serde_json::from_slice(&std::fs::read(layout.log().join("keys/1.json")).unwrap()).unwrap();
    let list: ::audit::KeyListView = serde_json::from_value(signed["body"].clone()).unwrap();
    for pack in ["/etc@1", "../..@1", "", "@", "nowhere@1.1.1"] {
        let said = evidence::named_quorum(&order(pack), &[], &list).unwrap_err();
        assert!(said.contains("not in this program"), "{pack}: {said}");
    }
}

#[test]
fn the_doctor_finds_a_key_that_others_can_read() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (layout, _) = made(dir.path(), Suite::Intl);
    let data = dir.path().to_str().unwrap();
    let state = |id: &str| {
        let said = say(&["admin", "doctor", "--data", data]).unwrap();
        let checks = said.json["checks"].as_array().unwrap().clone();
        let check = checks.into_iter().find(|c| c["id"] == id).unwrap();
        (said.code, check["state"].as_str().unwrap().to_owned())
    };
    assert_eq!(state("permissions"), (0, "ok".to_owned()));
    assert_eq!(state("keys").1, "not_assessable");
    assert_eq!(state("pack").1, "ok");
    let key = layout.platform_keys().join(init::PLATFORM_KEY);
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(state("permissions"), (1, "fail".to_owned()));
}

#[test]
fn the_doctor_finds_a_foreign_trust_file() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (layout, _) = made(one.path(), Suite::Intl);
    let (foreign, _) = made(other.path(), Suite::Intl);
    std::fs::copy(foreign.trust_file(), layout.trust_file()).unwrap();
    let data = one.path().to_str().unwrap();
    assert_eq!(say(&["admin", "doctor", "--data", data]).unwrap().code, 1);
    assert_eq!(say(&["admin", "trust", "export", "--data", data]).unwrap_err().code(), 2);
}

#[test]
fn the_passphrase_of_the_root_is_in_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let said = say(&["admin", "init", "--data", data.to_str().unwrap(), "--city", &city(), "--suite", "intl"]).unwrap();
    let pass = said.json["root_passphrase"].as_str().unwrap().as_bytes().to_vec();
    let token = said.json["setup_token"].as_str().unwrap().as_bytes().to_vec();
    let mut open = vec![data.clone()];
    while let Some(dir) = open.pop() {
        for path in std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for secret in [&pass, &token] {
                assert!(!bytes.windows(secret.len()).any(|w| w == secret), "{}", path.display());
            }
        }
    }
    // The printed passphrase does open the printed key.
    let file: crypto::KeyFile =
        serde_json::from_slice(&std::fs::read(said.json["root_key"].as_str().unwrap()).unwrap()).unwrap();
    assert!(file.open(said.json["root_passphrase"].as_str().unwrap()).is_ok());
}
