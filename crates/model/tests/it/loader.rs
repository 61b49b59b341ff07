//! The loader: the real packs load; every kind of fault is named with file, line and key.

use crate::world::{CITY, PACK, all_layers, layers};
use model::Pack;
use model::pack::{PackError, PackText, Status, Value, graph, mermaid, resolve, show, show_row};
use std::collections::BTreeMap;
use std::path::Path;

#[test]
fn the_shipped_packs_load() {
    for layer in all_layers() {
        let chain = resolve(&all_layers(), &layer.layer).unwrap();
        if chain.len() > 1 || chain[0].layer == "product" {
            Pack::load(&chain).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

#[test]
fn the_index_holds_exactly_the_files_of_the_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs");
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(dir) = open.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "toml" || e == "cedar") {
                found.push(path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let mut listed: Vec<String> = crate::index::FILES.iter().map(|(l, p, _)| format!("{l}/{p}")).collect();
    found.sort();
    listed.sort();
    assert_eq!(found, listed);
}

#[test]
fn values_show_their_origin() {
    let term = PACK.param("term.max_months").unwrap();
    assert_eq!(
        (&term.value, term.status, term.layer.as_str(), term.source.as_str()),
        (&Value::Integer(24), Status::Explicit, CITY, "WX-11.2")
    );
    let notice = PACK.param("notice.days").unwrap();
    assert_eq!(
        (&notice.value, notice.status, notice.layer.as_str()),
        (&Value::Integer(7), Status::Inherited, "product")
    );
    assert_eq!(PACK.int("k.person"), Some(10));
    assert_eq!(PACK.article("WX-11.2"), "11");
    assert_eq!(PACK.version(), "wuxi@1.1.1");
}

#[test]
fn views_name_rules_and_origin() {
    let text = show(&PACK);
    assert!(text.contains("notice.days = 7  [inherited · PRODUCT-NOTICE · product]"), "{text}");
    assert!(show_row(&PACK, "WX-11.2").unwrap().contains("term.max_months = 24"));
    assert_eq!(show_row(&PACK, "WX-99.1"), None);
    assert!(graph(&PACK, "release").unwrap().contains("release.reviewers = 2, blind"));
    assert!(
        mermaid(PACK.procedure("release").unwrap()).contains("voted --> security_reviewed : security_review [WX-17.1]")
    );
}

/// Every source below a folder, one after the other.
fn sources(dir: &Path) -> String {
    let mut all = String::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        all += &if path.is_dir() { sources(&path) } else { std::fs::read_to_string(path).unwrap() };
    }
    all
}

#[test]
fn every_row_of_the_text_is_covered_and_every_cited_test_exists() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it"));
    // Rows of each text, counted in the requirements.
    for (city, prefix, count) in [
        ("changchun", "CC-", 51),
        ("jilin", "JL-", 69),
        ("jinan", "JN-", 37),
        ("shenyang", "SY-", 48),
        ("wuxi", "WX-", 49),
    ] {
        let rows = crate::cities::pack(city).coverage();
        assert_eq!(rows.iter().filter(|r| r.row.starts_with(prefix)).count(), count, "{city}");
        assert_eq!(rows.iter().filter(|r| r.row.starts_with("NAT-")).count(), 25);
        for row in rows {
            for test in row.tests {
                let name = test.strip_prefix("model::").unwrap();
                assert!(sources.contains(&format!("fn {name}()")), "{}: no test {test}", row.row);
            }
        }
    }
}

/// The table of a city as it is committed: what each row asks, its state, and what answers it or what it waits for.
fn coverage_table(city: &str) -> String {
    use std::fmt::Write as _;
    let pack = crate::cities::pack(city);
    let own = pack.layers.last().unwrap();
    let rows = pack.coverage();
    let mut out = format!("# {} / {}\n\nGenerated; a test holds it against the pack. ", own.zh, own.en);
    let count = |state: &str| rows.iter().filter(|r| r.state == state).count();
    let (answered, open, not) = (count("answered"), count("open"), count("not_software"));
    let _ = writeln!(out, "{} rows: {answered} answered, {open} open, {not} not software.\n", rows.len());
    out += "| row | article | asks for | 要求 | state | answered by, or waits for | tests |\n|---|---|---|---|---|---|---|\n";
    for r in rows {
        let asks = &pack.articles[&r.row];
        let what = r.reason.unwrap_or_else(|| r.answers.join(", ")).replace('|', "\\|");
        let tests = r.tests.len();
        let _ =
            writeln!(out, "| {} | {} | {} | {} | {} | {what} | {tests} |", r.row, r.article, asks.en, asks.zh, r.state);
    }
    out
}

#[test]
fn the_committed_coverage_is_true() {
    for city in crate::cities::CITIES {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../docs/coverage/{city}.md"));
        let now = coverage_table(city);
        if std::env::var_os("YUNYU_WRITE_COVERAGE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &now).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            committed == now,
            "docs/coverage/{city}.md is old: look at what changed, run with YUNYU_WRITE_COVERAGE=1"
        );
    }
}

/// The city's layers with one replacement in one file.
fn with(file: &str, from: &str, to: &str) -> Result<Pack, PackError> {
    let mut layers = layers();
    let (layer, path) = file.split_once('/').unwrap();
    let text = layers.iter_mut().find(|l| l.layer == layer).unwrap().files.entry(path.into()).or_default();
    assert!(text.contains(from), "{file} has no {from}");
    *text = text.replacen(from, to, 1);
    Pack::load(&layers)
}

#[test]
fn faults_name_file_line_and_key() {
    let auth = "wuxi/procedures/authorisation.toml";
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        // file, from, to, key, words
        ("wuxi/parameters.toml", "value = 24", "valeu = 24", "valeu", "unknown field"),
        ("wuxi/pack.toml", "status =", "statuses =", "statuses", "unknown field"),
        (auth, "zh = \"提交申请\"", "zh = \"提交申请\"\ncolour = 1", "colour", "unknown field"),
        (auth, "no_ban = \"WX-10.3\"", "no_bann = \"WX-10.3\"", "no_bann", "unknown variant"),
        (
            "wuxi/parameters.toml",
            "[\"authorisation.modes\"]",
            "[\"k.person\"]\nvalue = 5\nsource = \"WX-9.1\"\nstatus = \"explicit\"\n\n[\"authorisation.modes\"]",
            "k.person",
            "tighten",
        ),
        (
            "wuxi/parameters.toml",
            "[\"authorisation.modes\"]",
            "[\"k.person\"]\nvalue = 12\nstrict = \"max\"\nsource = \"WX-9.1\"\nstatus = \"explicit\"\n\n[\"authorisation.modes\"]",
            "k.person",
            "direction",
        ),
        ("wuxi/parameters.toml", "value = 24", "value = \"24\"", "term.max_months", "kind"),
        ("wuxi/parameters.toml", "strict = \"max\"", "strict = \"subset\"", "term.max_months", "does not fit"),
        ("wuxi/parameters.toml", "zh = \"领域授权适用的领域\"", "", "authorisation.domains", "translation"),
        (
            "wuxi/parameters.toml",
            "[\"authorisation.modes\"]",
            "[\"notice.days\"]\nvalue = 10\nsource = \"WX-9.2\"\nstatus = \"inherited\"\n\n[\"authorisation.modes\"]",
            "notice.days",
            "inherited",
        ),
        (
            auth,
            "{ name = \"withdrawn\"",
            "{ name = \"limbo\", zh = \"无\", en = \"limbo\", end = true },\n  { name = \"withdrawn\"",
            "limbo",
            "cannot be reached",
        ),
        (auth, "en = \"active\", end = true", "en = \"active\"", "agreed", "no end can be reached"),
        (auth, "by = [\"expert_panel\"]", "by = []", "argue", "nobody may take"),
        (auth, "by = [\"expert_panel\"]", "by = [\"the_applicant\"]", "argue", "nobody may take"),
        (auth, "by = [\"expert_panel\"]", "by = [\"the_consumer\"]", "argue", "nobody may take"),
        (auth, "by = [\"expert_panel\"]", "by = [\"wizard\"]", "wizard", "unknown role"),
        (auth, "en = \"Expert argumentation\"", "en = \"\"", "argue", "translation"),
        (auth, "en = \"Minutes\"", "en = \" \"", "minutes", "translation"),
        (auth, "to = \"argued\"", "to = \"argueed\"", "argueed", "does not exist"),
        (auth, "documents = [\"expert_opinion\"]", "documents = [\"opinion\"]", "opinion", "not described"),
        (auth, "documents = [\"expert_opinion\"]", "", "expert_opinion", "no step asks"),
        (auth, "due = { param = \"notice.days\" }", "due = { param = \"notice.dayz\" }", "due", "due must name"),
        (auth, "rule = \"WX-5.1\"", "rule = \"WX-5.9\"", "WX-5.9", "no articles.toml"),
        (
            "wuxi/procedures/release.toml",
            "count = 2\ncount_param = \"release.reviewers\"",
            "count = 1",
            "vote",
            "at least two",
        ),
        (
            "wuxi/procedures/release.toml",
            "from = [\"voted\"]",
            "from = [\"checked\", \"voted\"]",
            "vote",
            "can be reached without",
        ),
        (
            "wuxi/pack.toml",
            "\"security_review\", \"authority_review\"",
            "\"authority_review\"",
            "product.review",
            "no approval",
        ),
        ("wuxi/pack.toml", "[[effects.grant]]", "[[effects.grants]]", "grants", "no order"),
        (auth, "\"order_authorise\", ", "", "order_authorise", "sends the zone no order"),
        ("wuxi/pack.toml", "[[effects.authorise]]", "[[effects.job]]", "authorise", "approvals the order"),
        (auth, "from = [\"argued\"]", "from = [\"argued\", \"reviewed\"]", "argue", "reached without"),
        (
            "wuxi/pack.toml",
            "steps = [\"submit\", \"review\"]\nrule = \"WX-16.1\"",
            "steps = [\"submit\"]\nrule = \"WX-16.1\"",
            "effects.job",
            "leave out",
        ),
        (
            "wuxi/pack.toml",
            "steps = [\"propose\", \"deliberate\", \"revoke\"]",
            "steps = []",
            "effects.destroy",
            "must carry an approval",
        ),
        (
            "wuxi/pack.toml",
            "[[effects.job]]",
            "[[effects.resource]]\nprocedure = \"catalogue\"\nsteps = [\"submit\"]\nrule = \"WX-2.2\"\n\n[[effects.job]]",
            "effects.resource",
            "leave out",
        ),
        ("wuxi/pack.toml", "id = \"wuxi\"", "id = \"wuxu\"", "id", "folder"),
        (
            "wuxi/articles.toml",
            "answers = [\"text:legal_basis\"]",
            "answers = [\"guard:magic\"]",
            "WX-1.1",
            "does not exist",
        ),
        ("wuxi/articles.toml", "answers = [\"text:legal_basis\"]", "", "WX-1.1", "nothing answers"),
        ("wuxi/articles.toml", "[\"WX-1.1\"]", "[\"NAT-1\"]", "NAT-1", "already stands"),
    ];
    for (file, from, to, key, words) in cases {
        let error = with(file, from, to).expect_err(&format!("{file}: {to}"));
        assert!(error.key == *key && error.en.contains(words), "{file} {to}: {error:?}");
        assert!(
            !error.zh.is_empty() && !error.mend.is_empty() && error.file.starts_with(file.split('/').next().unwrap()),
            "{error:?}"
        );
    }
}

