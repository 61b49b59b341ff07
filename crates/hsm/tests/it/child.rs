//! A library reads its environment, and a process may not change its own: a test runs itself again as a child.

use std::path::Path;
use std::process::Command;

/// Runs a test of this program again, with more in its environment. It must pass, and must have run.
pub(crate) fn again(test: &str, env: &[(&str, &Path)]) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args([test, "--exact", "--nocapture"]).envs(env.iter().copied());
    let ran = child.output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&ran.stderr));
}
