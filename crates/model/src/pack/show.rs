//! Text views of a pack for the command line: the whole pack, one row, one procedure.

use super::{Article, Pack};
use crate::procedure::{Procedure, Step};
use std::fmt::Write as _;

/// The pack as text: identity, parameters with origin, procedures, quorums.
#[must_use]
pub fn show(pack: &Pack) -> String {
    let mut out = String::new();
    for layer in &pack.layers {
        let _ = writeln!(out, "{} v{}  {} / {}  [{}]", layer.id, layer.version, layer.zh, layer.en, layer.status);
    }
    let _ = writeln!(out, "\n参数 parameters");
    for (name, p) in &pack.parameters {
        let strict = p.strict.map(|s| format!(" strict:{s}")).unwrap_or_default();
        let _ = writeln!(
            out,
            "  {name} = {}  [{} · {} · {}{strict}]  {} / {}",
            p.value, p.status, p.source, p.layer, p.zh, p.en
        );
    }
    let _ = writeln!(out, "\n程序 procedures");
    for p in pack.procedures.values() {
        let _ = writeln!(out, "  {}  {} / {}", p.name, p.zh, p.en);
        for step in &p.steps {
            let _ = writeln!(out, "    {}", step_line(pack, step));
        }
    }
    let _ = writeln!(out, "\n指令所需批准 approvals of orders");
    for (effect, ways) in &pack.effects {
        for way in ways {
            let _ = writeln!(out, "  {effect}: {} → {}  [{}]", way.procedure, way.steps.join(" + "), way.rule);
        }
    }
    out
}

fn step_line(pack: &Pack, step: &Step) -> String {
    let by: Vec<String> = step.by.iter().map(|b| b.word()).collect();
    let article = pack.article(&step.rule);
    let article = if article.is_empty() { String::new() } else { format!(" art. {article}") };
    let count = step
        .count_param
        .as_ref()
        .map_or_else(|| step.count.to_string(), |p| format!("{p} = {}", pack.int(p).unwrap_or_default()));
    let blind = if step.blind { ", blind" } else { "" };
    format!(
        "{} {} / {}: {} → {}  by {} ×{count}{blind}  [{}{article}]",
        step.name,
        step.zh,
        step.en,
        step.from.join("|"),
        step.to,
        by.join("|"),
        step.rule
    )
}

/// One row of the requirements with what answers it; `None` where the pack has no such row.
#[must_use]
pub fn show_row(pack: &Pack, row: &str) -> Option<String> {
    let article: &Article = pack.articles.get(row)?;
    let mut out = String::new();
    let _ = writeln!(out, "{row}  art. {}  {}\n  {}\n  {}", article.article, article.state(), article.zh, article.en);
    for answer in &article.answers {
        let _ = writeln!(out, "  ← {answer}");
    }
    for reason in article.open.iter().chain(&article.not_software) {
        let _ = writeln!(out, "  … {reason}");
    }
    for (name, p) in pack.parameters.iter().filter(|(_, p)| p.source == row) {
        let _ = writeln!(out, "  {name} = {}", p.value);
    }
    Some(out)
}

/// A procedure as text: states and steps.
#[must_use]
pub fn graph(pack: &Pack, procedure: &str) -> Option<String> {
    let p = pack.procedure(procedure)?;
    let mut out = format!("{}  {} / {}\n", p.name, p.zh, p.en);
    for state in &p.states {
        let mark = if state.name == p.start {
            "→ "
        } else if state.end {
            "■ "
        } else {
            "  "
        };
        let _ = writeln!(out, "{mark}{}  {} / {}", state.name, state.zh, state.en);
        for step in p.steps_from(&state.name) {
            let _ = writeln!(out, "      {}", step_line(pack, step));
        }
    }
    Some(out)
}

/// A procedure as a Mermaid state diagram.
#[must_use]
pub fn mermaid(procedure: &Procedure) -> String {
    let mut out = format!("stateDiagram-v2\n  [*] --> {}\n", procedure.start);
    for state in &procedure.states {
        let _ = writeln!(out, "  {} : {} / {}", state.name, state.zh, state.en);
    }
    for step in &procedure.steps {
        for from in &step.from {
            let _ = writeln!(out, "  {from} --> {} : {} [{}]", step.to, step.name, step.rule);
            if let Some(no) = step.reject_to.as_ref().filter(|no| **no != step.to) {
                let _ = writeln!(out, "  {from} --> {no} : {} ✗", step.name);
            }
        }
    }
    for end in procedure.states.iter().filter(|s| s.end) {
        let _ = writeln!(out, "  {} --> [*]", end.name);
    }
    out
}
