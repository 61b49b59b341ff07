//! The yunyu command: wiring only.
fn main() {}
