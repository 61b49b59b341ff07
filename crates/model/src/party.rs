//! Organisations, people and the roles that link them to the law's duties (glossary: Parties).

use crate::ids::{OrgId, PersonId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// What an organisation does under the regulation. An organisation may hold several;
/// city labels come from the pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgRole {
    /// 数据主管部门: plans, reviews, determines, suspends.
    DataAuthority,
    /// 实施机构: organises the operation where a city appoints one.
    ImplementingAgency,
    /// 协调机制 / 工作组: deliberates grant, termination, revocation.
    CoordinationBody,
    /// 公共管理服务机构 / 数源单位: source of raw data.
    DataProvider,
    /// 安全主管部门 (网信, 公安, 国安, 保密, 密码).
    SecurityRegulator,
    /// 发改, 财政, 市场监管 and others that watch the market.
    MarketRegulator,
    /// 运营单位.
    Operator,
    /// 数据使用方: orders products.
    DataConsumer,
    /// 专家 / 专家组.
    ExpertPanel,
    /// 第三方评估机构.
    ThirdPartyAssessor,
    /// 运行维护单位.
    Maintainer,
    /// 监管部门: supervises the use of the resources of its field or region (JL-5.2).
    SupervisingDepartment,
}

impl OrgRole {
    /// Every role, in order of declaration.
    pub const ALL: [Self; 12] = [
        Self::DataAuthority,
        Self::ImplementingAgency,
        Self::CoordinationBody,
        Self::DataProvider,
        Self::SecurityRegulator,
        Self::MarketRegulator,
        Self::Operator,
        Self::DataConsumer,
        Self::ExpertPanel,
        Self::ThirdPartyAssessor,
        Self::Maintainer,
        Self::SupervisingDepartment,
    ];

    /// The word, snake case.
    #[must_use]
    pub fn word(self) -> String {
        word(&self)
    }

    /// The role of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

impl PersonRole {
    /// Every role, in order of declaration.
    pub const ALL: [Self; 7] = [
        Self::SystemAdmin,
        Self::SecurityAdmin,
        Self::AuditAdmin,
        Self::Approver,
        Self::Officer,
        Self::Engineer,
        Self::Reader,
    ];

    /// The word, snake case.
    #[must_use]
    pub fn word(self) -> String {
        word(&self)
    }
}

fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(ToOwned::to_owned)).unwrap_or_default()
}

/// Legal form of an organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalForm {
    /// 法人.
    LegalPerson,
    /// 非法人组织.
    Unincorporated,
    /// 自然人.
    NaturalPerson,
}

/// What a person may do in the software. Duties under the law come from the organisation's roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonRole {
    /// Accounts, clock, configuration; excludes the other two administrators.
    SystemAdmin,
    /// Keys, roles, policies; excludes the other two administrators.
    SecurityAdmin,
    /// Reads the log; excludes the other two administrators.
    AuditAdmin,
    /// Signs in the name of the organisation.
    Approver,
    /// Data officer: catalogues, uploads, applies, orders.
    Officer,
    /// Writes and submits jobs in the domain (processing staff).
    Engineer,
    /// Reads what the organisation may read.
    Reader,
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Its id.
    pub id: OrgId,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
    /// 统一社会信用代码, where it has one.
    pub uscc: Option<String>,
    /// Legal form.
    pub legal_form: LegalForm,
    /// Roles under the regulation.
    pub roles: Vec<OrgRole>,
    /// Group of affiliated organisations; conflicts are evaluated over groups.
    pub group: Option<String>,
    /// When it was recorded.
    pub created_at: Timestamp,
}

/// A person who works for one organisation. The name is kept by the platform under its people key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Pseudonymous id; the only thing that enters logs and leaves.
    pub id: PersonId,
    /// The organisation the person works for.
    pub org: OrgId,
    /// Login name.
    pub account: String,
    /// Software roles.
    pub roles: Vec<PersonRole>,
    /// Id of the person's current signing key, once enrolled in a key list.
    pub key: Option<String>,
    /// When it was recorded.
    pub created_at: Timestamp,
}
