//! `cargo xtask console`: the web console's libraries, checks, build and browser tests. The build goes to `console/dist`,
//! which the binary embeds; without Node everything else still builds.

use crate::run::{Done, Problem, command, demo_config, failed, have, output, root, step};
use crate::tools;
use serde::Deserialize;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Oldest Node that the build tools run on.
const NODE: (u32, u32) = (20, 19);

/// Fetches the libraries where needed and builds `console/dist`.
pub fn build() -> Done {
    libraries()?;
    step("console: build", &mut npm(&["run", "--silent", "build"]))
}

/// Build; format, types, lint, API drift, messages; unit tests.
pub fn check(full: bool) -> Done {
    libraries()?;
    let python = tools::verifier_python();
    // The build comes first, and whatever fails the rest still runs: the browser tests need it.
    let tried = [("build", "build"), ("check", "check"), ("unit tests", "unit")].map(|(what, script)| {
        let mut task = npm(&["run", "--silent", script]);
        if let Ok(python) = &python {
            task.env("YUNYU_PYTHON", python);
        }
        if full {
            task.env("YUNYU_FULL", "1");
        }
        step(&format!("console: {what}"), &mut task)
    });
    let troubles: Vec<String> = tried
        .into_iter()
        .chain([python.map(|_| ())])
        .filter_map(|done| match done {
            Err(Problem::Failed(text) | Problem::Usage(text)) => Some(text),
            Ok(()) => None,
        })
        .collect();
    if troubles.is_empty() { Ok(()) } else { Err(Problem::Failed(troubles.join("; "))) }
}

/// Walks through the console in a real browser, against a platform of its own.
pub fn browser(yunyu: &Path, full: bool) -> Done {
    if !have("chromium") {
        return Err(Problem::Failed("chromium is missing; run: sudo apt-get install chromium fonts-noto-cjk".into()));
    }
    let folder = std::env::temp_dir().join(format!("yunyu-console-{}", std::process::id()));
    let data = folder.join("data");
    let walked = told(yunyu, &data).and_then(|()| walk(yunyu, &data, full));
    let _ = std::fs::remove_dir_all(&folder);
    walked
}

fn told(yunyu: &Path, data: &Path) -> Done {
    let mut story = command(yunyu);
    story.args(["story", "--json", "--city", &demo_config()?.city, "--data"]).arg(data);
    output(&mut story, "the story for the browser tests").map(|_| ())
}

fn walk(yunyu: &Path, data: &Path, full: bool) -> Done {
    let (served, url) = Served::start(yunyu, data)?;
    let mut tests = npm(&["run", "--silent", "test"]);
    tests.env("YUNYU_URL", &url).env("YUNYU_DATA", data).env("YUNYU_BIN", yunyu).env("CHROMIUM", which("chromium"));
    if full {
        tests.env("YUNYU_FULL", "1");
    }
    let walked = reported("console: browser tests", &mut tests);
    drop(served);
    let by_hand = main_job(yunyu);
    walked.and(by_hand)
}

/// The main job by hand, by thirteen people one after another. A stage cannot be tried again by itself, so that a machine
/// that was too busy once begins the whole again, once; a fault fails twice.
fn main_job(yunyu: &Path) -> Done {
    let begin = || {
        let mut tests = npm(&["run", "--silent", "test:mainjob"]);
        tests.env("YUNYU_URL", "http://127.0.0.1:9").env("YUNYU_DATA", "-").env("YUNYU_BIN", yunyu);
        reported("console: the main job by hand", tests.env("CHROMIUM", which("chromium")))
    };
    begin().or_else(|_| begin())
}

/// A step of browser tests whose failure names the tests: thousands of lines of other checks follow theirs.
fn reported(heading: &str, tests: &mut Command) -> Done {
    let report = std::env::temp_dir().join(format!("yunyu-console-{}.json", std::process::id()));
    let done = step(heading, tests.env("YUNYU_REPORT", &report));
    let text = std::fs::read_to_string(&report).unwrap_or_default();
    let _ = std::fs::remove_file(&report);
    done.map_err(|problem| match problem {
        Problem::Failed(why) => Problem::Failed([vec![why], failures(&text)].concat().join("\n    ")),
        usage @ Problem::Usage(_) => usage,
    })
}

