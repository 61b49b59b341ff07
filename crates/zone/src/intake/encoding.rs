//! Text encodings of uploaded files: what a file is written in as a whole, and what a single line of it is
//! written in when that differs.
//!
//! Knows bytes only: no delimiter, no field, no contract. A byte sequence that no encoding explains is reported
//! as such and never replaced: a replacement character would be a silent change of a record.

use encoding_rs::{Decoder, DecoderResult, GB18030, UTF_16BE, UTF_16LE};
use std::borrow::Cow;
use std::io::{self, BufRead, Read};

/// Byte that stands for a malformed UTF-16 unit after transcoding. It is valid in neither UTF-8 nor GB18030, so the
/// line that holds it is set aside.
const MALFORMED: u8 = 0xFF;

/// Main encoding of a file, or the encoding of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encoding {
    /// UTF-8 without a mark (plain ASCII included).
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8Bom,
    /// GB 18030 (GBK and GB 2312 included).
    Gb18030,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
}

impl Encoding {
    /// Stable name, as summaries and reports show it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf8Bom => "utf-8-bom",
            Self::Gb18030 => "gb18030",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
        }
    }

    /// Whether the stream has to be transcoded before it can be cut into lines.
    #[must_use]
    pub fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }
}

/// What the head of a file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Detected {
    /// Main encoding.
    pub encoding: Encoding,
    /// Length of the byte order mark, in bytes.
    pub mark: usize,
    /// The head holds Chinese text and no accented Latin, Greek or Cyrillic: a line of only such letters is then
    /// more likely GB 18030 read wrongly.
    pub chinese: bool,
}

/// Finds the main encoding from the first bytes of a file (64 KiB are plenty).
#[must_use]
pub fn detect(head: &[u8]) -> Detected {
    let marks: [(&[u8], Encoding); 4] = [
        (&[0xEF, 0xBB, 0xBF], Encoding::Utf8Bom),
        (&[0x84, 0x31, 0x95, 0x33], Encoding::Gb18030),
        (&[0xFF, 0xFE], Encoding::Utf16Le),
        (&[0xFE, 0xFF], Encoding::Utf16Be),
    ];
    for (mark, encoding) in marks {
        if head.starts_with(mark) {
            return Detected { encoding, mark: mark.len(), chinese: weigh(head).chinese() };
        }
    }
    if let Some(encoding) = utf16_without_mark(head) {
        return Detected { encoding, mark: 0, chinese: false };
    }
    let weight = weigh(head);
    let encoding = if weight.gb18030 > weight.utf8 { Encoding::Gb18030 } else { Encoding::Utf8 };
    Detected { encoding, mark: 0, chinese: weight.chinese() }
}

/// Lines of the head by what they can be.
#[derive(Default)]
struct Weight {
    utf8: u64,
    gb18030: u64,
    cjk: u64,
    latin: u64,
}

impl Weight {
    fn chinese(&self) -> bool {
        (self.cjk > 0 || self.gb18030 > 0) && self.latin == 0
    }
}

fn weigh(head: &[u8]) -> Weight {
    let mut weight = Weight::default();
    for line in head.split_inclusive(|b| *b == b'\n') {
        if line.is_ascii() {
            continue;
        }
        match std::str::from_utf8(line) {
            Ok(text) => {
                let letters = Letters::of(text);
                if letters.wide > 0 {
                    weight.utf8 += 1;
                    weight.cjk += 1;
                } else if !like_gb2312(line) {
                    weight.utf8 += 1;
                    weight.latin += 1;
                }
            }
            // The last line of the head may be cut in the middle of a character.
            Err(_) if line.last() == Some(&b'\n') && strict_gb18030(line).is_some() => weight.gb18030 += 1,
            Err(_) if line.len() == head.len() && strict_gb18030(line).is_some() => weight.gb18030 += 1,
            Err(_) => {}
        }
    }
    weight
}

/// UTF-16 without a mark: nearly every second byte of the head is zero.
fn utf16_without_mark(head: &[u8]) -> Option<Encoding> {
    let head = head.get(..head.len().min(4096)).unwrap_or_default();
    let pairs = head.len() / 2;
    if pairs < 2 {
        return None;
    }
    let zero = |offset: usize| head.iter().skip(offset).step_by(2).take(pairs).filter(|b| **b == 0).count();
    let (even, odd) = (zero(0), zero(1));
    if odd * 10 >= pairs * 4 && even * 20 < pairs {
        return Some(Encoding::Utf16Le);
    }
    (even * 10 >= pairs * 4 && odd * 20 < pairs).then_some(Encoding::Utf16Be)
}

