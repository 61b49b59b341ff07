//! Tests of the node against a platform that is honest, lost, or not to be believed.

mod endpoint;
mod folder;
mod jobs;
mod live;
mod orders;
mod world;
