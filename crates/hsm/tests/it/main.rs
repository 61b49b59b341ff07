//! Devices as key providers, against a software token.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod child;
mod ending;
mod masking;
mod pkcs11;
mod sdf;
mod softhsm;
