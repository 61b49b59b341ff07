//! What the story is told about: a folder of CSV files, with a `story.yaml` or without, or the synthetic city.

use crate::city::{self, CityError};
use crate::story::StoryError;
use crate::tools::classify as looked_at;
use model::Refusal;
use model::storage_words;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use zone::classify;
use zone::contract::{Contract, ContractError};
use zone::engine::Decision;
use zone::purpose::Purpose;

/// Names in both languages.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Names {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceEntry {
    file: String,
    #[serde(default)]
    contract: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScenarioEntry {
    zh: String,
    en: String,
    purpose: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductEntry {
    #[serde(default)]
    form: Option<String>,
    zh: String,
    en: String,
    unit: String,
    price_fen: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoryFile {
    resources: Vec<ResourceEntry>,
    scenario: ScenarioEntry,
    pipeline: String,
    product: ProductEntry,
    consumer: Names,
}

/// One resource of the story.
#[derive(Clone, Debug)]
pub struct ResourceInput {
    /// CSV file.
    pub file: PathBuf,
    /// Contract text (YAML).
    pub contract: String,
    /// Table name.
    pub table: String,
    /// Fields that the demand asks for: all that are not locked.
    pub fields: Vec<String>,
}

/// Everything the story needs.
#[derive(Clone, Debug)]
pub struct Input {
    /// Resources.
    pub resources: Vec<ResourceInput>,
    /// Scenario.
    pub scenario: Names,
    /// Purpose file (YAML).
    pub purpose: String,
    /// SQL of the pipeline.
    pub sql: String,
    /// Product form, in the city's words; without one, the city's name for a table that is delivered.
    pub form: Option<String>,
    /// Product.
    pub product: Names,
    /// Unit.
    pub unit: String,
    /// Price per unit in fen.
    pub price_fen: i64,
    /// Consumer.
    pub consumer: Names,
}

/// Seed of the built-in city: the same folder every time.
const SEED: u64 = 20_240_301;

/// The input of a folder, or of the synthetic city made below `made` when there is none.
pub fn read(folder: Option<&Path>, made: &Path, rows: u64) -> Result<Input, StoryError> {
    let Some(folder) = folder else {
        std::fs::create_dir_all(made)?;
        if !made.join("story.yaml").is_file() {
            city::generate(made, SEED, rows).map_err(|e| match e {
                CityError::TooSmall => StoryError::Usage(
                    "--rows".into(),
                    format!("合成城市至少要有 {} 行。", city::LEAST_ROWS),
                    format!("A synthetic city needs at least {} rows.", city::LEAST_ROWS),
                ),
                CityError::Write { .. } => StoryError::Shape(e.to_string()),
            })?;
        }
        return told(made);
    };
    let story = folder.join("story.yaml");
    match std::fs::symlink_metadata(&story) {
        Ok(_) => {
            check_file(&story)?;
            told(folder)
        }
        Err(_) => {
            misnamed(folder)?;
            proposed(folder)
        }
    }
}

/// A story under a name that the program does not look for would be left aside without a word.
fn misnamed(folder: &Path) -> Result<(), StoryError> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let alike = |name: &str| ["story.yml", "story.yaml", "story.json"].contains(&name.to_lowercase().as_str());
    match entries.map(|e| e.path()).find(|p| p.file_name().and_then(|n| n.to_str()).is_some_and(alike)) {
        Some(path) => Err(StoryError::Usage(
            path.display().to_string(),
            "文件名应为 story.yaml：请改名，或移出该文件夹。".into(),
            "It is read as story.yaml only: rename it, or take it out of the folder.".into(),
        )),
        None => Ok(()),
    }
}

/// What the platform would refuse only after many signed steps is found in the files first.
fn check_story(input: &Input, (story, pipeline): (&Path, &Path)) -> Result<(), StoryError> {
    let usage = |zh: &str, en: &str| Err(StoryError::Usage(story.display().to_string(), zh.into(), en.into()));
    let names = [&input.scenario, &input.product, &input.consumer];
    if names.iter().any(|n| n.zh.trim().is_empty() || n.en.trim().is_empty()) {
        return usage("名称不得为空：zh 与 en 都要填写。", "A name is empty: both zh and en are needed.");
    }
    if !(0..=1 << 53).contains(&input.price_fen) {
        return usage(
            "price_fen 应为 0 至 2^53 之间的整数（分）。",
            "price_fen is a whole number of fen from 0 to 2^53.",
        );
    }
    let parse = |r: &ResourceInput| Contract::parse(&r.contract).ok();
    let contracts: Vec<Contract> = input.resources.iter().filter_map(parse).collect();
    let Ok(purpose) = Purpose::parse(&input.purpose) else { return Ok(()) };
    let verdict = zone::engine::check(&input.sql, &contracts, &purpose);
    let Some(reason) = verdict.reasons.into_iter().next().filter(|_| verdict.verdict == Decision::Refuse) else {
        return Ok(());
    };
    let at = pipeline.display();
    let place = format!(":{}:{}", reason.at.line, reason.at.column);
    let (zh, en) = (format!("{at}{place}：{}", reason.zh), format!("{at}{place}: {}", reason.en));
    Err(StoryError::refused("query-refused", &reason.rule, zh, en))
}

fn text(folder: &Path, name: &str) -> Result<String, StoryError> {
    let path = folder.join(name);
    std::fs::read_to_string(&path).map_err(|e| {
        StoryError::Usage(
            path.display().to_string(),
            format!("读不到 story.yaml 所指的文件（{e}）。"),
            format!("story.yaml names a file that cannot be read ({e})."),
        )
    })
}

/// A folder that says what to do.
fn told(folder: &Path) -> Result<Input, StoryError> {
    let path = folder.join("story.yaml").display().to_string();
    let options = serde_saphyr::options! { with_snippet: false };
    let story: StoryFile = serde_saphyr::from_str_with_options(&text(folder, "story.yaml")?, options).map_err(|e| {
        let (at, zh) = match e.location() {
            Some(l) => {
                (format!("{path}:{}:{}", l.line(), l.column()), format!("第 {} 行第 {} 列", l.line(), l.column()))
            }
            None => (path.clone(), String::new()),
        };
        let why = e.without_snippet();
        StoryError::Usage(
            at,
            format!("story.yaml {zh}格式不对，请对照 docs/files.md 检查键名与值：{why}"),
            format!("story.yaml is malformed: {why}"),
        )
    })?;
    let mut resources: Vec<ResourceInput> = Vec::new();
    for entry in &story.resources {
        let file = folder.join(&entry.file);
        check_file(&file)?;
        let next = match &entry.contract {
            Some(name) => resource(file, text(folder, name)?, &folder.join(name))?,
            None => {
                let taken: Vec<&str> = resources.iter().map(|r| r.table.as_str()).collect();
                let contract = classified(&file, &taken)?.0.to_yaml();
                resource(file.clone(), contract, &file)?
            }
        };
        if let Some(other) = resources.iter().find(|r| r.table == next.table) {
            return Err(same_table(&next, other));
        }
        resources.push(next);
    }
    let input = Input {
        resources,
        scenario: Names { zh: story.scenario.zh, en: story.scenario.en },
        purpose: purpose(folder, &story.scenario.purpose)?,
        sql: text(folder, &story.pipeline)?,
        form: story.product.form,
        product: Names { zh: story.product.zh, en: story.product.en },
        unit: story.product.unit,
        price_fen: story.product.price_fen,
        consumer: story.consumer,
    };
    check_story(&input, (&folder.join("story.yaml"), &folder.join(&story.pipeline)))?;
    Ok(input)
}

/// A folder of CSV files and nothing else: fields are classified, contracts proposed, a count by dimension built.
fn proposed(folder: &Path) -> Result<Input, StoryError> {
    let entries = std::fs::read_dir(folder).map_err(|e| {
        StoryError::Usage(
            folder.display().to_string(),
            format!("读不到这个目录（{e}）。"),
            format!("The folder cannot be read ({e})."),
        )
    })?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|e| e.ok().map(|e| e.path()))
        .filter(|p| p.extension().is_some_and(|e| e.eq_ignore_ascii_case("csv")))
        .collect();
    files.sort();
    if files.is_empty() {
        return Err(StoryError::Usage(
            folder.display().to_string(),
            "目录中没有 CSV 文件。".into(),
            "There is no CSV file in the folder.".into(),
        ));
    }
    let mut tables: Vec<(Contract, classify::FileReport)> = Vec::new();
    for file in &files {
        check_file(file)?;
        let taken: Vec<&str> = tables.iter().map(|(c, _)| c.table.name.as_str()).collect();
        let next = classified(file, &taken)?;
        tables.push(next);
    }
    let product = product_of(&tables)?;
    let mut resources = Vec::new();
    for (file, (contract, _)) in files.into_iter().zip(&tables) {
        // The statistics need only the tables they name: the demand asks for no more.
        if product.table == contract.table.name {
            resources.push(resource(file.clone(), contract.to_yaml(), &file)?);
        }
    }
    Ok(Input {
        resources,
        scenario: Names { zh: "统计产品开发".into(), en: "Statistical product".into() },
        purpose: product.purpose,
        sql: product.sql,
        form: None,
        product: Names { zh: "分组计数数据集".into(), en: "Counts by dimension".into() },
        unit: "row".into(),
        price_fen: 10,
        consumer: Names { zh: "演示数据使用方".into(), en: "Demonstration consumer".into() },
    })
}

