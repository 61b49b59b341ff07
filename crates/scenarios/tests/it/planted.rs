//! Values planted in the records stand nowhere in the data folder outside sealed objects, in no usual encoding, and
//! not in what the processes print (invariant 6).

use crate::program::yunyu;
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

#[test]
fn planted_values_are_nowhere_outside_sealed_objects() {
    let dir = tempfile::tempdir().unwrap();
    let (input, data) = (dir.path().join("in"), dir.path().join("data"));
    std::fs::create_dir(&input).unwrap();
    let mut rows = String::from("person_name,district,code\n");
    for i in 0..400 {
        let (name, code) =
            if i % 7 == 0 { (NAME.to_owned(), CODE.to_owned()) } else { (format!("路人{i}"), format!("C{i:05}")) };
        rows += &format!("{name},{},{code}\n", ["A01", "B02", "C03"][i % 3]);
    }
    // A ragged row: set aside, and its values no less.
    rows += &format!("{NAME},A01,{CODE},too,many\n");
    std::fs::write(input.join("people.csv"), rows).unwrap();
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
