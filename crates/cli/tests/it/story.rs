//! `yunyu story` before it begins: what is wrong with its arguments or its input is bad usage, named with its place, in one
//! JSON document; nothing is left behind.

use crate::support::{arg, json, write, yunyu};

#[test]
fn bad_arguments_and_inputs_are_named_and_leave_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let file = write(dir.path(), "file", "");
    let input = |name: &str, csv: &str| {
        let folder = dir.path().join(name);
        write(&folder, "a.csv", csv);
        folder
    };
    let (empty, folder) = (input("empty", ""), dir.path().join("folder"));
    std::fs::create_dir_all(folder.join("a.csv")).unwrap();
    let (code, told) = json(&yunyu(&["story", "--city", "atlantis", "--data", arg(&data), "--json"]));
    assert_eq!((code, told["error"]["at"].as_str()), (2, Some("--city")), "{told}");
    for (option, value, at) in [
        ("--rows", "0", "--rows"),
        ("--rows", "1999", "--rows"),
        ("--input", arg(&file), arg(&file)),
        ("--input", "/nowhere", "/nowhere"),
        ("--input", arg(&empty), arg(&empty.join("a.csv"))),
        ("--input", arg(&folder), arg(&folder.join("a.csv"))),
    ] {
        let (code, told) = json(&yunyu(&["story", "--city", "wuxi", option, value, "--data", arg(&data), "--json"]));
        assert_eq!((code, told["error"]["at"].as_str()), (2, Some(at)), "{option} {value}: {told}");
        assert!(told["error"]["zh"].as_str().is_some_and(|zh| !zh.is_empty()), "{told}");
    }
    assert!(!data.exists(), "nothing was made");
    for place in [arg(&file), "/proc/none/data"] {
        let (code, told) = json(&yunyu(&["story", "--city", "wuxi", "--rows", "2000", "--data", place, "--json"]));
        assert_eq!((code, told["error"]["at"].as_str()), (2, Some(place)), "{told}");
    }
    let header = input("header", "a,b\n");
    let (code, told) =
        json(&yunyu(&["story", "--city", "wuxi", "--input", arg(&header), "--data", arg(&data), "--json"]));
    assert_eq!((code, told["error"]["code"].as_str()), (1, Some("no-rows")), "{told}");
}

/// An argument that is missing is named, also in JSON.
#[test]
fn a_missing_argument_is_named() {
    for (words, missing) in [(["story", "--json"], "--city"), (["classify", "--json"], "FILE")] {
        let (code, told) = json(&yunyu(&words));
        assert_eq!(code, 2);
        assert!(told["error"]["en"].as_str().is_some_and(|en| en.contains(missing)), "{told}");
    }
}
