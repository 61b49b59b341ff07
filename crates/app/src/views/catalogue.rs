//! The catalogue as anyone may see it: which tables there are, who provides them, and what their fields mean.

use crate::App;
use crate::error::{AppError, AppResult};
use model::party::Organisation;
use model::record::{Resource, ResourceState};
use serde_json::{Value, json};
use store::Filter;

/// What is in the master catalogue, without what may never be authorised (WX-2.2).
pub async fn public_catalogue(app: &App) -> AppResult<Value> {
    let rows: Vec<Resource> = app.store.list(&Filter::default()).await?;
    let mut list = Vec::new();
    for row in rows.iter().filter(|r| open(r)) {
        list.push(entry(app, row).await?);
    }
    Ok(json!({ "resources": list }))
}

/// One resource with its dictionary.
pub async fn public_resource(app: &App, id: &str) -> AppResult<Value> {
    let row: Option<Resource> = app.store.get(id).await?;
    let row = row.filter(open).ok_or(AppError::NotFound("resource"))?;
    let mut view = entry(app, &row).await?;
    view["fields"] = dictionary(&row.spec.contract);
    Ok(view)
}

fn open(r: &Resource) -> bool {
    r.state == ResourceState::Catalogued && !r.excluded
}

async fn entry(app: &App, r: &Resource) -> AppResult<Value> {
    let provider: Option<Organisation> = app.store.get(r.provider.as_str()).await?;
    Ok(json!({
        "id": r.id, "table": r.spec.table, "grade": r.grade, "at_text": r.at.date().to_string(),
        "provider_zh": provider.as_ref().map(|o| &o.zh), "provider_en": provider.as_ref().map(|o| &o.en),
        "fields": dictionary(&r.spec.contract).as_array().map_or(0, Vec::len),
    }))
}

/// Name, type, class and description of each field of an ODCS contract. The platform reads the document as data: what
/// the classes mean for a query is the zone's to say.
fn dictionary(contract: &str) -> Value {
    let document: Value = serde_saphyr::from_str(contract).unwrap_or_default();
    let properties = document["schema"][0]["properties"].as_array().cloned().unwrap_or_default();
    let class = |field: &Value| {
        let custom = field["customProperties"].as_array()?;
        custom.iter().find(|p| p["property"] == "yunyuClass").map(|p| p["value"].clone())
    };
    let field = |f: &Value| json!({ "name": f["name"], "type": f["logicalType"], "class": class(f), "description": f["description"] });
    properties.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::dictionary;

    #[test]
    fn a_contract_becomes_a_dictionary_and_rubbish_an_empty_one() {
        let yaml = "schema:\n  - name: t\n    properties:\n      - {name: a, logicalType: string, description: 区县, \
                    customProperties: [{property: yunyuClass, value: DIM}]}\n      - {name: b}\n";
        let fields = dictionary(yaml);
        assert_eq!(fields[0]["class"], "DIM");
        assert_eq!((fields[0]["description"].as_str(), fields[1]["type"].as_str()), (Some("区县"), None));
        assert_eq!(dictionary("{[").as_array().map(Vec::len), Some(0));
    }
}
