//! The properties, as people state them and as conditions of Cedar.

/// Actions that no policy may permit to anybody.
pub(super) const NOBODYS: [&str; 2] = ["read_raw_record", "export_raw_record"];

/// One property.
pub(super) struct Stated {
    pub(super) id: &'static str,
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    pub(super) rule: &'static str,
    /// Actions that it is about; empty where it is judged in a way of its own.
    pub(super) actions: &'static [&'static str],
    /// The condition under which nobody may.
    pub(super) never: &'static str,
    /// A condition beside it under which somebody may: a property that holds because nothing goes on proves nothing.
    pub(super) but: &'static str,
}

pub(super) const STATED: &[Stated] = &[
    Stated {
        id: "no-raw-record",
        zh: "任何人不得读取或导出原始记录",
        en: "No principal may read or export a raw record",
        rule: "PRODUCT-GATE",
        actions: &NOBODYS,
        never: "true",
        but: "",
    },
    Stated {
        id: "no-review-of-own-work",
        zh: "任何人不得评审自己的作业或事项",
        en: "No one reviews what they authored",
        rule: "PRODUCT-SEPARATION",
        actions: &["approve_step", "reject_step"],
        never: "resource has review && resource.review && resource has authors && resource.authors.contains(principal.id)",
        but: "resource has review && resource.review && resource has authors && !resource.authors.contains(principal.id)",
    },
    Stated {
        id: "no-job-without-authorisation-and-grant",
        zh: "没有有效的授权和数据使用许可，不得办理作业",
        en: "No job without an active authorisation and a grant",
        rule: "PRODUCT-JOB",
        actions: &["open_case", "approve_step"],
        never: "resource has object && resource.object == \"job\" && !(resource has authorisation && \
                resource.authorisation == \"active\" && resource has grant && resource.grant == \"open\")",
        but: "resource has object && resource.object == \"job\"",
    },
    Stated {
        id: "suspended-permits-rectification-only",
        zh: "授权中止期间除整改外不得办理任何事项",
        en: "A suspended authorisation permits nothing but rectification",
        rule: "PRODUCT-STOP",
        actions: &["open_case", "approve_step"],
        never: "resource has authorisation && resource.authorisation == \"suspended\" && \
                !(resource has mends && resource.mends)",
        but: "resource has authorisation && resource.authorisation == \"suspended\"",
    },
    Stated {
        id: "administrators-never-overlap",
        zh: "系统管理员、安全管理员、审计管理员的权限互不重叠",
        en: "The three administrators never overlap",
        rule: "MLPS-5",
        actions: &[],
        never: "",
        but: "",
    },
    Stated {
        id: "city-within-the-national-pack",
        zh: "城市规则包不得允许国家规则包所禁止的操作",
        en: "A city never permits what the national pack forbids",
        rule: "MLPS-6",
        actions: &[],
        never: "",
        but: "",
    },
    Stated {
        id: "every-action-is-somebodys",
        zh: "每一操作均有人可以办理",
        en: "Each action is permitted for some request",
        rule: "MLPS-6",
        actions: &[],
        never: "",
        but: "",
    },
];