/// The product that the files give by themselves.
fn product_of(tables: &[(Contract, classify::FileReport)]) -> Result<classify::ProposedProduct, StoryError> {
    if tables.iter().all(|(_, report)| report.rows == 0) {
        return Err(StoryError::refused(
            "no-rows",
            "PRODUCT-INTAKE",
            "文件只有表头，没有数据行（若行尾只用了 CR，请改存为 LF 或 CRLF）。",
            "There is a header and no row (if lines end with CR alone, save the file with LF or CRLF).",
        ));
    }
    classify::propose_product(tables).ok_or_else(|| StoryError::Refused {
        status: 422,
        refusal: Box::new(Refusal::new(
            "no-usable-dimension",
            "PRODUCT-STORY",
            "",
            "没有可用的统计维度：请提供 story.yaml 与字段契约，说明要做什么产品。",
            "No field can serve as a dimension: give a story.yaml with contracts that say which product to make.",
        )),
    })
}

/// A purpose, read before anybody is asked for anything.
fn purpose(folder: &Path, name: &str) -> Result<String, StoryError> {
    let text = text(folder, name)?;
    Purpose::parse(&text).map_err(|e| {
        let e = ContractError { path: Some(folder.join(name)), ..e };
        StoryError::from(crate::tools::input::contract(&e))
    })?;
    Ok(text)
}

