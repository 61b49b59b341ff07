//! The `yunyu` program as a person or a script calls it.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The binary that was built with the tests.
pub fn yunyu() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().unwrap().parent().unwrap().join("yunyu");
    assert!(path.is_file(), "{} is missing: build with `cargo build --workspace`", path.display());
    path
}

pub fn run(args: &[&str]) -> Output {
    Command::new(yunyu()).args(args).stdin(Stdio::null()).output().unwrap()
}

/// Runs a command with `--json` and expects an exit code.
pub fn json(args: &[&str], code: i32) -> Value {
    let out = run(args);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(code), "{args:?}\n{text}\n{told}");
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}\n{text}\n{told}"))
}

/// A story of Wuxi in a folder, to its end.
pub fn story(data: &Path, extra: &[&str]) -> Value {
    let mut args = vec!["story", "--city", "wuxi", "--json", "--rows", "4000", "--data", data.to_str().unwrap()];
    args.extend(extra);
    json(&args, 0)
}

/// The same, started and left running.
pub fn begin(data: &Path) -> Child {
    Command::new(yunyu())
        .args(["story", "--city", "wuxi", "--json", "--rows", "4000", "--data"])
        .arg(data)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Both logs of a folder hold against its trust file.
pub fn logs_hold(data: &Path) {
    let (log, trust) = (data.join("log"), data.join("trust.json"));
    let report = json(&["audit", "verify", log.to_str().unwrap(), "--trust", trust.to_str().unwrap(), "--json"], 0);
    assert_eq!((&report["valid"], &report["trusted"]), (&Value::Bool(true), &Value::Bool(true)), "{report}");
}

/// Tells a process to end, and waits for it.
pub fn finish(child: &mut Child) {
    if let Some(pid) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    child.wait().unwrap();
}
