//! The zone's sealed store, the very files of it, without the query engine that its crate brings: that would take half an
//! hour to build for a measurement.
#![allow(dead_code, reason = "only what a scan calls")]

#[path = "../../../zone/src/seal/read.rs"]
mod read;
#[path = "../../../zone/src/seal/store.rs"]
mod store;
#[path = "../../../zone/src/seal/upload.rs"]
mod upload;

pub use store::SealedStore;

use crypto::Context;

fn context(deployment: &str, scope: &str, object: &str) -> Context {
    Context {
        deployment: deployment.to_owned(),
        resource: scope.to_owned(),
        object: object.to_owned(),
        version: "1".to_owned(),
    }
}
