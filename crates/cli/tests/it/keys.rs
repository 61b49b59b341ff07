//! Keys: the self-tests that every process begins with, and where keys may be kept.

use crate::support::{arg, json, write, yunyu};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A library that, loaded before all others, makes the system's random source answer with one and the same byte.
fn stuck_random_source(dir: &Path) -> PathBuf {
    let code = "#include <string.h>\n#include <sys/types.h>\n\
                ssize_t getrandom(void *to, size_t n, unsigned f) { (void)f; memset(to, 0x5a, n); return (ssize_t)n; }\n";
    let source = write(dir, "stuck.c", code);
    let library = dir.join("stuck.so");
    let made = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status().unwrap();
    assert!(made.success());
    library
}

#[test]
fn no_process_starts_when_a_self_test_fails() {
    let dir = tempfile::tempdir().unwrap();
    let library = stuck_random_source(dir.path());
    let data = dir.path().join("data");
    let data = arg(&data);
    for words in [
        vec!["admin", "init", "--data", data, "--city", "wuxi", "--json"],
        vec!["platform-process", "--data", data, "--listen", "127.0.0.1:0", "--zone-endpoint", "http://127.0.0.1:1"],
        vec!["zone-process", "--data", data],
        vec!["job-process"],
        vec!["serve", "--data", data, "--city", "wuxi"],
        vec!["story", "--city", "wuxi", "--data", data],
    ] {
        let out = Command::new(env!("CARGO_BIN_EXE_yunyu")).args(&words).env("LD_PRELOAD", &library).output().unwrap();
        let told = String::from_utf8_lossy(&out.stderr);
        assert_eq!(out.status.code(), Some(3), "{words:?}: {told}");
        assert!(told.contains("the self-test of the random source failed") && told.contains("自检未通过"), "{told}");
        if words.contains(&"--json") {
            assert_eq!(json(&out).1["error"]["code"], "internal");
        }
    }
    assert!(!Path::new(data).exists(), "nothing was made");
}

#[test]
fn keys_that_cannot_be_kept_where_asked_are_bad_usage() {
    let dir = tempfile::tempdir().unwrap();
    let loose = write(dir.path(), "pin", "1234");
    let with_file = format!("pkcs11:/lib/none.so?token=zone&pin-file={}", loose.display());
    for (suite, place) in [
        ("gm", "hsm"),
        ("gm", "pkcs11:/lib/none.so?token=zone"),
        ("intl", "pkcs11:none.so?token=zone"),
        ("intl", "pkcs11:/lib/none.so?token=zone"),
        ("intl", "sdf:/lib/none.so?kek=1"),
        ("gm", "sdf:/lib/none.so?kek=1"),
        ("intl", &with_file),
    ] {
        let data = dir.path().join("data");
        let init =
            ["admin", "init", "--data", arg(&data), "--city", "wuxi", "--suite", suite, "--keys", place, "--json"];
        let (code, told) = json(&yunyu(&init));
        assert_eq!(code, 2, "{place}: {told}");
        assert!(!told.to_string().contains("1234"), "a PIN is told");
        assert!(!data.join("deployment.json").exists());
    }
}

#[test]
fn a_zone_that_holds_nothing_has_nothing_to_rotate() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    assert_eq!(json(&yunyu(&["admin", "rotate-keys", "--data", arg(&data), "--json"])).0, 2, "no zone there");
    let init = ["admin", "init", "--data", arg(&data), "--city", "wuxi", "--json"];
    assert_eq!(json(&yunyu(&init)).0, 0);
    let (code, done) = json(&yunyu(&["admin", "rotate-keys", "--data", arg(&data), "--json"]));
    assert_eq!((code, &done["keys"], &done["objects"]), (0, &0.into(), &0.into()), "{done}");
}
