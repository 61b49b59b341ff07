//! Public notices, and the form by which anyone objects.

use super::Asked;
use super::page::{facts, table, text};
use crate::state::WebState;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use model::ids::CaseId;
use serde::Deserialize;
use serde_json::Value;

const BACK: (&str, &str) = ("/notices", "back.notices");

pub(super) async fn list(State(s): State<WebState>, asked: Asked) -> Response {
    let l = asked.lang;
    let list = match app::notices::list(&s.app).await {
        Ok(list) => list,
        Err(e) => return asked.refused(&s, "notices.empty", BACK, e.into()),
    };
    let row = |n: &Value| {
        let link = l.link(&format!("/notices/{}", text(n, "case")));
        vec![
            format!("<a href=\"{link}\">{}</a>", l.pick(n, "applicant")),
            l.pick(n, "procedure"),
            l.pick(n, "mode"),
            text(n, "from_text"),
            text(n, "until_text"),
        ]
    };
    let rows: Vec<Vec<String>> = list["notices"].as_array().into_iter().flatten().map(row).collect();
    let heads = ["notice.applicant", "notice.matter", "notice.mode", "notice.from", "notice.until"];
    let body = match rows.is_empty() {
        true => format!("<p>{}</p>", l.t("notices.empty")),
        false => table(l, "notices.caption", &heads, &rows),
    };
    let lead = l.t("notices.lead");
    asked.page(&s, l.t("notices.title")).html(&format!("<p>{lead}</p>{body}")).into_response()
}

pub(super) async fn one(State(s): State<WebState>, Path(case): Path<String>, asked: Asked) -> Response {
    let l = asked.lang;
    let n = match app::notices::one(&s.app, &case).await {
        Ok(n) => n,
        Err(e) => return asked.refused(&s, "notice.missing", BACK, e.into()),
    };
    let rows = [
        ("notice.matter", l.pick(&n, "procedure")),
        ("notice.applicant", l.pick(&n, "applicant")),
        ("notice.uscc", text(&n, "uscc")),
        ("notice.mode", l.pick(&n, "mode")),
        ("notice.from", text(&n, "from_text")),
        ("notice.until", text(&n, "until_text")),
        ("notice.open", text(&n, "objections")),
    ];
    let body = format!("{}<h2>{}</h2>{}", facts(l, &rows), l.t("notice.object"), form(&asked, &text(&n, "case")));
    asked.page(&s, l.t("notice.title")).html(&body).into_response()
}

fn form(asked: &Asked, case: &str) -> String {
    let l = asked.lang;
    format!(
        "<form method=\"post\" action=\"{action}\"><p><label for=\"text\">{text}</label><br><textarea id=\"text\" \
         name=\"text\" rows=\"8\" maxlength=\"5000\" required></textarea></p><p><label for=\"contact\">{contact}</label>\
         <br><input id=\"contact\" name=\"contact\" maxlength=\"200\" autocomplete=\"off\"></p><p><button>{send}</button>\
         </p></form>",
        action = l.link(&format!("/notices/{case}/objections")),
        text = l.t("notice.text"),
        contact = l.t("notice.contact"),
        send = l.t("notice.send"),
    )
}

/// An objection as the form sends it.
#[derive(Deserialize)]
pub(super) struct Objection {
    text: String,
    #[serde(default)]
    contact: String,
}

pub(super) async fn object(
    State(s): State<WebState>,
    Path(case): Path<String>,
    asked: Asked,
    Form(form): Form<Objection>,
) -> Response {
    let l = asked.lang;
    let back = format!("/notices/{case}");
    match app::notices::object(&s.app, &CaseId(case), &form.text, Some(&form.contact)).await {
        Ok(id) => {
            let body = format!(
                "<p role=\"status\">{} <code>{id}</code></p><p><a href=\"{}\">{}</a></p>",
                l.t("notice.thanks"),
                l.link("/notices"),
                l.t("back.notices"),
            );
            let mut page = asked.page(&s, l.t("notice.object"));
            page.path = "/notices";
            page.html(&body).into_response()
        }
        Err(e) => asked.refused(&s, "notice.missing", (&back, "notice.title"), e.into()),
    }
}
