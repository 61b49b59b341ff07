//! What a key device's keeper can mend, in both languages.

use crate::CryptoError;

/// A fault of a key device, or of how it is reached, that has words of its own. Others are a function and a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceFault {
    /// The vendor's library cannot be loaded.
    NoLibrary,
    /// No token has the label.
    NoToken,
    /// Several tokens have the label.
    SeveralTokens,
    /// No PIN was given.
    NoPin,
    /// The token refused the PIN, and it is not tried again.
    PinRefused,
    /// The PIN is locked.
    PinLocked,
    /// One more wrong PIN would lock it.
    PinFinalTry,
    /// A key of the ring is not there, or not as it was made.
    KeyMissing,
    /// The other keys of the ring are not shown: what is not found may be there all the same.
    NotShown,
    /// The device showed nothing of the ring's, and nothing says that it is the ring's device.
    NothingShown,
    /// Material was erased and is there still.
    StillThere,
    /// Keys whose destruction the device has not confirmed wait for it.
    Waiting,
    /// An answer is longer or shorter than it should be.
    Length,
}

impl DeviceFault {
    const ALL: [Self; 13] = [
        Self::NoLibrary,
        Self::NoToken,
        Self::SeveralTokens,
        Self::NoPin,
        Self::PinRefused,
        Self::PinLocked,
        Self::PinFinalTry,
        Self::KeyMissing,
        Self::NotShown,
        Self::NothingShown,
        Self::StillThere,
        Self::Waiting,
        Self::Length,
    ];

    /// In English.
    #[must_use]
    pub fn en(self) -> &'static str {
        self.words().0
    }

    /// In Chinese.
    #[must_use]
    pub fn zh(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NoLibrary => ("the library cannot be loaded", "无法加载设备的程序库"),
            Self::NoToken => ("no token has this label", "没有令牌使用该标签"),
            Self::SeveralTokens => ("several tokens have this label", "有多个令牌使用该标签"),
            Self::NoPin => ("no PIN was given", "未提供 PIN"),
            Self::PinRefused => (
                "the token refused the PIN; it is not tried again before a restart",
                "令牌不接受该 PIN；重新启动前不再尝试",
            ),
            Self::PinLocked => {
                ("the PIN is locked: the token's officer must set it anew", "PIN 已锁定，须由令牌的安全管理员重新设置")
            }
            Self::PinFinalTry => (
                "only one try of the PIN is left, and it is not used up here: log in once with the token's own tool",
                "PIN 只剩一次尝试机会，程序不会用掉；请先用令牌自带的工具成功登录一次",
            ),
            Self::KeyMissing => (
                "a key of the ring is not in the device as it was made",
                "设备中没有密钥环所记的某个密钥，或该密钥已不是当初生成的样子",
            ),
            Self::NotShown => (
                "the device does not show the other keys of the ring: it is another one, or its user is logged out",
                "设备未显示密钥环中的其他密钥：可能换了设备，或其用户已退出登录",
            ),
            Self::NothingShown => (
                "the device shows no key of the ring: it is another one, its user is logged out, or all of them are erased",
                "设备未显示密钥环中的任何密钥：可能换了设备、其用户已退出登录，或密钥均已清除",
            ),
            Self::StillThere => ("a key is still in the device after it was erased", "密钥清除后仍在设备中"),
            Self::Waiting => (
                "keys wait for the device to confirm that they are erased; no new one is made before",
                "有密钥尚待设备确认已清除；此前不生成新的密钥",
            ),
            Self::Length => ("an answer of another length", "设备返回的数据长度不符"),
        }
    }
}

impl From<DeviceFault> for CryptoError {
    fn from(fault: DeviceFault) -> Self {
        Self::Device(fault.en().to_owned())
    }
}

impl CryptoError {
    /// What a device's keeper reads in Chinese, without the lead that it is the device; `None` where there is a function and
    /// a code alone, or where it is no device's fault.
    #[must_use]
    pub fn device_zh(&self) -> Option<&'static str> {
        let Self::Device(said) = self else { return None };
        match said.as_str() {
            // What a token itself says of a PIN.
            "Login: PinIncorrect" => Some("PIN 不正确"),
            "Login: PinLocked" => Some(DeviceFault::PinLocked.zh()),
            _ => DeviceFault::ALL.into_iter().find(|f| f.en() == said).map(DeviceFault::zh),
        }
    }
}
