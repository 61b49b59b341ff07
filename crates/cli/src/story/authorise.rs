//! How the city comes to an operator: plan and announcement, lists, emergency plans, the authorisation itself, staff.

use crate::story::cast::{Desk, text};
use crate::story::clerk::Errand;
use crate::story::script::values;
use crate::story::{Story, StoryError};
use model::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

impl Story {
    /// The city authorises the operator by its own procedure; staff and emergency plans come before the first job.
    pub(super) async fn authorise(&mut self, resources: &[(String, String)]) -> Result<String, StoryError> {
        let since = Instant::now();
        let (mode, months) = self.mode_and_term();
        let ids: Vec<String> = resources.iter().map(|(id, _)| id.clone()).collect();
        let plan = self.plan_of("main", &mode, months, &ids, Value::Null).await?;
        let announcement = self.announce("main", &mode, &plan).await?;
        self.check_lists("").await?;
        // Without an emergency plan no authorised operation (WX-26.1).
        self.plans("").await?;
        let operator = self.at("operator.approver")?;
        let case = self
            .errand(Errand {
                name: "authorisation",
                procedure: "authorisation",
                opener: &operator,
                object: json!({
                    "announcement": announcement, "mode": mode, "resources": ids,
                    "term_months": months,
                }),
                until: "activate_authorisation",
                values: values([("written_application.term_months", json!(months))]),
            })
            .await?;
        self.staff().await?;
        self.figure("authorisation_ms", since);
        Ok(text(&case["object"], "authorisation"))
    }

    pub(super) async fn now(&mut self, desk: &Desk) -> Result<i64, StoryError> {
        // Remembered, so that a resumed story asks for the same object again.
        if let Some(at) = self.journal.get("now").and_then(Value::as_i64) {
            return Ok(at);
        }
        let at = self.read(desk, "/api/v1/deployment").await?["now"].as_i64().unwrap_or_default();
        self.journal.remember("now", &json!(at))?;
        Ok(at)
    }

    /// The authority looks the operator up in every list; `tag` tells one look from a later one.
    pub(super) async fn check_lists(&mut self, tag: &str) -> Result<(), StoryError> {
        let officer = self.at("bureau.officer")?;
        let operator = self.at("operator.approver")?;
        let me = self.read(&operator, "/api/v1/me").await?;
        let lists = self.parameters["operator.blacklists"]["value"].as_array().cloned().unwrap_or_default();
        for list in lists.iter().filter_map(Value::as_str) {
            let body = json!({ "uscc": me["org"]["uscc"], "list": list, "hit": false });
            self.command(&officer, &format!("blacklist{tag}/{list}"), "/api/v1/blacklist-checks", &body).await?;
        }
        self.say("示例数据管理局（经办人）", &format!("核查 {} 份名单，未见申请单位", lists.len()), "", "");
        Ok(())
    }

    /// What an authorisation is asked for: by scenario where the city knows that, else its first mode; two years, or less
    /// where the city's longest term is shorter.
    pub(super) fn mode_and_term(&self) -> (String, i64) {
        let modes = self.parameters["authorisation.modes"]["value"].as_array().cloned().unwrap_or_default();
        let mode =
            modes.iter().find(|m| *m == "scenario").or(modes.first()).and_then(Value::as_str).unwrap_or_default();
        let longest = self.parameters["term.max_months"]["value"].as_i64().unwrap_or(24);
        (mode.to_owned(), longest.min(24))
    }

    pub(super) fn first_of(&self, parameter: &str) -> Option<String> {
        Some(self.parameters[parameter]["value"].as_array()?.first()?.as_str()?.to_owned())
    }

    /// The day and instant now, as the platform's clock has it; remembered, so that a resumed life asks the same again.
    pub(super) async fn clock(&mut self, tag: &str) -> Result<Timestamp, StoryError> {
        let key = format!("clock/now/{tag}");
        if let Some(at) = self.journal.get(&key).and_then(Value::as_i64) {
            return Ok(Timestamp(at));
        }
        let bureau = self.at("bureau.approver")?;
        let at = self.read(&bureau, "/api/v1/deployment").await?["now"].as_i64().unwrap_or_default();
        self.journal.remember(&key, &json!(at))?;
        Ok(Timestamp(at))
    }

