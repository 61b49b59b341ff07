//! First set-up, signing in, and what the system administrator does: organisations, people, the simulated clock.

use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command, Done, Idempotency, leaf};
use crate::parties::{self, NewOrganisation, NewPerson, PreparedPerson};
use crate::{App, link};
use model::party::{LegalForm, OrgRole, Organisation, Person, PersonRole};
use model::{Clock, Refusal, Timestamp};
use std::collections::BTreeMap;
use store::LeafDraft;
use subtle::ConstantTimeEq;

/// One of the three first administrators.
pub struct FirstAdmin {
    /// Login name.
    pub account: String,
    /// Password.
    pub password: String,
    /// Real name.
    pub name: String,
}

/// First set-up of a deployment.
pub struct Setup {
    /// One-time token that `admin init` printed.
    pub token: String,
    /// The authority's name in Chinese.
    pub authority_zh: String,
    /// The authority's name in English.
    pub authority_en: String,
    /// System, security and audit administrator.
    pub admins: [FirstAdmin; 3],
}

/// Farthest move of a simulated clock at once: three years.
const MOST_MS: i64 = 3 * 366 * 86_400_000;
/// A simulated clock past the year 2100 is not moved any more: signed times stay whole numbers that JSON can hold.
const LAST_MS: i64 = 4_102_444_800_000;
const DONE: &str = "setup_done";

/// Makes the data authority and the three administrators, once, for the holder of the set-up token.
pub async fn setup(app: &App, form: Setup) -> AppResult<Organisation> {
    check_token(app, &form.token)?;
    let roles = [PersonRole::SystemAdmin, PersonRole::SecurityAdmin, PersonRole::AuditAdmin];
    let mut tx = app.store.begin().await?;
    let now = app.now();
    tx.set_now(now);
    if tx.meta_get(DONE).await?.is_some() {
        return Err(refuse("setup-done", "本部署已完成初始化。", "This deployment is set up already.").into());
    }
    let authority = NewOrganisation {
        zh: form.authority_zh,
        en: form.authority_en,
        uscc: None,
        legal_form: LegalForm::LegalPerson,
        roles: vec![OrgRole::DataAuthority],
        group: None,
    };
    let org = parties::create_organisation(&mut tx, authority, now).await?;
    for (admin, role) in form.admins.into_iter().zip(roles) {
        let new = NewPerson {
            org: org.id.clone(),
            account: admin.account,
            password: admin.password,
            name: admin.name,
            document: None,
            roles: vec![role],
            must_change: false,
        };
        // Hashed inside the transaction: nothing else runs before a deployment is set up.
        let prepared: PreparedPerson = app.people.prepare(new).await?;
        let person = parties::create_person(&mut tx, &prepared, now).await?;
        tx.append_leaf(made("person_created", person.id.as_str(), now)).await?;
    }
    tx.append_leaf(made("deployment_set_up", org.id.as_str(), now)).await?;
    tx.meta_set(DONE, "1").await?;
    tx.commit().await?;
    Ok(org)
}

/// Whether the first set-up is done.
pub async fn is_done(app: &App) -> AppResult<bool> {
    Ok(app.store.meta_get(DONE).await?.is_some())
}

fn check_token(app: &App, token: &str) -> AppResult<()> {
    let kept = std::fs::read_to_string(&app.setup_token).map_err(AppError::bug)?;
    let given = app.suite().hash(token.as_bytes()).to_string();
    if bool::from(kept.trim().as_bytes().ct_eq(given.as_bytes())) {
        return Ok(());
    }
    Err(refuse("bad-setup-token", "初始化令牌不正确。", "The set-up token is wrong.").into())
}

fn refuse(code: &str, zh: &str, en: &str) -> Refusal {
    Refusal::new(code, "MLPS-5", "8.1.5", zh, en)
}

fn made(kind: &str, about: &str, now: Timestamp) -> LeafDraft {
    LeafDraft { refs: BTreeMap::from([("about".to_owned(), about.to_owned())]), ..LeafDraft::done(kind, now) }
}

/// Signs in.
pub async fn login(app: &App, account: &str, password: &str) -> AppResult<parties::Login> {
    parties::login(&app.store, &app.people, account, password, app.now()).await
}

/// Changes the password of an account, proved by the present one; no session is needed, all of them end.
pub async fn change_password(app: &App, account: &str, present: &str, new: &str) -> AppResult<()> {
    parties::change_password(&app.store, &app.people, account, present, new, app.now()).await
}

/// Signs out.
pub async fn logout(app: &App, token: &str) -> AppResult<()> {
    parties::logout(&app.store, &app.people, token, app.now()).await
}

/// The person behind a session token.
pub async fn actor(app: &App, token: &str) -> AppResult<Actor> {
    let found = parties::sessions::signed_in(&app.store, &app.people, token, app.now()).await?;
    Ok(Actor {
        person: found.person.id,
        org: found.org.id,
        org_roles: found.org.roles,
        roles: found.person.roles,
        group: found.org.group,
        key: found.person.key,
    })
}

/// Records an organisation.
pub async fn create_organisation(
    app: &App,
    actor: &Actor,
    new: NewOrganisation,
    idempotency: Option<&Idempotency>,
) -> AppResult<Organisation> {
    let command = Command::plain("create_organisation");
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, now| {
        let org = parties::create_organisation(tx, new, now).await?;
        let draft = leaf(app, actor, &for_leaf.about(org.id.as_str()), "organisation_created");
        Ok(Done::with(org, draft))
    })
    .await
}

/// Records a person with an account.
pub async fn create_person(
    app: &App,
    actor: &Actor,
    new: NewPerson,
    idempotency: Option<&Idempotency>,
) -> AppResult<Person> {
    let command = Command::plain("create_person");
    // Asked twice on purpose: hashing a password for someone who may not create accounts would be free work.
    app.permitted(actor, &command).await?;
    let prepared = app.tried(actor, &command, app.people.prepare(new).await).await?;
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, now| {
        let person = parties::create_person(tx, &prepared, now).await?;
        let draft = leaf(app, actor, &for_leaf.about(person.id.as_str()), "person_created");
        Ok(Done::with(person, draft))
    })
    .await
}

/// Moves a simulated clock forward.
pub async fn move_clock(
    app: &App,
    actor: &Actor,
    advance_ms: i64,
    idempotency: Option<&Idempotency>,
) -> AppResult<i64> {
    let command = Command::plain("move_clock");
    let for_leaf = command.clone();
    let offset = app.clock.offset().saturating_add(advance_ms);
    let now = app
        .command(actor, command, idempotency, async move |tx, now| {
            if app.clock.kind() != Clock::Simulated || !(1..=MOST_MS).contains(&advance_ms) || now.0 > LAST_MS {
                return Err(refuse(
                    "clock-not-movable",
                    "只有模拟时钟可以拨动，且只能向前，一次不超过三年。",
                    "Only a simulated clock can be moved, only forward, and by three years at most at once.",
                )
                .into());
            }
            link::store_clock(tx, offset).await?;
            let mut draft = leaf(app, actor, &for_leaf, "clock_moved");
            draft.refs.insert("advance_ms".to_owned(), advance_ms.to_string());
            Ok(Done::with(now.plus_ms(advance_ms).0, draft))
        })
        .await?;
    // After the commit; a crash in between is healed at the next start from the stored offset. A repeated request
    // (same idempotency key) finds the stored answer and the stored offset.
    link::restore_clock(app).await?;
    Ok(now)
}
