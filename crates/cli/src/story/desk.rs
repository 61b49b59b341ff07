//! A person's desk: login, password, and the signing key sealed under the person's passphrase. Keys never leave here.

use crate::layout::write_private;
use crate::story::StoryError;
use crypto::{KeyFile, SigningKey, Suite};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// One account as the demo prints it. Exists in simulated folders only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Account {
    /// Login name.
    pub account: String,
    /// What the person is, in words.
    pub role: String,
    /// Organisation, in Chinese.
    pub org: String,
    /// Password; also the passphrase of the key file.
    pub password: String,
}

/// All desks of a simulated folder.
pub struct Desks {
    dir: PathBuf,
    suite: Suite,
    accounts: Vec<Account>,
}

impl Desks {
    /// Opens the desks of a folder.
    pub fn open(dir: &Path, suite: Suite) -> Result<Self, StoryError> {
        std::fs::create_dir_all(dir)?;
        let path = dir.join("accounts.json");
        let accounts = if path.is_file() { serde_json::from_slice(&std::fs::read(path)?)? } else { Vec::new() };
        Ok(Self { dir: dir.to_owned(), suite, accounts })
    }

    /// Suite of the deployment.
    pub fn suite(&self) -> Suite {
        self.suite
    }

    /// The account, made with a random password at first use.
    pub fn account(&mut self, name: &str, role: &str, org: &str) -> Result<Account, StoryError> {
        if let Some(found) = self.accounts.iter().find(|a| a.account == name) {
            return Ok(found.clone());
        }
        let password = self.next_password()?;
        let account = Account { account: name.into(), role: role.into(), org: org.into(), password };
        self.accounts.push(account.clone());
        write_private(&self.dir.join("accounts.json"), &serde_json::to_vec_pretty(&self.accounts)?)?;
        Ok(account)
    }

    /// A new password. Four classes of characters, so that the password rule is met whatever the random part is.
    pub fn next_password(&self) -> Result<String, StoryError> {
        Ok(format!("Yy-{}", crypto::random_hex(10)?))
    }

    /// The password of an account as it is now.
    pub fn password(&self, name: &str) -> Option<String> {
        self.accounts.iter().find(|a| a.account == name).map(|a| a.password.clone())
    }

    /// Keeps a changed password, which is the passphrase of the person's key, too.
    pub fn changed(&mut self, name: &str, password: &str, key: &SigningKey) -> Result<(), StoryError> {
        let path = self.dir.join(format!("{name}.key.json"));
        if path.is_file() {
            write_private(&path, &serde_json::to_vec_pretty(&KeyFile::seal(key, password)?)?)?;
        }
        if let Some(account) = self.accounts.iter_mut().find(|a| a.account == name) {
            password.clone_into(&mut account.password);
        }
        write_private(&self.dir.join("accounts.json"), &serde_json::to_vec_pretty(&self.accounts)?)?;
        Ok(())
    }

    /// The person's key, made at first use.
    pub fn key(&self, account: &Account) -> Result<SigningKey, StoryError> {
        let path = self.dir.join(format!("{}.key.json", account.account));
        if path.is_file() {
            let file: KeyFile = serde_json::from_slice(&std::fs::read(&path)?)?;
            return Ok(file.open(&account.password)?);
        }
        let key = SigningKey::generate(self.suite)?;
        let file = KeyFile::seal(&key, &account.password)?;
        write_private(&path, &serde_json::to_vec_pretty(&file)?)?;
        Ok(key)
    }
}