/// Letters of a text outside ASCII, by the length of their UTF-8 form.
struct Letters {
    /// Two bytes: accented Latin, Greek, Cyrillic, Hebrew, Arabic.
    narrow: u64,
    /// Three bytes and more: Chinese among others.
    wide: u64,
}

impl Letters {
    fn of(text: &str) -> Self {
        let (mut narrow, mut wide) = (0, 0);
        for c in text.chars().filter(|c| !c.is_ascii()) {
            match c {
                // signs that Chinese text uses: · × ° ± § ÷
                '\u{B7}' | '\u{D7}' | '\u{B0}' | '\u{B1}' | '\u{A7}' | '\u{F7}' => {}
                c if c.len_utf8() == 2 => narrow += 1,
                _ => wide += 1,
            }
        }
        Self { narrow, wide }
    }
}

/// Decodes one line of a file whose main encoding is known. `None`: no encoding explains it.
///
/// A line is first read in the main encoding; where that is impossible or plainly wrong, in the other of UTF-8 and
/// GB 18030. Returned is also the encoding that explained the line.
#[must_use]
pub fn decode_line(line: &[u8], main: Detected) -> Option<(Cow<'_, str>, Encoding)> {
    if line.is_ascii() {
        return std::str::from_utf8(line).ok().map(|text| (Cow::Borrowed(text), main.encoding));
    }
    let utf8 = std::str::from_utf8(line).ok();
    if main.encoding == Encoding::Gb18030 {
        if let Some(text) = utf8 {
            let letters = Letters::of(text);
            if letters.wide > 0 && letters.narrow == 0 {
                return Some((Cow::Borrowed(text), Encoding::Utf8));
            }
        }
        return strict_gb18030(line).map(|text| (text, Encoding::Gb18030));
    }
    if let Some(text) = utf8 {
        let letters = Letters::of(text);
        let suspicious = main.chinese && !main.encoding.is_utf16() && letters.wide == 0 && letters.narrow > 0;
        if suspicious && like_gb2312(line) {
            return strict_gb18030(line).map(|text| (text, Encoding::Gb18030));
        }
        return Some((Cow::Borrowed(text), main.encoding));
    }
    if main.encoding.is_utf16() || !like_gb2312(line) {
        return None;
    }
    strict_gb18030(line).map(|text| (text, Encoding::Gb18030))
}

/// GB 18030 without replacement; private-use results count as malformed, since no text of a register holds them.
fn strict_gb18030(line: &[u8]) -> Option<Cow<'_, str>> {
    let text = GB18030.decode_without_bom_handling_and_without_replacement(line)?;
    (!text.chars().any(|c| ('\u{E000}'..='\u{F8FF}').contains(&c))).then_some(text)
}

/// Whether at least two thirds of the characters outside ASCII lie in the GB 2312 square, which damaged UTF-8 hardly ever does.
fn like_gb2312(line: &[u8]) -> bool {
    let (mut inside, mut all) = (0_usize, 0_usize);
    let mut bytes = line.iter().copied();
    while let Some(lead) = bytes.next() {
        if lead < 0x80 {
            continue;
        }
        all += 1;
        let Some(trail) = bytes.next() else { return false };
        if trail.is_ascii_digit() {
            // four-byte form
            let _ = (bytes.next(), bytes.next());
        } else if (0xA1..=0xF7).contains(&lead) && (0xA1..=0xFE).contains(&trail) {
            inside += 1;
        }
    }
    all > 0 && inside * 3 >= all * 2
}

/// Transcodes a UTF-16 stream to UTF-8 while it is read. A malformed unit becomes one byte that is not UTF-8.
pub struct Utf16Reader<R> {
    inner: R,
    decoder: Decoder,
    out: Vec<u8>,
    taken: usize,
    ended: bool,
}

