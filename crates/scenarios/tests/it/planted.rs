//! Values planted in the records stand nowhere in the data folder outside sealed objects, in no usual encoding, and
//! not in what the processes print (invariant 6).

use crate::memory::Finder;
use crate::program::{Served, platform_below, yunyu};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const NAME: &str = "植入人名甲辰";
const CODE: &str = "PLANTED-7K3Q9ZX1";

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

/// The value as bytes in the encodings that leaks come in; base64 at its three offsets.
fn faces(value: &str) -> Vec<Vec<u8>> {
    let utf16: Vec<u16> = value.encode_utf16().collect();
    let mut all = vec![
        value.as_bytes().to_vec(),
        encoding_rs::GB18030.encode(value).0.into_owned(),
        utf16.iter().flat_map(|u| u.to_le_bytes()).collect(),
        utf16.iter().flat_map(|u| u.to_be_bytes()).collect(),
    ];
    for plain in all.clone() {
        all.push(hex::encode(&plain).into_bytes());
        all.push(hex::encode_upper(&plain).into_bytes());
        for offset in 0..3usize {
            let mut padded = vec![b'x'; offset];
            padded.extend_from_slice(&plain);
            let text = STANDARD_NO_PAD.encode(&padded).into_bytes();
            // The first and last characters also hold bits of what stands around the value.
            let skip = [0, 2, 3][offset];
            all.push(text[skip..text.len() - 2].to_vec());
        }
    }
    all
}

fn holds(bytes: &[u8], face: &[u8]) -> bool {
    bytes.windows(face.len()).any(|w| w == face)
}

/// A folder with a table in which both values stand.
fn planted(input: &Path) {
    std::fs::create_dir(input).unwrap();
    let mut rows = String::from("person_name,district,code\n");
    for i in 0..400 {
        let (name, code) =
            if i % 7 == 0 { (NAME.to_owned(), CODE.to_owned()) } else { (format!("路人{i}"), format!("C{i:05}")) };
        rows += &format!("{name},{},{code}\n", ["A01", "B02", "C03"][i % 3]);
    }
    // A ragged row: set aside, and its values no less.
    rows += &format!("{NAME},A01,{CODE},too,many\n");
    std::fs::write(input.join("people.csv"), rows).unwrap();
}

#[test]
fn planted_values_are_nowhere_outside_sealed_objects() {
    let dir = tempfile::tempdir().unwrap();
    let (input, data) = (dir.path().join("in"), dir.path().join("data"));
    planted(&input);
    let out = Command::new(yunyu())
        .args(["story", "--city", "wuxi", "--json", "--data"])
        .arg(&data)
        .arg("--input")
        .arg(&input)
        .env("YUNYU_LOG", "debug,sqlx=info,hyper=info")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let mut all = Vec::new();
    files(&data, &mut all);
    assert!(all.iter().any(|p| p.ends_with("platform/platform.db")), "{all:?}");
    let mut places: Vec<(String, Vec<u8>)> =
        all.iter().map(|p| (p.display().to_string(), std::fs::read(p).unwrap())).collect();
    places.push(("standard output".into(), out.stdout));
    places.push(("standard error".into(), out.stderr));
    for value in [NAME, CODE] {
        for face in faces(value) {
            for (place, bytes) in &places {
                assert!(!holds(bytes, &face) && !place.contains(value), "a planted value stands in {place}");
            }
        }
    }
}

/// The platform's memory, heap and stacks included, while the story runs over it and again while the folder is served:
/// no planted value; the deployment's name, which it does hold, shows that the search reaches.
#[tokio::test]
async fn planted_values_never_enter_the_platforms_memory() {
    let dir = tempfile::tempdir().unwrap();
    let (input, data) = (dir.path().join("in"), dir.path().join("data"));
    planted(&input);
    let mut running = Command::new(yunyu())
        .args(["story", "--city", "wuxi", "--json", "--data"])
        .arg(&data)
        .arg("--input")
        .arg(&input)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (mut searches, mut seen, mut finder) = (0, 0, None);
    let end = loop {
        if let Some(status) = running.try_wait().unwrap() {
            break status;
        }
        let told = std::fs::read(data.join("deployment.json"));
        if let (Some(pid), Ok(told)) = (platform_below(running.id()), told) {
            let finder: &Finder = finder.get_or_insert_with(|| finder_for(&told));
            if let Some(control) = searched(finder, pid) {
                searches += 1;
                seen += u32::from(control);
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    assert!(end.success());
    let served = Served::start(&data);
    let token = served.sign_in("bureau.officer").await;
    for path in ["cases", "resources", "jobs", "products", "orders", "grants"] {
        served.get(&token, &format!("/api/v1/{path}")).await;
    }
    let finder = finder.unwrap();
    match searched(&finder, served.platform_pid()) {
        Some(control) => {
            assert!(control, "the search does not find what is there");
            assert!(searches >= 3 && seen >= 1, "{seen} of {searches} searches during the story found the control");
        }
        // Not root: the process cannot be looked into, which is claimed too.
        None => assert!(std::fs::File::open(format!("/proc/{}/mem", served.platform_pid())).is_err()),
    }
}

/// A finder for the planted values in every face, and for the deployment's name after them.
fn finder_for(deployment: &[u8]) -> Finder {
    let told: serde_json::Value = serde_json::from_slice(deployment).unwrap();
    let mut patterns: Vec<Vec<u8>> = [NAME, CODE].into_iter().flat_map(faces).collect();
    patterns.push(told["deployment"].as_str().unwrap().as_bytes().to_vec());
    Finder::new(patterns)
}

/// Searches a process once; asserts that no planted value is there and says whether the control was. `None` when its memory
/// cannot be read.
fn searched(finder: &Finder, pid: u32) -> Option<bool> {
    let (found, read) = finder.in_process(pid)?;
    let control = finder.len() - 1;
    let planted: Vec<_> = found.keys().filter(|n| **n != control).collect();
    assert!(planted.is_empty(), "faces {planted:?} of the planted values stand in the platform's memory");
    (read > 1 << 20).then(|| found.contains_key(&control))
}
