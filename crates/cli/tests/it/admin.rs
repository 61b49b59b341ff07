//! `yunyu admin`.

use crate::support::{arg, json, yunyu};
use serde_json::json as doc;

#[test]
fn init_doctor_and_trust() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let init = ["admin", "init", "--data", arg(&data), "--city", "wuxi", "--json"];
    let (code, made) = json(&yunyu(&init));
    assert_eq!((code, &made["suite"], &made["clock"]), (0, &doc!("gm"), &doc!("real")));
    assert_eq!(json(&yunyu(&init)).0, 2, "a second init must not touch the folder");

    let (code, found) = json(&yunyu(&["admin", "doctor", "--data", arg(&data), "--json"]));
    assert_eq!((code, &found["ok"]), (0, &doc!(true)), "{found}");
    let ids: Vec<&str> = found["checks"].as_array().unwrap().iter().filter_map(|c| c["id"].as_str()).collect();
    let folder = ["confinement", "clock", "suite", "pack", "permissions", "root", "log", "tls"];
    let assessor = ["self_test", "algorithms", "keys", "key_inventory", "certificates"];
    let machine = ["tls_versions", "entropy", "core_dumps", "swap", "database", "platform_keys"];
    assert_eq!(ids, [&folder[..], &assessor, &machine].concat());
    let facts = &found["cryptography"];
    assert_eq!((&facts["keys"]["kind"], &facts["keys"]["extractable"]), (&doc!("file"), &doc!(true)));
    assert_eq!(facts["algorithms"]["signature"], "SM2");
    assert_eq!(facts["self_test"].as_array().unwrap().len(), 12);
    assert_eq!((&facts["inventory"], &facts["certificates"]), (&doc!([]), &doc!([])));

    let out = yunyu(&["admin", "trust", "export", "--data", arg(&data)]);
    assert_eq!(out.stdout, std::fs::read(data.join("trust.json")).unwrap(), "byte for byte: one encoding");
    let copy = dir.path().join("trust.json");
    let (code, _) = json(&yunyu(&["admin", "trust", "export", "--data", arg(&data), "--out", arg(&copy), "--json"]));
    assert_eq!((code, std::fs::read(&copy).unwrap()), (0, out.stdout));
}

#[test]
fn a_folder_or_city_that_is_not_there_is_bad_usage() {
    let dir = tempfile::tempdir().unwrap();
    for words in [
        vec!["admin", "doctor", "--data", arg(dir.path()), "--json"],
        vec!["admin", "trust", "export", "--data", arg(dir.path()), "--json"],
        vec!["admin", "init", "--data", arg(dir.path()), "--city", "atlantis", "--json"],
        vec!["admin", "init", "--data", arg(dir.path()), "--city", "national", "--json"],
        vec!["admin", "init", "--data", "/proc/none", "--city", "wuxi", "--json"],
        vec!["evidence", "export", "p", "--data", arg(dir.path()), "--json"],
    ] {
        assert_eq!(json(&yunyu(&words)).0, 2, "{words:?}");
    }
}

/// Keepers who name a folder without a zone, or none, or give one passphrase twice, are told so.
#[test]
fn an_unsealing_says_what_is_wrong_with_its_call() {
    let dir = tempfile::tempdir().unwrap();
    let unseal = |data: &std::path::Path, keepers: [&str; 2]| {
        let out = std::process::Command::new(env!("CARGO_BIN_EXE_yunyu"))
            .args(["admin", "unseal", "--data", arg(data), "--resource", "res_1", "--json"])
            .envs(["YUNYU_KEEPER_1_PASSPHRASE", "YUNYU_KEEPER_2_PASSPHRASE"].into_iter().zip(keepers))
            .output()
            .unwrap();
        let (code, told) = json(&out);
        let error = told["error"].clone();
        (code, error["at"].as_str().unwrap_or_default().to_owned(), error["en"].as_str().unwrap().to_owned(), error)
    };
    let two = ["the first keeper's own words", "the second keeper's own words"];
    for folder in [dir.path().to_path_buf(), dir.path().join("missing")] {
        let (code, at, en, told) = unseal(&folder, two);
        assert_eq!((code, at.as_str()), (2, "--data"), "{told}");
        assert!(en.contains("No zone") && told["zh"].as_str().unwrap().contains("运营域"), "{told}");
    }
    let data = dir.path().join("data");
    let init = yunyu(&["admin", "init", "--data", arg(&data), "--city", "wuxi"]);
    assert_eq!(init.status.code(), Some(0));
    let (code, at, en, told) = unseal(&data, [two[0], two[0]]);
    assert_eq!((code, at.as_str()), (2, "YUNYU_KEEPER_2_PASSPHRASE"), "{told}");
    assert!(en.contains("different") && told["zh"].as_str().unwrap().contains("不得相同"), "{told}");
    assert_eq!(unseal(&data, two).0, 2, "there are no sealing keys");
}

#[test]
fn evidence_of_a_folder_never_served_is_bad_usage_and_makes_no_database() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let init = yunyu(&["admin", "init", "--data", arg(&data), "--city", "wuxi", "--suite", "intl"]);
    assert_eq!(init.status.code(), Some(0));
    assert_eq!(json(&yunyu(&["evidence", "export", "p", "--data", arg(&data), "--json"])).0, 2);
    assert!(!data.join("platform/platform.db").exists());
}

/// A platform without a zone comes back as one: no part comes to be by the restore, and the doctor finds nothing to mend.
#[test]
fn a_platform_without_its_zone_is_restored_as_one() {
    let dir = tempfile::tempdir().unwrap();
    let [data, out, back] = ["data", "backup", "back"].map(|name| dir.path().join(name));
    let run = |words: &[&str]| {
        let mut run = std::process::Command::new(env!("CARGO_BIN_EXE_yunyu"));
        let done = run.args(words).env("YUNYU_BACKUP_PASSPHRASE", "a passphrase for backups").output().unwrap();
        let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{words:?}: {told}");
    };
    run(&["admin", "init", "--data", arg(&data), "--city", "wuxi", "--without-zone"]);
    run(&["admin", "backup", "--data", arg(&data), "--out", arg(&out)]);
    run(&["admin", "restore", "--backup", arg(&out), "--data", arg(&back)]);
    run(&["admin", "backup", "--data", arg(&back), "--out", arg(&out)]);
    assert!(!back.join("zone").exists());
    run(&["admin", "doctor", "--data", arg(&back)]);
}
