//! Folders that somebody other than the program changed, with the real processes: each is refused at the start, once, with its
//! reason in both languages; nothing is started again and again, and nothing starts with something lost.

use crate::program::{Served, run, story, yunyu};
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The folder as the story left it.
fn again(made: &Path, data: &Path) {
    let _ = fs::remove_dir_all(data);
    let copied = Command::new("cp").arg("-a").args([made, data]).status().unwrap();
    assert!(copied.success());
}

/// Serves what can only be refused; one that starts after all is ended after a while, with another exit code.
fn serve(data: &Path) -> Output {
    let mut serve = Command::new("timeout");
    serve.arg("120").arg(yunyu()).args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    serve.stdin(Stdio::null()).output().unwrap()
}

/// `codes`: of what both processes find, whichever says it first.
fn refused(data: &Path, codes: &[&str], place: &str) {
    let out = serve(data);
    let told = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(1), "{place}: {told}");
    let code = codes.iter().find(|code| told.contains(&format!("拒绝 {code} ")));
    let code = code.unwrap_or_else(|| panic!("{place}: {told}"));
    let reason = told.split_once(&format!("拒绝 {code} ")).unwrap().1;
    let mut lines = reason.lines().skip(1);
    let (zh, en) = (lines.next().unwrap(), lines.next().unwrap());
    assert!(zh.contains("请停止服务") && zh.contains("admin restore"), "{place}: {zh}");
    assert!(en.contains("top,") && en.contains("admin restore"), "{place}: {en}");
    assert_eq!(told.matches(&format!("拒绝 {code} ")).count(), 1, "{place} was started again: {told}");
    assert!(!told.contains("panicked") && !told.contains("程序错误"), "{place}: {told}");
}

fn cut(file: &Path) {
    let bytes = fs::read(file).unwrap();
    fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
}

fn flipped(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).unwrap();
}

/// Must hold: a restored old database, a torn log, a signer without its memory are found at the start.
#[tokio::test]
async fn a_folder_that_was_changed_is_refused_once_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let (made, data) = (dir.path().join("made"), dir.path().join("data"));
    story(&made, &[]);
    let gone = |file: &Path| fs::remove_file(file).unwrap();
    type Change<'a> = (&'a str, &'a dyn Fn(&Path), &'a [&'a str]);
    let both: &[&str] = &["log-damaged", "zone-folder-changed"];
    let (platform, zone) = both.split_at(1);
    let changes: [Change<'_>; 9] = [
        ("log/platform/checkpoint", &cut, platform),
        ("platform/log-signer.json", &gone, platform),
        ("platform/log-signer.json", &flipped, platform),
        ("log/keys/2.json", &gone, both),
        ("log/keys/2.json", &flipped, both),
        ("log/zone/checkpoint", &cut, zone),
        ("zone/log-signer", &gone, zone),
        ("zone/journal", &flipped, zone),
        ("zone/journal", &gone, zone),
    ];
    for (file, change, codes) in changes {
        again(&made, &data);
        change(&data.join(file));
        refused(&data, codes, file);
    }
    again(&made, &data);
    not_made_anew(&data);
    again(&made, &data);
    let old = dir.path().join("old");
    drop(Served::start(&data));
    again(&data.join("platform"), &old);
    let served = Served::start(&data);
    served.sign_in("bureau.officer").await;
    drop(served);
    for name in ["platform.db", "platform.db-wal", "platform.db-shm"] {
        let _ = fs::remove_file(data.join("platform").join(name));
        if old.join(name).exists() {
            fs::copy(old.join(name), data.join("platform").join(name)).unwrap();
        }
    }
    refused(&data, &["database-behind"], "platform/platform.db");
}

/// The attack, or the accident: `deployment.json` is gone. Nobody makes a new deployment over the keys of the one that is there, and
/// nobody gives it an empty database.
fn not_made_anew(data: &Path) {
    let at = data.to_str().unwrap();
    let keys = ["root/root.key.json", "platform/keys/platform.key.json", "zone/keys/zone.key.json", "trust.json"];
    let read = || keys.map(|file| fs::read(data.join(file)).unwrap());
    let before = read();
    let told = fs::read(data.join("deployment.json")).unwrap();
    fs::remove_file(data.join("deployment.json")).unwrap();
    for name in fs::read_dir(data).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()) {
        if name.ends_with(".evidence.json") {
            fs::remove_file(data.join(name)).unwrap();
        }
    }
    for words in
        [&["admin", "init", "--data", at, "--city", "wuxi", "--json"][..], &["serve", "--data", at, "--city", "wuxi"]]
    {
        let out = run(words);
        let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        assert_eq!(out.status.code(), Some(2), "{said}");
        assert!(said.contains("deployment.json") && said.contains("admin restore"), "{said}");
    }
    assert_eq!(read(), before, "keys were overwritten");
    fs::write(data.join("deployment.json"), told).unwrap();
    fs::rename(data.join("platform/platform.db"), data.join("away.db")).unwrap();
    let out = serve(data);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(2), "{said}");
    assert!(said.contains("YUNYU_DATABASE") && !data.join("platform/platform.db").exists(), "{said}");
}
