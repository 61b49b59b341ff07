//! The yunyu command: wiring only.

mod city;
mod init;
mod layout;
mod serve;
mod story;
mod wiring;

fn main() {}
