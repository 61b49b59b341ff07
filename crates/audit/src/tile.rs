//! Tiles and entry bundles after C2SP tlog-tiles: 256 wide, named by level, number and (partial) width, the same
//! bytes for the same leaves whoever writes them and in how many steps.
//!
//! Knows names and bytes, not files.

use crate::LogError;
use crate::merkle::{Node, leaf_node, root_over};
use crypto::HashAlg;

/// Width of a full tile or bundle.
pub const WIDTH: u64 = 256;
/// The two trees over the same leaves.
pub const ALGS: [HashAlg; 2] = [HashAlg::Sm3, HashAlg::Sha256];

/// Number as path elements of three digits, all but the last marked by `x`: 1234067 is `x001/x234/067`.
fn number(n: u64) -> String {
    let mut out = format!("{:03}", n % 1000);
    let mut rest = n / 1000;
    while rest > 0 {
        out = format!("x{:03}/{out}", rest % 1000);
        rest /= 1000;
    }
    out
}

fn named(stem: &str, index: u64, width: u64) -> String {
    let n = number(index);
    if width == WIDTH { format!("{stem}/{n}") } else { format!("{stem}/{n}.p/{width}") }
}

/// Path of a tile inside the log's folder.
pub fn tile_path(alg: HashAlg, level: u32, index: u64, width: u64) -> String {
    named(&format!("{}/tile/{level}", alg.name()), index, width)
}

/// Folder of a tile's partial forms.
pub fn tile_partials(alg: HashAlg, level: u32, index: u64) -> String {
    format!("{}/tile/{level}/{}.p", alg.name(), number(index))
}

/// Path of an entry bundle inside the log's folder.
pub fn bundle_path(index: u64, width: u64) -> String {
    named("entries", index, width)
}

/// Folder of a bundle's partial forms.
pub fn bundle_partials(index: u64) -> String {
    format!("entries/{}.p", number(index))
}

/// What a file's name says: a tile, or an entry bundle where there is no hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which tree; none for bundles.
    pub alg: Option<HashAlg>,
    /// Level; 0 for bundles.
    pub level: u32,
    /// Number in its level.
    pub index: u64,
    /// Number of nodes or leaves, 1 to 256.
    pub width: u64,
}

impl Place {
    /// The name.
    pub fn path(self) -> String {
        match self.alg {
            Some(alg) => tile_path(alg, self.level, self.index, self.width),
            None => bundle_path(self.index, self.width),
        }
    }

    /// Reads a name; `None` for any other.
    pub fn parse(path: &str) -> Option<Self> {
        let (whole, width) = match path.split_once(".p/") {
            Some((whole, width)) => (whole, width.parse().ok()?),
            None => (path, WIDTH),
        };
        let (alg, level, digits) = match whole.strip_prefix("entries/") {
            Some(digits) => (None, 0, digits),
            None => {
                let alg = ALGS.into_iter().find(|a| whole.starts_with(a.name()))?;
                let (level, digits) = whole.strip_prefix(alg.name())?.strip_prefix("/tile/")?.split_once('/')?;
                (Some(alg), level.parse().ok().filter(|l| *l < 8)?, digits)
            }
        };
        let index = digits.replace(['x', '/'], "").parse().ok().filter(|i| *i < 1 << 48)?;
        let place = Self { alg, level, index, width };
        ((1..=WIDTH).contains(&width) && place.path() == path).then_some(place)
    }
}

/// Appends one leaf to a bundle: two bytes of length (big endian), then the leaf.
///
/// # Errors
/// The leaf is empty or longer than 65535 bytes.
pub fn push_entry(bundle: &mut Vec<u8>, leaf: &[u8]) -> Result<(), LogError> {
    let len = u16::try_from(leaf.len()).map_err(|_| LogError::Leaf("longer than 65535 bytes"))?;
    if len == 0 {
        return Err(LogError::Leaf("empty"));
    }
    bundle.extend_from_slice(&len.to_be_bytes());
    bundle.extend_from_slice(leaf);
    Ok(())
}

/// Splits a bundle of exactly `width` leaves; `None` if it is anything else.
pub fn split_bundle(mut bytes: &[u8], width: u64) -> Option<Vec<&[u8]>> {
    let mut out = Vec::new();
    while !bytes.is_empty() {
        let (len, rest) = bytes.split_first_chunk::<2>()?;
        let (leaf, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
        if leaf.is_empty() {
            return None;
        }
        out.push(leaf);
        bytes = rest;
    }
    (out.len() as u64 == width).then_some(out)
}

/// A tile with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Which tree.
    pub alg: HashAlg,
    /// Level; a node of level L is the root over 256^L leaves.
    pub level: u32,
    /// Number in its level.
    pub index: u64,
    /// Number of nodes, 1 to 256.
    pub width: u64,
    /// The nodes.
    pub bytes: Vec<u8>,
}

impl Tile {
    /// Path inside the log's folder.
    pub fn path(&self) -> String {
        tile_path(self.alg, self.level, self.index, self.width)
    }
}

