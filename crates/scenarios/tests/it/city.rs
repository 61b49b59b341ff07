//! A city's pack from a folder: its own name, its own words in any script, and never taken for one of the program's.

use crate::program::{json, logs_hold, run};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A copy of a shipped pack in a folder, with another id.
fn pack(at: &Path, id: &str, edit: impl Fn(&str) -> String) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/wuxi");
    std::fs::create_dir_all(at.join("procedures")).unwrap();
    for dir in ["", "procedures"] {
        for entry in std::fs::read_dir(from.join(dir)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                let name = path.file_name().unwrap();
                std::fs::copy(&path, at.join(dir).join(name)).unwrap();
            }
        }
    }
    let text = std::fs::read_to_string(at.join("pack.toml")).unwrap();
    std::fs::write(at.join("pack.toml"), edit(&text.replacen("id = \"wuxi\"", &format!("id = \"{id}\""), 1))).unwrap();
    at.to_path_buf()
}

#[test]
fn a_folder_with_spaces_and_chinese_names() {
    let dir = tempfile::tempdir().unwrap();
    let city =
        pack(&dir.path().join("规则 包/示范 市"), "示范市", |t| t.replacen("version = 1", "version = 3", 1));
    let (data, zone) = (dir.path().join("数据 目录"), dir.path().join("运营 域"));
    let made = json(
        &[
            "story",
            "--city",
            city.to_str().unwrap(),
            "--rows",
            "4000",
            "--json",
            "--data",
            data.to_str().unwrap(),
            "--zone-data",
            zone.to_str().unwrap(),
        ],
        0,
    );
    assert_eq!(made["city"], "示范市");
    logs_hold(&data);
    let (evidence, trust) = (made["evidence"].as_str().unwrap(), made["trust"].as_str().unwrap());
    let pinned: Value = serde_json::from_slice(&std::fs::read(trust).unwrap()).unwrap();
    assert_eq!(pinned["pack"]["version"], "示范市@1.1.3", "{pinned}");
    let verify = ["evidence", "verify", evidence, "--trust", trust, "--json"];
    json(&verify, 1);
    let report = json(&[&verify[..], &["--city", city.to_str().unwrap()]].concat(), 0);
    assert_eq!((&report["valid"], &report["trusted"]), (&Value::Bool(true), &Value::Bool(true)), "{report}");
    // The deployment keeps its own copies: it does not change, nor go, with the folder.
    assert!(data.join("platform/pack/pack.toml").is_file() && zone.join("zone/pack/pack.toml").is_file());
    let kept = zone.join("zone/pack/pack.toml");
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.replacen("version = 3", "version = 4", 1)).unwrap();
    let out = run(&["zone", "--data", zone.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert_eq!(out.status.code(), Some(2), "a zone runs under the pack it was enrolled with, or not at all");
}

#[test]
fn a_folder_is_never_quietly_the_pack_in_the_program() {
    let dir = tempfile::tempdir().unwrap();
    let init = |city: &Path, name: &str, code: i32| {
        let data = dir.path().join(name);
        json(&["admin", "init", "--city", city.to_str().unwrap(), "--data", data.to_str().unwrap(), "--json"], code)
    };
    let other = pack(&dir.path().join("wuxi"), "wuxi", |t| format!("{t}\n# mine\n"));
    init(&other, "a", 2);
    // Not even where its folder has another name, or the id is its own but the folder is asked for by the shipped name.
    init(&pack(&dir.path().join("elsewhere"), "wuxi", |t| format!("{t}\n# mine\n")), "b", 2);
    let same = pack(&dir.path().join("same"), "wuxi", str::to_owned);
    assert_eq!(init(&same, "c", 0)["city"], "wuxi");
    assert!(!dir.path().join("c/platform/pack").exists(), "it is the program's own");
    let own = pack(&dir.path().join("own"), "own", str::to_owned);
    assert_eq!(init(&own, "d", 0)["city"], "own");
    assert!(dir.path().join("d/platform/pack/pack.toml").is_file());
    let out = std::process::Command::new(crate::program::yunyu())
        .args(["admin", "init", "--city", "wuxi", "--data", "e", "--json"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert_eq!(out.status.code(), Some(2), "a folder of the shipped name lies here and differs: which one is meant?");
}
