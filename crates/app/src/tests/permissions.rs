//! Policies against their schema; the matrix of permissions as it is committed; what holds for every set of roles.

use super::*;
use crate::funnel::Command;
use crate::policy::Policies;
use std::fmt::Write as _;

const CITIES: [&str; 5] = ["changchun", "jilin", "jinan", "shenyang", "wuxi"];
const ADMINISTRATORS: [PersonRole; 3] = [PersonRole::SystemAdmin, PersonRole::SecurityAdmin, PersonRole::AuditAdmin];

fn pack_of(city: &str) -> Pack {
    Pack::load(&["product", "national", city].map(layer)).unwrap()
}

fn with_policy(text: &str) -> String {
    let mut chain = ["product", "national", "wuxi"].map(layer);
    chain[2].files.insert("policy.cedar".into(), text.into());
    match Policies::compile(&Pack::load(&chain).unwrap()) {
        Ok(_) => "ok".into(),
        Err(AppError::Bug(why)) => why.to_string(),
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn a_policy_fits_the_schema_and_names_its_rule() {
    let forbid = |head: &str, when: &str| {
        format!("@id(\"x\")\n{head}\nforbid (principal, action == Action::\"read_log\", resource) when {{ {when} }};")
    };
    let sound = "principal.org_roles.contains(\"operator\")";
    assert_eq!(with_policy(&forbid("@rule(\"WX-28.1\")", sound)), "ok");
    assert!(with_policy(&forbid("@rule(\"WX-28.1\")", "principal.rolls.contains(\"operator\")")).contains("schema"));
    assert!(with_policy(&forbid("@rule(\"WX-28.1\")", "principal.roles == 1")).contains("schema"));
    assert!(with_policy(&forbid("@rule(\"WX-28.1\")", sound).replace("read_log", "read_dog")).contains("schema"));
    assert!(with_policy(&forbid("@rule(\"WX-99.9\")", sound)).contains("no rule"));
    assert!(with_policy(&forbid("", sound)).contains("no rule"));
    assert!(!with_policy("forbid (").contains("ok"));
}

fn who(org: OrgRole, roles: &[PersonRole]) -> Actor {
    Actor {
        person: PersonId("per_a".into()),
        org: OrgId("org_a".into()),
        org_roles: vec![org],
        roles: roles.to_vec(),
        group: None,
        key: None,
    }
}

fn may(policies: &Policies, org: OrgRole, roles: &[PersonRole], action: &str) -> bool {
    policies.permit(&who(org, roles), &Command::plain(action)).is_ok()
}

/// For every set of a person's roles and every kind of organisation: an administrator decides nothing and touches no
/// record, whatever else the person may be; no role does two administrators' work; and every action is somebody's.
#[test]
fn administrators_decide_nothing_and_never_overlap() {
    let policies = Policies::compile(&pack_of("wuxi")).unwrap();
    let mut actions = Policies::actions().unwrap();
    actions.retain(|a| !["read_raw_record", "export_raw_record"].contains(&a.as_str()));
    let work = |a: &str| {
        [
            "open_case",
            "approve_step",
            "reject_step",
            "upload_batch",
            "read_set_aside",
            "preview_grant",
            "watch_job",
            "classify_file",
            "call_product",
            "open_batch",
            "record_blacklist_check",
            "read_gate_report",
        ]
        .contains(&a)
    };
    let mut somebody: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
    for bits in 0u32..(1 << PersonRole::ALL.len()) {
        let roles: Vec<PersonRole> =
            PersonRole::ALL.into_iter().enumerate().filter(|(i, _)| bits & (1 << i) != 0).map(|(_, r)| r).collect();
        let administers = roles.iter().any(|r| ADMINISTRATORS.contains(r));
        for org in [OrgRole::DataAuthority, OrgRole::Operator, OrgRole::DataProvider, OrgRole::DataConsumer] {
            assert!(
                !may(&policies, org, &roles, "read_raw_record") && !may(&policies, org, &roles, "export_raw_record")
            );
            for action in &actions {
                if may(&policies, org, &roles, action) {
                    assert!(!(administers && work(action)), "{roles:?} may {action}");
                    somebody.insert(action.clone());
                }
            }
        }
    }
    assert_eq!(
        somebody.into_iter().collect::<Vec<_>>(),
        actions,
        "each action is permitted to somebody, but for a raw record"
    );
    for action in actions.iter().filter(|a| *a != "request_key") {
        let able = ADMINISTRATORS.iter().filter(|r| may(&policies, OrgRole::MarketRegulator, &[**r], action)).count();
        // A regulator reads the log whatever the person's role.
        assert!(able <= 1 || action == "read_log", "{action} is in {able} administrators' hands");
    }
}

/// Which roles may try which action, and which bodies may take which step in which state of which procedure.
fn matrix(city: &str) -> String {
    let pack = pack_of(city);
    let policies = Policies::compile(&pack).unwrap();
    let mut out = format!(
        "# {} / {}\n\nGenerated; a test holds it against policies and pack.\n\n## Who may try an action\n\n",
        pack.layers[2].zh, pack.layers[2].en
    );
    out += "| action | person role | organisations |\n|---|---|---|\n";
    for action in Policies::actions().unwrap() {
        for role in PersonRole::ALL {
            let able: Vec<OrgRole> =
                OrgRole::ALL.into_iter().filter(|o| may(&policies, *o, &[role], &action)).collect();
            let words = match able.len() {
                0 => continue,
                n if n == OrgRole::ALL.len() => "all".to_owned(),
                _ => able.into_iter().map(OrgRole::word).collect::<Vec<_>>().join(", "),
            };
            let _ = writeln!(out, "| `{action}` | {} | {words} |", role.word());
        }
    }
    out += "\n## Who may take a step\n\n| procedure | state | step | by | person roles | not | rule |\n|---|---|---|---|---|---|---|\n";
    for p in pack.procedures.values() {
        for state in &p.states {
            for s in p.steps_from(&state.name) {
                let by: Vec<String> = s.by.iter().map(|b| b.word()).collect();
                let roles: Vec<String> = s.person_roles.iter().map(|r| r.word()).collect();
                let not: Vec<&str> = s.not.iter().map(|n| n.as_str()).collect();
                let _ = writeln!(
                    out,
                    "| {} | {} | {} | {} | {} | {} | {} |",
                    p.name,
                    state.name,
                    s.name,
                    by.join(", "),
                    roles.join(", "),
                    not.join(", "),
                    s.rule
                );
            }
        }
    }
    out
}

#[test]
fn the_committed_matrix_is_true() {
    for city in CITIES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/permissions/{city}.md"));
        let now = matrix(city);
        if std::env::var_os("YUNYU_WRITE_PERMISSIONS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &now).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == now,
            "docs/permissions/{city}.md is old: look at what changed, run with YUNYU_WRITE_PERMISSIONS=1"
        );
    }
}
