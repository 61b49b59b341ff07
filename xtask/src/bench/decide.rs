//! `cargo xtask bench decide`: decisions a second on one core (permit, decide, record), next to the bare insert of the same
//! rows. The bench itself stands with the crate that decides.

use super::table;
use crate::run::{Done, cargo, options, output};

/// Builds and runs the bench, and prints its table. A missed aim is told, and is no failure: machines differ.
pub fn main(args: &[&str]) -> Done {
    options(args, &[])?;
    let mut bench = cargo();
    bench.args(["bench", "-q", "-p", "app", "--bench", "decide"]);
    println!("{}", table(&output(&mut bench, "the bench of decisions")?)?);
    Ok(())
}
