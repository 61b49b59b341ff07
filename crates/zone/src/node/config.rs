//! What a node is started with. Plain values: who they come from (a file, enrolment, a test) is the caller's business.

use crypto::{KeyId, KeyProvider, PublicKey, SigningKey, Suite};
use listen::{Patience, TlsFiles};
use model::{Clock, Timestamp};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::policy::Policy;

/// What the zone was enrolled with, out of band: it trusts nothing that does not lead back here.
#[derive(Clone, Debug)]
pub struct Trust {
    /// Deployment.
    pub deployment: String,
    /// Cipher suite of the deployment.
    pub suite: Suite,
    /// Kind of clock, fixed when the folder was initialised.
    pub clock: Clock,
    /// The authority root, which signs key lists.
    pub root: PublicKey,
}

/// The machine's clock. A value, so that tests can move it.
pub type MachineClock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Where copies of the zone's keys are kept outside its folder, so that a backup can be opened on another machine.
pub trait KeyCustody: Send + Sync {
    /// Removes every copy of a key that the zone has destroyed. Durable when it returns.
    ///
    /// # Errors
    /// The custody cannot be reached: the copies are still there, and the destruction is not done.
    fn forget(&self) -> std::io::Result<()>;

    /// Ids of the keys of a purpose and scope that it holds, or held: also of those that the zone does not know, because it was
    /// restored without keys.
    ///
    /// # Errors
    /// The custody cannot be reached: what it holds is not known, and the destruction is not done.
    fn kept(&self, purpose: &str, scope: &str) -> std::io::Result<Vec<KeyId>>;

    /// Takes in the keys as they are now, in the place of what was said of them before: keys that were opened again. Durable
    /// when it returns.
    ///
    /// # Errors
    /// The custody cannot be reached: it still says that they are sealed.
    fn renew(&self) -> std::io::Result<()>;
}

/// Bounds of one node.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes the engine of one job may hold.
    pub job_memory: u64,
    /// Longest run of one job.
    pub job_wall: Duration,
    /// Jobs that run at the same time.
    pub jobs: usize,
    /// Longest time a receipt waits for its segment to close.
    pub segment: Duration,
    /// Time between two leaves about refused calls.
    pub refusals: Duration,
    /// Time for which an order poll may stay open.
    pub poll: Duration,
    /// Longest upload.
    pub upload_bytes: u64,
    /// Rows of one answer of the rows interface.
    pub rows: usize,
    /// How long a slow caller of the endpoint is waited for.
    pub patience: Patience,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            job_memory: 512 << 20,
            job_wall: Duration::from_secs(600),
            jobs: 1,
            segment: Duration::from_millis(500),
            refusals: Duration::from_secs(60),
            poll: Duration::from_millis(1000),
            upload_bytes: 16 << 30,
            rows: 1000,
            patience: Patience::default(),
        }
    }
}

/// Everything a node needs.
#[derive(Clone)]
pub struct NodeConfig {
    /// The zone's folder (`DATA/zone`).
    pub data: PathBuf,
    /// The zone's log (`DATA/log/zone`).
    pub log: PathBuf,
    /// The platform's base address: `https`, or `http` on loopback.
    pub platform: String,
    /// Origins whose pages may call the endpoint: the platform's console, under each name that people open it by.
    pub console: Vec<String>,
    /// Certificates (PEM) that the platform's own must lead back to; the machine's authorities if there are none.
    pub platform_ca: Option<Vec<u8>>,
    /// Where the endpoint listens; port 0 lets the system choose. The address is written to `data/endpoint`.
    pub listen: SocketAddr,
    /// The endpoint's certificate. Without one it listens on loopback only; a simulated clock keeps it there anyhow.
    pub tls: Option<TlsFiles>,
    /// What was enrolled.
    pub trust: Trust,
    /// The pinned rule pack.
    pub pack: Arc<dyn Policy>,
    /// The zone's keys.
    pub keys: Arc<dyn KeyProvider>,
    /// The custody of copies of these keys, where there is one.
    pub custody: Option<Arc<dyn KeyCustody>>,
    /// Signs reports and requests to the platform.
    pub signer: SigningKey,
    /// Signs checkpoints of the zone's log.
    pub log_signer: SigningKey,
    /// How a job's process is started: program and arguments.
    pub job_command: Vec<OsString>,
    /// Bounds.
    pub limits: Limits,
    /// The machine's clock.
    pub machine_clock: MachineClock,
}
