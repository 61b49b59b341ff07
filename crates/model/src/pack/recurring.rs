//! Matters that come again: a pack says by the parameter `<procedure>.every_months` how often one is due (每年一次的评估、演练),
//! and by `<procedure>.due_of` of which organisations, where it is not about an authorisation.

use super::Pack;
use super::error::{PackError, Source};
use super::parameter::Value;
use crate::object::{About, ObjectKind};
use crate::party::OrgRole;
use crate::procedure::{By, Procedure};
use crate::time::Timestamp;

/// Longest interval, in months.
const LONGEST: i64 = 120;

/// Of whom or what a matter is due again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DueOf {
    /// Of each authorisation that was not ended.
    Authorisations,
    /// Of each organisation with one of these roles, which begins the matter itself.
    Own(Vec<OrgRole>),
    /// Of each organisation with one of these roles, which another one names in it.
    Named(Vec<OrgRole>),
}

/// A matter that comes again.
#[derive(Clone, Debug)]
pub struct Recurring<'a> {
    /// Its procedure.
    pub procedure: &'a Procedure,
    /// Months from one to the next.
    pub months: i32,
    /// Of whom or what.
    pub of: DueOf,
    /// Row on which the interval rests.
    pub rule: &'a str,
}

impl Recurring<'_> {
    /// First instant at which it is late: so many months after it was last done, or after `begun` where it never was. The day
    /// itself still counts.
    #[must_use]
    pub fn due(&self, begun: Timestamp, done: Option<Timestamp>) -> Timestamp {
        done.unwrap_or(begun).end_of_months(self.months)
    }

    /// Was it done when a case came to rest in this state? Not when what was handed in was sent back, and not when nobody did
    /// anything.
    #[must_use]
    pub fn is_done(&self, state: &str) -> bool {
        let end = self.procedure.state(state).is_some_and(|s| s.end);
        end && self.procedure.steps.iter().any(|s| s.to == state && !s.by.contains(&By::Clock))
    }
}

fn interval(name: &str) -> String {
    format!("{name}.every_months")
}

fn whose(name: &str) -> String {
    format!("{name}.due_of")
}

impl Pack {
    /// The matters that come again, by the name of their procedure.
    #[must_use]
    pub fn recurring(&self) -> Vec<Recurring<'_>> {
        self.procedures.values().filter_map(|p| self.recurs(p)).collect()
    }

    fn recurs<'a>(&'a self, procedure: &'a Procedure) -> Option<Recurring<'a>> {
        let every = self.param(&interval(&procedure.name))?;
        let Value::Integer(months) = every.value else { return None };
        let of = match procedure.about.as_slice() {
            [] => DueOf::Own(self.roles_of(&procedure.name)?),
            [About::Organisation] => DueOf::Named(self.roles_of(&procedure.name)?),
            _ => DueOf::Authorisations,
        };
        Some(Recurring { procedure, months: i32::try_from(months).ok()?, of, rule: &every.source })
    }

    /// Roles of the organisations of which a matter is due again.
    #[must_use]
    pub fn roles_of(&self, name: &str) -> Option<Vec<OrgRole>> {
        self.list(&whose(name))?.iter().map(|word| OrgRole::parse(word)).collect()
    }
}

/// Every interval belongs to a matter that somebody can begin: one about an authorisation, or one that names the organisations.
pub(super) fn check(pack: &Pack, p: &Procedure, source: Source<'_>) -> Result<(), PackError> {
    let (every, of) = (interval(&p.name), whose(&p.name));
    let (Some(months), named) = (pack.param(&every), pack.param(&of).is_some()) else { return Ok(()) };
    let in_range = matches!(months.value, Value::Integer(n) if (1..=LONGEST).contains(&n));
    // Whom it is due of is shown to them: no confidential matter is.
    if p.object != ObjectKind::Matter || p.confidential || !in_range {
        return Err(source.fault(
            "object",
            &every,
            format!("{every} 只用于不保密的事项（matter）类程序，须为 1 至 {LONGEST} 个月"),
            format!(
                "{every} is for procedures about a matter that is not confidential, and from 1 to {LONGEST} months"
            ),
            "remove the parameter, or mend its value",
        ));
    }
    let begins = |role: &OrgRole| p.opened_by.is_empty() || p.opened_by.contains(role);
    let roles = pack.roles_of(&p.name).filter(|roles| !roles.is_empty());
    let good = match p.about.as_slice() {
        [] => roles.is_some_and(|roles| roles.iter().all(begins)),
        [About::Organisation] => roles.is_some(),
        about => about.contains(&About::Authorisation) && !named,
    };
    if !good {
        return Err(source.fault(
            "about",
            &of,
            format!("{of} 须列出单位角色：由其自行发起的，或事项所指明的；涉及授权的事项不写此项"),
            format!("{of} must list roles of those who begin the matter themselves, or whom it names; one about an authorisation has none"),
            "name roles of opened_by, or of whom the matter is about; remove it where that is an authorisation",
        ));
    }
    Ok(())
}
