//! A SoftHSM2 token of a test's own.

use crate::child::again;
use hsm::KeyPlace;
use std::path::{Path, PathBuf};
use std::process::Command;
use zeroize::Zeroizing;

/// Where Debian and others put the module.
const MODULES: [&str; 3] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"];

pub(crate) const PIN: &str = "a-test's-pin";

pub(crate) fn pin() -> Option<Zeroizing<String>> {
    Some(Zeroizing::new(PIN.to_owned()))
}

/// Names the folder of the token in the process that uses it.
const DIR: &str = "YUNYU_TEST_TOKEN_DIR";

/// A token's folder.
pub(crate) struct SoftHsm {
    pub(crate) dir: PathBuf,
    module: PathBuf,
}

impl SoftHsm {
    pub(crate) fn place(&self, label: &str) -> KeyPlace {
        KeyPlace::Pkcs11 { module: self.module.clone(), token: label.to_owned(), pin_file: None }
    }

    pub(crate) fn ring(&self) -> PathBuf {
        self.dir.join("ring")
    }

    /// One more token beside those that lie in the folder now.
    pub(crate) fn init_token(&self, label: &str) {
        init_token(&self.dir.join("softhsm2.conf"), label);
    }
}

fn init_token(config: &Path, label: &str) {
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", label, "--so-pin", "a-so-pin", "--pin", PIN])
        .env("SOFTHSM2_CONF", config)
        .output()
        .expect("softhsm2-util is missing: apt-get install softhsm2");
    assert!(made.status.success(), "{made:?}");
}

/// Runs a test's body over a token of its own. The module finds its token by its environment, and a process may not change
/// its own: the test runs itself again as a child. Fails where SoftHSM2 is missing; `cargo xtask test` installs it.
pub(crate) fn with_token(test: &str, label: &str, body: impl FnOnce(&SoftHsm)) {
    let module = MODULES.into_iter().map(PathBuf::from).find(|m| m.exists());
    let module = module.expect("SoftHSM2 is missing: apt-get install softhsm2");
    if let Some(dir) = std::env::var_os(DIR) {
        return body(&SoftHsm { dir: dir.into(), module });
    }
    let dir = tempfile::tempdir().unwrap();
    let tokens = dir.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let config = dir.path().join("softhsm2.conf");
    std::fs::write(&config, format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display())).unwrap();
    init_token(&config, label);
    again(test, &[("SOFTHSM2_CONF", &config), (DIR, dir.path())]);
}
