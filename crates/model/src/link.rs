//! The link between the two processes: what the zone asks for and what the platform answers.
//!
//! The zone always dials out. `GET /zone/v1/orders?after=&reports=&key_list=&wait=` answers a `LinkReply`;
//! `POST /zone/v1/reports` takes a `ReportBatch` and answers a `ReportReceipt`. Shapes only: no transport here.

use crate::keylist::KeyList;
use crate::order::{WorkOrder, ZoneReport};
use crate::signed::{Digest, Signed};
use crate::ticket::Lease;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Signed type name of a request that the zone makes to the platform.
pub const ZONE_REQUEST_TYPE: &str = "zone-request";
/// Signed type name of a movement of a simulated clock.
pub const CLOCK_TYPE: &str = "clock";

/// Path of the order poll.
pub const ORDERS_PATH: &str = "/zone/v1/orders";
/// Path that takes reports.
pub const REPORTS_PATH: &str = "/zone/v1/reports";

/// Header: id of the zone's key.
pub const KEY_HEADER: &str = "Yunyu-Key";
/// Header: when the request was made, in milliseconds on the **machine's** clock, also where the
/// deployment's clock is simulated: the zone learns the deployment's time over this very link.
pub const AT_HEADER: &str = "Yunyu-At";
/// Header: random text, used once.
pub const NONCE_HEADER: &str = "Yunyu-Nonce";
/// Header: signature over the `ZoneRequest`.
pub const SIGNATURE_HEADER: &str = "Yunyu-Signature";

/// What the zone signs for every request to the platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneRequest {
    /// Format version, 1.
    pub v: u32,
    /// HTTP method, upper case.
    pub method: String,
    /// Path with query, as sent.
    pub path_and_query: String,
    /// When, on the machine's clock; the platform takes ± 30 s.
    pub at: Timestamp,
    /// Random text, used once.
    pub nonce: String,
    /// Digest of the body's bytes under the deployment's suite (of no bytes for `GET`).
    pub body: Digest,
}

/// A movement of a simulated clock: deployment time is machine time plus `offset_ms`. A real folder refuses it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockMark {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// Number of the movement, from 1; a higher number replaces the one before.
    pub seq: u64,
    /// Milliseconds added to the machine's clock; time never moves back.
    pub offset_ms: i64,
}

/// Answer to the order poll. Key lists are taken first, then the clock, the orders in sequence, then the lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkReply {
    /// Format version, 1.
    pub v: u32,
    /// Key lists with a number above `key_list` of the query, ascending; signed by the authority root.
    pub key_lists: Vec<Signed<KeyList>>,
    /// Orders with a sequence above `after` of the query, ascending.
    pub orders: Vec<Signed<WorkOrder>>,
    /// What is in force for the next 60 seconds.
    pub lease: Signed<Lease>,
    /// The simulated clock's last movement; `None` in real folders.
    pub clock: Option<Signed<ClockMark>>,
    /// Newest checkpoint of the platform's log (a signed note), for the zone to anchor.
    pub platform_checkpoint: Option<String>,
    /// Proof (SM3 tree, base64) that this checkpoint extends the first `anchor` leaves of the query, which the zone has seen:
    /// without it the zone anchors nothing new.
    #[serde(default)]
    pub platform_growth: Vec<String>,
    /// Highest report sequence the platform has stored; the zone sends what is above.
    pub acknowledged_report: u64,
}

/// Reports, ascending and without gap, with the newest checkpoint of the zone's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportBatch {
    /// Format version, 1.
    pub v: u32,
    /// Deployment.
    pub deployment: String,
    /// The reports.
    pub reports: Vec<Signed<ZoneReport>>,
    /// Newest checkpoint of the zone's log (a signed note), for the platform to anchor.
    pub checkpoint: Option<String>,
    /// Leaves of the zone's log that the platform's copy lacks, under `checkpoint`; `None` where it keeps no copy.
    pub leaves: Option<LeafRun>,
}

/// Leaves of the zone's log that follow each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeafRun {
    /// Index of the first.
    pub first: u64,
    /// The encoded leaves, each in base64.
    pub leaves: Vec<String>,
}

/// Answer to a `ReportBatch`. Reports at or below `acknowledged_report` are durable at the platform;
/// one that was already stored is not stored twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportReceipt {
    /// Format version, 1.
    pub v: u32,
    /// Highest report sequence the platform has stored.
    pub acknowledged_report: u64,
    /// Leaves of the zone's log that the platform's copy has; `None` where both share the log's folder.
    pub zone_log: Option<u64>,
}