#[test]
fn a_fault_points_at_its_line() {
    let error = with("wuxi/parameters.toml", "value = 24", "valeu = 24").unwrap_err();
    assert_eq!((error.file.as_str(), error.line), ("wuxi/parameters.toml", 2));
    let error = with("wuxi/procedures/authorisation.toml", "en = \"Expert argumentation\"", "en = \"\"").unwrap_err();
    let text = &layers()[2].files["procedures/authorisation.toml"];
    assert!(text.lines().nth(error.line - 1).unwrap().contains("argue"), "{error:?}");
}

/// Six faults that a pack must not have, each named with its file, its line, its key and what to do.
#[test]
fn six_faults_are_named_to_the_line() {
    let auth = "wuxi/procedures/authorisation.toml";
    let faults: [(&str, &str, &str, &str, &str, &str); 6] = [
        // what, file, from, to, key, a word of the mend
        ("an unknown key", "wuxi/pack.toml", "status = ", "statuses = ", "statuses", "spelling"),
        ("a cycle without exit", auth, "en = \"active\", end = true", "en = \"active\"", "agreed", "end state"),
        (
            "an unreachable state",
            auth,
            "  { name = \"withdrawn\"",
            "  { name = \"limbo\", zh = \"无\", en = \"limbo\", end = true },\n  { name = \"withdrawn\"",
            "limbo",
            "leads to it",
        ),
        (
            "a loosened strict value",
            "wuxi/parameters.toml",
            "[\"authorisation.modes\"]",
            "[\"k.person\"]\nvalue = 5\nsource = \"WX-9.1\"\nstatus = \"explicit\"\n\n[\"authorisation.modes\"]",
            "k.person",
            "tighten",
        ),
        ("a step nobody may take", auth, "by = [\"expert_panel\"]", "by = [\"the_applicant\"]", "argue", "role"),
        ("a missing translation", auth, "en = \"Expert argumentation\"", "en = \"\"", "argue", "zh and en"),
    ];
    for (what, file, from, to, key, mend) in faults {
        let error = with(file, from, to).expect_err(what);
        assert_eq!((error.file.as_str(), error.key.as_str()), (file, key), "{what}: {error:?}");
        assert!(error.mend.contains(mend), "{what}: {error:?}");
        // The line is the one that a person has to look at: the key's own.
        let mut chain = layers();
        let path = file.split_once('/').unwrap().1;
        let text = chain[2].files.get_mut(path).unwrap();
        *text = text.replacen(from, to, 1);
        let line = text.lines().nth(error.line - 1).unwrap();
        assert!(line.contains(key), "{what}: {error:?} points at {line}");
        assert!(error.to_string().starts_with(&format!("{file}:{}: {key}: ", error.line)), "{error}");
    }
}

