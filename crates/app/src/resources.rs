//! Batches of a resource: opened here, uploaded at the zone, counted when the zone reports.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command, Done, Idempotency, leaf};
use model::case::Case;
use model::ids::{BatchId, CheckId, OrgId, ResourceId};
use model::pack::Pack;
use model::procedure::{Procedure, Step};
use model::record::{BlacklistCheck, Resource};
use model::{Entity, Refusal, Timestamp, check_usable};
use serde::{Deserialize, Serialize};
use store::{Filter, Store};

/// Under this name a case that changes an entry of the catalogue keeps the entry as it was.
pub(crate) const BEFORE: &str = "before";

/// The entry as it was when a case to change it was opened.
pub(crate) fn before(case: &Case) -> Option<Resource> {
    serde_json::from_value(case.data.get(BEFORE)?.clone()).ok()
}

/// The cases that made an entry what it is, the last one first.
pub(crate) async fn cases_of(store: &Store, resource: &Resource) -> AppResult<Vec<Case>> {
    let mut cases = Vec::new();
    let mut next = Some(resource.case.clone());
    while let Some(id) = next.take() {
        let Some(case) = store.get::<Case>(id.as_str()).await? else { break };
        next = before(&case).map(|row| row.case);
        cases.push(case);
    }
    Ok(cases)
}

/// Where cases are found whose unsealing is ordered and waits for the keepers.
pub(crate) fn unsealings(pack: &Pack) -> Vec<Filter> {
    let steps = pack.procedures.values().flat_map(|p| p.steps.iter().map(move |s| (p, s)));
    let of = |(p, s): (&Procedure, &Step)| Filter {
        parent: Some(p.name.clone()),
        state: Some(s.to.clone()),
        ..Filter::default()
    };
    steps.filter(|(_, s)| s.sends("unseal")).map(of).collect()
}

/// A batch that a provider announced.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenBatch {
    /// Its id.
    pub id: BatchId,
    /// Resource.
    pub resource: ResourceId,
    /// Provider.
    pub provider: OrgId,
    /// The provider's own label.
    pub label: String,
    /// When.
    pub at: Timestamp,
}

impl Entity for OpenBatch {
    const KIND: &'static str = "open_batch";
    fn id(&self) -> &str {
        self.id.as_str()
    }
    fn parent(&self) -> Option<&str> {
        Some(self.resource.as_str())
    }
    fn org(&self) -> Option<&str> {
        Some(self.provider.as_str())
    }
}

/// Opens a batch for upload.
pub async fn open_batch(
    app: &App,
    actor: &Actor,
    resource: &str,
    label: &str,
    idempotency: Option<&Idempotency>,
) -> AppResult<OpenBatch> {
    let command = Command::plain("open_batch").about_asked(resource, ResourceId::from(resource).has_form());
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, now| {
        let found: Option<Resource> = tx.get(resource).await?;
        let found = found.filter(|r| r.provider == actor.org).ok_or(AppError::NotFound("resource"))?;
        check_usable(&app.pack, &found)?;
        let batch = OpenBatch {
            id: BatchId::from_part(&crypto::random_hex(10)?),
            resource: found.id,
            provider: actor.org.clone(),
            label: label.chars().take(200).collect(),
            at: now,
        };
        tx.put(&batch).await?;
        let mut draft = leaf(app, actor, &for_leaf, "batch_opened");
        draft.refs.insert("batch".to_owned(), batch.id.to_string());
        Ok(Done::with(batch, draft))
    })
    .await
}

/// Records that an organisation was checked against a blacklist (WX-7.1).
///
/// # Errors
/// Refusals under the article that names the lists: a list that the pack does not name, a code that is none.
pub async fn record_check(
    app: &App,
    actor: &Actor,
    uscc: &str,
    list: &str,
    hit: bool,
    idempotency: Option<&Idempotency>,
) -> AppResult<BlacklistCheck> {
    let named = app.pack.list(LISTS).unwrap_or_default().iter().any(|l| l == list);
    // What is no list may be anything, a name too: it does not go into the log.
    let command = Command::plain("record_blacklist_check");
    let command = if named { command.about(list) } else { command };
    let for_leaf = command.clone();
    let code = uscc.trim().to_ascii_uppercase();
    app.command(actor, command, idempotency, async move |tx, now| {
        if !named {
            return Err(unknown_list(app).into());
        }
        if !crate::parties::is_uscc(&code) {
            return Err(no_code(app).into());
        }
        let check = BlacklistCheck {
            id: CheckId::from_part(&crypto::random_hex(8)?),
            uscc: code,
            list: list.to_owned(),
            hit,
            at: now,
        };
        tx.put(&check).await?;
        let draft = leaf(app, actor, &for_leaf, "blacklist_checked");
        Ok(Done::with(check, draft))
    })
    .await
}

/// The lists that an applicant is checked against.
const LISTS: &str = "operator.blacklists";

/// A refusal under the row that names the lists.
fn lists_say(app: &App, code: &str, zh: String, en: String) -> Refusal {
    let rule = app.pack.parameters.get(LISTS).map(|p| p.source.clone()).unwrap_or_default();
    app.pack.refusal(code, &rule, zh, en)
}

fn unknown_list(app: &App) -> Refusal {
    let lists = app.pack.list(LISTS).unwrap_or_default().join(", ");
    let zh = format!("申请单位须核查的名单是：{lists}。请按此填写名单。");
    let en = format!("The lists an applicant is checked against are: {lists}. Give one of these.");
    lists_say(app, "unknown-blacklist", zh, en)
}

fn no_code(app: &App) -> Refusal {
    let zh = "名单按统一社会信用代码核查：应为 18 位且校验位正确。".to_owned();
    let en = "Lists are checked by unified social credit code: 18 characters and a right check character.".to_owned();
    lists_say(app, "bad-uscc", zh, en)
}