    /// The implementation plan, where the city decides on one before anybody is chosen.
    pub(super) async fn plan_of(
        &mut self,
        tag: &str,
        mode: &str,
        months: i64,
        ids: &[String],
        replaces: Value,
    ) -> Result<Value, StoryError> {
        if !self.has_procedure("implementation_plan") {
            return Ok(Value::Null);
        }
        let opener = self.opener("implementation_plan")?;
        let case = self
            .errand(Errand {
                name: &format!("implementation_plan/{tag}"),
                procedure: "implementation_plan",
                opener: &opener,
                object: json!({
                    "zh": "授权运营实施方案（演示）", "en": "Implementation plan (demonstration)", "modes": [mode],
                    "resources": ids, "term_months": months, "replaces": replaces,
                    "digest": self.suite.hash(format!("implementation plan {tag}").as_bytes()).to_string(),
                }),
                until: "adopt_implementation_plan",
                values: BTreeMap::new(),
            })
            .await?;
        Ok(case["object"]["implementation_plan"].clone())
    }

    /// An announcement that is open for a month.
    pub(super) async fn announce(&mut self, tag: &str, mode: &str, plan: &Value) -> Result<String, StoryError> {
        let now = self.clock(&format!("announce/{tag}")).await?;
        let opener = self.opener("announcement")?;
        let case = self
            .errand(Errand {
                name: &format!("announcement/{tag}"),
                procedure: "announcement",
                opener: &opener,
                object: json!({
                    "zh": "授权运营申报通告（演示）", "en": "Call for operators (demonstration)", "modes": [mode],
                    "conditions": ["演示条件"], "opens": now.plus_ms(-1000), "closes": now.plus_days(60),
                    "implementation_plan": plan,
                }),
                until: "publish_announcement",
                values: BTreeMap::new(),
            })
            .await?;
        Ok(text(&case["object"], "announcement"))
    }

    /// Emergency plans of everybody whom the city obliges to hold one.
    pub(super) async fn plans(&mut self, tag: &str) -> Result<(), StoryError> {
        let until = self.clock(&format!("plans{tag}")).await?.plus_days(365).0;
        let duties = self.parameters["emergency_plan.required_of"]["value"].as_array().cloned().unwrap_or_default();
        let holders =
            self.cast.desks.iter().filter_map(|d| d.account.account.strip_suffix(".approver").map(|n| (n, d)));
        let obliged = holders.filter(|(_, d)| duties.iter().filter_map(Value::as_str).any(|r| d.has_org_role(r)));
        let names: Vec<String> = obliged.map(|(name, _)| name.to_owned()).collect();
        for name in names {
            let provider = self.at(&format!("{name}.approver"))?;
            let digest = self.suite.hash(name.as_bytes()).to_string();
            self.errand(Errand {
                name: &format!("plan{tag}/{name}"),
                procedure: "emergency_plan",
                opener: &provider,
                object: json!({ "scenarios": [], "digest": digest, "until": until }),
                until: "enforce_plan",
                values: values([("plan_text.digest", json!(digest))]),
            })
            .await?;
        }
        Ok(())
    }

    async fn staff(&mut self) -> Result<(), StoryError> {
        let operator = self.at("operator.approver")?;
        let engineer = self.at("operator.engineer")?;
        let until = self.now(&operator).await? + 365 * 86_400_000i64;
        let salted = match self.journal.get("staff/identity") {
            Some(v) => v.as_str().unwrap_or_default().to_owned(),
            None => {
                let salted = self.suite.hash(crypto::random_hex(32)?.as_bytes()).to_string();
                self.journal.remember("staff/identity", &json!(salted))?;
                salted
            }
        };
        self.errand(Errand {
            name: "staff",
            procedure: "staff",
            opener: &operator,
            object: json!({ "person": engineer.person, "identity": salted, "nda_until": until }),
            until: "admit_staff",
            values: BTreeMap::new(),
        })
        .await?;
        Ok(())
    }
}
