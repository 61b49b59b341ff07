//! Batches of a resource: opened here, uploaded at the zone, counted when the zone reports.

use crate::App;
use crate::error::{AppError, AppResult};
use crate::funnel::{Actor, Command, Done, Idempotency, leaf};
use model::ids::{BatchId, CheckId, OrgId, ResourceId};
use model::record::{BlacklistCheck, Resource};
use model::{Entity, Timestamp};
use serde::{Deserialize, Serialize};

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
    let command = Command::plain("open_batch").about(resource);
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, now| {
        let found: Option<Resource> = tx.get(resource).await?;
        let found = found.filter(|r| r.provider == actor.org).ok_or(AppError::NotFound("resource"))?;
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
pub async fn record_check(
    app: &App,
    actor: &Actor,
    uscc: &str,
    list: &str,
    hit: bool,
    idempotency: Option<&Idempotency>,
) -> AppResult<BlacklistCheck> {
    let command = Command::plain("record_blacklist_check").about(list);
    let for_leaf = command.clone();
    app.command(actor, command, idempotency, async move |tx, now| {
        let check = BlacklistCheck {
            id: CheckId::from_part(&crypto::random_hex(8)?),
            uscc: uscc.to_owned(),
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
