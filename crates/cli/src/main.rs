//! The yunyu command: wiring only.

mod backups;
mod city;
mod enrol;
mod init;
mod keepers;
mod keyplace;
mod layout;
mod root;
mod serve;
mod story;
mod tools;
mod wiring;

use clap::{Parser, Subcommand};
use layout::Layout;
use serve::platform::PlatformArgs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use wiring::CliError;

/// 运域 Yunyu: authorised operation of public data, with the law as data and every step provable offline.
#[derive(Parser)]
#[command(name = "yunyu", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 启动平台与本机运营域 · Start the platform and a local zone under one supervisor.
    Serve(serve::ServeArgs),
    /// 运营域节点 · An operation-domain node on a machine of its own, or its enrolment.
    Zone(serve::zone::ZoneArgs),
    /// 主流程演示 · The main job, headless, on a folder of CSV files or on a synthetic city.
    Story {
        /// City pack: one in the program, or a folder with a pack.toml.
        #[arg(long)]
        city: String,
        /// Folder of CSV files, with a `story.yaml` or without.
        #[arg(long)]
        input: Option<PathBuf>,
        /// Data folder; an existing one is resumed. Default: a new folder below the system's temporary one.
        #[arg(long)]
        data: Option<PathBuf>,
        /// Rows of the synthetic city.
        #[arg(long, default_value_t = 20_000)]
        rows: u64,
        /// Cipher suite of a new folder.
        #[arg(long, default_value = "gm", value_parser = ["gm", "intl"])]
        suite: String,
        /// Where the zone of a new folder keeps its keys, as `zone enrol` takes it.
        #[arg(long, value_name = "PLACE", default_value = "file")]
        keys: String,
        /// Play the ending too: suspension, restoration, termination with destruction.
        #[arg(long)]
        ending: bool,
        /// 授权全周期 · Play the life of an authorisation instead: grant, suspension, late rectification, end, renewal, ban.
        #[arg(long, conflicts_with = "ending")]
        life: bool,
        /// `postgres://…` instead of the folder's own SQLite; better given in `YUNYU_DATABASE`.
        #[arg(long, env = "YUNYU_DATABASE", hide_env_values = true)]
        database: Option<String>,
        /// Keep the zone in a folder of its own, enrolled as on another machine.
        #[arg(long, value_name = "DIR")]
        zone_data: Option<PathBuf>,
        /// TLS between all, with the certificates in `platform/tls` and `zone/tls`.
        #[arg(long)]
        tls: bool,
        /// Authorities (PEM) for these certificates.
        #[arg(long, value_name = "FILE")]
        ca: Option<PathBuf>,
        /// One JSON document on standard output.
        #[arg(long)]
        json: bool,
    },
    #[command(flatten)]
    Tool(tools::Tool),
    /// One process of a supervisor.
    #[command(hide = true)]
    PlatformProcess {
        #[arg(long)]
        data: PathBuf,
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        zone_endpoint: String,
        #[arg(long)]
        tls: bool,
        #[arg(long)]
        zone_apart: bool,
    },
    /// One process of a supervisor.
    #[command(hide = true)]
    ZoneProcess(serve::zone::RunArgs),
    /// One job of the zone; everything it needs comes on standard input.
    #[command(hide = true)]
    JobProcess,
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(e) => return misused(&e),
    };
    start_tracing(&cli.command);
    // One provider for all TLS of the process; a second installation is no error.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let json = match &cli.command {
        Command::Story { json, .. } => *json,
        Command::Zone(args) => args.json(),
        _ => false,
    };
    // Before anything is opened, signed or sealed: what computes wrongly here must do nothing.
    let fit = hardened(&cli.command)
        .and_then(|()| bulk_cipher())
        .and_then(|()| crypto::self_test().map(drop).map_err(|e| self_test_failed(&e)));
    if let Err(e) = fit {
        let asked = json || matches!(&cli.command, Command::Tool(tool) if tool.json());
        return failed(&e, asked);
    }
    match run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(e) => failed(&e, json),
    }
}

/// Passphrases, keys and records pass through most commands: none leaves a core dump, or lets another process look in. A process of
/// a supervisor ends with it, also where that was killed before this one had got so far.
fn hardened(command: &Command) -> Result<(), CliError> {
    let supervised = matches!(command, Command::PlatformProcess { .. } | Command::ZoneProcess(_));
    serve::confine::harden(supervised)?;
    if supervised && !serve::supervisor::is_there() {
        return Err(CliError::stopped("supervisor", "it ended before this process began"));
    }
    Ok(())
}

fn failed(e: &CliError, json: bool) -> ExitCode {
    if json {
        println!("{}", e.json());
    }
    eprintln!("{}", told(e));
    ExitCode::from(e.code())
}

