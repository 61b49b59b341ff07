//! Numbered key lists: people ask for their key to be listed, the offline root signs the next list, the platform
//! takes it over. The platform cannot sign a key list.

use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command, Done, Idempotency, leaf};
use crate::{App, funnel};
use crypto::PublicKey;
use model::ids::PersonId;
use model::keylist::{KEY_LIST_TYPE, KeyEntry, KeyHolder, KeyList};
use model::party::{Organisation, Person, PersonRole};
use model::{Entity, Refusal, Signed, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::{Filter, LeafDraft, Store, Tx};

/// A key that its owner asked to have listed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyRequest {
    /// Key id.
    pub key: String,
    /// Public key.
    pub public: String,
    /// Owner.
    pub person: PersonId,
    /// `pending` or `listed`.
    pub state: String,
    /// When asked.
    pub at: Timestamp,
}

impl Entity for KeyRequest {
    const KIND: &'static str = "key_request";
    fn id(&self) -> &str {
        &self.key
    }
    fn parent(&self) -> Option<&str> {
        Some(self.person.as_str())
    }
    fn state(&self) -> Option<&str> {
        Some(&self.state)
    }
}

/// A key list as stored: whole, with the root's signature.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredKeyList {
    /// The number, padded so that text order is number order.
    pub id: String,
    /// The list.
    pub list: Signed<KeyList>,
}

impl StoredKeyList {
    fn of(list: Signed<KeyList>) -> Self {
        Self { id: format!("{:010}", list.body.number), list }
    }
}

impl Entity for StoredKeyList {
    const KIND: &'static str = "key_list";
    fn id(&self) -> &str {
        &self.id
    }
}

const CURRENT: &str = "key_list_current";

/// The list in force.
pub async fn current(tx: &mut Tx) -> AppResult<Signed<KeyList>> {
    let id = tx.meta_get(CURRENT).await?.ok_or_else(|| AppError::bug("no key list"))?;
    let stored: StoredKeyList = tx.get(&id).await?.ok_or_else(|| AppError::bug("key list is gone"))?;
    Ok(stored.list)
}

/// The list in force, outside a transaction.
pub async fn current_of(store: &Store) -> AppResult<Signed<KeyList>> {
    let id = store.meta_get(CURRENT).await?.ok_or_else(|| AppError::bug("no key list"))?;
    let stored: StoredKeyList = store.get(&id).await?.ok_or_else(|| AppError::bug("key list is gone"))?;
    Ok(stored.list)
}

/// Lists with a number above `after`, ascending.
pub async fn lists_after(store: &Store, after: u64) -> AppResult<Vec<Signed<KeyList>>> {
    let mut lists: Vec<StoredKeyList> = store.list(&Filter::default()).await?;
    lists.sort_by_key(|l| l.list.body.number);
    Ok(lists.into_iter().map(|l| l.list).filter(|l| l.body.number > after).collect())
}

/// Takes over the list that `admin init` made; called once, at the first start.
pub async fn adopt_first(app: &App, list: Signed<KeyList>) -> AppResult<()> {
    let mut tx = app.store.begin().await?;
    if tx.meta_get(CURRENT).await?.is_none() {
        check_root(app, &list)?;
        keep(app, &mut tx, list).await?;
        tx.commit().await?;
    } else {
        tx.undo().await?;
    }
    Ok(())
}

/// Takes over a list that the root signed outside the platform, such as the one that names a newly enrolled zone. The
/// root's signature is its authority; no person hands it in. A list that was taken over before changes nothing.
pub async fn adopt_signed(app: &App, list: Signed<KeyList>) -> AppResult<()> {
    let mut tx = app.store.begin().await?;
    let held = current(&mut tx).await?;
    if held == list || list.body.number < held.body.number {
        tx.undo().await?;
        return Ok(());
    }
    check_root(app, &list)?;
    check_successor(&held.body, &list.body)?;
    mark_listed(&mut tx, &list.body).await?;
    tx.append_leaf(LeafDraft {
        rule: Some("PRODUCT-KEYS".to_owned()),
        object: Some(crypto::digest_of(app.suite(), "signed", &list)?.to_string()),
        refs: BTreeMap::from([("number".to_owned(), list.body.number.to_string())]),
        ..LeafDraft::done("key_list_adopted", app.now())
    })
    .await?;
    keep(app, &mut tx, list).await?;
    tx.commit().await?;
    Ok(())
}

/// A person asks for a key to be listed. One pending key per person.
pub async fn request_key(
    app: &App,
    actor: &Actor,
    public: &str,
    idempotency: Option<&Idempotency>,
) -> AppResult<KeyRequest> {
    let public: PublicKey = public.parse().map_err(|_| {
        AppError::usage(
            "bad-public-key",
            "public",
            "公钥格式不对：应为 sm2: 或 ed25519: 加 base64。",
            "The public key is malformed: expected sm2: or ed25519: and base64.",
        )
    })?;
    let command = Command::plain("request_key").about(public.key_id());
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, now| {
        let request = KeyRequest {
            key: public.key_id(),
            public: public.to_string(),
            person: actor.person.clone(),
            state: "pending".to_owned(),
            at: now,
        };
        if tx.get::<KeyRequest>(&request.key).await?.is_some() {
            return Err(refuse_key("key-known", "该公钥已登记。", "The key is registered already.").into());
        }
        tx.put(&request).await?;
        Ok(Done::with(request, leaf(app, actor, &for_leaf, "key_requested")))
    })
    .await
}

