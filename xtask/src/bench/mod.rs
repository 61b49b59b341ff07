//! `cargo xtask bench …`: figures that the README and the issues quote.
//!
//! A bench prints one line of JSON for each comparison: `row`, `unit`, `ours`, `peer`, `theirs`, and `aim` (the least
//! ratio of ours to theirs, or null).

pub mod decide;
pub mod story;
pub mod trust;

use crate::run::{Done, failed};
use serde::Deserialize;

/// One comparison.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    row: String,
    unit: String,
    ours: f64,
    peer: String,
    theirs: f64,
    aim: Option<f64>,
}

/// The table that people read: one row for each line of JSON that a bench printed.
pub fn table(text: &str) -> Done<String> {
    let mut out =
        vec![format!("{:<36} {:>12} {:<26} {:>12} {:>8} {:>8}", "what", "ours", "peer", "theirs", "ratio", "aim")];
    for line in text.lines().filter(|l| l.starts_with('{')) {
        let Line { row, unit, ours, peer, theirs, aim } =
            serde_json::from_str(line).map_err(failed("a line of the bench"))?;
        let ratio = ours / theirs;
        let aim =
            aim.map_or_else(String::new, |aim| format!("≥ {aim:.2} {}", if ratio >= aim { "met" } else { "MISSED" }));
        let figure = |x: f64| format!("{x:.0} {unit}");
        let line = format!("{row:<36} {:>12} {peer:<26} {:>12} {ratio:>8.2}   {aim}", figure(ours), figure(theirs));
        out.push(line.trim_end().to_owned());
    }
    Ok(out.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_show_the_ratio_and_whether_the_aim_is_met() {
        let line = |ours: u32, aim: &str| {
            format!(r#"{{"row":"a b","unit":"MB/s","ours":{ours},"peer":"p","theirs":200,"aim":{aim}}}"#)
        };
        let text = table(&format!("noise\n{}\n{}\n{}\n", line(500, "2.5"), line(100, "1"), line(100, "null"))).unwrap();
        let rows: Vec<String> =
            text.lines().skip(1).map(|l| l.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            rows,
            [
                "a b 500 MB/s p 200 MB/s 2.50 ≥ 2.50 met",
                "a b 100 MB/s p 200 MB/s 0.50 ≥ 1.00 MISSED",
                "a b 100 MB/s p 200 MB/s 0.50",
            ]
        );
        assert!(table("{\"row\":1}").is_err());
    }
}