/// A file is read twice, to classify it and to hand it in: a pipe cannot be, and a folder is none.
fn check_file(file: &Path) -> Result<(), StoryError> {
    let at = file.display().to_string();
    match std::fs::metadata(file) {
        Ok(found) if found.is_file() => Ok(()),
        Ok(_) => Err(StoryError::Usage(
            at,
            "不是普通文件（而是目录、管道或设备）。".into(),
            "It is no regular file but a folder, pipe or device.".into(),
        )),
        Err(e) => Err(StoryError::Usage(
            at,
            format!("读不到这个文件（{}）。", storage_words(e.kind())[0]),
            format!("The file cannot be read ({}).", storage_words(e.kind())[1]),
        )),
    }
}

/// Two resources of one story cannot have one name in SQL.
fn same_table(one: &ResourceInput, other: &ResourceInput) -> StoryError {
    let (table, first) = (&one.table, other.file.display());
    StoryError::Usage(
        one.file.display().to_string(),
        format!("表名 {table} 已用于 {first}：请在其中一份契约里换一个表名。"),
        format!("The table name {table} is taken by {first}: give another in one of the contracts."),
    )
}

/// What a file is, and the contract proposed for it under a table name that is not taken yet.
fn classified(file: &Path, taken: &[&str]) -> Result<(Contract, classify::FileReport), StoryError> {
    looked_at::refuse_binary(file)?;
    let report = classify::classify_file(file).map_err(|e| looked_at::failure(file, &e))?;
    Ok((classify::propose_contract(&report, &table_name(file, taken)), report))
}

