//! What the story is told about: a folder of CSV files, with a `story.yaml` or without, or the synthetic city.

use crate::city;
use crate::story::StoryError;
use model::Refusal;
use serde::Deserialize;
use std::path::{Path, PathBuf};
use zone::classify;
use zone::contract::Contract;

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
    form: String,
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
    /// Product form of the glossary.
    pub form: String,
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
            city::generate(made, SEED, rows).map_err(|e| StoryError::Shape(e.to_string()))?;
        }
        return told(made);
    };
    if folder.join("story.yaml").is_file() { told(folder) } else { proposed(folder) }
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
    let story: StoryFile = serde_saphyr::from_str(&text(folder, "story.yaml")?).map_err(|e| {
        StoryError::Usage(path, "story.yaml 格式不对，请对照文档。".into(), format!("story.yaml is malformed: {e}"))
    })?;
    let mut resources = Vec::new();
    for entry in &story.resources {
        let file = folder.join(&entry.file);
        let contract = match &entry.contract {
            Some(name) => text(folder, name)?,
            None => classified(&file)?.0.to_yaml(),
        };
        resources.push(resource(file, contract)?);
    }
    Ok(Input {
        resources,
        scenario: Names { zh: story.scenario.zh, en: story.scenario.en },
        purpose: text(folder, &story.scenario.purpose)?,
        sql: text(folder, &story.pipeline)?,
        form: story.product.form,
        product: Names { zh: story.product.zh, en: story.product.en },
        unit: story.product.unit,
        price_fen: story.product.price_fen,
        consumer: story.consumer,
    })
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
    let mut tables = Vec::new();
    for file in &files {
        tables.push(classified(file)?);
    }
    let product = classify::propose_product(&tables).ok_or_else(|| StoryError::Refused {
        status: 422,
        refusal: Box::new(Refusal::new(
            "no-usable-dimension",
            "PRODUCT-STORY",
            "",
            "没有可用的统计维度：请提供 story.yaml 与字段契约，说明要做什么产品。",
            "No field can serve as a dimension: give a story.yaml with contracts that say which product to make.",
        )),
    })?;
    let mut resources = Vec::new();
    for (file, (contract, _)) in files.into_iter().zip(&tables) {
        // The statistics need only the tables they name: the demand asks for no more.
        if product.table == contract.table.name {
            resources.push(resource(file, contract.to_yaml())?);
        }
    }
    Ok(Input {
        resources,
        scenario: Names { zh: "统计产品开发".into(), en: "Statistical product".into() },
        purpose: product.purpose,
        sql: product.sql,
        form: "dataset".into(),
        product: Names { zh: "分组计数数据集".into(), en: "Counts by dimension".into() },
        unit: "row".into(),
        price_fen: 10,
        consumer: Names { zh: "演示数据使用方".into(), en: "Demonstration consumer".into() },
    })
}

fn classified(file: &Path) -> Result<(Contract, classify::FileReport), StoryError> {
    let report = classify::classify_file(file).map_err(|e| {
        StoryError::Usage(file.display().to_string(), "文件读不出来。".into(), format!("The file cannot be read: {e}"))
    })?;
    let stem = file.file_stem().map(|s| s.to_string_lossy().to_lowercase()).unwrap_or_default();
    let table: String = stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    Ok((classify::propose_contract(&report, &table), report))
}

fn resource(file: PathBuf, contract: String) -> Result<ResourceInput, StoryError> {
    let parsed = Contract::parse(&contract).map_err(|e| {
        StoryError::Usage(file.display().to_string(), "字段契约有误。".into(), format!("The contract is faulty: {e}"))
    })?;
    let open = |f: &&zone::contract::Field| f.class != Some(zone::contract::Class::Lock);
    let fields = parsed.table.fields.iter().filter(open).map(|f| f.name.clone()).collect();
    Ok(ResourceInput { file, contract, table: parsed.table.name, fields })
}

#[cfg(test)]
mod tests {
    use super::StoryFile;

    /// The example in the documentation is a file that the program reads.
    #[test]
    fn the_documented_story_is_read() {
        let docs = include_str!("../../../../docs/files.md");
        let (_, rest) = docs.split_once("```yaml story\n").unwrap();
        let story: StoryFile = serde_saphyr::from_str(rest.split_once("```").unwrap().0).unwrap();
        assert_eq!((story.resources.len(), story.product.price_fen), (2, 100));
    }
}
