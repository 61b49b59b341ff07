//! Recording organisations.

use super::uscc;
use crate::error::{AppError, AppResult};
use model::Timestamp;
use model::ids::OrgId;
use model::party::{LegalForm, OrgRole, Organisation};
use store::{Filter, Tx};

/// An organisation to record.
#[derive(Clone, Debug)]
pub struct NewOrganisation {
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// 统一社会信用代码, where it has one.
    pub uscc: Option<String>,
    /// Legal form.
    pub legal_form: LegalForm,
    /// Roles under the regulation.
    pub roles: Vec<OrgRole>,
    /// Group of affiliated organisations.
    pub group: Option<String>,
}

const LONGEST: usize = 200;

/// Checks and writes a new organisation. The caller leaves the leaf.
///
/// # Errors
/// Usage errors for malformed fields; a refusal when the code is recorded already.
pub async fn create_organisation(tx: &mut Tx, new: NewOrganisation, now: Timestamp) -> AppResult<Organisation> {
    let zh = text("zh", &new.zh)?;
    let en = text("en", &new.en)?;
    let group = new.group.as_deref().map(|g| text("group", g)).transpose()?;
    let uscc = new.uscc.as_deref().map(str::trim).filter(|u| !u.is_empty()).map(code).transpose()?;
    let mut roles = new.roles;
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() {
        return Err(AppError::usage("no-role", "roles", "请至少选择一个角色。", "Choose at least one role."));
    }
    if let Some(code) = &uscc {
        let known: Vec<Organisation> = tx.list(&Filter::default()).await?;
        if known.iter().any(|o| o.uscc.as_ref() == Some(code)) {
            return Err(super::refuse(
                "organisation-known",
                "PRODUCT-ORGANISATION",
                "该统一社会信用代码的机构已登记。",
                "An organisation with this unified social credit code is recorded already.",
            )
            .into());
        }
    }
    let id = OrgId::from_part(&crypto::random_hex(8)?);
    let org = Organisation { id, zh, en, uscc, legal_form: new.legal_form, roles, group, created_at: now };
    tx.put(&org).await?;
    Ok(org)
}

fn text(field: &'static str, value: &str) -> AppResult<String> {
    let value = value.trim();
    if value.is_empty() || value.chars().count() > LONGEST || value.chars().any(char::is_control) {
        return Err(AppError::usage(
            "bad-text",
            field,
            format!("{field} 应为 1 至 {LONGEST} 个字符的一行文字。"),
            format!("`{field}` must be one line of 1 to {LONGEST} characters."),
        ));
    }
    Ok(value.to_owned())
}

fn code(value: &str) -> AppResult<String> {
    let value = value.to_ascii_uppercase();
    if uscc::is_valid(&value) {
        return Ok(value);
    }
    Err(AppError::usage(
        "bad-uscc",
        "uscc",
        "统一社会信用代码应为 18 位且校验位正确。",
        "The unified social credit code must have 18 characters and a right check character.",
    ))
}
