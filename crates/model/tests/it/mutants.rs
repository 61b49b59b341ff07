//! Against empty citations: each pack is changed in one place (a value loosened, a guard or a step taken away), and a test
//! that a coverage row cites for that place must fail, or the loader must refuse the pack. A sample runs always, all of
//! them with `YUNYU_FULL=1`. What no cited test notices yet stands in `mutants.txt`, and that list may only shrink.

use crate::cities::CITIES;
use crate::world::{all_layers, unchanged_layers};
use model::Pack;
use model::pack::{PackText, Strict, Value, resolve};
use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

/// A pack changed in one place.
struct Mutant {
    /// `city: what was changed`.
    name: String,
    file: String,
    text: String,
    /// What rows may cite for it: rules, and answers.
    cited: BTreeSet<String>,
}

/// How many run always; the others with `YUNYU_FULL`.
const SAMPLE: usize = 40;

fn chain(city: &str) -> Vec<PackText> {
    resolve(&unchanged_layers(), city).unwrap()
}

/// Every change of a city's own files.
fn mutants(city: &str) -> Vec<Mutant> {
    let layers = chain(city);
    let pack = Pack::load(&layers).unwrap();
    let own = layers.last().unwrap();
    let mut all = Vec::new();
    let file = |path: &str| format!("{city}/{path}");
    for (name, p) in pack.parameters.iter().filter(|(_, p)| p.layer == city) {
        let text = &own.files["parameters.toml"];
        let Some(looser) = looser(&p.value, p.strict) else { continue };
        let at = text.find(&format!("[\"{name}\"]")).unwrap();
        let (from, to) = line(text, at, "value = ");
        all.push(Mutant {
            name: format!("{city}: {name} is {looser}"),
            file: file("parameters.toml"),
            text: format!("{}value = {looser}{}", &text[..from], &text[to..]),
            cited: BTreeSet::from([p.source.clone(), format!("param:{name}")]),
        });
    }
    for (path, text) in own.files.iter().filter(|(p, _)| p.starts_with("procedures/")) {
        let procedure = &pack.procedures[path.strip_prefix("procedures/").unwrap().strip_suffix(".toml").unwrap()];
        for step in &procedure.steps {
            let at = text.find(&format!("name = \"{}\"", step.name)).unwrap();
            let at = if text[at..].starts_with("name") && text[..at].ends_with("[[steps]]\n") {
                at
            } else {
                text.find(&format!("[[steps]]\nname = \"{}\"", step.name)).unwrap()
            };
            for (guard, rule) in &step.guards {
                let (from, to) = line(text, at, "guards = ");
                let own = format!("{guard} = \"{rule}\"");
                let less = text[from..to].replacen(&format!("{own}, "), "", 1);
                let less = less.replacen(&format!(", {own}"), "", 1).replacen(&own, "", 1);
                all.push(Mutant {
                    name: format!("{city}: {}.{} without {guard}", procedure.name, step.name),
                    file: file(path),
                    text: format!("{}{less}{}", &text[..from], &text[to..]),
                    cited: BTreeSet::from([
                        rule.clone(),
                        step.rule.clone(),
                        format!("guard:{guard}"),
                        format!("step:{}.{}", procedure.name, step.name),
                    ]),
                });
            }
            if let Some(text) = without(text, step) {
                all.push(Mutant {
                    name: format!("{city}: {} without step {}", procedure.name, step.name),
                    file: file(path),
                    text,
                    cited: BTreeSet::from([step.rule.clone(), format!("step:{}.{}", procedure.name, step.name)]),
                });
            }
        }
    }
    all
}

/// A value that lets more pass; none where that cannot be said of it.
fn looser(value: &Value, strict: Option<Strict>) -> Option<String> {
    let quoted = |l: &[String]| format!("[{}]", l.iter().map(|w| format!("\"{w}\"")).collect::<Vec<_>>().join(", "));
    match (value, strict) {
        (Value::Integer(n), Some(Strict::Min)) => (*n > 0).then(|| (n - 1).to_string()),
        (Value::Integer(n), _) => Some((n + 1).to_string()),
        (Value::List(l), Some(Strict::Superset)) => (l.len() > 1).then(|| quoted(&l[..l.len() - 1])),
        (Value::List(l), _) => Some(quoted(&[l.clone(), vec!["anything".to_owned()]].concat())),
        (Value::Flag(b), _) => Some((!b).to_string()),
        (Value::Text(_), _) => None,
    }
}

/// The first line after a place that begins like this, without its end.
fn line(text: &str, at: usize, begins: &str) -> (usize, usize) {
    let from = at + text[at..].find(&format!("\n{begins}")).unwrap() + 1;
    (from, from + text[from..].find('\n').unwrap_or(text.len() - from))
}