/// The next list as the root would sign it: everything in the current one, and every pending key.
/// A person's older key is revoked when a new one is listed; so is the key of a person whose account was closed or
/// whose roles are others now, since an entry never changes its holder.
pub async fn draft_next(app: &App, actor: &Actor) -> AppResult<KeyList> {
    app.policies.permit(actor, &Command::plain("draft_key_list"))?;
    let mut next = current_of(&app.store).await?.body;
    let now = app.now();
    next.number += 1;
    next.issued_at = now;
    for entry in next.entries.iter_mut().filter(|e| e.revoked_at.is_none()) {
        if let KeyHolder::Person { person, roles, .. } = &entry.holder
            && !still_holds(&app.store, person, roles).await?
        {
            entry.revoked_at = Some(now);
        }
    }
    let pending: Vec<KeyRequest> =
        app.store.list(&Filter { state: Some("pending".to_owned()), ..Filter::default() }).await?;
    for request in pending {
        let Some(person) = app.store.get::<Person>(request.person.as_str()).await? else { continue };
        let Some(org) = app.store.get::<Organisation>(person.org.as_str()).await? else { continue };
        for entry in &mut next.entries {
            if matches!(&entry.holder, KeyHolder::Person { person: p, .. } if *p == request.person) {
                entry.revoked_at.get_or_insert(now);
            }
        }
        next.entries.push(KeyEntry {
            key: request.key,
            public: request.public,
            valid_from: now,
            revoked_at: None,
            holder: KeyHolder::Person {
                person: person.id,
                org: org.id,
                org_roles: org.roles,
                roles: person.roles,
                group: org.group,
            },
        });
    }
    Ok(next)
}

/// Whether a listed person still has an open account with these roles.
async fn still_holds(store: &Store, person: &PersonId, roles: &[PersonRole]) -> AppResult<bool> {
    let present: Option<Person> = store.get(person.as_str()).await?;
    let account = store.account_of(person.as_str()).await?;
    Ok(present.is_some_and(|p| p.roles == roles) && account.is_some_and(|a| a.closed_at.is_none()))
}

/// Takes over a list that the root signed.
pub async fn install(
    app: &App,
    actor: &Actor,
    list: Signed<KeyList>,
    idempotency: Option<&Idempotency>,
) -> AppResult<u64> {
    let command = Command::plain("install_key_list").about(list.body.number.to_string());
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, _now| {
        check_root(app, &list)?;
        check_successor(&current(tx).await?.body, &list.body)?;
        mark_listed(tx, &list.body).await?;
        let number = list.body.number;
        let mut draft = leaf(app, actor, &for_leaf, "key_list_installed");
        draft.object = Some(crypto::digest_of(app.suite(), "signed", &list)?.to_string());
        keep(app, tx, list).await?;
        Ok(Done::with(number, draft))
    })
    .await
}

async fn mark_listed(tx: &mut Tx, list: &KeyList) -> AppResult<()> {
    for entry in &list.entries {
        if let Some(mut request) = tx.get::<KeyRequest>(&entry.key).await?
            && request.state == "pending"
        {
            request.state = "listed".to_owned();
            tx.put(&request).await?;
            if let Some(mut person) = tx.get::<Person>(request.person.as_str()).await? {
                person.key = Some(entry.key.clone());
                tx.put(&person).await?;
            }
        }
    }
    Ok(())
}

async fn keep(app: &App, tx: &mut Tx, list: Signed<KeyList>) -> AppResult<()> {
    let stored = StoredKeyList::of(list);
    tx.put(&stored).await?;
    tx.meta_set(CURRENT, &stored.id).await?;
    // The file is what offline verifiers read; writing it before the commit is harmless, since a list
    // is signed by the root whether or not the platform took it over.
    let root: PublicKey = app.deployment.root.parse()?;
    audit::publish_key_list(&app.log_dir, &root, &stored.list).map_err(AppError::bug)?;
    Ok(())
}

fn check_root(app: &App, list: &Signed<KeyList>) -> AppResult<()> {
    let root: PublicKey = app.deployment.root.parse()?;
    let right = list.key == root.key_id()
        && list.body.deployment == app.deployment.deployment
        && list.body.clock == app.deployment.clock
        && root.verify(KEY_LIST_TYPE, &list.body, &list.signature).is_ok();
    if right {
        return Ok(());
    }
    Err(refuse_key(
        "key-list-not-of-root",
        "密钥清单不是由本部署的根密钥签署的。",
        "The key list is not signed by this deployment's root.",
    )
    .into())
}

fn check_successor(now: &KeyList, next: &KeyList) -> AppResult<()> {
    if next.follows(now) {
        return Ok(());
    }
    Err(refuse_key(
        "key-list-not-next",
        "密钥清单须在现行清单上递增编号，且不得删改既有条目。",
        "A key list must follow the current one by one and keep every entry.",
    )
    .into())
}

fn refuse_key(code: &str, zh: &str, en: &str) -> Refusal {
    Refusal::new(code, "PRODUCT-KEYS", "", zh, en)
}

/// The entry of an actor's key if it may sign now.
pub fn entry_of<'a>(list: &'a KeyList, actor: &funnel::Actor, now: Timestamp) -> Option<&'a KeyEntry> {
    let entry = list.valid(actor.key.as_deref()?, now)?;
    matches!(&entry.holder, KeyHolder::Person { person, .. } if *person == actor.person).then_some(entry)
}
