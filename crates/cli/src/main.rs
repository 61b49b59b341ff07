//! The yunyu command: wiring only.
#[expect(dead_code, reason = "wired by a later command")]
mod city;
fn main() {}
