//! Recording people with their accounts and roles.

use super::{keys::People, password, refuse};
use crate::error::{AppError, AppResult};
use crypto::Zeroizing;
use model::ids::{OrgId, PersonId};
use model::party::{OrgRole, Organisation, Person, PersonRole};
use model::{Refusal, Timestamp};
use store::{Account, Filter, Tx};

/// A person to record.
#[derive(Clone)]
pub struct NewPerson {
    /// Organisation the person works for.
    pub org: OrgId,
    /// Login name.
    pub account: String,
    /// First password.
    pub password: String,
    /// Real name.
    pub name: String,
    /// Number of an identity document or staff card, to tell namesakes apart.
    pub document: Option<String>,
    /// Software roles.
    pub roles: Vec<PersonRole>,
    /// Must the person change the password at the first sign-in?
    pub must_change: bool,
}

/// A person whose password is hashed and whose name is sealed, ready to be written in a short transaction.
pub struct PreparedPerson {
    person: PersonId,
    org: OrgId,
    account: String,
    roles: Vec<PersonRole>,
    identity: String,
    sealed: Vec<u8>,
    phc: String,
    must_change: bool,
}

/// Names that products ship with; such accounts are renamed or removed (MLPS-5).
const DEFAULT_NAMES: &[&str] = &[
    "admin",
    "administrator",
    "root",
    "system",
    "sysadmin",
    "sysdba",
    "sa",
    "guest",
    "test",
    "user",
    "demo",
    "oracle",
    "postgres",
    "public",
    "audit",
    "auditor",
    "security",
    "secadmin",
    "manager",
    "operator",
    "default",
    "yunyu",
];

const ADMINS: [PersonRole; 3] = [PersonRole::SystemAdmin, PersonRole::SecurityAdmin, PersonRole::AuditAdmin];

/// Roles that act in the name of an organisation.
const ACTING: [PersonRole; 3] = [PersonRole::Approver, PersonRole::Officer, PersonRole::Engineer];

impl People {
    /// Checks what needs no database, hashes the password, seals the name.
    ///
    /// # Errors
    /// Usage errors for malformed fields; refusals for a weak password, a default name, two administrator
    /// roles, an administrator role beside one that acts.
    pub async fn prepare(&self, new: NewPerson) -> AppResult<PreparedPerson> {
        let account = account_name(&new.account)?;
        let roles = checked_roles(new.roles)?;
        let name = Zeroizing::new(new.name.trim().to_owned());
        if name.is_empty() || name.chars().count() > 100 || name.chars().any(char::is_control) {
            return Err(AppError::usage(
                "bad-name",
                "name",
                "请填写真实姓名（1 至 100 个字符）。",
                "Give the real name (1 to 100 characters).",
            ));
        }
        password::check(&new.password, &account)?;
        let person = PersonId::from_part(&crypto::random_hex(8)?);
        let document = new.document.as_deref().map(str::trim).filter(|d| !d.is_empty());
        Ok(PreparedPerson {
            identity: self.identity(&name, document),
            sealed: self.seal_name(person.as_str(), &name)?,
            phc: self.hash_password(&new.password).await?,
            person,
            org: new.org,
            account,
            roles,
            must_change: new.must_change,
        })
    }
}

/// Writes a prepared person and the account. The caller leaves the leaf.
///
/// # Errors
/// Refusals: unknown organisation, an administrator of an organisation that does not run the platform, account name
/// taken, the same real person has an account already (MLPS-1, MLPS-5).
pub async fn create_person(tx: &mut Tx, new: &PreparedPerson, now: Timestamp) -> AppResult<Person> {
    check_home(tx, &new.org, &new.roles).await?;
    if tx.account(&new.account).await?.is_some() {
        return Err(refuse(
            "account-taken",
            "MLPS-1",
            "该账号名已被使用，请换一个。",
            "This account name is taken; choose another.",
        )
        .into());
    }
    if tx.account_of_identity(&new.identity).await?.is_some() {
        return Err(same_person().into());
    }
    tx.create_account(&Account {
        name: new.account.clone(),
        person: new.person.to_string(),
        identity: new.identity.clone(),
        sealed: new.sealed.clone(),
        phc: new.phc.clone(),
        password_set_at: now,
        must_change: new.must_change,
        failed: 0,
        failed_total: 0,
        locked_until: None,
        closed_at: None,
        created: now,
    })
    .await?;
    let person = Person {
        id: new.person.clone(),
        org: new.org.clone(),
        account: new.account.clone(),
        roles: new.roles.clone(),
        key: None,
        created_at: now,
    };
    tx.put(&person).await?;
    Ok(person)
}

/// Gives a person other roles. The caller leaves the leaf; a listed key keeps its old roles until the next key list.
///
/// # Errors
/// Refusals: two administrator roles at once, or one beside a role that acts; an administrator of an organisation that
/// does not run the platform; nobody would be left who administers accounts (MLPS-5).
pub async fn set_roles(tx: &mut Tx, person: &PersonId, roles: Vec<PersonRole>, now: Timestamp) -> AppResult<Person> {
    let roles = checked_roles(roles)?;
    let mut row: Person = tx.get_for_update(person.as_str()).await?.ok_or(AppError::NotFound("person"))?;
    check_home(tx, &row.org, &roles).await?;
    if !roles.contains(&PersonRole::SystemAdmin) {
        keep_an_administrator(tx, &row).await?;
    }
    row.roles = roles;
    tx.put(&row).await?;
    // The person signs in anew with the new roles.
    tx.end_sessions_of(person.as_str(), now).await?;
    Ok(row)
}

