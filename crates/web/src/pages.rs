//! Plain public pages, Chinese first with English beside it. No script, no outside request.

use app::deployment::Deployment;
use serde_json::Value;
use std::fmt::Write;

/// The style sheet of the public pages.
pub const STYLE: &str = include_str!("style.css");

/// The product list.
pub fn products(deployment: &Deployment, list: &Value) -> String {
    let mut body = String::from("<h1>公共数据产品 <small lang=en>Public data products</small></h1>");
    let items = list["products"].as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        body.push_str("<p>暂无已发布的产品。<span lang=en>No product is published yet.</span></p>");
    } else {
        body.push_str(concat!(
            "<table><caption>已发布产品 / Published products</caption><thead><tr>",
            "<th scope=col>产品 / Product</th><th scope=col>形式 / Form</th><th scope=col>计量单位 / Unit</th>",
            "<th scope=col>价格 / Price</th><th scope=col>证书 / Certificate</th></tr></thead><tbody>"
        ));
        for p in items {
            let _ = write!(
                body,
                "<tr><td><a href=\"/products/{id}\">{zh}</a><br><span lang=en>{en}</span></td><td>{form}</td><td>{unit}</td><td>{price}</td><td><a href=\"/certificates/{cert}\">{cert}</a></td></tr>",
                id = text(p, "id"),
                zh = text(p, "zh"),
                en = text(p, "en"),
                form = text(p, "form"),
                unit = text(p, "unit"),
                price = price(p),
                cert = text(p, "certificate"),
            );
        }
        body.push_str("</tbody></table>");
    }
    page(deployment, "公共数据产品 / Public data products", &body)
}

/// One product.
pub fn product(deployment: &Deployment, p: &Value) -> String {
    let rows = [
        ("编号 / Id", text(p, "id")),
        ("形式 / Form", text(p, "form")),
        ("计量单位 / Unit", text(p, "unit")),
        ("价格 / Price", price(p)),
        ("行数 / Rows", text(p, "rows")),
        ("交易场所编号 / Venue reference", text(p, "venue")),
        ("内容摘要 / Digest", text(p, "digest")),
    ];
    let mut body = format!("<h1>{} <small lang=en>{}</small></h1><dl>", text(p, "zh"), text(p, "en"));
    for (name, value) in rows {
        let _ = write!(body, "<dt>{name}</dt><dd>{value}</dd>");
    }
    let _ = write!(
        body,
        "<dt>登记证书 / Certificate</dt><dd><a href=\"/certificates/{c}\">{c}</a></dd></dl>",
        c = text(p, "certificate")
    );
    body.push_str("<h2>字段 <small lang=en>Columns</small></h2><ul>");
    for column in p["columns"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let _ = write!(body, "<li><code>{}</code></li>", escape(column.as_str().unwrap_or_default()));
    }
    body.push_str("</ul><p><a href=\"/\">返回产品目录 / Back to the list</a></p>");
    page(deployment, &text(p, "zh"), &body)
}

/// A certificate check.
pub fn certificate(deployment: &Deployment, c: &Value) -> String {
    let mut body = format!(
        "<h1>产品登记证书 <small lang=en>Product certificate</small></h1><p class=\"state\">{}</p><dl>",
        match c["state"].as_str() {
            Some("valid") => "有效 / Valid",
            _ => "已失效 / No longer valid",
        }
    );
    for (name, key) in [
        ("证书编号 / Number", "number"),
        ("产品 / Product", "product"),
        ("名称 / Name", "zh"),
        ("内容摘要 / Digest", "digest"),
        ("登记时间 / Registered at", "issued_at_text"),
    ] {
        let _ = write!(body, "<dt>{name}</dt><dd>{}</dd>", text(c, key));
    }
    body.push_str("</dl>");
    page(deployment, "产品登记证书 / Product certificate", &body)
}

fn page(deployment: &Deployment, title: &str, body: &str) -> String {
    let note = if deployment.clock_word() == "simulated" {
        "<p class=\"note\">演示环境：时钟为模拟时钟，数据均为合成数据。<span lang=en>Demonstration: simulated clock, synthetic data.</span></p>"
    } else {
        ""
    };
    format!(
        "<!doctype html><html lang=\"zh-CN\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{title} · 运域</title><link rel=\"stylesheet\" href=\"/style.css\"></head><body><header><a href=\"/\">运域 Yunyu</a></header><main>{note}{body}</main></body></html>"
    )
}

fn price(p: &Value) -> String {
    match p["price_fen"].as_i64() {
        Some(0) => "免费 / free".to_owned(),
        Some(fen) => format!("¥{}.{:02}", fen / 100, fen % 100),
        None => "—".to_owned(),
    }
}

fn text(v: &Value, key: &str) -> String {
    match &v[key] {
        Value::String(s) => escape(s),
        Value::Number(n) => n.to_string(),
        _ => "—".to_owned(),
    }
}

fn escape(s: &str) -> String {
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
    use super::escape;

    #[test]
    fn markup_in_a_name_stays_text() {
        assert_eq!(escape("<b a='1'>&\""), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;");
    }
}
