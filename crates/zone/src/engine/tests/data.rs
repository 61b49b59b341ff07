//! Small data sets over the reference schema, written as CSV files for local runs.

use std::path::Path;

use serde_json::Value;

use super::schema;
use crate::engine::local::{Answer, run_command};

/// A folder with contracts, the purpose and some tables' records.
pub struct Folder {
    folder: tempfile::TempDir,
}

impl Folder {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        std::fs::create_dir(path.join("purposes")).unwrap();
        for (table, text) in schema::yaml() {
            std::fs::write(path.join(format!("{table}.yaml")), text).unwrap();
        }
        std::fs::write(path.join("purposes/statistical-product.yaml"), schema::purpose_yaml()).unwrap();
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a table; columns that are not named are empty.
    pub fn table(&self, table: &str, columns: &str, rows: impl IntoIterator<Item = String>) {
        let contract = schema::contracts().into_iter().find(|contract| contract.table.name == table).unwrap();
        let given: Vec<&str> = columns.split(',').collect();
        let missing: Vec<&str> = contract
            .table
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .filter(|name| !given.contains(name))
            .collect();
        let mut text = format!("{columns}{}\n", missing.iter().map(|name| format!(",{name}")).collect::<String>());
        for row in rows {
            text.push_str(&format!("{row}{}\n", ",".repeat(missing.len())));
        }
        std::fs::write(self.path().join(format!("{table}.csv")), text).unwrap();
    }

    pub async fn run(&self, sql: &str) -> Answer {
        run_command(self.path(), "statistical-product", self.path(), sql).await.unwrap()
    }

    /// The rows of an accepted query.
    pub async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let answer = self.run(sql).await;
        assert!(answer.verdict.reasons.is_empty(), "{sql}: {:?}", answer.verdict.reasons);
        answer.rows
    }
}
