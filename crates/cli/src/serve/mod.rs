//! The long-running processes: the supervisor and its two children.

pub mod confine;
pub mod platform;
pub mod supervisor;
pub mod zone;

use crate::init::{self, InitOptions};
use crate::layout::Layout;
use crate::story;
use crate::wiring::{self, CliError};
use clap::Args;
use std::net::SocketAddr;
use std::path::PathBuf;
use supervisor::{Pair, Plan, ZonePlan, url};

/// What `yunyu serve` is asked for.
#[derive(Args)]
pub struct ServeArgs {
    /// Data folder made by `admin init`, `story` or `--demo`.
    #[arg(long, default_value = "data")]
    pub data: PathBuf,
    /// Address of the platform; the zone's endpoint takes the next port on loopback.
    #[arg(long, default_value = "127.0.0.1:8600")]
    pub listen: SocketAddr,
    /// City pack of a new folder: a pack in the program, or a folder with a pack.toml.
    #[arg(long)]
    pub city: Option<String>,
    /// `postgres://…` or `sqlite:…` instead of the folder's own SQLite; better given in `YUNYU_DATABASE`.
    #[arg(long, env = "YUNYU_DATABASE", hide_env_values = true)]
    pub database: Option<String>,
    /// Play the story first if the folder is new, and print every account.
    #[arg(long)]
    pub demo: bool,
    /// TLS on loopback too; off loopback it is always on. Certificates: `platform/tls` and `zone/tls`, `cert.pem` and `key.pem`.
    #[arg(long)]
    pub tls: bool,
    /// Authorities (PEM) that the local zone believes for the platform's certificate; default: the machine's.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// The platform alone: the zone runs on another machine and dials in. Needs `--zone-url`.
    #[arg(long, requires = "zone_url", conflicts_with = "demo")]
    pub without_zone: bool,
    /// Address of the local zone's endpoint.
    #[arg(long, value_name = "ADDR", conflicts_with = "without_zone")]
    pub zone_listen: Option<SocketAddr>,
    /// Under which URL callers reach the zone's endpoint; default: the address it listens on.
    #[arg(long, value_name = "URL")]
    pub zone_url: Option<String>,
    /// Under which URL the local zone reaches the platform; default: the address it listens on.
    #[arg(long, value_name = "URL")]
    pub platform_url: Option<String>,
}

/// Runs the supervisor until it is told to end.
pub fn command(args: &ServeArgs) -> Result<u8, CliError> {
    let layout = Layout::new(&args.data)?;
    if args.demo && !layout.is_initialised() {
        let city = args.city.clone().ok_or_else(|| {
            CliError::usage("--city", "新的演示目录需要指明城市。", "A new demonstration folder needs --city.")
        })?;
        let asked = story::open::StoryArgs {
            city,
            input: None,
            data: args.data.clone(),
            rows: story::DEMO_ROWS,
            quiet: false,
            ending: false,
            life: false,
            suite: crypto::Suite::Gm,
            keys: "file".into(),
            database: args.database.clone(),
            zone_data: None,
            tls: args.tls,
            ca: args.ca.clone(),
        };
        story::command(asked, false)?;
    }
    if !layout.is_initialised() {
        initialise(&layout, args)?;
    }
    let plan = plan(layout, args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(supervise(plan, args.demo))
}

/// Everything that can be wrong with the wires is found before anything starts.
fn plan(layout: Layout, args: &ServeArgs) -> Result<Plan, CliError> {
    let clock = wiring::deployment(&layout)?.clock;
    wiring::check_listen(clock, args.listen)?;
    let tls = wiring::tls_files(&layout.platform(), args.listen, args.tls)?.is_some();
    for (option, given) in [("--zone-url", &args.zone_url), ("--platform-url", &args.platform_url)] {
        if let Some(given) = given {
            wiring::check_url(option, given)?;
        }
    }
    let zone = if args.without_zone { None } else { Some(zone_plan(&layout, args)?) };
    if zone.is_some() && !layout.zone_trust().is_file() {
        return Err(CliError::usage(
            "--data",
            "该目录没有运营域（初始化时用了 --without-zone）：请用 serve --without-zone，并在运营域的机器上运行 yunyu zone。",
            "There is no zone in this folder (made with --without-zone): use `serve --without-zone`, and `yunyu zone` on the zone's machine.",
        ));
    }
    Ok(Plan {
        layout,
        listen: args.listen,
        zone,
        zone_url: args.zone_url.clone(),
        platform_url: args.platform_url.clone(),
        database: args.database.clone(),
        tls,
        ca: args.ca.clone(),
    })
}

fn zone_plan(layout: &Layout, args: &ServeArgs) -> Result<ZonePlan, CliError> {
    let mut listen = args.listen;
    listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    if listen.port() != 0 {
        listen.set_port(args.listen.port().saturating_add(1));
    }
    let listen = args.zone_listen.unwrap_or(listen);
    wiring::check_listen(wiring::deployment(layout)?.clock, listen)?;
    let tls = wiring::tls_files(&layout.zone(), listen, args.tls)?.is_some();
    Ok(ZonePlan { layout: layout.clone(), listen, tls })
}

fn initialise(layout: &Layout, args: &ServeArgs) -> Result<(), CliError> {
    crate::init::not_in_use(&layout.data)?;
    let city = args.city.clone().ok_or_else(|| {
        CliError::usage(
            "--data",
            "该目录尚未初始化：请用 --city 指明城市，或先运行 yunyu admin init。",
            "The folder is not initialised: name the city with --city, or run `yunyu admin init` first.",
        )
    })?;
    let options = InitOptions {
        city: wiring::choose(&city)?,
        with_zone: !args.without_zone,
        keys: hsm::KeyPlace::File,
        suite: crypto::Suite::Gm,
        simulated_from: None,
        wall: model::Timestamp(wiring::wall_clock()()),
    };
    let done = init::init(layout, &options)?;
    eprintln!("初始化令牌（只显示一次）/ set-up token, shown once: {}", done.setup_token);
    eprintln!("根密钥口令（只显示一次）/ root passphrase, shown once: {}", done.root_passphrase);
    Ok(())
}

async fn supervise(plan: Plan, demo: bool) -> Result<u8, CliError> {
    let desks = plan.layout.desks();
    let mut pair = Pair::start(plan)?;
    eprintln!("平台 platform  {}", pair.platform_url());
    eprintln!("运营域 zone     {}", pair.zone_url());
    if demo {
        story::print_accounts(&desks)?;
    }
    let end = wiring::told_to_end();
    tokio::pin!(end);
    loop {
        tokio::select! {
            () = &mut end => break,
            died = pair.supervise() => {
                died?;
            }
        }
    }
    pair.stop().await;
    Ok(0)
}

/// What a listening process says on standard error when it runs by itself.
pub fn announce(listen: SocketAddr, tls: bool) {
    eprintln!("运营域 zone     {}", url(listen, tls));
}