/// A person's real name. The caller has made sure that the asker may know it, and leaves a leaf.
///
/// # Errors
/// No such person; the sealed name was changed or lies under another key.
pub async fn real_name(tx: &mut Tx, people: &People, person: &PersonId) -> AppResult<Zeroizing<String>> {
    let account = tx.account_of(person.as_str()).await?.ok_or(AppError::NotFound("person"))?;
    people.open_name(person.as_str(), &account.sealed)
}

/// Refuses to take the last open system administrator away.
pub(super) async fn keep_an_administrator(tx: &mut Tx, leaving: &Person) -> AppResult<()> {
    if !leaving.roles.contains(&PersonRole::SystemAdmin) {
        return Ok(());
    }
    let people: Vec<Person> = tx.list(&Filter::default()).await?;
    for other in people.iter().filter(|p| p.id != leaving.id && p.roles.contains(&PersonRole::SystemAdmin)) {
        if tx.account_of(other.id.as_str()).await?.is_some_and(|a| a.closed_at.is_none()) {
            return Ok(());
        }
    }
    Err(refuse(
        "last-administrator",
        "MLPS-5",
        "不能撤去最后一名系统管理员；请先任命另一名。",
        "The last system administrator cannot be removed; appoint another one first.",
    )
    .into())
}

/// The three administrators exclude each other, and an administrator holds no role that acts for an organisation
/// (MLPS-5): who opens accounts, keys or the log must not be the one whose acts they serve.
fn checked_roles(mut roles: Vec<PersonRole>) -> AppResult<Vec<PersonRole>> {
    roles.sort_unstable();
    roles.dedup();
    if roles.is_empty() {
        return Err(AppError::usage("no-role", "roles", "请至少选择一个角色。", "Choose at least one role."));
    }
    if roles.iter().filter(|r| ADMINS.contains(r)).count() > 1 {
        return Err(refuse(
            "administrators-exclude",
            "MLPS-5",
            "系统管理员、安全管理员、审计管理员不得由同一人兼任。",
            "System, security and audit administrator must be three different people.",
        )
        .into());
    }
    if is_admin(&roles) && roles.iter().any(|r| ACTING.contains(r)) {
        return Err(refuse(
            "administrator-acts",
            "MLPS-5",
            "三类管理员不得兼任审批、经办、加工等业务角色；请为业务角色另设人员。",
            "An administrator cannot hold a role that acts (approver, officer, engineer); appoint another person for it.",
        )
        .into());
    }
    Ok(roles)
}

/// Administrators belong to the organisations that run the platform for the city: an administrator in an operator's or
/// a consumer's pay would open the accounts, keys and log of those who supervise it.
async fn check_home(tx: &mut Tx, org: &OrgId, roles: &[PersonRole]) -> AppResult<()> {
    let org: Organisation = tx.get(org.as_str()).await?.ok_or(AppError::NotFound("organisation"))?;
    let runs = |r: &OrgRole| matches!(r, OrgRole::DataAuthority | OrgRole::ImplementingAgency);
    if !is_admin(roles) || org.roles.iter().any(runs) {
        return Ok(());
    }
    Err(refuse(
        "administrator-of-another",
        "MLPS-5",
        "系统、安全、审计管理员只能由数据主管部门或实施机构的人员担任。",
        "Only people of the data authority or the implementing agency can be system, security or audit administrator.",
    )
    .into())
}

pub(super) fn is_admin(roles: &[PersonRole]) -> bool {
    roles.iter().any(|r| ADMINS.contains(r))
}

fn same_person() -> Refusal {
    refuse(
        "person-has-account",
        "MLPS-5",
        "同一真实身份已有账号：一人一号，不得兼任。若系同名的另一人，请填写证件号码或工号。",
        "The same real person has an account already: one person, one account. For a namesake, give a document or staff number.",
    )
}

/// A login name: lower case, told apart at sight, not a default one.
fn account_name(name: &str) -> AppResult<String> {
    let name = name.trim().to_ascii_lowercase();
    let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'_');
    if !(3..=40).contains(&name.len()) || !name.bytes().all(fine) {
        return Err(AppError::usage(
            "bad-account-name",
            "account",
            "账号名应为 3 至 40 个字符：小写字母、数字、点、连字符、下划线。",
            "An account name has 3 to 40 characters: lower-case letters, digits, dot, hyphen, underscore.",
        ));
    }
    if DEFAULT_NAMES.contains(&name.as_str()) {
        return Err(refuse(
            "default-account-name",
            "MLPS-5",
            "不得使用默认账号名，请换一个能对应到个人的账号名。",
            "Default account names are not allowed; choose one that stands for a person.",
        )
        .into());
    }
    Ok(name)
}