/// Takes the bulk cipher that the environment names.
fn bulk_cipher() -> Result<(), CliError> {
    let Some(name) = std::env::var_os(zone::node::BULK_CIPHER_VAR) else { return Ok(()) };
    let cipher: hsm::BulkCipher = name.to_string_lossy().parse().map_err(|_| {
        CliError::usage(
            zone::node::BULK_CIPHER_VAR,
            "可选的批量密码模块：built-in（内置）或 libgcrypt。",
            "The bulk ciphers are built-in and libgcrypt.",
        )
    })?;
    cipher.choose().map_err(|e| {
        CliError::usage(
            zone::node::BULK_CIPHER_VAR,
            format!("无法载入 {}（{e}）：请安装 Debian 软件包 libgcrypt20（1.9 以上）。", cipher.name()),
            format!("{} cannot be loaded ({e}): install Debian's package libgcrypt20, 1.9 or newer.", cipher.name()),
        )
    })
}

fn self_test_failed(e: &crypto::CryptoError) -> CliError {
    CliError::Bug(format!("密码算法自检未通过，程序不启动 / {e}"))
}

/// A command line that cannot be read, or one that asks for help. With `--json` the error is a JSON document, on standard
/// output like every answer and on standard error in the place of the text.
fn misused(e: &clap::Error) -> ExitCode {
    let code = u8::try_from(e.exit_code()).unwrap_or(2);
    let json = std::env::args_os().skip(1).take_while(|a| a != "--").any(|a| a == "--json");
    if json && e.use_stderr() {
        let at = match e.get(clap::error::ContextKind::InvalidArg) {
            Some(clap::error::ContextValue::String(arg)) => arg.clone(),
            Some(clap::error::ContextValue::Strings(args)) => args.join(" "),
            _ => "command line".to_owned(),
        };
        let text = e.to_string();
        let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        // What is missing stands on the lines below.
        let en = first.strip_suffix(':').map_or_else(|| first.to_owned(), |said| format!("{said}: {at}"));
        let said = CliError::usage(&at, "命令行有误：用 --help 查看用法。", en).json();
        println!("{said}");
        eprintln!("{said}");
    } else if e.print().is_err() {
        return ExitCode::from(3);
    }
    ExitCode::from(code)
}

fn told(e: &CliError) -> String {
    match e {
        CliError::Refused(r) => {
            let law = if r.article.is_empty() { String::new() } else { format!("（第{}条）", r.article) };
            format!("拒绝 {} {}{law}\n  {}\n  {}", r.code, r.rule, r.zh, r.en)
        }
        CliError::Usage { at, zh, en } => format!("{at}\n  {zh}\n  {en}"),
        CliError::Bug(text) => format!("内部错误 internal error: {text}"),
    }
}

/// Operational log on standard error; never a personal value (invariant 6).
fn start_tracing(command: &Command) {
    let level = match command {
        Command::Serve { .. } | Command::Zone(_) => "info",
        _ => "warn",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("YUNYU_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
}

fn run(command: Command) -> Result<u8, CliError> {
    match command {
        Command::Serve(args) => serve::command(&args),
        Command::Zone(args) => serve::zone::command(args),
        Command::Story { city, input, data, rows, suite, keys, ending, life, database, zone_data, tls, ca, json } => {
            let suite = if suite == "intl" { crypto::Suite::Intl } else { crypto::Suite::Gm };
            let data = match data {
                Some(data) => data,
                None => tempfile::Builder::new().prefix("yunyu-").tempdir()?.keep(),
            };
            let quiet = json;
            let asked = story::open::StoryArgs {
                city,
                input,
                data,
                rows,
                quiet,
                suite,
                keys,
                ending,
                life,
                database,
                zone_data,
                tls,
                ca,
            };
            story::command(asked, json)
        }
        Command::PlatformProcess { data, listen, zone_endpoint, tls, zone_apart } => {
            let layout = Layout::new(&data)?;
            serve::platform::run(&PlatformArgs { layout, listen, zone_endpoint, tls, zone_apart }).map(|()| 0)
        }
        Command::ZoneProcess(args) => serve::zone::supervised(&args).map(|()| 0),
        Command::Tool(tool) => tools::run(tool),
        Command::JobProcess => {
            confine_job()?;
            Ok(u8::try_from(zone::node::job_main(std::io::stdin(), std::io::stdout())).unwrap_or(3))
        }
    }
}

/// A job ends with the zone, leaves no core dump and cannot be looked into.
fn confine_job() -> Result<(), CliError> {
    serve::confine::harden(true)?;
    Ok(())
}
