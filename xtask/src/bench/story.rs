//! `cargo xtask bench story`: the whole story on many rows, in the demo's build; rows per second by stage.

use crate::memory;
use crate::run::{Done, Problem, build_yunyu, command, demo_config, failed, options, root};
use serde_json::Value;
use std::fs;
use std::process::Stdio;
use std::time::Instant;

/// Runs the bench in a fresh folder and prints a table; the figures come from the story's own `figures`
/// (milliseconds by stage, and `rows`).
pub fn main(args: &[&str]) -> Done {
    let config = demo_config()?;
    let given = options(args, &["--rows"])?;
    let rows = match given.first().copied().flatten() {
        Some(text) => text.parse().map_err(|_| Problem::Usage("--rows takes a number".to_owned()))?,
        None => config.bench_rows,
    };
    let yunyu = build_yunyu()?;
    let data = root().join(&config.bench_dir);
    if data.exists() {
        fs::remove_dir_all(&data).map_err(failed("old bench folder"))?;
    }
    let start = Instant::now();
    let mut story = command(&yunyu);
    story.args(["story", "--city", &config.city, "--rows", &rows.to_string(), "--json", "--data"]).arg(&data);
    let mut child = story.stdout(Stdio::piped()).spawn().map_err(failed("yunyu story"))?;
    let out = child.stdout.take();
    let reader = std::thread::spawn(move || out.map(std::io::read_to_string));
    let (status, peak) = memory::watch(&mut child).map_err(failed("yunyu story"))?;
    let wall = start.elapsed();
    let text = reader.join().ok().flatten().and_then(Result::ok).unwrap_or_default();
    if !status.success() {
        return Err(Problem::Failed(format!("yunyu story failed ({status})")));
    }
    let report: Value = serde_json::from_str(&text).map_err(failed("the story's JSON"))?;
    println!("{}", table(&report, rows));
    println!("whole story: {:.1} s; peak memory of the process tree: {peak} MiB", wall.as_secs_f64());
    Ok(())
}

/// One line per stage: `figures` holds numbers (milliseconds) under keys that end in `_ms`.
fn table(report: &Value, rows: u64) -> String {
    let mut lines = vec![format!("{:<28} {:>10} {:>14}", "stage", "ms", "rows/s")];
    for (name, value) in report.get("figures").and_then(Value::as_object).into_iter().flatten() {
        let (Some(stage), Some(ms)) = (name.strip_suffix("_ms"), value.as_u64()) else {
            continue;
        };
        let speed = rows.saturating_mul(1000).checked_div(ms).map_or_else(|| "-".to_owned(), |s| s.to_string());
        lines.push(format!("{stage:<28} {ms:>10} {speed:>14}"));
    }
    if lines.len() == 1 {
        lines.push("(the story stated no stage)".to_owned());
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_become_rows_per_second() {
        let report = serde_json::json!({"figures": {"intake_ms": 500, "rows": 9, "gate_ms": 0, "note": "x"}});
        let text = table(&report, 1000);
        let mut lines: Vec<Vec<&str>> = text.lines().skip(1).map(|l| l.split_whitespace().collect()).collect();
        lines.sort();
        assert_eq!(lines, [vec!["gate", "0", "-"], vec!["intake", "500", "2000"]]);
        assert!(table(&serde_json::json!({}), 1).contains("no stage"));
    }
}
