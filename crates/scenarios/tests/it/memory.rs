//! The memory of a running process, searched for many byte strings at once.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

const CHUNK: usize = 4 << 20;

/// Byte strings to look for: after Wu and Manber, so that most places are skipped.
pub struct Finder {
    patterns: Vec<Vec<u8>>,
    shortest: usize,
    longest: usize,
    /// By two bytes: how far the end of a window may move on.
    shift: Vec<u8>,
}

fn block(a: u8, b: u8) -> usize {
    usize::from(a) << 8 | usize::from(b)
}

impl Finder {
    /// A finder; patterns have three bytes at least.
    pub fn new(patterns: Vec<Vec<u8>>) -> Self {
        let shortest = patterns.iter().map(Vec::len).min().unwrap().min(255);
        let longest = patterns.iter().map(Vec::len).max().unwrap();
        assert!(shortest > 2);
        let far = u8::try_from(shortest - 1).unwrap();
        let mut shift = vec![far; 1 << 16];
        for pattern in &patterns {
            for end in 2..=shortest {
                let at = block(pattern[end - 2], pattern[end - 1]);
                shift[at] = shift[at].min(u8::try_from(shortest - end).unwrap());
            }
        }
        Self { patterns, shortest, longest, shift }
    }

    /// Number of patterns.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Positions in the list of the patterns that stand in the text.
    pub fn find(&self, text: &[u8], found: &mut BTreeMap<usize, u64>) {
        let mut end = self.shortest;
        while end <= text.len() {
            let skip = usize::from(self.shift[block(text[end - 2], text[end - 1])]);
            if skip > 0 {
                end += skip;
                continue;
            }
            let rest = &text[end - self.shortest..];
            for (n, pattern) in self.patterns.iter().enumerate() {
                if rest.starts_with(pattern) {
                    *found.entry(n).or_default() += 1;
                }
            }
            end += 1;
        }
    }

    /// Everything readable in the memory of a process: heap, stacks, anonymous and file maps. `None` when it cannot be
    /// opened or the process is gone. Returns what was found and how many bytes were read.
    pub fn in_process(&self, pid: u32) -> Option<(BTreeMap<usize, u64>, u64)> {
        let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).ok()?;
        let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
        let (mut found, mut read) = (BTreeMap::new(), 0);
        let mut buffer = vec![0u8; CHUNK + self.longest];
        for line in maps.lines() {
            let mut words = line.split_whitespace();
            let (range, rights) = (words.next()?, words.next()?);
            if !rights.starts_with('r') || line.ends_with("[vvar]") || line.ends_with("[vsyscall]") {
                continue;
            }
            let (from, to) = range.split_once('-')?;
            let (mut at, to) = (u64::from_str_radix(from, 16).ok()?, u64::from_str_radix(to, 16).ok()?);
            while at < to {
                let want = usize::try_from(to - at).unwrap_or(usize::MAX).min(buffer.len());
                // A part that went away meanwhile, or was never there, is passed over.
                let n = memory.read_at(&mut buffer[..want], at).unwrap_or(0);
                self.find(&buffer[..n], &mut found);
                read += n as u64;
                // Chunks overlap, so that nothing is cut in two.
                at += (if n == buffer.len() { n - self.longest } else { n.max(4096) }) as u64;
            }
        }
        Some((found, read))
    }
}

#[test]
fn the_search_finds_what_is_there() {
    let patterns: Vec<Vec<u8>> =
        [&b"needle-one-long"[..], b"\xff\x00short-two", b"three-three-three-three"].map(<[u8]>::to_vec).into();
    let finder = Finder::new(patterns.clone());
    for (n, pattern) in patterns.iter().enumerate() {
        for at in [0usize, 1, 7, 4095, 9000] {
            let mut text = vec![b'n'; at];
            text.extend_from_slice(pattern);
            for tail in [0usize, 1, 50] {
                let mut text = text.clone();
                text.extend(std::iter::repeat_n(b'e', tail));
                let mut found = BTreeMap::new();
                finder.find(&text, &mut found);
                assert_eq!(found, [(n, 1)].into(), "{at} {tail}");
            }
        }
    }
}
