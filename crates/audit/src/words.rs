//! Chinese words for what a document of the log is and why it does not hold; the English ones stand where they are found.

const DOCUMENTS: [(&str, &str); 14] = [
    ("archive", "归档"),
    ("checkpoint", "检查点"),
    ("clock", "时钟类型"),
    ("cosignature", "联署"),
    ("cosigned checkpoint", "联署的检查点"),
    ("epoch", "年度"),
    ("hand-over", "移交文件"),
    ("key list", "密钥清单"),
    ("leaf proof", "条目证明"),
    ("receipt", "回执"),
    ("signer state", "签名方的记忆"),
    ("trust file", "信任文件"),
    ("witness memory", "见证记忆"),
    ("witness request", "联署申请"),
];

const REASONS: [(&str, &str); 66] = [
    ("a hash is not 32 bytes of base64", "有一个哈希不是 32 字节的 base64"),
    ("a key stands in it twice", "同一密钥列了两次"),
    ("a later list changes a key's holder or its time", "后一份清单改动了密钥的持有人或时间"),
    ("a later list drops a key", "后一份清单少了一把密钥"),
    ("a later list is another deployment's or earlier in time", "后一份清单属于另一部署，或时间更早"),
    ("a leaf belongs to another log", "有条目属于另一部日志"),
    ("a leaf is not base64", "有条目不是 base64"),
    ("a line is missing", "缺一行"),
    ("a newer one of this witness is there", "该见证方已有更新的一份"),
    ("a node is not 32 bytes of base64", "有一个节点不是 32 字节的 base64"),
    ("a receipt tells of another history than this log's", "回执所记的不是这部日志的历史"),
    ("a root is not 32 bytes", "有一个根哈希不是 32 字节"),
    ("a root is not base64", "有一个根哈希不是 base64"),
    ("an anchor line is malformed", "锚定行格式不正确"),
    ("an entry names another key, suite or no holder", "有一项指明的密钥或套件不符，或没有持有人"),
    ("an epoch has no year for its name", "年度的名称不是年份"),
    ("an epoch's opening does not name the checkpoint that it holds", "年度开篇所指的不是其中的检查点"),
    ("an extension line is empty or holds control characters", "扩展行为空或含控制字符"),
    ("an extension line stands in the wrong place", "扩展行位置不对"),
    ("another deployment's log", "属于另一部署的日志"),
    ("another deployment, clock or suite than the trust file's", "部署、时钟或套件与信任文件不符"),
    ("another list of this number is published", "该编号已公布另一份清单"),
    ("another receiver's receipt", "是另一接收方的回执"),
    ("it opens an epoch that does not follow the one before", "所开的年度不接在前一年度之后"),
    ("its folder is not empty", "其目录不为空"),
    (
        "its own cosignature beside the log is for more: an older one was put back",
        "日志旁有它自己更新的联署：放回了旧的记忆",
    ),
    ("its path names no file", "路径没有指明文件"),
    ("its witnesses do not suffice or stand in it twice", "其中的见证方不足或重复"),
    ("key hash", "公钥与其哈希不符"),
    ("missing, though a checkpoint was published", "缺失，而检查点已公布"),
    ("neither real nor simulated", "既不是真实时钟也不是模拟时钟"),
    ("no blank line", "缺空行"),
    ("no epoch of this name was closed", "没有结过这一年度"),
    ("not 64 bytes", "不是 64 字节"),
    ("not a decimal number", "不是十进制数"),
    ("not a key list", "不是密钥清单"),
    ("not a key list of version 1", "不是版本 1 的密钥清单"),
    ("not a range of version 1", "不是版本 1 的移交文件"),
    ("not a receipt", "不是回执"),
    ("not a signed statement", "不是已签署的陈述"),
    ("not a witness's key", "不是见证方的公钥"),
    ("not a witness's name", "不是见证方的名称"),
    ("not base64", "不是 base64"),
    ("not its canonical encoding", "不是规范编码"),
    ("not its one encoding", "不是规范编码"),
    ("not one cosignature", "其中不是恰好一个联署"),
    ("not one signature line", "其中不是恰好一行签名"),
    ("not one that this log's key in force has signed", "不是这部日志的有效密钥所签"),
    ("not the canonical encoding of a trust file", "不是信任文件的规范编码"),
    ("not its own hash or version", "哈希或版本不符"),
    ("not this log's", "不属于这部日志"),
    ("not UTF-8", "不是 UTF-8"),
    ("not what this witness has signed about this log", "不是本见证方就这部日志所签"),
    ("numbers do not run from 1 without a gap", "编号未从 1 起连续"),
    ("older than the published checkpoint", "早于已公布的检查点"),
    ("the closing checkpoint is not base64", "结篇检查点不是 base64"),
    ("the leaves are not those of the log", "条目不是这部日志的"),
    ("the log is another history than the one that this witness has cosigned", "该日志不是本见证方联署过的那一历史"),
    ("the log never was in that state", "这部日志从未处于该状态：两套历史"),
    ("the proof does not lead to the checkpoint's root", "证明得不出检查点的根哈希"),
    ("the range does not follow what was received before", "不接在此前所收的之后"),
    ("the root's signature does not hold", "根签名不成立"),
    ("there is none", "没有"),
    ("the root key is not of the deployment's suite", "根公钥不属于该部署的密码套件"),
    ("what it has seen of this log is missing", "缺少此前所见"),
    ("unknown version", "版本未知"),
];

fn found(table: &[(&str, &'static str)], en: &str) -> Option<&'static str> {
    table.iter().find(|(word, _)| *word == en).map(|(_, zh)| *zh)
}

/// What is malformed and why, in Chinese.
pub fn malformed(what: &str, why: &str) -> String {
    let what = found(&DOCUMENTS, what);
    let why = found(&REASONS, why).unwrap_or("格式不正确");
    what.map_or_else(|| why.to_owned(), |what| format!("{what}：{why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// Every reason of a malformed document that stands in this crate as `bad("…")` or `malformed(…, "…")` has its Chinese
    /// words, but for those that only a broken program could give.
    #[test]
    fn every_reason_has_its_chinese_words() {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut missing = Vec::new();
        for entry in std::fs::read_dir(source).unwrap() {
            let path = entry.unwrap().path();
            if !path.is_file() || path.ends_with("words.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split("malformed(\"").skip(1) {
                let mut quoted = part.split('"');
                let (what, why) = (quoted.next().unwrap_or_default(), quoted.nth(1).unwrap_or_default());
                if found(&DOCUMENTS, what).is_none() {
                    missing.push(what.to_owned());
                }
                let literal = part.split_once(", ").is_some_and(|(_, rest)| rest.starts_with('"'));
                if literal && found(&REASONS, why).is_none() {
                    missing.push(format!("{what}: {why}"));
                }
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn chinese_words_are_chinese() {
        let said = DOCUMENTS.iter().chain(&REASONS).map(|(_, zh)| *zh);
        assert!(said.into_iter().all(|zh| !zh.is_ascii() && !zh.contains("the ")));
        assert_eq!(malformed("trust file", "unknown version"), "信任文件：版本未知");
        assert_eq!(malformed("checkpoint", "never heard of"), "检查点：格式不正确");
    }
}
