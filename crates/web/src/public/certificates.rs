//! Checking a certificate by its number.

use super::Asked;
use super::page::{escape, facts, text};
use crate::extract::{Path, Query};
use crate::state::WebState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::time::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// The number that was entered.
#[derive(Deserialize)]
pub(super) struct Entered {
    number: Option<String>,
}

pub(super) async fn form(State(s): State<WebState>, Query(entered): Query<Entered>, asked: Asked) -> Response {
    match entered.number.as_deref().map(str::trim).filter(|n| !n.is_empty()) {
        Some(number) => shown(&s, number, &asked).await,
        None => {
            let body = format!("<p>{}</p>{}", asked.lang.t("cert.lead"), field(&asked, ""));
            asked.page(&s, asked.lang.t("cert.title")).html(&body).into_response()
        }
    }
}

pub(super) async fn one(State(s): State<WebState>, Path(number): Path<String>, asked: Asked) -> Response {
    shown(&s, &number, &asked).await
}

fn field(asked: &Asked, number: &str) -> String {
    let l = asked.lang;
    format!(
        "<form method=\"get\" action=\"/certificates\"><label for=\"number\">{}</label> <input id=\"number\" \
         name=\"number\" value=\"{}\" maxlength=\"64\" required autocomplete=\"off\"><input type=\"hidden\" \
         name=\"lang\" value=\"{}\"> <button>{}</button></form>",
        l.t("cert.number"),
        escape(number),
        if l == super::Lang::Zh { "zh" } else { "en" },
        l.t("cert.check"),
    )
}

/// The city's day of an instant in milliseconds.
fn day(at: &Value) -> String {
    at.as_i64().map_or_else(|| "—".to_owned(), |ms| Timestamp(ms).date().to_string())
}

async fn shown(s: &WebState, number: &str, asked: &Asked) -> Response {
    let l = asked.lang;
    let c = match app::views::certificate(&s.app, number).await {
        Ok(c) => c,
        Err(e) => return asked.refused(s, "cert.unknown", ("/certificates", "cert.title"), e.into()),
    };
    let valid = c["state"].as_str() == Some("valid");
    let (class, word) = if valid { ("valid", "cert.valid") } else { ("ended", "cert.withdrawn") };
    let name = text(&c, if l == super::Lang::Zh { "zh" } else { "en" });
    let body = format!(
        "<p class=\"state {class}\">{}</p>{}{}",
        l.t(word),
        facts(
            l,
            &[
                ("cert.number", text(&c, "number")),
                ("product", name),
                ("id", format!("<code>{}</code>", text(&c, "product"))),
                ("digest", format!("<code>{}</code>", text(&c, "digest"))),
                ("cert.at", day(&c["issued_at"])),
            ],
        ),
        field(asked, ""),
    );
    asked.page(s, l.t("cert.title")).html(&body).into_response()
}
