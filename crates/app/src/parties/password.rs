//! Which password is good enough (MLPS-1: at least 12 characters, four classes, not one of the last five).

use super::refuse;
use model::Refusal;

/// Fewest characters.
const LEAST: usize = 12;
/// Most characters.
const MOST: usize = 128;
/// How many former passwords (the present one included) may not come back.
pub(super) const REMEMBERED: u32 = 5;
/// A password older than this must be changed.
pub(super) const MAX_AGE_DAYS: i64 = 90;

/// Checks a new password against the rules that need no history.
pub(super) fn check(password: &str, account: &str) -> Result<(), Refusal> {
    let length = password.chars().count();
    if !(LEAST..=MOST).contains(&length) {
        return Err(weak(&format!("长度应为 {LEAST} 至 {MOST} 个字符"), &format!("use {LEAST} to {MOST} characters")));
    }
    let classes: [fn(char) -> bool; 4] = [
        |c| c.is_ascii_lowercase(),
        |c| c.is_ascii_uppercase(),
        |c| c.is_ascii_digit(),
        |c| !c.is_ascii_alphanumeric() && !c.is_control() && !c.is_whitespace(),
    ];
    if !classes.iter().all(|class| password.chars().any(class)) {
        return Err(weak(
            "应同时包含小写字母、大写字母、数字和其他字符",
            "use lower-case letters, upper-case letters, digits and other characters together",
        ));
    }
    if password.to_lowercase().contains(&account.to_lowercase()) {
        return Err(weak("不得包含账号名", "do not put the account's name into it"));
    }
    Ok(())
}

fn weak(zh: &str, en: &str) -> Refusal {
    refuse(
        "password-too-weak",
        "MLPS-1",
        format!("口令不符合要求：{zh}。"),
        format!("The password is not good enough: {en}."),
    )
}

/// The password is one of the last five.
pub(super) fn reused() -> Refusal {
    refuse(
        "password-reused",
        "MLPS-1",
        format!("新口令不得与最近 {REMEMBERED} 次使用的口令相同。"),
        format!("The new password must differ from the last {REMEMBERED}."),
    )
}
