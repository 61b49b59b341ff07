//! `yunyu story`: the main job, headless, through the public API only. There is no private door: what the story can
//! do, a person with the same accounts can do.

pub mod authorise;
mod cast;
pub mod clerk;
pub mod client;
pub mod data;
pub mod desk;
pub mod error;
pub mod input;
pub mod journal;
pub mod life;
pub mod open;
pub mod script;

pub use error::StoryError;

use crate::layout::Layout;
use crate::wiring::CliError;
use cast::{Cast, Desk};
use clerk::Taken;
use client::{Ask, Client};
use crypto::{SigningKey, Suite};
use desk::Desks;
use indicatif::{ProgressBar, ProgressStyle};
use input::Input;
use journal::Journal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

/// One told step.
pub struct Told {
    /// Who.
    pub who: String,
    /// What.
    pub what: String,
    /// Article, beginning with its number; empty where none stands behind it.
    pub article: String,
    /// Digest of the act, or empty.
    pub act: String,
    /// Index in the platform's log, once known.
    pub leaf: Option<u64>,
}

/// What was played.
enum Played {
    /// The main job.
    Product(script::Made),
    /// The life of an authorisation.
    Life(life::Life),
}

/// A running story.
pub struct Story {
    layout: Layout,
    suite: Suite,
    client: Client,
    journal: Journal,
    desks: Desks,
    root: SigningKey,
    setup_token: String,
    input: Input,
    cast: Cast,
    city: String,
    procedures: Value,
    /// The pack's parameters by name.
    parameters: Value,
    reviewers: usize,
    tokens: BTreeMap<String, String>,
    date: String,
    steps: Vec<Told>,
    figures: BTreeMap<String, Value>,
    quiet: bool,
    ending: bool,
    life: bool,
    /// The synthetic city lies outside the data folder: nothing raw stands there in the open.
    _city: Option<tempfile::TempDir>,
    began: Instant,
}

impl Story {
    /// The session token of a desk, signing in if need be.
    async fn token(&mut self, desk: &Desk) -> Result<String, StoryError> {
        if let Some(token) = self.tokens.get(&desk.account.account) {
            return Ok(token.clone());
        }
        let account = desk.account.account.clone();
        let password = self.desks.password(&account).unwrap_or_else(|| desk.account.password.clone());
        let form = json!({ "account": account, "password": password });
        let session = match self.client.send(&Ask::post("/api/v1/sessions", None, None, &form)).await {
            // A story may jump over years; its people change their passwords like anybody.
            Err(StoryError::Refused { refusal, .. }) if refusal.code == "password-change-needed" => {
                let new = self.desks.next_password()?;
                let change = json!({ "account": account, "old": password, "new": new });
                self.client.send(&Ask::post("/api/v1/password", None, None, &change)).await?;
                self.desks.changed(&account, &new, &desk.key)?;
                let form = json!({ "account": account, "password": new });
                self.client.send(&Ask::post("/api/v1/sessions", None, None, &form)).await?
            }
            other => other?,
        };
        let token = session["token"].as_str().unwrap_or_default().to_owned();
        self.tokens.insert(desk.account.account.clone(), token.clone());
        Ok(token)
    }

    fn forget(&mut self, desk: &Desk) {
        self.tokens.remove(&desk.account.account);
    }

    /// Tells a step that was a signed act.
    fn told(&mut self, taken: Taken) {
        self.say(&taken.who, &taken.what, &taken.article, &taken.act);
    }

    /// Tells a step.
    fn say(&mut self, who: &str, what: &str, article: &str, act: &str) {
        if !self.quiet {
            let at = self.began.elapsed().as_secs_f32();
            let law = if article.is_empty() { String::new() } else { format!("  〔第{article}条〕") };
            eprintln!("[{at:6.1}s] {:>3}  {who}：{what}{law}", self.steps.len() + 1);
        }
        self.steps.push(Told {
            who: who.to_owned(),
            what: what.to_owned(),
            article: article.to_owned(),
            act: act.to_owned(),
            leaf: None,
        });
    }

