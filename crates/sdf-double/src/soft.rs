//! What the device does, without pointers.

use sm4::Sm4;
use sm4::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use std::collections::HashMap;
use std::path::PathBuf;

/// Codes of GM/T 0018, annex A.
pub(crate) mod code {
    pub(crate) const OK: i32 = 0;
    pub(crate) const HARDFAIL: i32 = 0x0100_0004;
    pub(crate) const OPENDEVICE: i32 = 0x0100_0005;
    pub(crate) const PARDENY: i32 = 0x0100_0007;
    pub(crate) const KEYNOTEXIST: i32 = 0x0100_0008;
    pub(crate) const ALGNOTSUPPORT: i32 = 0x0100_0009;
    pub(crate) const FILESIZEERR: i32 = 0x0100_0011;
    pub(crate) const FILENOEXIST: i32 = 0x0100_0012;
    pub(crate) const FILEOFSERR: i32 = 0x0100_0013;
    pub(crate) const KEYERR: i32 = 0x0100_0015;
}

const ECB: u32 = 0x401;
const CBC: u32 = 0x402;

/// The device's memory.
pub(crate) struct State {
    dir: Option<PathBuf>,
    keys: Option<HashMap<usize, [u8; 16]>>,
    next: usize,
}

impl State {
    pub(crate) const fn new() -> Self {
        Self { dir: None, keys: None, next: 1000 }
    }

    pub(crate) fn open(&mut self) -> Result<(), i32> {
        let dir = PathBuf::from(std::env::var_os("YUNYU_SDF_DOUBLE").ok_or(code::OPENDEVICE)?);
        std::fs::create_dir_all(dir.join("files")).map_err(|_| code::OPENDEVICE)?;
        self.dir = Some(dir);
        Ok(())
    }

    fn kek(&self, index: u32) -> Result<Sm4, i32> {
        let file = self.dir.as_ref().ok_or(code::OPENDEVICE)?.join(format!("kek-{index}"));
        let key = std::fs::read(file).map_err(|_| code::KEYNOTEXIST)?;
        Sm4::new_from_slice(&key).map_err(|_| code::KEYERR)
    }

    fn keep(&mut self, key: [u8; 16]) -> usize {
        self.next += 1;
        self.keys.get_or_insert_default().insert(self.next, key);
        self.next
    }

    pub(crate) fn generate(&mut self, bits: u32, algorithm: u32, kek: u32) -> Result<(usize, Vec<u8>), i32> {
        if (bits, algorithm) != (128, ECB) {
            return Err(code::ALGNOTSUPPORT);
        }
        let kek = self.kek(kek)?;
        let mut key = [0; 16];
        getrandom::fill(&mut key).map_err(|_| code::HARDFAIL)?;
        let mut block: Block<Sm4> = key.into();
        kek.encrypt_block(&mut block);
        Ok((self.keep(key), block.to_vec()))
    }

    pub(crate) fn import(&mut self, algorithm: u32, kek: u32, blob: &[u8]) -> Result<usize, i32> {
        if algorithm != ECB {
            return Err(code::ALGNOTSUPPORT);
        }
        let kek = self.kek(kek)?;
        let mut block = Block::<Sm4>::try_from(blob).map_err(|_| code::KEYERR)?;
        kek.decrypt_block(&mut block);
        Ok(self.keep(block.into()))
    }

    pub(crate) fn destroy(&mut self, key: usize) -> Result<(), i32> {
        self.keys.get_or_insert_default().remove(&key).map(|_| ()).ok_or(code::KEYNOTEXIST)
    }

    pub(crate) fn cipher(
        &mut self,
        key: usize,
        algorithm: u32,
        iv: &[u8],
        data: &[u8],
        encrypt: bool,
    ) -> Result<Vec<u8>, i32> {
        if algorithm != CBC {
            return Err(code::ALGNOTSUPPORT);
        }
        if data.is_empty() || !data.len().is_multiple_of(16) {
            return Err(code::PARDENY);
        }
        let key = self.keys.get_or_insert_default().get(&key).ok_or(code::KEYNOTEXIST)?;
        let cipher = Sm4::new_from_slice(key).map_err(|_| code::KEYERR)?;
        let (mut chain, mut out) = (iv.to_vec(), Vec::with_capacity(data.len()));
        for block in data.chunks(16) {
            let xor = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| a ^ b).collect::<Vec<u8>>();
            let mut work = Block::<Sm4>::try_from(if encrypt { xor(block, &chain) } else { block.to_vec() }.as_slice())
                .map_err(|_| code::PARDENY)?;
            if encrypt {
                cipher.encrypt_block(&mut work);
                chain = work.to_vec();
                out.extend(&chain);
            } else {
                cipher.decrypt_block(&mut work);
                out.extend(xor(&work, &chain));
                chain = block.to_vec();
            }
        }
        Ok(out)
    }

    /// Names may hold anything; their hexadecimal form is a safe file name.
    fn file(&self, name: &[u8]) -> Result<PathBuf, i32> {
        if name.is_empty() || name.len() > 128 {
            return Err(code::PARDENY);
        }
        Ok(self.dir.as_ref().ok_or(code::OPENDEVICE)?.join("files").join(hex::encode(name)))
    }

    pub(crate) fn create_file(&mut self, name: &[u8], size: usize) -> Result<(), i32> {
        let path = self.file(name)?;
        if path.exists() || size > 1 << 16 {
            return Err(code::FILESIZEERR);
        }
        std::fs::write(path, vec![0; size]).map_err(|_| code::HARDFAIL)
    }

    pub(crate) fn read_file(&mut self, name: &[u8]) -> Result<Vec<u8>, i32> {
        std::fs::read(self.file(name)?).map_err(|_| code::FILENOEXIST)
    }

    pub(crate) fn write_file(&mut self, name: &[u8], from: usize, bytes: &[u8]) -> Result<(), i32> {
        let mut all = self.read_file(name)?;
        all.get_mut(from..from + bytes.len()).ok_or(code::FILEOFSERR)?.copy_from_slice(bytes);
        std::fs::write(self.file(name)?, all).map_err(|_| code::HARDFAIL)
    }

    pub(crate) fn delete_file(&mut self, name: &[u8]) -> Result<(), i32> {
        std::fs::remove_file(self.file(name)?).map_err(|_| code::FILENOEXIST)
    }
}
