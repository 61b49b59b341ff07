//! Tests of the node against a platform that is honest, lost, or not to be believed.

mod anchor;
mod authorised;
mod changed;
mod custody;
mod desk;
mod device;
mod endpoint;
mod folder;
mod formats;
mod found;
mod given_up;
mod jobs;
mod live;
mod orders;
mod receipts;
mod resources;
mod retention;
mod rotate;
mod slow;
mod world;
