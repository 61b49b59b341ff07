//! Reads the layers of a pack and merges them.

use super::Pack;
use super::article::Article;
use super::check;
use super::choices;
use super::effect::Alternative;
use super::error::{PackError, Source};
use super::identity::{Identity, LayerKind, LegalStatus, Term};
use super::matter;
use super::parameter::{Parameter, RawParameter, Status};
use crate::procedure::Procedure;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The file of days off; no part of a pack's digest.
const CALENDAR: &str = "calendar.toml";

/// The texts of one layer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackText {
    /// Name of the layer: its folder.
    pub layer: String,
    /// Texts by path inside the folder.
    pub files: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPack {
    id: String,
    kind: LayerKind,
    inherits: Option<String>,
    version: u32,
    zh: String,
    en: String,
    status: LegalStatus,
    effective_from: Option<String>,
    effective_to: Option<String>,
    #[serde(default)]
    legal_basis: Vec<String>,
    #[serde(default)]
    terms: BTreeMap<String, Term>,
    #[serde(default)]
    effects: BTreeMap<String, Vec<Alternative>>,
    /// The row under which the layer runs a procedure that it inherits.
    #[serde(default)]
    cites: BTreeMap<String, String>,
}

/// The chain of layers of one pack out of all layers at hand, the most general first.
///
/// # Errors
/// A layer that is missing, or layers that inherit in a circle.
pub fn resolve(all: &[PackText], id: &str) -> Result<Vec<PackText>, PackError> {
    let mut chain: Vec<PackText> = Vec::new();
    let mut wanted = Some(id.to_owned());
    while let Some(name) = wanted.take() {
        let Some(found) = all.iter().find(|l| l.layer == name).filter(|l| chain.iter().all(|c| c.layer != l.layer))
        else {
            let source = Source { file: &name, text: "" };
            return Err(source.fault(
                "",
                "inherits",
                format!("没有规则包层 {name}，或循环继承"),
                format!("there is no layer {name}, or layers inherit in a circle"),
                "name a layer that exists",
            ));
        };
        wanted = read_identity(found)?.inherits;
        chain.push(found.clone());
    }
    chain.reverse();
    Ok(chain)
}

/// The id that a layer gives itself, whatever its folder is called.
///
/// # Errors
/// Its `pack.toml` is missing or malformed.
pub fn layer_id(layer: &PackText) -> Result<String, PackError> {
    Ok(read_identity(layer)?.id)
}

fn read_identity(layer: &PackText) -> Result<RawPack, PackError> {
    let file = format!("{}/pack.toml", layer.layer);
    let text = layer.files.get("pack.toml").map(String::as_str).unwrap_or_default();
    Source { file: &file, text }.parse()
}

pub(super) fn load(layers: &[PackText]) -> Result<Pack, PackError> {
    let mut pack = Pack {
        layers: Vec::new(),
        parameters: BTreeMap::new(),
        procedures: BTreeMap::new(),
        effects: BTreeMap::new(),
        policies: BTreeMap::new(),
        articles: BTreeMap::new(),
        calendar: super::Calendar::default(),
        texts: BTreeMap::new(),
    };
    let mut homes = BTreeMap::new();
    for layer in layers {
        take_identity(&mut pack, layer)?;
        for (path, text) in &layer.files {
            let file = format!("{}/{path}", layer.layer);
            take_file(&mut pack, &mut homes, &layer.layer, path, Source { file: &file, text })?;
            if path != CALENDAR {
                pack.texts.insert(file, text.clone());
            }
        }
        take_cites(&mut pack, &homes, layer)?;
    }
    if layers.is_empty() {
        return Err(Source { file: "", text: "" }.fault("", "", "没有规则包", "there is no pack", "name a pack"));
    }
    mark_inherited(&mut pack);
    choices::fill(&mut pack, &homes)?;
    check::check(&pack, &homes)?;
    Ok(pack)
}

