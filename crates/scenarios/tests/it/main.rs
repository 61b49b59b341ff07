//! Acceptance stories: the whole way, attacked from outside.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod apart;
mod backup;
mod broken;
mod certificates;
mod cities;
mod city;
#[path = "../../../store/tests/it/cluster.rs"]
mod cluster;
mod crash;
mod custody;
mod devices;
mod given_up;
mod life;
mod memory;
mod people;
mod planted;
mod postgres;
mod program;
mod resources;
mod serve;
mod sixth;
mod witness;
mod wuxi;
