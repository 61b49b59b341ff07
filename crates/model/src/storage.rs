//! Storage that fails, in words: the system's own are in one language, and speak of entities where a person sees files.

use std::io::ErrorKind;

/// What failed, in Chinese and in English, to stand in brackets behind what was being done.
#[must_use]
pub fn storage_words(kind: ErrorKind) -> [&'static str; 2] {
    match kind {
        ErrorKind::NotFound => ["文件或目录不存在", "there is no such file or folder"],
        ErrorKind::PermissionDenied => ["没有权限", "permission denied"],
        ErrorKind::AlreadyExists => ["已存在", "it is there already"],
        ErrorKind::StorageFull => ["磁盘空间不足", "the disk is full"],
        ErrorKind::QuotaExceeded => ["已达磁盘配额", "the quota of the disk is used up"],
        ErrorKind::FileTooLarge => ["文件过大", "the file is too large"],
        ErrorKind::ReadOnlyFilesystem => ["文件系统为只读", "the file system is read-only"],
        ErrorKind::IsADirectory => ["这是目录，不是文件", "it is a folder, not a file"],
        ErrorKind::NotADirectory => ["路径中有一段不是目录", "a part of the path is no folder"],
        ErrorKind::DirectoryNotEmpty => ["目录不为空", "the folder is not empty"],
        ErrorKind::InvalidFilename => ["文件名无效或过长", "the file's name is not valid or too long"],
        ErrorKind::CrossesDevices => ["两处不在同一文件系统", "the two places are on different file systems"],
        ErrorKind::ResourceBusy | ErrorKind::ExecutableFileBusy => ["正被占用", "it is in use"],
        ErrorKind::UnexpectedEof => ["文件提前结束", "the file ends too early"],
        ErrorKind::InvalidData => ["内容不是所要的格式", "what it holds has another form"],
        ErrorKind::WriteZero => ["没有写完", "not everything was written"],
        ErrorKind::TimedOut => ["超时", "it took too long"],
        ErrorKind::OutOfMemory => ["内存不足", "there is not enough memory"],
        ErrorKind::Interrupted => ["被中断", "it was interrupted"],
        _ => ["存储出错", "the storage failed"],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chinese_reason_has_no_word_of_another_language_and_an_english_one_none_of_chinese() {
        for kind in [
            ErrorKind::NotFound,
            ErrorKind::PermissionDenied,
            ErrorKind::StorageFull,
            ErrorKind::IsADirectory,
            ErrorKind::InvalidFilename,
            ErrorKind::Other,
        ] {
            let [zh, en] = storage_words(kind);
            assert!(!zh.is_ascii() && !zh.chars().any(|c| c.is_ascii_alphabetic()), "{zh}");
            assert!(en.is_ascii() && !en.is_empty(), "{en}");
        }
    }
}
