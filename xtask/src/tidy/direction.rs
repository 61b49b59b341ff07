//! Which crate may depend on which, from cargo's own metadata.

use super::Rules;
use crate::run::{Done, failed, root};
use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// Findings over all members of the workspace.
pub fn check(rules: &Rules) -> Done<Vec<String>> {
    let mut query = MetadataCommand::new();
    query.manifest_path(root().join("Cargo.toml")).no_deps();
    let metadata = query.exec().map_err(failed("cargo metadata"))?;
    let mut out: Vec<String> = metadata.packages.iter().flat_map(|p| package(p, rules)).collect();
    for package in &metadata.packages {
        let manifest = std::fs::read_to_string(&package.manifest_path).map_err(failed("a manifest"))?;
        let table: toml::Table = toml::from_str(&manifest).map_err(failed("a manifest"))?;
        let inherits = table.get("lints").and_then(|l| l.get("workspace")).and_then(toml::Value::as_bool);
        if inherits != Some(true) && !rules.unsafe_crates.contains(&package.name.to_string()) {
            out.push(format!("{}: its manifest lacks `[lints] workspace = true`", package.name));
        }
    }
    Ok(out)
}

fn package(p: &Package, rules: &Rules) -> Vec<String> {
    let used = p.dependencies.iter().map(|d| Used {
        name: d.name.clone(),
        ours: d.path.is_some(),
        test_only: d.kind == DependencyKind::Development,
    });
    judge(p.name.as_ref(), &used.collect::<Vec<_>>(), rules)
}

/// A dependency as a manifest states it.
struct Used {
    name: String,
    ours: bool,
    test_only: bool,
}

fn judge(name: &str, used: &[Used], rules: &Rules) -> Vec<String> {
    let Some(may) = rules.crates.get(name) else {
        return vec![format!("{name}: not in the table of xtask/tidy.toml")];
    };
    let mut out = Vec::new();
    for d in used {
        let all = may.iter().any(|m| m == "all");
        if d.ours && !all && !may.contains(&d.name) {
            out.push(format!("{name} must not depend on {}", d.name));
        }
        let owners = rules.alone.get(&d.name).filter(|_| !d.test_only);
        if owners.is_some_and(|o| !o.iter().any(|o| o == name)) {
            out.push(format!("{name} must not know {}", d.name));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tests::rules;

    fn used(name: &str, ours: bool, test_only: bool) -> Used {
        Used { name: name.into(), ours, test_only }
    }

    #[test]
    fn directions() {
        let table: [(&str, Used, usize); 8] = [
            ("edge", used("pure", true, false), 0),
            ("edge", used("leaf", true, false), 1),
            ("edge", used("leaf", true, true), 1),
            ("pure", used("edge", true, true), 1),
            ("top", used("edge", true, false), 0),
            ("edge", used("sql", false, false), 0),
            ("pure", used("sql", false, false), 1),
            ("pure", used("sql", false, true), 0),
        ];
        for (name, d, want) in table {
            let on = d.name.clone();
            assert_eq!(judge(name, &[d], &rules("")).len(), want, "{name} on {on}");
        }
        assert_eq!(judge("unknown", &[], &rules("")).len(), 1);
    }
}
