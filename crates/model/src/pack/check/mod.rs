//! Checks of a merged pack: what each text alone cannot know.

mod citation;
mod effects;
mod matter;
mod procedure;

use super::Pack;
use super::error::{PackError, Source};
use super::recurring;
use std::collections::BTreeMap;

/// Runs every check; `homes` says which file each effective procedure came from.
pub(super) fn check(pack: &Pack, homes: &BTreeMap<String, String>) -> Result<(), PackError> {
    for found in pack.procedures.values() {
        let source = source_of(pack, homes.get(&found.name));
        procedure::check(pack, found, source)?;
        recurring::check(pack, found, source)?;
    }
    effects::check(pack, homes)?;
    citation::check(pack, homes)
}

/// The text of a file, by its name.
pub(super) fn source_of<'a>(pack: &'a Pack, file: Option<&'a String>) -> Source<'a> {
    let file = file.map_or("", String::as_str);
    Source { file, text: pack.texts.get(file).map_or("", String::as_str) }
}
