//! The zone process, and the killable child that runs one job.

use crate::init::{RING_MASTER, ZONE_KEY, ZONE_LOG_KEY};
use crate::layout::Layout;
use crate::serve::confine;
use crate::wiring::{self, CliError};
use std::net::SocketAddr;
use std::sync::Arc;

/// What the process is started with.
pub struct ZoneArgs {
    /// Data folder.
    pub layout: Layout,
    /// Address of its endpoint.
    pub listen: SocketAddr,
    /// Base URL of the platform.
    pub platform: String,
}

/// Runs the zone until it is told to end.
pub fn run(args: &ZoneArgs) -> Result<(), CliError> {
    confine::harden()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(serve(args))
}

async fn serve(args: &ZoneArgs) -> Result<(), CliError> {
    let layout = &args.layout;
    let deployment = wiring::deployment(layout)?;
    wiring::check_listen(&deployment, args.listen)?;
    let keys = layout.zone_keys();
    let provider = crypto::FileKeyProvider::open(&keys.join("ring"), &keys.join(RING_MASTER), deployment.suite)?;
    // The zone believes its own trust file, enrolled out of band, not the deployment file beside the platform.
    let trust = audit::Trust::parse(&std::fs::read(layout.zone().join("trust.json"))?).map_err(CliError::bug)?;
    let pack = wiring::pack(&trust.city)?;
    if wiring::pack_digest(trust.suite, &pack)? != trust.pack.digest {
        return Err(CliError::usage(
            "trust.json",
            "程序内置的规则包与运营域登记时固定的规则包不一致。",
            "The rule pack in this program is not the one the zone was enrolled with.",
        ));
    }
    let config = zone::node::NodeConfig {
        data: layout.zone(),
        log: layout.log().join("zone"),
        platform: args.platform.clone(),
        console: origins(&args.platform),
        listen: args.listen,
        trust: zone::node::Trust {
            deployment: trust.deployment,
            suite: trust.suite,
            clock: deployment.clock,
            root: trust.root,
        },
        pack: Arc::new(PinnedPack(pack)),
        keys: Arc::new(provider),
        signer: wiring::service_key(&keys, ZONE_KEY)?,
        log_signer: wiring::service_key(&keys, ZONE_LOG_KEY)?,
        job_command: vec![std::env::current_exe()?.into_os_string(), "job-process".into()],
        limits: zone::node::Limits::default(),
        machine_clock: wiring::machine_clock(),
    };
    zone::node::run(config, wiring::told_to_end()).await.map_err(CliError::bug)
}

/// The platform's address as a browser names it: on loopback people type either name.
fn origins(platform: &str) -> Vec<String> {
    let own = platform.trim_end_matches('/').to_owned();
    let other = own.replacen("//127.0.0.1:", "//localhost:", 1);
    if other == own { vec![own] } else { vec![own, other] }
}

/// The zone's own reading of its pinned pack.
struct PinnedPack(model::pack::Pack);

impl zone::node::Policy for PinnedPack {
    fn version(&self) -> String {
        self.0.version()
    }

    fn check_quorum(
        &self,
        order: &model::order::WorkOrder,
        acts: &[(model::Act, model::keylist::KeyHolder)],
        object: &model::Digest,
    ) -> Result<(), model::Refusal> {
        model::quorum::check_quorum(&self.0, order, acts, object)
    }

    fn number(&self, name: &str) -> Option<i64> {
        self.0.int(name)
    }
}