/// The procedure with a step taken away: what came after it begins where it began.
fn without(text: &str, step: &model::procedure::Step) -> Option<String> {
    let from = step.from.first().filter(|f| **f != step.to)?;
    let start = text.find(&format!("[[steps]]\nname = \"{}\"", step.name))?;
    let end = ["\n[[steps]]", "\n[documents"].iter().filter_map(|n| text[start + 1..].find(n)).min()? + start + 2;
    let rest = format!("{}{}", &text[..start], &text[end..]);
    let follow = |l: &str| {
        if l.starts_with("from = ") {
            l.replace(&format!("\"{}\"", step.to), &format!("\"{from}\""))
        } else {
            l.to_owned()
        }
    };
    Some(rest.lines().map(follow).collect::<Vec<_>>().join("\n"))
}

/// Tests that rows cite for what was changed.
fn tests(pack: &Pack, cited: &BTreeSet<String>) -> Vec<String> {
    let rows = pack
        .articles
        .iter()
        .filter(|(row, a)| cited.contains(row.as_str()) || a.answers.iter().any(|answer| cited.contains(answer)));
    let names: BTreeSet<String> = rows.flat_map(|(_, a)| a.tests.clone()).collect();
    names.into_iter().filter_map(|t| t.strip_prefix("model::").map(ToOwned::to_owned)).collect()
}

/// Where each test stands: the cited name is that of the function alone.
fn paths() -> BTreeMap<String, String> {
    let out = Command::new(std::env::current_exe().unwrap()).args(["--list", "--format", "terse"]).output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let names = text.lines().filter_map(|l| l.strip_suffix(": test"));
    names.map(|n| (n.rsplit("::").next().unwrap().to_owned(), n.to_owned())).collect()
}

/// Whether the loader or a cited test notices.
fn noticed(mutant: &Mutant, pack: &Pack, paths: &BTreeMap<String, String>) -> bool {
    let (layer, path) = mutant.file.split_once('/').unwrap();
    let mut layers = chain(layer);
    layers.last_mut().unwrap().files.insert(path.into(), mutant.text.clone());
    if Pack::load(&layers).is_err() {
        return true;
    }
    let names: Vec<&String> = tests(pack, &mutant.cited).iter().filter_map(|t| paths.get(t)).collect();
    if names.is_empty() {
        return false;
    }
    let dir = std::env::temp_dir().join(format!("yunyu-mutant-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let at = dir.join("text");
    std::fs::write(&at, &mutant.text).unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(names)
        .arg("--exact")
        .env("YUNYU_MUTANT_FILE", &mutant.file)
        .env("YUNYU_MUTANT_TEXT", &at)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    !status.success()
}

#[test]
fn every_change_of_a_pack_is_noticed_by_a_cited_test() {
    assert_eq!(all_layers(), unchanged_layers(), "a mutant does not look for mutants");
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/mutants.txt");
    let known: BTreeSet<String> =
        std::fs::read_to_string(path).unwrap_or_default().lines().map(ToOwned::to_owned).collect();
    let (full, write) = (std::env::var_os("YUNYU_FULL").is_some(), std::env::var_os("YUNYU_WRITE_MUTANTS").is_some());
    let paths = paths();
    let mut all: Vec<(Pack, Mutant)> = Vec::new();
    for city in CITIES {
        let pack = Pack::load(&chain(city)).unwrap();
        all.extend(mutants(city).into_iter().map(|m| (pack.clone(), m)));
    }
    assert!(all.len() > 300, "{} changes", all.len());
    let open = |m: &Mutant| !known.contains(&m.name);
    let worth: Vec<&(Pack, Mutant)> = all.iter().filter(|(_, m)| full || write || open(m)).collect();
    let step = if full || write { 1 } else { worth.len().div_ceil(SAMPLE) };
    let mut survivors = BTreeSet::new();
    let mut tried = 0;
    for (pack, mutant) in worth.into_iter().step_by(step) {
        tried += 1;
        if !noticed(mutant, pack, &paths) {
            survivors.insert(mutant.name.clone());
        }
    }
    if write {
        let text: String = survivors.iter().map(|s| format!("{s}\n")).collect();
        std::fs::write(path, text).unwrap();
        eprintln!("{tried} changes, {} of them not noticed", survivors.len());
        return;
    }
    let fresh: Vec<&String> = survivors.difference(&known).collect();
    assert!(fresh.is_empty(), "no cited test notices: {fresh:#?}");
    if full {
        let gone: Vec<&String> = known.difference(&survivors).collect();
        assert!(gone.is_empty(), "noticed now, take them off mutants.txt: {gone:#?}");
    }
}
