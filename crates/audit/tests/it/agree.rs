//! The other two verifiers on the same files: the Python one is asked, the browser's is tested on what is recorded here.

use crate::subjects::ask;
use audit::Trust;
use audit::evidence::verify;
use serde_json::{Value, json};

fn verdict(trust: &Trust, bytes: &[u8]) -> Value {
    // Approvals are counted by nobody on either side.
    let report = verify(bytes, Some(trust), &|_, _, _| Ok(()));
    let failure = report.failure.map_or(Value::Null, |f| json!({"file": f.file, "what": f.what}));
    json!({"valid": report.valid, "failure": failure})
}

/// The Python verifier finds the same fault in each file, or none.
pub fn python_agrees<N: AsRef<str>>(trust: &Trust, files: &[(N, Vec<u8>)]) {
    let Some(python) = std::env::var_os("YUNYU_PYTHON") else {
        eprintln!("skipped: YUNYU_PYTHON names no Python");
        return;
    };
    let text = trust.to_bytes().unwrap();
    let said = ask(&python, &files.iter().map(|(_, b)| (b.clone(), text.clone())).collect::<Vec<_>>());
    assert_eq!(said.len(), files.len());
    for ((name, bytes), said) in files.iter().zip(said) {
        let ours = verdict(trust, bytes);
        assert_eq!((&said["valid"], &said["failure"]), (&ours["valid"], &ours["failure"]), "{}", name.as_ref());
    }
}

/// The files and verdicts that the browser's verifier is tested on are these. `YUNYU_RECORD=1` writes them anew.
pub fn recorded<N: AsRef<str>>(folder: &str, trust: &Trust, files: &[(N, Vec<u8>)]) {
    let testdata = concat!(env!("CARGO_MANIFEST_DIR"), "/../../console/src/trust/testdata");
    let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let case = |(name, bytes): &(N, Vec<u8>)| json!({"name": name.as_ref(), "verdict": verdict(trust, bytes), "evidence": utf8(bytes)});
    let cases: Vec<_> = files.iter().map(case).collect();
    let told = json!({"trust": utf8(&trust.to_bytes().unwrap()), "cases": cases});
    let bytes = crypto::canonical(&told).unwrap();
    let path = std::path::Path::new(testdata).join(folder).join(format!("{}.json", trust.suite.name()));
    if std::env::var_os("YUNYU_RECORD").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &bytes).unwrap();
    }
    assert!(std::fs::read(&path).unwrap() == bytes, "{}: record it anew", path.display());
}
