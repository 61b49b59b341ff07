//! The engine's part of a job: sealed tables in, `Sealed` out.

use super::child::JobInput;
use super::refuse;
use crate::gate::{GateParams, Sealed};
use model::Refusal;

pub(crate) fn gate_params(_job: &JobInput) -> Result<GateParams, Refusal> {
    Ok(GateParams::default())
}

pub(crate) async fn sealed(_job: &JobInput, _lap: &mut impl FnMut(&str)) -> Result<Sealed, Refusal> {
    Err(refuse::broken())
}
