//! Who plays in the story: plainly synthetic organisations and one desk for each person, set up through the API.

use crate::story::desk::Account;
use crate::story::{Story, StoryError};
use crypto::SigningKey;
use model::Signed;
use model::keylist::{KEY_LIST_TYPE, KeyList};
use serde_json::{Value, json};

/// A person at a desk.
#[derive(Clone)]
pub struct Desk {
    /// Login.
    pub account: Account,
    /// Pseudonymous id.
    pub person: String,
    /// Organisation.
    pub org: String,
    /// Roles of the organisation.
    pub org_roles: Vec<String>,
    /// Roles of the person.
    pub roles: Vec<String>,
    /// Signing key.
    pub key: SigningKey,
}

impl Desk {
    /// Whether the organisation has a role.
    pub fn has_org_role(&self, role: &str) -> bool {
        self.org_roles.iter().any(|r| r == role)
    }
}

/// Everyone.
pub struct Cast {
    /// Administrators.
    pub system_admin: Desk,
    /// Security administrator.
    pub security_admin: Desk,
    /// Audit administrator.
    pub audit_admin: Desk,
    /// Those who work with cases.
    pub desks: Vec<Desk>,
}

impl Cast {
    /// The desk of an account name.
    pub fn desk(&self, name: &str) -> Result<&Desk, StoryError> {
        let found = self.desks.iter().find(|d| d.account.account == name);
        found.ok_or_else(|| StoryError::Shape(format!("nobody is called {name}")))
    }
}

/// Organisations besides the authority: account prefix, Chinese, English, roles, body of its USCC.
const ORGANISATIONS: &[(&str, &str, &str, &[&str], &str)] = &[
    ("mechanism", "示例协调机制办公室", "Sample Coordination Office", &["coordination_body"], "11990000SAMPLE01"),
    ("experts", "示例专家组", "Sample Expert Panel", &["expert_panel"], "12990000SAMPLE02"),
    ("cyber", "示例网信办", "Sample Cyberspace Office", &["security_regulator"], "11990000SAMPLE03"),
    ("market", "示例市场监管局", "Sample Market Regulator", &["market_regulator"], "11990000SAMPLE11"),
    ("assessor", "示例第三方评估机构", "Sample Assessor", &["third_party_assessor"], "91990000SAMPLE04"),
    ("provider1", "示例卫健委", "Sample Health Commission", &["data_provider"], "11990000SAMPLE05"),
    ("provider2", "示例人社局", "Sample Human Resources Bureau", &["data_provider"], "11990000SAMPLE06"),
    ("agency", "示例实施机构", "Sample Implementing Agency", &["implementing_agency"], "12990000SAMPLE09"),
    ("supervisor", "示例行业主管部门", "Sample Sector Authority", &["supervising_department"], SUPERVISOR),
    ("operator", "示例数据运营公司", "Sample Data Operator", &["operator"], "91990000SAMPLE07"),
];

/// Body of the supervising department's code.
const SUPERVISOR: &str = "11990000SAMPLE10";

/// The consumer's organisation takes its name from the input.
const CONSUMER: (&str, &str) = ("consumer", "91990000SAMPLE08");

/// The code under which the catalogue names the supervising department.
pub fn supervisor_code() -> String {
    uscc(SUPERVISOR)
}

/// A valid 18-character code from its first 16 characters (GB 32100-2015: letters I, O, S, V, Z do not occur).
fn uscc(body: &str) -> String {
    const ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    let value = |c: char| ALPHABET.find(c).unwrap_or(0);
    let clean: String = body.chars().map(|c| if ALPHABET.contains(c) { c } else { '5' }).collect();
    // Characters 9 to 17 are an organisation code of their own with a check digit (GB 11714).
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let org: String = clean.chars().skip(8).take(8).collect();
    let alnum = |c: char| c.to_digit(36).unwrap_or(0) as usize;
    let sum: usize = org.chars().zip(weights).map(|(c, w)| alnum(c) * w).sum();
    let check = match (11 - sum % 11) % 11 {
        10 => 'X',
        n => char::from_digit(u32::try_from(n).unwrap_or(0), 10).unwrap_or('0'),
    };
    let seventeen: String = clean.chars().take(16).chain([check]).collect();
    let (mut weight, mut total) = (1usize, 0usize);
    for c in seventeen.chars() {
        total += value(c) * weight;
        weight = weight * 3 % 31;
    }
    let last = ALPHABET.chars().nth((31 - total % 31) % 31).unwrap_or('0');
    format!("{seventeen}{last}")
}

