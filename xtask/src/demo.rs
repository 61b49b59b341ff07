//! `cargo xtask demo`: builds, tells the story of one city, prints the accounts, leaves the platform open.

use crate::console;
use crate::run::{Done, Problem, build_yunyu, command, demo_config, failed, options, root, step};
use serde::Deserialize;
use std::path::Path;

/// One line of `DATA/desks/accounts.json`, which the story leaves in simulated folders only.
#[derive(Deserialize)]
struct Account {
    account: String,
    role: String,
    org: String,
    password: String,
}

/// Runs the demo. The folder stays: a second run resumes the story (or finds it done) and serves again.
pub fn main(args: &[&str]) -> Done {
    let config = demo_config()?;
    let given = options(args, &["--city", "--data"])?;
    let city = given.first().copied().flatten().unwrap_or(&config.city);
    let data = given.get(1).copied().flatten().map_or(config.demo_dir, Into::into);
    let data = root().join(data);
    // A machine without Node still gets the platform: it says by itself what is missing.
    if let Err(Problem::Failed(why) | Problem::Usage(why)) = console::build() {
        eprintln!("── the console is left out: {why}");
    }
    let yunyu = build_yunyu()?;
    step("the story", command(&yunyu).args(["story", "--city", city, "--data"]).arg(&data))?;
    print_accounts(&data)?;
    println!("The platform opens now; stop it with Ctrl-C. The folder {} stays.", data.display());
    step("yunyu serve", command(&yunyu).arg("serve").arg("--data").arg(&data))
}

fn print_accounts(data: &Path) -> Done {
    let path = data.join("desks/accounts.json");
    let text = std::fs::read_to_string(&path).map_err(failed("desks/accounts.json"))?;
    let accounts: Vec<Account> = serde_json::from_str(&text).map_err(failed("desks/accounts.json"))?;
    if accounts.is_empty() {
        return Err(Problem::Failed("the story left no accounts".to_owned()));
    }
    let width = |f: fn(&Account) -> &str| accounts.iter().map(|a| f(a).chars().count()).max().unwrap_or(0);
    let (w_account, w_role, w_pass) = (width(|a| &a.account), width(|a| &a.role), width(|a| &a.password));
    println!("\nAccounts of this demo (simulated folder, loopback only):");
    for a in &accounts {
        println!("  {:w_account$}  {:w_pass$}  {:w_role$}  {}", a.account, a.password, a.role, a.org);
    }
    println!();
    Ok(())
}
