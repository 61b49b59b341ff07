//! Choices whose words a parameter lists: a form of the product asks, each city's text says what there is to choose.

use super::Pack;
use super::check::source_of;
use super::error::PackError;
use crate::procedure::{Field, FieldKind};
use std::collections::BTreeMap;

/// Fills in the words of every such choice. An optional one with nothing to choose is left out of its form: the city's text
/// asks for nothing there.
pub(super) fn fill(pack: &mut Pack, homes: &BTreeMap<String, String>) -> Result<(), PackError> {
    let mut procedures = std::mem::take(&mut pack.procedures);
    for procedure in procedures.values_mut() {
        let source = source_of(pack, homes.get(&procedure.name));
        for form in procedure.documents.values_mut() {
            for field in form.fields.iter_mut().filter(|f| f.choices_param.is_some()) {
                let Some(words) = listed(pack, field) else {
                    return Err(source.fault(
                        &format!("name = \"{}\"", field.name),
                        &field.name,
                        format!("字段 {}：choices_param 须为选项（choice），指向一个列表参数，且不另写 choices", field.name),
                        format!(
                            "field \"{}\": choices_param is for a choice without choices, and names a list that is not empty where the field is required",
                            field.name
                        ),
                        "correct the field, or add the parameter",
                    ));
                };
                field.choices = words;
            }
            form.fields.retain(|f| f.choices_param.is_none() || !f.choices.is_empty());
        }
    }
    pack.procedures = procedures;
    Ok(())
}

/// The words that the field's parameter lists; nothing where the field or the parameter is not fit for it.
fn listed(pack: &Pack, field: &Field) -> Option<Vec<String>> {
    let words = pack.list(field.choices_param.as_deref()?)?.to_vec();
    let fits = field.kind == FieldKind::Choice && field.choices.is_empty() && !(field.required && words.is_empty());
    fits.then_some(words)
}