impl Story {
    /// Sets the deployment up: administrators, organisations, people, keys, the root's second key list.
    pub async fn assemble(&mut self) -> Result<(), StoryError> {
        let authority = self.set_up().await?;
        let admin = self.cast.system_admin.clone();
        let mut desks = Vec::new();
        for (role, roles) in [("approver", "审批人"), ("officer", "经办人"), ("reviewer", "审核人")] {
            let words: &[&str] = if role == "officer" { &["officer"] } else { &["approver"] };
            desks.push(
                self.person(
                    &admin,
                    ("bureau", "示例数据管理局", &authority, &["data_authority"]),
                    (role, roles, words),
                )
                .await?,
            );
        }
        let consumer = self.input.consumer.clone();
        let known = ORGANISATIONS
            .iter()
            .map(|(n, zh, en, roles, code)| (*n, (*zh).to_owned(), (*en).to_owned(), *roles, *code));
        let consumer = (CONSUMER.0, consumer.zh, consumer.en, &["data_consumer"] as &[&str], CONSUMER.1);
        for (name, zh, en, roles, code) in known.chain([consumer]) {
            let body = json!({ "zh": zh, "en": en, "uscc": uscc(code), "legal_form": "legal_person", "roles": roles });
            let org = self.command(&admin, &format!("organisation/{name}"), "/api/v1/organisations", &body).await?;
            let id = org["id"].as_str().unwrap_or_default().to_owned();
            let mut people: Vec<(&str, &str, &[&str])> =
                vec![("approver", "审批人", &["approver"]), ("officer", "经办人", &["officer"])];
            if roles.contains(&"operator") {
                people.push(("engineer", "数据工程师", &["engineer"]));
            }
            if roles.contains(&"implementing_agency") {
                people.push(("reviewer", "审核人", &["approver"]));
            }
            for person in people {
                desks.push(self.person(&admin, (name, &zh, &id, roles), person).await?);
            }
        }
        self.cast.desks = desks;
        self.list_keys().await
    }

    async fn set_up(&mut self) -> Result<String, StoryError> {
        let admin =
            |d: &Desk, name: &str| json!({"account": d.account.account, "password": d.account.password, "name": name});
        let form = json!({
            "token": self.setup_token, "authority_zh": "示例数据管理局", "authority_en": "Sample Data Bureau",
            "system_admin": admin(&self.cast.system_admin, "演示人员甲"),
            "security_admin": admin(&self.cast.security_admin, "演示人员乙"),
            "audit_admin": admin(&self.cast.audit_admin, "演示人员丙"),
        });
        match self.client.send(&crate::story::client::Ask::post("/api/v1/setup", None, None, &form)).await {
            Ok(_) => {}
            Err(StoryError::Refused { refusal, .. }) if refusal.code == "setup-done" => {}
            Err(other) => return Err(other),
        }
        for which in ["system", "security", "audit"] {
            let desk = self.cast.admin(which).clone();
            let me = self.read(&desk, "/api/v1/me").await?;
            let slot = self.cast.admin(which);
            slot.person = me["person"].as_str().unwrap_or_default().to_owned();
            slot.org = me["org"]["id"].as_str().unwrap_or_default().to_owned();
        }
        Ok(self.cast.system_admin.org.clone())
    }

    async fn person(
        &mut self,
        admin: &Desk,
        (prefix, zh, org, org_roles): (&str, &str, &str, &[&str]),
        (name, title, roles): (&str, &str, &[&str]),
    ) -> Result<Desk, StoryError> {
        let account = self.desks.account(&format!("{prefix}.{name}"), title, zh)?;
        let key = self.desks.key(&account)?;
        let body = json!({
            "org": org, "account": account.account, "password": account.password, "roles": roles,
            "name": format!("演示{zh}{title}"),
        });
        let made = self.command(admin, &format!("person/{}", account.account), "/api/v1/people", &body).await?;
        let desk = Desk {
            person: made["id"].as_str().unwrap_or_default().to_owned(),
            org: org.to_owned(),
            org_roles: org_roles.iter().map(ToString::to_string).collect(),
            roles: roles.iter().map(ToString::to_string).collect(),
            account,
            key,
        };
        let body = json!({ "public": desk.key.public().to_string() });
        self.command(&desk, &format!("key/{}", desk.account.account), "/api/v1/keys", &body).await?;
        Ok(desk)
    }

    /// The offline root signs the next key list; the security administrator hands it in.
    async fn list_keys(&mut self) -> Result<(), StoryError> {
        let admin = self.cast.security_admin.clone();
        let body = match self.journal.get("key-list/2") {
            Some(body) => body.clone(),
            None => {
                let draft: KeyList = serde_json::from_value(self.read(&admin, "/api/v1/key-lists/draft").await?)?;
                let signature = self.root.sign(KEY_LIST_TYPE, &draft)?;
                serde_json::to_value(Signed { key: self.root.key_id(), signature, body: draft })?
            }
        };
        self.command(&admin, "key-list/2", "/api/v1/key-lists", &body).await?;
        Ok(())
    }
}

impl Cast {
    fn admin(&mut self, which: &str) -> &mut Desk {
        match which {
            "system" => &mut self.system_admin,
            "security" => &mut self.security_admin,
            _ => &mut self.audit_admin,
        }
    }
}

/// A value of the API as text.
pub fn text(v: &Value, name: &str) -> String {
    v[name].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{CONSUMER, ORGANISATIONS, uscc};

    #[test]
    fn sample_codes_are_well_formed_and_differ() {
        let mut codes: Vec<String> = ORGANISATIONS.iter().map(|o| uscc(o.4)).collect();
        codes.push(uscc(CONSUMER.1));
        assert!(codes.iter().all(|c| c.len() == 18));
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), ORGANISATIONS.len() + 1);
        // A published example of GB 32100-2015's scheme: the check character of the first 17.
        assert!(uscc("91350100M000100Y").starts_with("91350100M000100Y43"));
    }
}
