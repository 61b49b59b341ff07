//! Sealed objects: round trips, ranges, and every way to tamper.

use crypto::{
    CHUNK, Context, CryptoError, FileKeyProvider, KeyId, KeyProvider, SEALED_CHUNK, SealReader, Suite, open_file,
    open_header, open_object, seal_object, seal_writer,
};
use proptest::prelude::*;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::sync::LazyLock;

struct World {
    _dir: tempfile::TempDir,
    provider: FileKeyProvider,
    key: KeyId,
    other: KeyId,
}

fn world(suite: Suite) -> World {
    let dir = tempfile::tempdir().unwrap();
    let provider = FileKeyProvider::init(&dir.path().join("keys"), &dir.path().join("master"), suite).unwrap();
    let (key, other) = (provider.create("data", "a").unwrap(), provider.create("data", "b").unwrap());
    World { _dir: dir, provider, key, other }
}

static GM: LazyLock<World> = LazyLock::new(|| world(Suite::Gm));
static INTL: LazyLock<World> = LazyLock::new(|| world(Suite::Intl));

fn both() -> [&'static World; 2] {
    [&GM, &INTL]
}

fn ctx() -> Context {
    let s = |x: &str| x.to_owned();
    Context { deployment: s("dep"), resource: s("res"), object: s("res/batch-1.parquet"), version: s("1") }
}

fn plain(len: usize) -> Vec<u8> {
    (0..len).map(|i| (i * 31 + i / 251) as u8).collect()
}

impl World {
    fn seal(&self, plain: &[u8]) -> Vec<u8> {
        seal_object(plain, &self.provider, &self.key, &ctx()).unwrap()
    }
    fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, CryptoError> {
        open_object(sealed, &self.provider, &ctx())
    }
}

