//! The frame of a public page, its words, and the little HTML that pages are made of. No script; nothing from elsewhere.

use crate::state::WebState;
use axum::http::{HeaderMap, header};
use axum::response::Html;
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

#[derive(Deserialize)]
struct Message {
    zh: String,
    en: String,
}

static MESSAGES: LazyLock<HashMap<String, Message>> =
    LazyLock::new(|| serde_json::from_str(include_str!("messages.json")).unwrap_or_default());

/// Language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    /// Chinese, the default.
    Zh,
    /// English.
    En,
}

impl Lang {
    /// The one asked for, else the browser's.
    pub fn of(asked: Option<&str>, headers: &HeaderMap) -> Self {
        let browser = headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let first = |word: &str| word.split([',', ';', '-']).next().unwrap_or_default().trim().to_ascii_lowercase();
        match asked.map(first).unwrap_or_else(|| first(browser)).as_str() {
            "en" => Self::En,
            _ => Self::Zh,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Zh => "zh-CN",
            Self::En => "en",
        }
    }

    fn other(self) -> (&'static str, &'static str) {
        match self {
            Self::Zh => ("en", "en"),
            Self::En => ("zh", "zh-CN"),
        }
    }

    /// The message of a key, escaped; the key itself where there is none.
    pub fn t(self, key: &str) -> String {
        let found = MESSAGES.get(key);
        escape(found.map_or(key, |m| if self == Self::Zh { m.zh.as_str() } else { m.en.as_str() }))
    }

    /// Whether there is a message.
    pub fn knows(key: &str) -> bool {
        MESSAGES.contains_key(key)
    }

    /// The text that a value has in this language: `KEY_zh` or `KEY_en`.
    pub fn pick(self, value: &Value, key: &str) -> String {
        text(value, &format!("{key}_{}", if self == Self::Zh { "zh" } else { "en" }))
    }

    /// A link to a page in this language.
    pub fn link(self, path: &str) -> String {
        match self {
            Self::Zh => path.to_owned(),
            Self::En => format!("{path}?lang=en"),
        }
    }
}

/// What a page is for.
pub struct Page<'a> {
    /// State of the platform.
    pub state: &'a WebState,
    /// Language.
    pub lang: Lang,
    /// Path without query.
    pub path: &'a str,
    /// Title, escaped.
    pub title: String,
}

impl Page<'_> {
    /// The whole page around a body.
    pub fn html(&self, body: &str) -> Html<String> {
        let l = self.lang;
        let simulated = self.state.app.deployment.clock_word() == "simulated";
        let note = if simulated { format!("<p class=\"note\">{}</p>", l.t("demo")) } else { String::new() };
        let nav: String = [
            ("/", "nav.products"),
            ("/notices", "nav.notices"),
            ("/catalogue", "nav.catalogue"),
            ("/certificates", "nav.certificates"),
            ("/console/", "nav.console"),
        ]
        .iter()
        .map(|(path, key)| {
            let here = if self.path == *path { " aria-current=\"page\"" } else { "" };
            format!("<li><a href=\"{}\"{here}>{}</a></li>", l.link(path), l.t(key))
        })
        .collect();
        let (other, code) = l.other();
        Html(format!(
            "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width, initial-scale=1\"><title>{title} · {site}</title><link rel=\"stylesheet\" \
             href=\"/style.css\"></head><body><a class=\"skip\" href=\"#main\">{skip}</a><header><strong>{site}</strong>\
             <nav aria-label=\"{label}\"><ul>{nav}</ul></nav><a class=\"language\" href=\"{path}?lang={other}\" \
             lang=\"{code}\" hreflang=\"{code}\">{language}</a></header><main id=\"main\">{note}<h1>{title}</h1>{body}\
             </main></body></html>",
            lang = l.code(),
            title = self.title,
            site = l.t("site"),
            skip = l.t("skip"),
            label = l.t("nav.label"),
            path = escape(self.path),
            language = l.t("language"),
        ))
    }
}

/// A table: caption, header keys, rows of escaped cells (the first cell heads its row).
pub fn table(l: Lang, caption: &str, heads: &[&str], rows: &[Vec<String>]) -> String {
    let mut out = format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{c}\"><table><caption>{c}</caption><thead><tr>",
        c = l.t(caption)
    );
    for head in heads {
        let _ = write!(out, "<th scope=\"col\">{}</th>", l.t(head));
    }
    out.push_str("</tr></thead><tbody>");
    for row in rows {
        out.push_str("<tr>");
        for (at, cell) in row.iter().enumerate() {
            let (open, close) = if at == 0 { ("<th scope=\"row\">", "</th>") } else { ("<td>", "</td>") };
            let _ = write!(out, "{open}{cell}{close}");
        }
        out.push_str("</tr>");
    }
    out.push_str("</tbody></table></div>");
    out
}

/// A list of names and escaped values.
pub fn facts(l: Lang, rows: &[(&str, String)]) -> String {
    let rows: String = rows.iter().map(|(key, value)| format!("<dt>{}</dt><dd>{value}</dd>", l.t(key))).collect();
    format!("<dl>{rows}</dl>")
}

/// A price in fen.
pub fn price(l: Lang, v: &Value) -> String {
    match v["price_fen"].as_i64() {
        Some(0) => l.t("free"),
        Some(fen) => format!("¥{}.{:02}", fen / 100, fen % 100),
        None => l.t("none"),
    }
}

/// A field as escaped text.
pub fn text(v: &Value, key: &str) -> String {
    match &v[key] {
        Value::String(s) => escape(s),
        Value::Number(n) => n.to_string(),
        _ => "—".to_owned(),
    }
}

/// Text that is never markup.
pub fn escape(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn markup_in_a_name_stays_text() {
        assert_eq!(escape("<b a='1'>&\""), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;");
    }

    #[test]
    fn the_language_asked_for_wins_over_the_browsers() {
        let mut headers = HeaderMap::new();
        assert_eq!(Lang::of(None, &headers), Lang::Zh);
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static("en-GB,en;q=0.9"));
        assert_eq!(Lang::of(None, &headers), Lang::En);
        assert_eq!(Lang::of(Some("zh"), &headers), Lang::Zh);
        assert_eq!(Lang::of(Some("\"><script>"), &headers), Lang::Zh);
    }

    /// Every key that stands in the pages' code has a message in both languages.
    #[test]
    fn no_message_is_missing() {
        let sources = [
            include_str!("page.rs"),
            include_str!("products.rs"),
            include_str!("certificates.rs"),
            include_str!("notices.rs"),
            include_str!("catalogue.rs"),
        ];
        let mut seen = 0;
        for key in sources.iter().flat_map(|s| s.split("l.t(\"").skip(1)).filter_map(|s| s.split('"').next()) {
            assert!(Lang::knows(key), "{key}");
            seen += 1;
        }
        assert!(seen > 20 && MESSAGES.values().all(|m| !m.zh.is_empty() && !m.en.is_empty()));
    }
}
