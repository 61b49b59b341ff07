//! The master catalogue and the dictionary of each resource.

use super::Asked;
use super::page::{Lang, escape, facts, table, text};
use crate::extract::Path;
use crate::state::WebState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

const BACK: (&str, &str) = ("/catalogue", "back.catalogue");

pub(super) async fn list(State(s): State<WebState>, asked: Asked) -> Response {
    let l = asked.lang;
    let list = match app::views::public_catalogue(&s.app).await {
        Ok(list) => list,
        Err(e) => return asked.refused(&s, "catalogue.empty", BACK, e.into()),
    };
    let row = |r: &Value| {
        let link = l.link(&format!("/catalogue/{}", text(r, "id")));
        vec![
            format!("<a href=\"{link}\">{}</a>", text(r, "table")),
            l.pick(r, "provider"),
            grade(l, r),
            text(r, "fields"),
            text(r, "at_text"),
        ]
    };
    let rows: Vec<Vec<String>> = list["resources"].as_array().into_iter().flatten().map(row).collect();
    let heads = ["catalogue.table", "catalogue.provider", "catalogue.grade", "catalogue.fields", "catalogue.at"];
    let body = match rows.is_empty() {
        true => format!("<p>{}</p>", l.t("catalogue.empty")),
        false => table(l, "catalogue.caption", &heads, &rows),
    };
    let lead = l.t("catalogue.lead");
    asked.page(&s, l.t("catalogue.title")).html(&format!("<p>{lead}</p>{body}")).into_response()
}

fn grade(l: Lang, r: &Value) -> String {
    l.t(&format!("grade.{}", r["grade"].as_str().unwrap_or_default()))
}

/// The type of a field in words; a type that has none as it stands in the contract.
fn kind(l: Lang, f: &Value) -> String {
    match f["type"].as_str() {
        Some(word) if Lang::knows(&format!("type.{word}")) => l.t(&format!("type.{word}")),
        _ => text(f, "type"),
    }
}

pub(super) async fn one(State(s): State<WebState>, Path(id): Path<String>, asked: Asked) -> Response {
    let l = asked.lang;
    let r = match app::views::public_resource(&s.app, &id).await {
        Ok(r) => r,
        Err(e) => return asked.refused(&s, "resource.missing", BACK, e.into()),
    };
    let class = |f: &Value| match f["class"].as_str() {
        Some(word) if Lang::knows(&format!("class.{word}")) => {
            format!("{} <code>{}</code>", l.t(&format!("class.{word}")), escape(word))
        }
        _ => l.t("class.LOCK"),
    };
    let row =
        |f: &Value| vec![format!("<code>{}</code>", text(f, "name")), kind(l, f), class(f), text(f, "description")];
    let rows: Vec<Vec<String>> = r["fields"].as_array().into_iter().flatten().map(row).collect();
    let body = format!(
        "{}{}<p><a href=\"{}\">{}</a></p>",
        facts(
            l,
            &[
                ("catalogue.provider", l.pick(&r, "provider")),
                ("catalogue.grade", grade(l, &r)),
                ("catalogue.at", text(&r, "at_text")),
                ("id", format!("<code>{}</code>", text(&r, "id"))),
            ],
        ),
        table(l, "dictionary", &["field", "type", "class", "description"], &rows),
        l.link("/catalogue"),
        l.t("back.catalogue"),
    );
    asked.page(&s, text(&r, "table")).html(&body).into_response()
}