impl<R: BufRead> Utf16Reader<R> {
    /// Reads `inner` from behind the byte order mark.
    pub fn new(inner: R, encoding: Encoding) -> Self {
        let from = if encoding == Encoding::Utf16Be { UTF_16BE } else { UTF_16LE };
        Self { inner, decoder: from.new_decoder_without_bom_handling(), out: Vec::new(), taken: 0, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.taken = 0;
        while self.out.is_empty() && !self.ended {
            let chunk = self.inner.fill_buf()?;
            let last = chunk.is_empty();
            let mut from = 0;
            loop {
                let rest = chunk.get(from..).unwrap_or_default();
                let at = self.out.len();
                self.out.resize(at + rest.len().saturating_mul(2) + 16, 0);
                let space = self.out.get_mut(at..).unwrap_or_default();
                let (result, read, written) = self.decoder.decode_to_utf8_without_replacement(rest, space, last);
                self.out.truncate(at + written);
                from += read;
                match result {
                    DecoderResult::InputEmpty => break,
                    DecoderResult::OutputFull => {}
                    DecoderResult::Malformed(..) => self.out.push(MALFORMED),
                }
            }
            let used = chunk.len();
            self.inner.consume(used);
            self.ended = last;
        }
        Ok(())
    }
}

impl<R: BufRead> Read for Utf16Reader<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.out.len() {
            self.refill()?;
        }
        let rest = self.out.get(self.taken..).unwrap_or_default();
        let n = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), rest.get(..n)) {
            to.copy_from_slice(from);
        }
        self.taken += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gb(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn finds_the_main_encoding() {
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (b"a,b\n1,2\n".to_vec(), "utf-8"),
            ("姓名,地址\n张三,中山路\n".as_bytes().to_vec(), "utf-8"),
            ([b"\xEF\xBB\xBF".as_slice(), "姓名\n".as_bytes()].concat(), "utf-8-bom"),
            (gb("姓名,地址\n张三,中山路\n"), "gb18030"),
            (gb("a,b\n女,1\n男,2\n男,3\n"), "gb18030"),
            ([b"\xFF\xFE".as_slice(), &utf16("a,姓\n", true)].concat(), "utf-16le"),
            ([b"\xFE\xFF".as_slice(), &utf16("a,姓\n", false)].concat(), "utf-16be"),
            (utf16("name,code\nabc,12\n", true), "utf-16le"),
            (utf16("name,code\nabc,12\n", false), "utf-16be"),
            (Vec::new(), "utf-8"),
        ];
        for (bytes, name) in cases {
            assert_eq!(detect(&bytes).encoding.name(), name, "{bytes:x?}");
        }
    }

    fn utf16(text: &str, little: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
    }

    #[test]
    fn a_line_may_differ_from_its_file() {
        let in_utf8 = Detected { encoding: Encoding::Utf8, mark: 0, chinese: true };
        let in_gb = Detected { encoding: Encoding::Gb18030, mark: 0, chinese: true };
        for text in ["张三,中山路 12 号", "女", "男,高新区", "镕,喆"] {
            let bytes = gb(text);
            if text != "镕,喆" {
                assert_eq!(decode_line(&bytes, in_utf8).map(|d| d.0.into_owned()).as_deref(), Some(text));
            }
            assert_eq!(decode_line(&bytes, in_gb).map(|d| d.0.into_owned()).as_deref(), Some(text));
        }
        for text in ["张三,中山路 12 号", "女", "高新区", "①²"] {
            assert_eq!(decode_line(text.as_bytes(), in_utf8).map(|d| d.0.into_owned()).as_deref(), Some(text));
        }
        for text in ["张三,中山路 12 号", "女", "高新区"] {
            assert_eq!(
                decode_line(text.as_bytes(), in_gb).map(|d| (d.0.into_owned(), d.1)),
                Some((text.into(), Encoding::Utf8))
            );
        }
        assert!(decode_line(b"ab\xFF\xFEcd", in_utf8).is_none());
        assert!(decode_line(b"ab\xFF\xFFcd", in_gb).is_none());
        // a UTF-8 character cut in the middle
        assert!(decode_line(&"张三李四王五".as_bytes()[..17], in_utf8).is_none());
        let western = Detected { encoding: Encoding::Utf8, mark: 0, chinese: false };
        assert_eq!(
            decode_line("Zürich, Malmö".as_bytes(), western).map(|d| d.0.into_owned()).as_deref(),
            Some("Zürich, Malmö")
        );
    }

    #[test]
    fn utf16_streams_in_small_pieces() {
        let text = "列,值\n甲,1\n😀,2\n".repeat(500);
        for little in [true, false] {
            let bytes = utf16(&text, little);
            let encoding = if little { Encoding::Utf16Le } else { Encoding::Utf16Be };
            for size in [1, 3, 7, 4096] {
                let mut out = String::new();
                let reader = io::BufReader::with_capacity(size, bytes.as_slice());
                Utf16Reader::new(reader, encoding).read_to_string(&mut out).unwrap();
                assert_eq!(out, text);
            }
        }
        let mut broken = utf16("a,b\n", true);
        broken.extend_from_slice(&[0x00, 0xD8]);
        broken.extend(utf16("c\n", true));
        let mut out = Vec::new();
        Utf16Reader::new(broken.as_slice(), Encoding::Utf16Le).read_to_end(&mut out).unwrap();
        assert_eq!(out, b"a,b\n\xFFc\n");
    }
}
