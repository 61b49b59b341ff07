//! An outside reader: Python and OpenSSL open our sealed objects from the description of the format alone.

use crypto::{CHUNK, Context, FileKeyProvider, KeyProvider, Suite, open_header, seal_object};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The Python that `cargo xtask tools` keeps, with the package `cryptography`.
fn python() -> PathBuf {
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    let tools = std::env::var_os("YUNYU_TOOLS").map_or_else(|| home.join(".cache/yunyu/tools"), PathBuf::from);
    let python = tools.join("py/bin/python3");
    let there = Command::new(&python).args(["-c", "import cryptography"]).stderr(Stdio::null()).status();
    let there = there.is_ok_and(|s| s.success());
    assert!(there, "the PyPI package cryptography is missing; run: cargo xtask tools");
    python
}

#[test]
fn python_and_openssl_open_our_objects() {
    let dir = tempfile::tempdir().unwrap();
    let provider = FileKeyProvider::init(&dir.path().join("keys"), &dir.path().join("master"), Suite::Gm).unwrap();
    let kek = provider.create("data", "a").unwrap();
    let parts = ["deployment", "resource", "resource/一.parquet", "1"];
    let [deployment, resource, object, version] = parts.map(str::to_owned);
    let ctx = Context { deployment, resource, object, version };
    let mut lines = String::new();
    let mut want = Vec::new();
    let mut add = |sealed: &[u8], key: &[u8; 32], answer: String| {
        let line = serde_json::json!({"sealed": hex::encode(sealed), "key": hex::encode(key), "context": parts});
        lines.push_str(&format!("{line}\n"));
        want.push(answer);
    };
    for len in [0, 1, 15, 16, 17, 511, 512, 513, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK + 4711] {
        let plain: Vec<u8> = (0..len).map(|i| (i * 31 + i / 251) as u8).collect();
        let mut sealed = seal_object(&plain, &provider, &kek, &ctx).unwrap();
        let header = open_header(&sealed).unwrap();
        let data_key = provider.unwrap(&header.key, &header.wrapped).unwrap();
        add(&sealed, data_key.expose(), hex::encode(&plain));
        let last = sealed.len() - 1;
        sealed[last] ^= 1;
        add(&sealed, data_key.expose(), "refused".to_owned());
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/outside/open_object.py");
    let mut child = Command::new(python()).arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    assert!(out.status.success());
    let got: Vec<&str> = std::str::from_utf8(&out.stdout).unwrap().lines().collect();
    assert!(got == want, "Python reads something else than we wrote");
}
