//! `cargo xtask bench trust`: ours next to its peers, measured in one run; who wants a row more adds a bench target
//! `trust` to the crate that knows the matter and its name to `PARTS`.
//!
//! Only small crates are built, in a target folder's `release` of their own.

use super::table;
use crate::run::{Done, Problem, cargo, options, output};
use crate::tools;

/// Crates that have a bench target `trust`.
const PARTS: [&str; 4] = ["sm4-simd", "crypto", "audit", "store"];
/// The part that is measured in the zone's own tests (names with `bench_`), in the build that demo and tests share: the
/// query engine's libraries would take half an hour to build anew, and those that count here are optimised in it too.
const ZONE: &str = "zone";

/// Runs the parts one after the other and prints the table. A missed aim is told, and is no failure: machines differ.
pub fn main(args: &[&str]) -> Done {
    let given = options(args, &["--part"])?.first().copied().flatten();
    let parts: Vec<&str> = PARTS.into_iter().chain([ZONE]).filter(|p| given.is_none_or(|g| g == *p)).collect();
    if parts.is_empty() {
        return Err(Problem::Usage(format!("--part takes one of: {}, {ZONE}", PARTS.join(", "))));
    }
    for trouble in tools::debian() {
        eprintln!("   ✗ {trouble}");
    }
    let mut text = String::new();
    for part in parts {
        let mut bench = cargo();
        if part == ZONE {
            bench.args(["test", "-q", "--workspace", "--lib", "--", "--ignored", "--nocapture", "--test-threads", "1"]);
            bench.arg("bench_");
        } else {
            bench.args(["bench", "-q", "-p", part, "--bench", "trust"]);
        }
        text.push_str(&output(&mut bench, &format!("the bench of {part}"))?);
    }
    println!("{}", table(&text)?);
    Ok(())
}