/// A table's name for SQL, from a file's name in whatever script: names that come out alike are numbered. None begins
/// with an underscore, since two of them are the engine's own.
fn table_name(file: &Path, taken: &[&str]) -> String {
    let stem = file.file_stem().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let plain = plain.trim_matches('_');
    let plain = if plain.is_empty() { "records" } else { plain };
    let numbered = (2..).map(|n| format!("{plain}_{n}"));
    let mut names = std::iter::once(plain.to_owned()).chain(numbered);
    names.find(|name| !taken.contains(&name.as_str())).unwrap_or_default()
}

/// A resource under its contract; `from` is the file that the contract comes from.
fn resource(file: PathBuf, contract: String, from: &Path) -> Result<ResourceInput, StoryError> {
    let parsed = Contract::parse(&contract).map_err(|e| {
        // A contract that was proposed has no lines that anybody could look at.
        let (line, column) = if from == file { (0, 0) } else { (e.line, e.column) };
        let e = ContractError { path: Some(from.to_owned()), line, column, ..e };
        StoryError::from(crate::tools::input::contract(&e))
    })?;
    let open = |f: &&zone::contract::Field| f.class != Some(zone::contract::Class::Lock);
    let fields = parsed.table.fields.iter().filter(open).map(|f| f.name.clone()).collect();
    Ok(ResourceInput { file, contract, table: parsed.table.name, fields })
}

#[cfg(test)]
mod tests {
    use super::{StoryError, StoryFile};
    use std::path::Path;

    /// The example in the documentation is a file that the program reads.
    #[test]
    fn the_documented_story_is_read() {
        let docs = include_str!("../../../../docs/files.md");
        let (_, rest) = docs.split_once("```yaml story\n").unwrap();
        let story: StoryFile = serde_saphyr::from_str(rest.split_once("```").unwrap().0).unwrap();
        assert_eq!((story.resources.len(), story.product.price_fen), (2, 100));
    }

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    /// Where the fault is, and what it is in English.
    fn fault(dir: &Path) -> (String, String) {
        match super::read(Some(dir), dir, 0) {
            Err(StoryError::Usage(at, zh, en)) => {
                assert!(!zh.is_empty());
                (at.replace(&dir.display().to_string(), ""), en)
            }
            other => panic!("{other:?}"),
        }
    }

    fn counted(n: usize) -> String {
        let row = |i: usize| format!("{},{}\n", ["北区", "南区"][i % 2], ["a", "b"][i / 2 % 2]);
        std::iter::once("城市,类别\n".to_owned()).chain((0..n).map(row)).collect()
    }

    #[test]
    fn files_whose_names_come_out_alike_are_told_apart() {
        assert_eq!(super::table_name(Path::new("/x/客户.csv"), &[]), "records");
        assert_eq!(super::table_name(Path::new("/x/年报 2024（终）.csv"), &[]), "2024");
        assert_eq!(super::table_name(Path::new("/x/__a.csv"), &[]), "a");
        assert_eq!(super::table_name(Path::new("/x/a-b.csv"), &["a_b", "a_b_2"]), "a_b_3");
        let dir = folder(&[("企业.csv", &counted(400)), ("客户.csv", &counted(800)), ("a-b.csv", &counted(300))]);
        let input = super::read(Some(dir.path()), dir.path(), 0).unwrap();
        assert_eq!(input.resources.len(), 1);
        assert!(input.resources[0].file.ends_with("客户.csv"), "{:?}", input.resources);
        assert!(input.sql.contains(&input.resources[0].table), "{}", input.sql);
    }

