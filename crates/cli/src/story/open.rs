//! Opens a story: makes or reopens the data folder, starts the two processes, waits for both.

use crate::init::{self, InitOptions};
use crate::layout::{Layout, write_private};
use crate::serve::supervisor::{Pair, Plan, ZonePlan};
use crate::story::cast::{Cast, Desk};
use crate::story::client::{Ask, Client};
use crate::story::desk::{Account, Desks};
use crate::story::input::{self, Input};
use crate::story::journal::Journal;
use crate::story::{Story, StoryError};
use crate::wiring::{self, CliError};
use crypto::{KeyFile, SigningKey, Suite};
use model::Timestamp;
use serde_json::{Value, json};
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
    /// The life of an authorisation instead of a product.
    pub life: bool,
    /// No narration.
    pub quiet: bool,
    /// Suite of a new folder.
    pub suite: Suite,
    /// Where the zone of a new folder keeps its keys.
    pub keys: String,
    /// Database, if not the folder's own.
    pub database: Option<String>,
    /// A folder of its own for the zone.
    pub zone_data: Option<PathBuf>,
    /// TLS between all.
    pub tls: bool,
    /// Authorities for the certificates.
    pub ca: Option<PathBuf>,
}

/// A life begins before a Spring Festival: 10 February 2026, 9:00 in China.
const BEGIN_LIFE: Timestamp = Timestamp(1_770_685_200_000);
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
    // On an existing folder the pack was kept at its beginning: only the city's name counts.
    let city_id = if layout.is_initialised() { same_city(&layout, args)? } else { make(&layout, args)? };
    let deployment = wiring::deployment(&layout)?;
    if deployment.clock != model::Clock::Simulated || deployment.city != city_id {
        return Err(StoryError::Usage(
            "--data".into(),
            "故事只能在同一城市的模拟时钟目录中继续。".into(),
            "A story goes on only in a folder with a simulated clock, of the same city.".into(),
        ));
    }
    let root_file: KeyFile = serde_json::from_slice(&std::fs::read(layout.root().join("root.key.json"))?)?;
    let root = root_file.open(std::fs::read_to_string(layout.root().join("passphrase"))?.trim())?;
    let mut pair = Pair::start(plan(&layout, args, &root)?)?;
    let client = Client::new(&pair.platform_url(), args.ca.as_deref())?;
    let pack = asked(&client, "/api/v1/pack", &mut pair).await?;
    let mut desks = Desks::open(&layout.desks(), deployment.suite)?;
    let cast = administrators(&mut desks)?;
    let procedures = asked(&client, "/api/v1/procedures", &mut pair).await?["procedures"].clone();
    let reviewers = pack["parameters"]["release.reviewers"]["value"].as_u64().unwrap_or(2);
    let mut journal = Journal::open(&layout.story())?;
    same_input(&mut journal, &input, deployment.suite, args.life)?;
    let story = Story {
        suite: deployment.suite,
        journal,
        setup_token: std::fs::read_to_string(layout.desks().join("setup-token"))?,
        date: deployment.created_at.plus_days(90).date().to_string(),
        reviewers: usize::try_from(reviewers).unwrap_or(2),
        tokens: BTreeMap::new(),
        steps: Vec::new(),
        figures: BTreeMap::new(),
        quiet: args.quiet,
        ending: args.ending,
        life: args.life,
        _city: city,
        began: Instant::now(),
        layout,
        client,
        desks,
        root,
        input,
        cast,
        city: deployment.city,
        procedures,
        parameters: pack["parameters"].clone(),
    };
    Ok((story, pair))
}

/// The two processes: one folder for both, or one each, with the zone enrolled as on another machine.
fn plan(layout: &Layout, args: &StoryArgs, root: &SigningKey) -> Result<Plan, CliError> {
    let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let zone = match &args.zone_data {
        Some(dir) => Layout::new(dir)?,
        None => layout.clone(),
    };
    if zone.data != layout.data {
        crate::enrol::ensure(layout, &zone, &args.city, &args.keys, root)?;
    }
    Ok(Plan {
        layout: layout.clone(),
        listen: loopback,
        zone: Some(ZonePlan {
            tls: wiring::tls_files(&zone.zone(), loopback, args.tls)?.is_some(),
            layout: zone,
            listen: loopback,
        }),
        zone_url: None,
        platform_url: None,
        database: args.database.clone(),
        tls: wiring::tls_files(&layout.platform(), loopback, args.tls)?.is_some(),
        ca: args.ca.clone(),
    })
}

