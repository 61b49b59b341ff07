//! Runs the program.

use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// Runs the program in a folder of its own.
pub(crate) fn yunyu(words: &[&str]) -> Output {
    command(words).output().unwrap()
}

/// The same with one more variable in the environment.
pub(crate) fn yunyu_under(words: &[&str], name: &str, value: &str) -> Output {
    command(words).env(name, value).output().unwrap()
}

/// The same with something on standard input.
pub(crate) fn yunyu_with(words: &[&str], input: &str) -> Output {
    let mut child = command(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn command(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_yunyu"));
    command.args(words).env_remove("YUNYU_DATABASE").current_dir(std::env::temp_dir());
    command
}

/// Exit code and the one JSON document on standard output.
pub(crate) fn json(out: &Output) -> (i32, Value) {
    let text = String::from_utf8(out.stdout.clone()).unwrap();
    let value = serde_json::from_str(&text)
        .unwrap_or_else(|e| panic!("not one JSON document: {e}\n{text}\n{}", String::from_utf8_lossy(&out.stderr)));
    (out.status.code().unwrap(), value)
}

/// A path as an argument.
pub(crate) fn arg(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Writes a file below a folder.
pub(crate) fn write(dir: &Path, name: &str, text: &str) -> PathBuf {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}