#[test]
fn strange_files_and_layers_are_refused() {
    let mut chain = layers();
    chain[2].files.insert("notes.md".into(), "x".into());
    assert_eq!(Pack::load(&chain).unwrap_err().key, "notes.md");
    let mut chain = layers();
    chain.remove(1);
    assert_eq!(Pack::load(&chain).unwrap_err().key, "inherits");
    assert!(Pack::load(&[]).is_err());
    assert!(resolve(&all_layers(), "nowhere").is_err());
    let ring = PackText {
        layer: "ring".into(),
        files: BTreeMap::from([(
            "pack.toml".into(),
            layers()[1].files["pack.toml"]
                .replace("id = \"national\"", "id = \"ring\"")
                .replace("\"product\"", "\"ring\""),
        )]),
    };
    assert!(resolve(&[ring], "ring").unwrap_err().en.contains("circle"));
}

#[test]
fn a_strict_value_may_be_tightened() {
    let pack = with(
        "wuxi/parameters.toml",
        "[\"authorisation.modes\"]",
        "[\"k.person\"]\nvalue = 15\nsource = \"WX-9.1\"\nstatus = \"explicit\"\n\n[\"authorisation.modes\"]",
    )
    .unwrap();
    assert_eq!(pack.int("k.person"), Some(15));
}