    /// A fault is found before anybody is asked for anything, and its place is named.
    #[test]
    fn what_is_wrong_in_a_folder_is_named_with_its_place() {
        let story = "resources: [{file: a.csv, contract: a.yaml}]\nscenario: {zh: 甲, en: a, purpose: p.yaml}\n\
            pipeline: q.sql\nproduct: {form: dataset, zh: 甲, en: a, unit: row, price_fen: 1}\nconsumer: {zh: 甲, en: a}\n";
        let contract = "apiVersion: v3.1.0\nkind: DataContract\nid: a\nversion: 1.0.0\nschema:\n  - name: a\n    \
            properties:\n      - {name: x, logicalType: wrong}\n";
        let purpose = "name: p\nanswer: everything\ntables: [a]\n";
        let dir = folder(&[("story.yaml", &story.replace("price_fen", "prize_fen")), ("a.csv", "x\n1\n")]);
        let (at, en) = fault(dir.path());
        assert!(at.starts_with("/story.yaml:4:") && en.contains("prize_fen"), "{at}: {en}");
        std::fs::write(dir.path().join("story.yaml"), story).unwrap();
        assert_eq!(fault(dir.path()).0, "/a.yaml");
        std::fs::write(dir.path().join("a.yaml"), contract).unwrap();
        assert!(fault(dir.path()).0.starts_with("/a.yaml:8:"), "{:?}", fault(dir.path()));
        std::fs::write(dir.path().join("a.yaml"), contract.replace("wrong", "integer")).unwrap();
        std::fs::write(dir.path().join("p.yaml"), purpose).unwrap();
        assert!(fault(dir.path()).0.starts_with("/p.yaml:2:"), "{:?}", fault(dir.path()));
        std::fs::write(dir.path().join("p.yaml"), purpose.replace("everything", "aggregate")).unwrap();
        // What would be refused after many signed steps is refused before the first.
        let put = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        for (sql, rule) in [("SELECT wrong FROM a", "N1"), ("SELEC 1", "N1"), ("", "N1"), ("SELECT x FROM a", "G1")] {
            put("q.sql", sql);
            let told = super::read(Some(dir.path()), dir.path(), 0);
            let Err(StoryError::Refused { refusal, .. }) = told else { panic!("{sql}: {told:?}") };
            assert_eq!((refusal.code.as_str(), refusal.rule.as_str()), ("query-refused", rule), "{sql}: {refusal}");
            assert!(refusal.en.contains("q.sql:1:") && refusal.zh.contains("q.sql:1:"), "{refusal}");
        }
        put("story.yaml", &story.replace("price_fen: 1", "price_fen: -1"));
        assert!(fault(dir.path()).1.contains("price_fen"));
        put("story.yaml", &story.replace("dataset, zh: 甲", "dataset, zh: ' '"));
        assert!(fault(dir.path()).1.contains("empty"));
        std::fs::remove_file(dir.path().join("story.yaml")).unwrap();
        put("story.yml", story);
        assert_eq!(fault(dir.path()).0, "/story.yml");
        std::fs::create_dir(dir.path().join("story.yaml")).unwrap();
        assert_eq!(fault(dir.path()).0, "/story.yaml");
    }

    #[test]
    fn what_is_no_file_or_no_text_is_named() {
        let dir = folder(&[("b.csv", "PK\u{3}\u{4}")]);
        std::fs::create_dir(dir.path().join("a.csv")).unwrap();
        assert!(fault(dir.path()).1.contains("no regular file"));
        std::fs::remove_dir(dir.path().join("a.csv")).unwrap();
        assert_eq!(fault(dir.path()).0, "/b.csv");
        std::fs::write(dir.path().join("b.csv"), "").unwrap();
        assert!(fault(dir.path()).1.contains("empty"));
        std::fs::write(dir.path().join("b.csv"), counted(400).replace("类别", "城市")).unwrap();
        assert_eq!(fault(dir.path()).0, "/b.csv");
        for none in ["a,b\n", "a,b\r1,2\r3,4\r"] {
            std::fs::write(dir.path().join("b.csv"), none).unwrap();
            let told = super::read(Some(dir.path()), dir.path(), 0);
            assert!(matches!(told, Err(StoryError::Refused { refusal, .. }) if refusal.code == "no-rows"), "{none:?}");
        }
        std::os::unix::fs::symlink("/nowhere", dir.path().join("a.csv")).unwrap();
        assert!(fault(dir.path()).1.contains("cannot be read"));
    }
}
