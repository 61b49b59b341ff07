//! Running other programs, from the repository's root, with the environment that cargo gave this one taken off again.

use serde::Deserialize;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// Why a task ended.
#[derive(Debug)]
pub enum Problem {
    /// The command line was wrong.
    Usage(String),
    /// A check or a program failed.
    Failed(String),
}

/// Result of a task.
pub type Done<T = ()> = Result<T, Problem>;

/// Turns any error into a failure with a word on what was tried.
pub fn failed<E: Display>(what: &str) -> impl FnOnce(E) -> Problem {
    let what = what.to_owned();
    move |e| Problem::Failed(format!("{what}: {e}"))
}

/// The repository's root: the folder above this crate.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

/// Where cargo puts what it builds.
pub fn target_dir() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A program to run from the root. `cargo run` sets variables that describe this crate; build scripts of others that
/// watch them would be run again for nothing.
pub fn command(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut c = Command::new(program);
    c.current_dir(root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().into_owned();
        let ours = ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];
        if ours.iter().any(|p| text.starts_with(p)) {
            c.env_remove(name);
        }
    }
    c
}

/// Cargo, linking with mold where it is installed: it saves about half of the linking time.
pub fn cargo() -> Command {
    if have("mold") {
        let mut c = command("mold");
        c.args(["-run", "cargo"]);
        c
    } else {
        command("cargo")
    }
}

/// Whether a program can be started.
pub fn have(program: &str) -> bool {
    let quiet = command(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|s| s.success())
}

/// Runs a program under a heading, prints how long it took.
pub fn step(heading: &str, command: &mut Command) -> Done {
    eprintln!("── {heading}");
    let start = Instant::now();
    let status = command.status().map_err(failed(heading))?;
    let seconds = start.elapsed().as_secs();
    if status.success() {
        eprintln!("   {heading}: {seconds} s");
        Ok(())
    } else {
        Err(Problem::Failed(format!("{heading} failed after {seconds} s ({status})")))
    }
}

/// Standard output of a program.
pub fn output(command: &mut Command, what: &str) -> Done<String> {
    let out = command.stderr(Stdio::inherit()).output().map_err(failed(what))?;
    if !out.status.success() {
        return Err(Problem::Failed(format!("{what} failed ({})", out.status)));
    }
    String::from_utf8(out.stdout).map_err(failed(what))
}

/// What `demo` and `bench` run on (`xtask/demo.toml`).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoConfig {
    /// City.
    pub city: String,
    /// Folder of the demo.
    pub demo_dir: PathBuf,
    /// Folder of the bench; made anew each time.
    pub bench_dir: PathBuf,
    /// Rows of the bench.
    pub bench_rows: u64,
}

/// Reads `xtask/demo.toml`.
pub fn demo_config() -> Done<DemoConfig> {
    let text = std::fs::read_to_string(root().join("xtask/demo.toml")).map_err(failed("xtask/demo.toml"))?;
    toml::from_str(&text).map_err(failed("xtask/demo.toml"))
}

/// Builds the `yunyu` binary with the whole workspace's features, so that tests and demo share one build.
pub fn build_yunyu() -> Done<PathBuf> {
    step("build yunyu", cargo().args(["build", "--workspace", "--bin", "yunyu"]))?;
    Ok(target_dir().join("debug/yunyu"))
}

/// Takes `--name value` pairs of these names; anything else is a usage error.
pub fn options<'a>(args: &[&'a str], names: &[&str]) -> Done<Vec<Option<&'a str>>> {
    let mut out = vec![None; names.len()];
    let mut rest = args.iter();
    while let Some(word) = rest.next() {
        let known = names.iter().position(|n| n == word).and_then(|i| out.get_mut(i));
        match (known, rest.next()) {
            (Some(slot), Some(value)) => *slot = Some(*value),
            _ => {
                return Err(Problem::Usage(format!("known options: {} VALUE", names.join(" VALUE, "))));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_pairs_of_known_names() {
        let names = ["--city", "--data"];
        assert_eq!(options(&["--data", "d"], &names).unwrap(), [None, Some("d")]);
        assert_eq!(options(&[], &names).unwrap(), [None, None]);
        for bad in [&["--data"][..], &["--x", "1"], &["d"]] {
            assert!(options(bad, &names).is_err());
        }
    }

    #[test]
    fn the_root_holds_the_workspace() {
        assert!(root().join("xtask/Cargo.toml").exists());
    }
}
