//! Opens a story: makes or reopens the data folder, starts the two processes, waits for both.

use crate::init::{self, InitOptions};
use crate::layout::{Layout, write_private};
use crate::serve::supervisor::{Pair, Plan};
use crate::story::cast::{Cast, Desk};
use crate::story::client::{Ask, Client};
use crate::story::desk::{Account, Desks};
use crate::story::journal::Journal;
use crate::story::{Story, StoryError, input};
use crate::wiring::{self, CliError};
use crypto::{KeyFile, SigningKey, Suite};
use model::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// What a story is asked for.
pub struct StoryArgs {
    /// City pack.
    pub city: String,
    /// Folder of CSV files, or none for the synthetic city.
    pub input: Option<PathBuf>,
    /// Data folder.
    pub data: PathBuf,
    /// Rows of the synthetic city.
    pub rows: u64,
    /// Whether suspension, restoration and destruction are played as well.
    pub ending: bool,
    /// No narration.
    pub quiet: bool,
    /// Suite of a new folder.
    pub suite: Suite,
}

/// A simulated folder begins at this instant: 2 March 2026, 9:00 in China.
const BEGIN: Timestamp = Timestamp(1_772_413_200_000);

/// Prepares folder, processes and story.
pub async fn open(args: &StoryArgs) -> Result<(Story, Pair), StoryError> {
    let layout = Layout::new(&args.data)?;
    // The input is read before anything is made: a wrong folder leaves nothing behind.
    let city = match args.input {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("yunyu-city-").tempdir()?),
    };
    let made = city.as_ref().map_or_else(|| layout.story(), |d| d.path().to_owned());
    let input = input::read(args.input.as_deref(), &made, args.rows)?;
    if !layout.is_initialised() {
        make(&layout, args)?;
    }
    let deployment = wiring::deployment(&layout)?;
    if deployment.clock != model::Clock::Simulated || deployment.city != args.city {
        return Err(StoryError::Usage(
            "--data".into(),
            "故事只能在同一城市的模拟时钟目录中继续。".into(),
            "A story goes on only in a folder with a simulated clock, of the same city.".into(),
        ));
    }
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let plan = Plan { layout: layout.clone(), listen: loopback, zone_listen: loopback, database: None };
    let pair = Pair::start(plan)?;
    let client = Client::new(&pair.platform_url())?;
    let pack = wait(&client).await?;
    let mut desks = Desks::open(&layout.desks(), deployment.suite)?;
    let cast = administrators(&mut desks)?;
    let root_file: KeyFile = serde_json::from_slice(&std::fs::read(layout.root().join("root.key.json"))?)?;
    let root = root_file.open(std::fs::read_to_string(layout.root().join("passphrase"))?.trim())?;
    let procedures = client.send(&Ask::get("/api/v1/procedures", None)).await?["procedures"].clone();
    let reviewers = pack["parameters"]["release.reviewers"]["value"].as_u64().unwrap_or(2);
    let story = Story {
        suite: deployment.suite,
        journal: Journal::open(&layout.story())?,
        setup_token: std::fs::read_to_string(layout.desks().join("setup-token"))?,
        date: deployment.created_at.plus_days(90).date().to_string(),
        reviewers: usize::try_from(reviewers).unwrap_or(2),
        tokens: BTreeMap::new(),
        steps: Vec::new(),
        figures: BTreeMap::new(),
        quiet: args.quiet,
        ending: args.ending,
        _city: city,
        began: Instant::now(),
        layout,
        client,
        desks,
        root,
        input,
        cast,
        procedures,
    };
    Ok((story, pair))
}

/// A new simulated folder. What a person would keep at hand lies in the root's and the desks' folders.
fn make(layout: &Layout, args: &StoryArgs) -> Result<(), CliError> {
    let pack = wiring::pack(&args.city)?;
    let options = InitOptions {
        city: args.city.clone(),
        pack_version: pack.version(),
        pack_digest: wiring::pack_digest(args.suite, &pack)?,
        suite: args.suite,
        simulated_from: Some(BEGIN),
        wall: Timestamp(wiring::wall_clock()()),
    };
    std::fs::create_dir_all(&layout.data)?;
    let done = init::init_with(layout, &options, |done| {
        write_private(&layout.root().join("passphrase"), done.root_passphrase.as_bytes())?;
        write_private(&layout.desks().join("setup-token"), done.setup_token.as_bytes())
    })?;
    drop(done);
    Ok(())
}

async fn wait(client: &Client) -> Result<Value, StoryError> {
    let since = Instant::now();
    loop {
        match client.send(&Ask::get("/api/v1/pack", None)).await {
            Ok(pack) => return Ok(pack),
            Err(e) if since.elapsed() > Duration::from_secs(60) => return Err(e),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

fn administrators(desks: &mut Desks) -> Result<Cast, StoryError> {
    let mut admin = |name: &str, role: &str, title: &str| -> Result<Desk, StoryError> {
        let account: Account = desks.account(name, title, "示例数据管理局")?;
        Ok(Desk {
            key: SigningKey::generate(desks.suite())?,
            account,
            person: String::new(),
            org: String::new(),
            org_roles: vec!["data_authority".into()],
            roles: vec![role.into()],
        })
    };
    Ok(Cast {
        system_admin: admin("keeper.system", "system_admin", "系统管理员")?,
        security_admin: admin("keeper.security", "security_admin", "安全管理员")?,
        audit_admin: admin("keeper.audit", "audit_admin", "审计管理员")?,
        desks: Vec::new(),
    })
}