    fn progress(&self, total: u64, name: &str) -> ProgressBar {
        if self.quiet {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template("          {msg:24} {bar:30} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
        let bar = ProgressBar::new(total).with_message(name.to_owned());
        style.map(|s| bar.clone().with_style(s)).unwrap_or(bar)
    }

    fn told_steps(&self) -> Vec<Value> {
        let step = |(i, s): (usize, &Told)| json!({"n": i + 1, "who": s.who, "what": s.what, "article": s.article, "leaf": s.leaf});
        self.steps.iter().enumerate().map(step).collect()
    }

    /// The main job, or the life of an authorisation.
    async fn play_or_live(&mut self) -> Result<Played, StoryError> {
        if self.life { Ok(Played::Life(self.live().await?)) } else { Ok(Played::Product(self.play().await?)) }
    }

    /// Keeps how long a stage took, in milliseconds.
    fn figure(&mut self, name: &str, since: Instant) {
        let ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.figures.insert(name.to_owned(), json!(ms));
    }

    /// Finds the log index of every told act.
    async fn find_leaves(&mut self) -> Result<(), StoryError> {
        let admin = self.cast.audit_admin.clone();
        let mut by_act = BTreeMap::new();
        let mut from = 0u64;
        loop {
            let page = self.read(&admin, &format!("/api/v1/audit/leaves?from={from}&limit=1000")).await?;
            let leaves = page["leaves"].as_array().cloned().unwrap_or_default();
            let Some(last) = leaves.last().and_then(|l| l["index"].as_u64()) else { break };
            from = last + 1;
            for leaf in leaves {
                if let (Some(act), Some(index)) = (leaf["leaf"]["refs"]["act"].as_str(), leaf["index"].as_u64()) {
                    by_act.insert(act.to_owned(), index);
                }
            }
        }
        for step in &mut self.steps {
            step.leaf = by_act.get(&step.act).copied();
        }
        Ok(())
    }
}

/// Rows of the demonstration's city.
pub const DEMO_ROWS: u64 = 20_000;

/// Runs a story and prints what it made.
pub fn command(args: open::StoryArgs, as_json: bool) -> Result<u8, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(tell(args, as_json))
}

async fn tell(args: open::StoryArgs, as_json: bool) -> Result<u8, CliError> {
    let (mut story, mut pair) = open::open(&args).await?;
    let played = {
        let play = story.play_or_live();
        tokio::pin!(play);
        loop {
            tokio::select! {
                played = &mut play => break played,
                died = pair.supervise() => { died?; }
                () = crate::wiring::told_to_end() => return Err(CliError::bug("interrupted; run the same command again to go on")),
            }
        }
    };
    pair.stop().await;
    let made = match played? {
        Played::Product(made) => made,
        Played::Life(life) => return lived(&mut story, &life, as_json),
    };
    // The consumer's application key; in a simulated folder it lies with the desks, for whoever tries the product.
    let key_file = story.layout.desks().join("access-key");
    crate::layout::write_private(&key_file, made.access_key.as_bytes())?;
    let trust = story.layout.trust_file();
    story.figures.insert("total_ms".to_owned(), json!(u64::try_from(story.began.elapsed().as_millis()).unwrap_or(0)));
    let steps = story.told_steps();
    let out = json!({
        "city": story.city,
        "steps": steps,
        "product": {
            "id": made.product, "form": made.form, "certificate": made.certificate, "digest": made.digest,
        },
        "evidence": made.evidence,
        "trust": trust,
        "data": story.layout.data,
        "figures": story.figures,
    });
    if as_json {
        println!("{out}");
    } else {
        eprintln!("产品 product   {}  {}", made.product, made.certificate);
        eprintln!("密钥 key       {}   （使用方访问密钥 / the consumer's access key）", key_file.display());
        eprintln!("证据 evidence  {}", made.evidence.display());
        eprintln!("信任 trust     {}", trust.display());
        eprintln!(
            "数据 data      {}   （yunyu serve --data 打开 / opens with serve --data）",
            story.layout.data.display()
        );
    }
    Ok(0)
}

/// Prints what came of a life.
fn lived(story: &mut Story, life: &life::Life, as_json: bool) -> Result<u8, CliError> {
    story.figures.insert("total_ms".to_owned(), json!(u64::try_from(story.began.elapsed().as_millis()).unwrap_or(0)));
    if as_json {
        let out = json!({ "city": story.city, "steps": story.told_steps(), "life": life,
            "trust": story.layout.trust_file(), "data": story.layout.data, "figures": story.figures });
        println!("{out}");
        return Ok(0);
    }
    for t in &life.tried {
        let article = if t.article.is_empty() { String::new() } else { format!("  〔第{}条〕", t.article) };
        eprintln!("{}  {:40} {:9} {}{article}", t.day, t.what, t.outcome, t.codes.join(" "));
    }
    Ok(0)
}

/// Prints the accounts of a simulated folder, one for each role.
pub fn print_accounts(desks: &std::path::Path) -> Result<(), CliError> {
    let path = desks.join("accounts.json");
    if !path.is_file() {
        return Ok(());
    }
    let accounts: Vec<desk::Account> = serde_json::from_slice(&std::fs::read(path)?)?;
    eprintln!("演示账号 demonstration accounts:");
    for a in accounts {
        eprintln!("  {:24} {:28} {}（{}）", a.account, a.password, a.org, a.role);
    }
    Ok(())
}
