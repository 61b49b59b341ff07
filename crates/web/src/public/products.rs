//! The list of products with their fees, and one product.

use super::Asked;
use super::page::{Lang, escape, facts, price, table, text};
use crate::extract::Path;
use crate::state::WebState;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use qrcode::QrCode;
use qrcode::render::svg;
use serde_json::Value;

const BACK: (&str, &str) = ("/", "back.products");

pub(super) async fn list(State(s): State<WebState>, asked: Asked) -> Response {
    let l = asked.lang;
    let list = match app::views::public_products(&s.app).await {
        Ok(list) => list,
        Err(e) => return asked.refused(&s, "products.empty", BACK, e.into()),
    };
    let rows: Vec<Vec<String>> = list["products"].as_array().into_iter().flatten().map(|p| row(&asked, p)).collect();
    let body = match rows.is_empty() {
        true => format!("<p>{}</p>", l.t("products.empty")),
        false => table(l, "products.caption", &["product", "form", "unit", "price", "certificate"], &rows),
    };
    let lead = l.t("products.lead");
    asked.page(&s, l.t("products.title")).html(&format!("<p>{lead}</p>{body}")).into_response()
}

fn name(asked: &Asked, p: &Value) -> String {
    text(p, if asked.lang == super::Lang::Zh { "zh" } else { "en" })
}

fn row(asked: &Asked, p: &Value) -> Vec<String> {
    let l = asked.lang;
    let (id, certificate) = (text(p, "id"), text(p, "certificate"));
    vec![
        format!("<a href=\"{}\">{}</a>", l.link(&format!("/products/{id}")), name(asked, p)),
        form(asked, p),
        unit(l, p),
        price(l, p),
        format!("<a href=\"{}\">{certificate}</a>", l.link(&format!("/certificates/{certificate}"))),
    ]
}

/// What is counted.
fn unit(l: Lang, p: &Value) -> String {
    match p["unit"].as_str() {
        Some(unit) if Lang::knows(&format!("unit.{unit}")) => l.t(&format!("unit.{unit}")),
        _ => text(p, "unit"),
    }
}

/// The form under the city's own word.
fn form(asked: &Asked, p: &Value) -> String {
    text(p, if asked.lang == super::Lang::Zh { "form_zh" } else { "form_en" })
}

pub(super) async fn one(State(s): State<WebState>, Path(id): Path<String>, asked: Asked) -> Response {
    let l = asked.lang;
    let p = match app::views::public_product(&s.app, &id).await {
        Ok(p) => p,
        Err(e) => return asked.refused(&s, "product.missing", BACK, e.into()),
    };
    let number = text(&p, "certificate");
    let mut body = facts(
        l,
        &[
            ("id", format!("<code>{}</code>", text(&p, "id"))),
            ("form", form(&asked, &p)),
            ("unit", unit(l, &p)),
            ("price", price(l, &p)),
            ("use_class", l.t(&format!("use.{}", p["use_class"].as_str().unwrap_or_default()))),
            ("rows", text(&p, "rows")),
            ("venue", text(&p, "venue")),
            ("digest", format!("<code>{}</code>", text(&p, "digest"))),
            ("certificate", format!("<a href=\"{}\">{number}</a>", l.link(&format!("/certificates/{number}")))),
        ],
    );
    if let Some(code) = p["certificate"].as_str().and_then(|number| code(&asked, number)) {
        body.push_str(&code);
    }
    body.push_str(&format!("<h2>{}</h2><ul>", l.t("columns")));
    for column in p["columns"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        body.push_str(&format!("<li><code>{}</code></li>", escape(column)));
    }
    body.push_str(&format!("</ul><p><a href=\"{}\">{}</a></p>", l.link("/"), l.t("back.products")));
    asked.page(&s, name(&asked, &p)).html(&body).into_response()
}

/// A code that opens the certificate check, with the address in words beside it.
fn code(asked: &Asked, number: &str) -> Option<String> {
    let address = format!("{}/certificates/{number}", asked.origin.as_ref()?);
    let drawn = QrCode::new(address.as_bytes()).ok()?;
    let image = drawn.render::<svg::Color>().min_dimensions(160, 160).build();
    // The picture alone, without the declaration that only stands before a file of its own.
    let image = image.split_once("?>").map_or(image.as_str(), |(_, rest)| rest).to_owned();
    Some(format!(
        "<figure class=\"code\"><div role=\"img\" aria-label=\"{label}\">{image}</div><figcaption>{label}<br>\
         <code>{address}</code></figcaption></figure>",
        label = asked.lang.t("cert.qr"),
        address = escape(&address),
    ))
}