/// What failed by vitest's report, a line each: the file, the test and the first line of the reason.
fn failures(report: &str) -> Vec<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Report {
        test_results: Vec<File>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct File {
        name: String,
        status: String,
        #[serde(default)]
        message: String,
        assertion_results: Vec<Test>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Test {
        full_name: String,
        status: String,
        #[serde(default)]
        failure_messages: Vec<String>,
    }
    let Ok(report) = serde_json::from_str::<Report>(report) else {
        return vec!["(the tests left no report)".to_owned()];
    };
    let first = |text: &str| text.lines().next().unwrap_or_default().chars().take(300).collect::<String>();
    let mut told = Vec::new();
    for file in report.test_results.iter().filter(|f| f.status == "failed") {
        let name = Path::new(&file.name).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let failed = file.assertion_results.iter().filter(|t| t.status == "failed");
        let before = told.len();
        told.extend(failed.map(|t| {
            let why = t.failure_messages.first().map(|m| first(m)).unwrap_or_default();
            format!("{name}: {}: {why}", t.full_name)
        }));
        if told.len() == before {
            told.push(format!("{name}: {}", first(&file.message)));
        }
    }
    told
}

fn which(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|dir| dir.join(program)).find(|p| p.is_file());
    found.unwrap_or_else(|| PathBuf::from(program))
}

/// `yunyu serve`, until it is dropped.
struct Served(Child);

impl Served {
    fn start(yunyu: &Path, data: &Path) -> Done<(Self, String)> {
        let mut serve = command(yunyu);
        serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(data);
        let mut child = serve.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().map_err(failed("yunyu serve"))?;
        let told = child.stderr.take().ok_or_else(|| Problem::Failed("yunyu serve says nothing".into()))?;
        let served = Self(child);
        let mut lines = BufReader::new(told).lines();
        let mut url = None;
        for line in lines.by_ref().map_while(Result::ok) {
            if let (true, Some(at)) = (line.contains(" platform "), line.find("http")) {
                url = Some(line[at..].trim().to_owned());
                break;
            }
        }
        // The pipe must not fill up.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let url = url.ok_or_else(|| Problem::Failed("yunyu serve ended before it listened".into()))?;
        wait(&url)?;
        Ok((served, url))
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Asked first: it ends its own children.
        let asked = command("kill").arg(self.0.id().to_string()).status().is_ok_and(|s| s.success());
        if !asked {
            let _ = self.0.kill();
        }
        let _ = self.0.wait();
    }
}

fn wait(url: &str) -> Done {
    let address = url.trim_start_matches("http://");
    for _ in 0..600 {
        if std::net::TcpStream::connect(address).is_ok() {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    Err(Problem::Failed(format!("{address} does not answer")))
}

/// Takes the locked libraries, unless exactly those are there.
fn libraries() -> Done {
    node()?;
    let lock = std::fs::read(folder().join("package-lock.json")).map_err(failed("console/package-lock.json"))?;
    let mark = folder().join("node_modules/.yunyu-lock");
    if std::fs::read(&mark).is_ok_and(|kept| kept == lock) {
        return Ok(());
    }
    let mut take = npm(&["ci", "--no-audit", "--no-fund", "--loglevel", "error"]);
    step("console: libraries (npm ci)", &mut take)?;
    std::fs::write(mark, lock).map_err(failed("console/node_modules"))
}

/// Node of a usable version, with npm.
fn node() -> Done {
    let troubles = tools::node();
    let missing = || {
        let (major, minor) = NODE;
        Problem::Failed(format!(
            "the console needs Node {major}.{minor} or newer with npm; run: sudo apt-get install nodejs npm{}",
            troubles.iter().map(|t| format!(" ({t})")).collect::<String>()
        ))
    };
    let version = output(command("node").arg("--version"), "node").map_err(|_| missing())?;
    let mut parts = version.trim().trim_start_matches('v').split('.').map(|p| p.parse::<u32>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found >= NODE && have("npm") { Ok(()) } else { Err(missing()) }
}

fn npm(args: &[&str]) -> Command {
    let mut npm = command("npm");
    npm.current_dir(folder()).args(args);
    npm
}

fn folder() -> PathBuf {
    root().join("console")
}