/// A fetcher that, like a file, gives what is there and fails beyond.
fn fetcher(sealed: &[u8]) -> impl Fn(Range<u64>) -> io::Result<Vec<u8>> + '_ {
    |r| {
        let range = r.start as usize..r.end as usize;
        sealed.get(range).map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

#[test]
fn every_size_around_a_chunk_comes_back() {
    for w in both() {
        for len in [0, 1, 15, 16, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 17] {
            let sealed = w.seal(&plain(len));
            assert_eq!(w.open(&sealed).unwrap(), plain(len), "{len}");
            let header = open_header(&sealed).unwrap();
            let chunks = len / CHUNK + 1;
            assert_eq!(sealed.len(), header.len() + len + chunks * (SEALED_CHUNK - CHUNK));
        }
    }
}

#[test]
fn every_flipped_byte_of_a_small_object_is_found() {
    for w in both() {
        let sealed = w.seal(b"resident 320200");
        for i in 0..sealed.len() {
            for bit in [1, 0x80] {
                let mut changed = sealed.clone();
                changed[i] ^= bit;
                assert!(w.open(&changed).is_err(), "byte {i}");
            }
        }
    }
}

#[test]
fn every_truncation_of_a_small_object_is_found() {
    let sealed = GM.seal(b"resident 320200");
    for cut in 0..sealed.len() {
        assert!(GM.open(&sealed[..cut]).is_err(), "{cut}");
    }
    for extra in [1, 16, 100] {
        assert!(GM.open(&[&sealed[..], &vec![0; extra]].concat()).is_err());
    }
}

#[test]
fn truncation_at_every_chunk_border_is_found_before_anything_is_read() {
    for w in both() {
        let sealed = w.seal(&plain(4 * CHUNK + 5));
        let header = open_header(&sealed).unwrap().len();
        for chunk in 0..=4 {
            for off in [-17i64, -16, -1, 0, 1, 15, 16, 17] {
                let cut = (header + chunk * SEALED_CHUNK) as i64 + off;
                if cut < 0 || cut as usize >= sealed.len() {
                    continue;
                }
                let short = &sealed[..cut as usize];
                let opened = SealReader::open(short.len() as u64, fetcher(short), &w.provider, &ctx());
                assert!(opened.is_err(), "chunk {chunk} off {off}");
            }
        }
    }
}

#[test]
fn chunks_cannot_be_swapped_repeated_or_dropped() {
    let sealed = GM.seal(&plain(3 * CHUNK + 9));
    let h = open_header(&sealed).unwrap().len();
    let (head, body) = sealed.split_at(h);
    let c: Vec<&[u8]> = body.chunks(SEALED_CHUNK).collect();
    for order in [[1, 0, 2, 3], [0, 0, 2, 3], [0, 2, 1, 3]] {
        let changed = [head, c[order[0]], c[order[1]], c[order[2]], c[order[3]]].concat();
        assert!(GM.open(&changed).is_err(), "{order:?}");
    }
    assert!(GM.open(&[head, c[0], c[2], c[3]].concat()).is_err());
    assert!(GM.open(&[head, c[0], c[1], c[2], c[2], c[3]].concat()).is_err());
}

#[test]
fn chunks_of_another_object_under_the_same_key_do_not_fit() {
    let (a, b) = (GM.seal(&plain(10)), GM.seal(&plain(10)));
    assert_ne!(a, b, "the same plaintext never gives the same object");
    let h = open_header(&a).unwrap().len();
    assert!(GM.open(&[&a[..h], &b[h..]].concat()).is_err());
}

#[test]
fn another_context_does_not_open() {
    let sealed = GM.seal(b"x");
    let parts: [fn(&mut Context) -> &mut String; 4] =
        [|c| &mut c.deployment, |c| &mut c.resource, |c| &mut c.object, |c| &mut c.version];
    for part in parts {
        let mut other = ctx();
        part(&mut other).push('x');
        assert!(matches!(open_object(&sealed, &GM.provider, &other), Err(CryptoError::DoesNotOpen)));
    }
    // The border between two parts is bound too.
    let shifted = Context { deployment: "depr".into(), resource: "es".into(), ..ctx() };
    assert!(open_object(&sealed, &GM.provider, &shifted).is_err());
}

#[test]
fn another_key_provider_or_suite_does_not_open() {
    let sealed = GM.seal(b"x");
    assert!(open_object(&sealed, &world(Suite::Gm).provider, &ctx()).is_err());
    assert!(open_object(&sealed, &INTL.provider, &ctx()).is_err());
    let by_other = seal_object(b"x", &GM.provider, &GM.other, &ctx()).unwrap();
    assert_eq!(GM.open(&by_other).unwrap(), b"x");
}

#[test]
fn destroying_the_key_ends_the_object() {
    let w = world(Suite::Gm);
    let sealed = w.seal(&plain(1000));
    w.provider.destroy(&w.key).unwrap();
    assert!(matches!(w.open(&sealed), Err(CryptoError::DestroyedKey)));
    assert!(seal_object(b"x", &w.provider, &w.key, &ctx()).is_err());
}

#[test]
fn the_plaintext_shows_nowhere() {
    let secret = "李雷 320200199001011234";
    let sealed = GM.seal(secret.repeat(50).as_bytes());
    assert!(!sealed.windows(8).any(|w| secret.as_bytes().windows(8).any(|s| s == w)));
}

#[test]
fn files_stream_in_and_out() {
    let path = tempfile::NamedTempFile::new().unwrap();
    let mut w = seal_writer(path.reopen().unwrap(), &GM.provider, &GM.key, &ctx()).unwrap();
    let data = plain(3 * CHUNK + 100);
    for piece in data.chunks(7777) {
        w.write_all(piece).unwrap();
    }
    w.finish().unwrap().sync_all().unwrap();
    let reader = open_file(path.reopen().unwrap(), &GM.provider, &ctx()).unwrap();
    assert_eq!(reader.plain_len(), data.len() as u64);
    let mut back = Vec::new();
    reader.into_stream().read_to_end(&mut back).unwrap();
    assert_eq!(back, data);
}

#[test]
fn an_object_that_was_never_finished_does_not_open() {
    let mut out = Vec::new();
    let mut w = seal_writer(&mut out, &GM.provider, &GM.key, &ctx()).unwrap();
    w.write_all(&plain(2 * CHUNK + 5)).unwrap();
    drop(w);
    assert!(GM.open(&out).is_err());
}

/// A disk that is full after `room` bytes.
struct Full {
    room: usize,
}

impl Write for Full {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.room == 0 {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let n = data.len().min(self.room);
        self.room -= n;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_stays_a_full_disk_and_nothing_follows() {
    let mut w = seal_writer(Full { room: SEALED_CHUNK + 900 }, &GM.provider, &GM.key, &ctx()).unwrap();
    let e = w.write_all(&plain(3 * CHUNK)).unwrap_err();
    assert_eq!(e.kind(), io::ErrorKind::StorageFull);
    assert!(w.write(b"more").is_err());
    assert!(w.finish().is_err());
}

/// Guards the build that tests and demo share: built without optimisation, sealing runs at 1 MB/s.
/// The floor is far below what any machine does, so that a busy one does not fail it.
#[test]
fn sealing_is_built_to_run_fast() {
    let data = plain(4 << 20);
    for w in both() {
        let start = std::time::Instant::now();
        let sealed = w.seal(&data);
        w.open(&sealed).unwrap();
        let rate = 8.0 / start.elapsed().as_secs_f64();
        println!("{}: {rate:.0} MiB/s sealed and opened", w.provider.suite());
        assert!(rate > 3.0, "{rate:.1} MiB/s");
    }
}

#[test]
fn ranges_outside_are_refused() {
    let sealed = GM.seal(&plain(100));
    let r = SealReader::open(sealed.len() as u64, fetcher(&sealed), &GM.provider, &ctx()).unwrap();
    assert_eq!(r.read_range(100, 0).unwrap(), b"");
    for (offset, len) in [(0, 101), (101, 0), (100, 1), (u64::MAX, 1), (1, u64::MAX)] {
        assert!(matches!(r.read_range(offset, len), Err(CryptoError::OutOfRange)));
    }
}

static BIG: LazyLock<(Vec<u8>, Vec<u8>)> = LazyLock::new(|| {
    let p = plain(5 * CHUNK + 321);
    let s = INTL.seal(&p);
    (p, s)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_range_comes_back(a in 0..=(5 * CHUNK + 321), b in 0..=(5 * CHUNK + 321)) {
        let (p, s) = &*BIG;
        let (from, to) = (a.min(b), a.max(b));
        let r = SealReader::open(s.len() as u64, fetcher(s), &INTL.provider, &ctx()).unwrap();
        prop_assert_eq!(&r.read_range(from as u64, (to - from) as u64).unwrap(), &p[from..to]);
    }

    #[test]
    fn any_content_in_any_pieces_comes_back(data in prop::collection::vec(any::<u8>(), 0..3000), step in 1usize..500) {
        let mut w = seal_writer(Vec::new(), &GM.provider, &GM.key, &ctx()).unwrap();
        for piece in data.chunks(step) {
            w.write_all(piece).unwrap();
        }
        prop_assert_eq!(GM.open(&w.finish().unwrap()).unwrap(), data);
    }

    #[test]
    fn random_bytes_never_panic(tail in prop::collection::vec(any::<u8>(), 0..400), keep in 0usize..300) {
        let sealed = GM.seal(b"x");
        let mut bytes = sealed[..keep.min(sealed.len())].to_vec();
        bytes.extend(tail);
        let _ = open_header(&bytes);
        prop_assert!(bytes == sealed || GM.open(&bytes).is_err());
    }
}