/// The id of the city that an existing folder is asked to go on with.
fn same_city(layout: &Layout, args: &StoryArgs) -> Result<String, CliError> {
    let begun_with_zone = layout.zone_trust().is_file();
    if begun_with_zone == args.zone_data.is_some() {
        return Err(CliError::usage(
            "--zone-data",
            "运营域的位置在开始时已定；请用与开始时相同的 --zone-data。",
            "Where the zone lives was fixed at the beginning; give the same --zone-data as then.",
        ));
    }
    Ok(wiring::choose(&args.city)?.pack.id().to_owned())
}

/// A folder tells one story: what was handed in and asked for under another input would be told as this one's.
fn same_input(journal: &mut Journal, input: &Input, suite: Suite, life: bool) -> Result<(), StoryError> {
    let mut files = Vec::new();
    for r in &input.resources {
        files.push(json!({ "table": r.table, "contract": r.contract, "bytes": std::fs::metadata(&r.file)?.len() }));
    }
    let told = json!({ "files": files, "sql": input.sql, "purpose": input.purpose, "form": input.form,
        "unit": input.unit, "price_fen": input.price_fen, "zh": input.product.zh, "en": input.product.en, "life": life });
    let mark = json!(suite.hash(told.to_string().as_bytes()).to_string());
    journal.remember("input", &mark)?;
    if journal.get("input") == Some(&mark) {
        return Ok(());
    }
    Err(StoryError::Usage(
        "--input".into(),
        "该目录里的故事是用另一份输入开始的：请用原来的输入继续，或换一个 --data。".into(),
        "The story in this folder was begun with another input: go on with that one, or give another --data.".into(),
    ))
}

/// A new simulated folder; gives the city's id. What a person would keep at hand lies in the root's and the desks' folders.
fn make(layout: &Layout, args: &StoryArgs) -> Result<String, CliError> {
    let options = InitOptions {
        city: wiring::choose(&args.city)?,
        with_zone: args.zone_data.is_none(),
        keys: crate::keyplace::place(&args.keys, args.suite)?,
        suite: args.suite,
        simulated_from: Some(if args.life { BEGIN_LIFE } else { BEGIN }),
        wall: Timestamp(wiring::wall_clock()()),
    };
    let done = init::init_with(layout, &options, |done| {
        write_private(&layout.root().join("passphrase"), done.root_passphrase.as_bytes())?;
        write_private(&layout.desks().join("setup-token"), done.setup_token.as_bytes())
    })?;
    drop(done);
    Ok(options.city.pack.id().to_owned())
}

/// What the platform says once it answers. Whatever dies meanwhile is started again.
async fn asked(client: &Client, path: &str, pair: &mut Pair) -> Result<Value, StoryError> {
    let answer = async {
        let since = Instant::now();
        loop {
            match client.send(&Ask::get(path, None)).await {
                Ok(answer) => return Ok(answer),
                Err(e) if since.elapsed() > Duration::from_secs(60) => return Err(e),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::pin!(answer);
    loop {
        tokio::select! {
            answer = &mut answer => return answer,
            died = pair.supervise() => { died?; }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_goes_on_with_the_input_it_was_begun_with() {
        let dir = tempfile::tempdir().unwrap();
        let csv = |n: usize| {
            let row = |i: usize| format!("{},{}\n", ["north", "south"][i % 2], ["a", "b"][i / 2 % 2]);
            let rows: String = (0..n).map(row).collect();
            std::fs::write(dir.path().join("t.csv"), format!("city,kind\n{rows}")).unwrap();
            input::read(Some(dir.path()), dir.path(), 0).unwrap()
        };
        let first = csv(400);
        let story = dir.path().join("story");
        let ask = |input: &Input| same_input(&mut Journal::open(&story).unwrap(), input, Suite::Gm, false);
        assert!(ask(&first).is_ok() && ask(&first).is_ok());
        let changed = Input { sql: format!("{} ", first.sql), ..first };
        assert!(matches!(ask(&changed), Err(StoryError::Usage(at, ..)) if at == "--input"));
        let longer = csv(500);
        assert!(matches!(ask(&longer), Err(StoryError::Usage(..))));
    }
}
