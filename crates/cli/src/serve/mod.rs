//! The long-running processes: the supervisor and its two children.

pub mod confine;
pub mod platform;
pub mod supervisor;
pub mod zone;

use crate::init::{self, InitOptions};
use crate::layout::Layout;
use crate::story;
use crate::wiring::{self, CliError};
use std::net::SocketAddr;
use std::path::PathBuf;
use supervisor::{Pair, Plan};

/// What `yunyu serve` is asked for.
pub struct ServeArgs {
    /// Data folder.
    pub data: PathBuf,
    /// Address of the platform.
    pub listen: SocketAddr,
    /// City pack of a new folder.
    pub city: Option<String>,
    /// Database URL.
    pub database: Option<String>,
    /// Story first, accounts printed.
    pub demo: bool,
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
            suite: crypto::Suite::Gm,
        };
        story::command(asked, false)?;
    }
    if !layout.is_initialised() {
        initialise(&layout, args)?;
    }
    wiring::check_listen(&wiring::deployment(&layout)?, args.listen)?;
    check_tls(&layout, args.listen)?;
    let mut zone_listen = args.listen;
    zone_listen.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    if zone_listen.port() != 0 {
        zone_listen.set_port(args.listen.port().saturating_add(1));
    }
    let plan = Plan { layout, listen: args.listen, zone_listen, database: args.database.clone() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(supervise(plan, args.demo))
}

/// Off loopback the platform speaks TLS only, with a certificate that the operator of the machine provides.
fn check_tls(layout: &Layout, listen: SocketAddr) -> Result<(), CliError> {
    let dir = layout.platform().join("tls");
    if listen.ip().is_loopback() || (dir.join("cert.pem").is_file() && dir.join("key.pem").is_file()) {
        return Ok(());
    }
    let place = dir.display();
    Err(CliError::usage(
        "--listen",
        format!("监听非本机地址须使用 TLS：请把证书链与私钥放在 {place}/cert.pem 和 key.pem。"),
        format!("Off loopback TLS is required: put the certificate chain and key at {place}/cert.pem and key.pem."),
    ))
}

fn initialise(layout: &Layout, args: &ServeArgs) -> Result<(), CliError> {
    let city = args.city.clone().ok_or_else(|| {
        CliError::usage(
            "--data",
            "该目录尚未初始化：请用 --city 指明城市，或先运行 yunyu admin init。",
            "The folder is not initialised: name the city with --city, or run `yunyu admin init` first.",
        )
    })?;
    let pack = wiring::pack(&city)?;
    let suite = crypto::Suite::Gm;
    let done = init::init(
        layout,
        &InitOptions {
            city,
            pack_version: pack.version(),
            pack_digest: wiring::pack_digest(suite, &pack)?,
            suite,
            simulated_from: None,
            wall: model::Timestamp(wiring::wall_clock()()),
        },
    )?;
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