fn take_identity(pack: &mut Pack, layer: &PackText) -> Result<(), PackError> {
    let raw = read_identity(layer)?;
    let file = format!("{}/pack.toml", layer.layer);
    let text = layer.files.get("pack.toml").map(String::as_str).unwrap_or_default();
    let source = Source { file: &file, text };
    if raw.id != layer.layer {
        return Err(source.fault(
            "id",
            "id",
            "标识与文件夹名不同",
            "the id is not the folder's name",
            "write the folder's name",
        ));
    }
    let above = pack.layers.last().map(|l| l.id.clone());
    if raw.inherits != above {
        return Err(source.fault(
            "inherits",
            "inherits",
            "上一层不符",
            "the layer above is another one",
            "load the layers in the order in which they inherit",
        ));
    }
    merge_effects(pack, &raw.effects, source)?;
    pack.layers.push(Identity {
        id: raw.id,
        kind: raw.kind,
        inherits: raw.inherits,
        version: raw.version,
        zh: raw.zh,
        en: raw.en,
        status: raw.status,
        effective_from: raw.effective_from,
        effective_to: raw.effective_to,
        legal_basis: raw.legal_basis,
        terms: raw.terms,
    });
    Ok(())
}

fn take_cites(pack: &mut Pack, homes: &BTreeMap<String, String>, layer: &PackText) -> Result<(), PackError> {
    let cites = read_identity(layer)?.cites;
    let file = format!("{}/pack.toml", layer.layer);
    let text = layer.files.get("pack.toml").map(String::as_str).unwrap_or_default();
    matter::cite(pack, &cites, homes, &layer.layer, Source { file: &file, text })
}

/// A lower layer replaces an effect, but may leave out no step that the layer above demands of the same procedure.
fn merge_effects(
    pack: &mut Pack,
    lower: &BTreeMap<String, Vec<Alternative>>,
    source: Source<'_>,
) -> Result<(), PackError> {
    for (name, ways) in lower {
        for upper in pack.effects.get(name).into_iter().flatten() {
            let same = ways.iter().find(|w| w.procedure == upper.procedure);
            let missing = same.and_then(|w| upper.steps.iter().find(|s| !w.steps.contains(s)));
            if let Some(step) = missing {
                return Err(source.fault(
                    &format!("effects.{name}"),
                    &format!("effects.{name}"),
                    format!("下层不得省去上层要求的批准：{step}"),
                    format!("a lower layer may not leave out the approval \"{step}\" that the layer above demands"),
                    "add the step",
                ));
            }
        }
        pack.effects.insert(name.clone(), ways.clone());
    }
    Ok(())
}

fn take_file(
    pack: &mut Pack,
    homes: &mut BTreeMap<String, String>,
    layer: &str,
    path: &str,
    source: Source<'_>,
) -> Result<(), PackError> {
    match path {
        "pack.toml" => Ok(()),
        "parameters.toml" => take_parameters(pack, layer, source),
        "articles.toml" => take_articles(pack, source),
        CALENDAR => pack.calendar.take(source),
        "policy.cedar" => {
            pack.policies.insert(layer.to_owned(), source.text.to_owned());
            Ok(())
        }
        _ => {
            let name = path.strip_prefix("procedures/").and_then(|p| p.strip_suffix(".toml"));
            let Some(name) = name else {
                return Err(source.fault(
                    "",
                    path,
                    "规则包不识别这一文件",
                    "a pack has no such file",
                    "remove or rename the file",
                ));
            };
            let procedure: Procedure = source.parse()?;
            if procedure.name != name {
                return Err(source.fault(
                    "name",
                    "name",
                    "程序名与文件名不同",
                    "the name is not the file's name",
                    "write the file's name",
                ));
            }
            homes.insert(procedure.name.clone(), source.file.to_owned());
            pack.procedures.insert(procedure.name.clone(), procedure);
            Ok(())
        }
    }
}