/// Splits a tile of at least `width` nodes into its first `width`; `None` if it is shorter or no tile.
pub fn split_tile(bytes: &[u8], width: u64) -> Option<Vec<Node>> {
    let (nodes, rest) = bytes.as_chunks::<32>();
    if !rest.is_empty() || nodes.len() as u64 > WIDTH {
        return None;
    }
    nodes.get(..usize::try_from(width).ok()?).map(<[Node]>::to_vec)
}

/// The right edge of one tree: per level the nodes of the tile that is not yet full.
#[derive(Clone, Debug)]
pub struct Tree {
    alg: HashAlg,
    size: u64,
    levels: Vec<Vec<Node>>,
}

impl Tree {
    /// The empty tree.
    pub fn new(alg: HashAlg) -> Self {
        Self { alg, size: 0, levels: Vec::new() }
    }

    /// The tree of `size` leaves whose unfinished tiles are `levels`; what they must hold says [`Tree::edge`].
    pub fn from_edge(alg: HashAlg, size: u64, levels: Vec<Vec<Node>>) -> Self {
        Self { alg, size, levels }
    }

    /// Number and width of the unfinished tile of each level in a tree of `size` leaves.
    pub fn edge(size: u64) -> Vec<(u64, u64)> {
        let mut out = Vec::new();
        let mut count = size;
        while count > 0 {
            out.push((count / WIDTH, count % WIDTH));
            count /= WIDTH;
        }
        out
    }

    /// Which hash.
    pub fn alg(&self) -> HashAlg {
        self.alg
    }

    /// Adds a leaf and returns its hash; hands every tile that becomes full to `full`.
    pub fn push(&mut self, leaf: &[u8], full: &mut dyn FnMut(Tile) -> Result<(), LogError>) -> Result<Node, LogError> {
        let of_leaf = leaf_node(self.alg, leaf);
        let mut node = of_leaf;
        self.size += 1;
        let mut count = self.size;
        for level in 0u32.. {
            let at = level as usize;
            if self.levels.len() == at {
                self.levels.push(Vec::new());
            }
            let Some(nodes) = self.levels.get_mut(at) else { break };
            nodes.push(node);
            if nodes.len() as u64 != WIDTH {
                break;
            }
            node = root_over(self.alg, nodes);
            let index = count / WIDTH - 1;
            full(Tile { alg: self.alg, level, index, width: WIDTH, bytes: nodes.concat() })?;
            nodes.clear();
            count /= WIDTH;
        }
        Ok(of_leaf)
    }

    /// Is this the leaf whose hash stands at a place in the unfinished tile?
    pub fn holds(&self, at: u64, leaf: &[u8]) -> bool {
        let node = usize::try_from(at).ok().and_then(|at| self.levels.first()?.get(at));
        node == Some(&leaf_node(self.alg, leaf))
    }

    /// The unfinished tiles.
    pub fn partial(&self) -> Vec<Tile> {
        let places = Self::edge(self.size);
        let tiles = (0u32..).zip(places.iter().zip(&self.levels)).filter(|(_, (_, nodes))| !nodes.is_empty());
        tiles
            .map(|(level, ((index, width), nodes))| Tile {
                alg: self.alg,
                level,
                index: *index,
                width: *width,
                bytes: nodes.concat(),
            })
            .collect()
    }

    /// Root of the tree.
    pub fn root(&self) -> Node {
        let mut lower: Option<Node> = None;
        for nodes in &self.levels {
            let mut all = nodes.clone();
            all.extend(lower);
            if !all.is_empty() {
                lower = Some(root_over(self.alg, &all));
            }
        }
        lower.unwrap_or_else(|| crate::merkle::empty_root(self.alg))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (index, width, want) in [
            (0, 256, "entries/000"),
            (67, 1, "entries/067.p/1"),
            (1_234_067, 256, "entries/x001/x234/067"),
            (1_000, 255, "entries/x001/000.p/255"),
        ] {
            assert_eq!(bundle_path(index, width), want);
            assert_eq!(Place::parse(want), Some(Place { alg: None, level: 0, index, width }));
        }
        assert_eq!(tile_path(HashAlg::Sm3, 2, 5, 9), "sm3/tile/2/005.p/9");
        for other in [
            "entries/0",
            "entries/000.p/256",
            "entries/000.p/0",
            "entries/x000/000",
            "sm3/tile/02/000",
            "x",
            "entries",
            "sm3/tile/9/000",
            "entries/000.p/01",
            "sha256/tile/0/000.tmp",
            "entries/99999999999999999999",
        ] {
            assert_eq!(Place::parse(other), None, "{other}");
        }
    }

    #[test]
    fn bundles() {
        let mut bundle = Vec::new();
        push_entry(&mut bundle, b"one").unwrap();
        push_entry(&mut bundle, &[7; 65_535]).unwrap();
        assert_eq!(split_bundle(&bundle, 2).unwrap()[0], b"one");
        assert!(split_bundle(&bundle, 1).is_none() && split_bundle(&bundle, 3).is_none());
        assert!(split_bundle(&bundle[..bundle.len() - 1], 2).is_none());
        assert!(split_bundle(&[0, 0], 1).is_none(), "no empty leaf");
        assert!(push_entry(&mut bundle, &[7; 65_536]).is_err() && push_entry(&mut bundle, &[]).is_err());
    }
}
