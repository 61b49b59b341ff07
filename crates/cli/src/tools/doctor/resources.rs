//! What the key keepers have to know: which resources are sealed, and which of them wait for the two of them to be opened.

use super::{Check, State};
use crate::layout::Layout;
use crate::wiring::CliError;
use app::deployment::Deployment;
use zone::node::{HeldResource, Holding, held_resources};

/// Resources that are not simply there, by the zone's journal. None where the zone is on another machine.
///
/// # Errors
/// The journal cannot be read or was changed.
pub fn held(layout: &Layout, deployment: &Deployment) -> Result<Vec<HeldResource>, CliError> {
    let journal = layout.zone().join("journal");
    if !journal.is_file() {
        return Ok(Vec::new());
    }
    held_resources(&journal, deployment.suite, &deployment.deployment).map_err(CliError::bug)
}

fn named<'a>(held: &'a [HeldResource], how: &'a [Holding]) -> impl Iterator<Item = &'a HeldResource> {
    held.iter().filter(move |h| how.contains(&h.how))
}

fn list<'a>(of: impl Iterator<Item = &'a HeldResource>) -> String {
    of.map(|h| h.resource.to_string()).collect::<Vec<_>>().join(", ")
}

/// What is sealed, and what waits for its keepers.
pub fn checks(held: &[HeldResource]) -> Vec<Check> {
    let mut out = Vec::new();
    let sealed = list(named(held, &[Holding::Sealed]));
    if !sealed.is_empty() {
        out.push(Check::new(
            "sealed_resources",
            State::Ok,
            format!("已封存的资源：{sealed}。启封须先有决定，再由两名保管人到场。"),
            format!("Sealed resources: {sealed}. Unsealing takes a decision, and then both keepers."),
        ));
    }
    let waiting = list(named(held, &[Holding::Unsealing]));
    if !waiting.is_empty() {
        out.push(Check::new(
            "unsealing_orders",
            State::Warn,
            format!("已决定启封、等两名保管人办理：{waiting}。停止运营域后运行 yunyu admin unseal --resource 编号。"),
            format!(
                "To be unsealed, waiting for the two keepers: {waiting}. Stop the zone and run `yunyu admin unseal --resource ID`."
            ),
        ));
    }
    let pending = list(named(held, &[Holding::Sealing, Holding::Withdrawing]));
    if !pending.is_empty() {
        out.push(Check::new(
            "resource_orders",
            State::Warn,
            format!("已下达、尚未办完的撤回或封存：{pending}。若长时间不变，请检查密钥托管是否可达。"),
            format!(
                "Withdrawals and sealings that are ordered and not finished: {pending}. If this stays, see whether the custody of keys can be reached."
            ),
        ));
    }
    out
}