fn take_articles(pack: &mut Pack, source: Source<'_>) -> Result<(), PackError> {
    let rows: BTreeMap<String, Article> = source.parse()?;
    for (row, article) in rows {
        if pack.articles.contains_key(&row) {
            return Err(source.fault(
                &row,
                &row,
                "条目重复",
                "this row already stands in a layer above",
                "remove one of the two",
            ));
        }
        pack.articles.insert(row, article);
    }
    Ok(())
}

fn take_parameters(pack: &mut Pack, layer: &str, source: Source<'_>) -> Result<(), PackError> {
    let raw: BTreeMap<String, RawParameter> = source.parse()?;
    for (name, lower) in raw {
        let upper = pack.parameters.get(&name);
        let merged = merge(&name, lower, upper, layer, source)?;
        pack.parameters.insert(name, merged);
    }
    Ok(())
}

fn merge(
    name: &str,
    lower: RawParameter,
    upper: Option<&Parameter>,
    layer: &str,
    source: Source<'_>,
) -> Result<Parameter, PackError> {
    let fault = |zh: String, en: String, mend: &str| Err(source.fault(&format!("\"{name}\""), name, zh, en, mend));
    if let Some(strict) = lower.strict
        && !strict.fits(lower.value.kind())
    {
        return fault(
            format!("strict = {strict} 不适用于这类值"),
            format!("strict = \"{strict}\" does not fit this kind of value"),
            "choose another direction",
        );
    }
    let Some(upper) = upper else {
        let (Some(zh), Some(en)) = (lower.zh, lower.en) else {
            return fault(
                "缺少中文或英文名称".into(),
                "a translation is missing: zh and en are needed".into(),
                "add zh and en",
            );
        };
        return Ok(Parameter {
            value: lower.value,
            source: lower.source,
            status: lower.status,
            strict: lower.strict,
            general: lower.general,
            layer: layer.into(),
            zh,
            en,
        });
    };
    replaceable(name, &lower, upper, source)?;
    Ok(Parameter {
        value: lower.value,
        source: lower.source,
        status: lower.status,
        strict: lower.strict.or(upper.strict),
        general: lower.general,
        layer: layer.into(),
        zh: lower.zh.unwrap_or_else(|| upper.zh.clone()),
        en: lower.en.unwrap_or_else(|| upper.en.clone()),
    })
}

/// May a layer replace the value of the layer above?
fn replaceable(name: &str, lower: &RawParameter, upper: &Parameter, source: Source<'_>) -> Result<(), PackError> {
    let fault = |zh: String, en: String, mend: &str| Err(source.fault(&format!("\"{name}\""), name, zh, en, mend));
    if upper.value.kind() != lower.value.kind() {
        return fault(
            "值的类型与上层不同".into(),
            format!("the value must be of kind {}", upper.value.kind()),
            "write a value of that kind",
        );
    }
    if let Some(strict) = upper.strict {
        if !strict.allows(&upper.value, &lower.value) {
            let (u, l) = (&upper.value, &lower.value);
            return fault(
                format!("下层只能收紧严格参数：上层为 {u}，此处为 {l}"),
                format!("a lower layer may only tighten a strict value ({strict}): {u} above, {l} here"),
                "tighten the value or remove it",
            );
        }
        if lower.strict.is_some_and(|s| s != strict) {
            return fault(
                "不得改变上层的严格方向".into(),
                "the direction of a strict value may not be changed".into(),
                "remove strict",
            );
        }
    }
    if lower.status == Status::Inherited && upper.value != lower.value {
        return fault(
            "标为继承的值与上层不同".into(),
            "a value marked inherited differs from the layer above".into(),
            "remove the entry",
        );
    }
    Ok(())
}

/// Seen from the city, what a layer above set is inherited, never the city's own rule (invariant 5).
fn mark_inherited(pack: &mut Pack) {
    let last = pack.id().to_owned();
    for parameter in pack.parameters.values_mut().filter(|p| p.layer != last) {
        parameter.status = Status::Inherited;
    }
}
