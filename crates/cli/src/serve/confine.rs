//! The platform confines itself before it listens: it can open its own folder and the logs, never the zone's,
//! the desks or the root. Landlock holds for all later threads and children; root on the machine is not defended against.

use crate::layout::Layout;
use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetStatus,
};
use std::path::PathBuf;

/// What the kernel made of the request; `doctor` and the console show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confinement {
    /// Enforced by the kernel.
    Enforced,
    /// The kernel enforces a part.
    Partial,
    /// The kernel has no Landlock: the separation rests on file permissions alone.
    None,
}

impl Confinement {
    /// Stable word for `doctor` and `/api/v1/deployment`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Partial => "partial",
            Self::None => "none",
        }
    }
}

/// Read-only system places: name resolution, certificates, time zones, shared libraries.
const SYSTEM: &[&str] =
    &["/etc", "/usr", "/lib", "/lib64", "/proc/self", "/dev/urandom", "/dev/null", "/sys/devices/system/cpu"];

/// Confines this thread and all it starts from now on. Call before the runtime starts its threads.
pub fn confine_platform(layout: &Layout, extra_read: &[PathBuf]) -> Result<Confinement, landlock::RulesetError> {
    let abi = ABI::V5;
    let all = AccessFs::from_all(abi);
    let read = AccessFs::from_read(abi);
    let mut rules = Ruleset::default().set_compatibility(CompatLevel::BestEffort).handle_access(all)?.create()?;
    for path in [layout.platform(), layout.log()] {
        rules = allow(rules, &path, all)?;
    }
    for path in SYSTEM.iter().map(PathBuf::from).chain(extra_read.iter().cloned()) {
        rules = allow(rules, &path, read)?;
    }
    let status = rules.restrict_self()?;
    Ok(match status.ruleset {
        RulesetStatus::FullyEnforced => Confinement::Enforced,
        RulesetStatus::PartiallyEnforced => Confinement::Partial,
        RulesetStatus::NotEnforced => Confinement::None,
    })
}

fn allow(
    rules: landlock::RulesetCreated,
    path: &std::path::Path,
    access: landlock::BitFlags<AccessFs>,
) -> Result<landlock::RulesetCreated, landlock::RulesetError> {
    // A place that is not there needs no rule.
    let Ok(fd) = PathFd::new(path) else { return Ok(rules) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(ABI::V5) };
    rules.add_rule(PathBeneath::new(fd, access))
}

/// No core dump, no debugger of another process of the same user, and an end together with a supervisor.
pub fn harden(supervised: bool) -> std::io::Result<()> {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, Signal};
    rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    rustix::process::setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    if supervised {
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
    }
    Ok(())
}
