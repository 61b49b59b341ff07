//! The life of an authorisation, without a product: applied for, granted, operated under, failing an evaluation, suspended,
//! restored, suspended again, rectified too late, ended, applied for anew; and what each rule says at its edge. Like the main
//! job it knows no city: it tries, and tells what the platform answered.

use crate::story::cast::{Desk, text};
use crate::story::clerk::{Errand, has};
use crate::story::script::values;
use crate::story::{Story, StoryError};
use model::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Days before the end of a term on which a renewal is tried.
const RENEWALS: [i64; 2] = [100, 30];
/// How long an operator is given to rectify.
const RECTIFY_DAYS: i64 = 10;
/// A leap day on which an authorisation is signed.
const LEAP_DAY: &str = "2028-02-29";

/// What was tried and what came of it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Tried {
    /// What.
    pub what: String,
    /// Day in China on which it was tried.
    pub day: String,
    /// `accepted` or `refused`.
    pub outcome: &'static str,
    /// Codes of what was told beside an acceptance, or the code of the refusal.
    pub codes: Vec<String>,
    /// Rule of the refusal or of the first thing told.
    pub rule: String,
    /// Its article.
    pub article: String,
}

/// A life as it was lived.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Life {
    /// What was tried at the edges.
    pub tried: Vec<Tried>,
    /// Authorisations with their first and last day.
    pub terms: Vec<Value>,
    /// Time limits that the platform set, by what they are for: the day with whose end they end.
    pub deadlines: BTreeMap<String, String>,
    /// What the clock did by itself.
    pub by_clock: Vec<String>,
}

/// What an application is for.
struct Application<'a> {
    tag: &'a str,
    months: i64,
    renewal_of: Option<&'a str>,
}

impl Story {
    /// Plays a whole life.
    pub async fn live(&mut self) -> Result<Life, StoryError> {
        let mut life = Life::default();
        self.assemble().await?;
        let resources = self.catalogue_cases().await?;
        let (mode, ids) = self.scope(&resources)?;
        let longest = self.parameters["term.max_months"]["value"].as_i64().unwrap_or(24);
        self.check_lists("").await?;
        self.plans("").await?;
        let plan = self.plan_of("first", &mode, longest + 1, &ids, Value::Null).await?;
        let call = self.announce("first", &mode, &plan).await?;
        let object = |a: &Application<'_>, call: &str| {
            json!({ "announcement": call, "mode": mode, "resources": ids, "term_months": a.months,
                "renewal_of": a.renewal_of })
        };
        for months in [longest, longest + 1] {
            let a = Application { tag: "term", months, renewal_of: None };
            self.apply(&mut life, &format!("term of {months} months"), &a, object(&a, &call)).await?;
        }
        // Two years and no longer than the city's own longest term.
        let months = longest.min(24);
        let first = Application { tag: "first", months, renewal_of: None };
        let granted = self.granted(&mut life, &first, object(&first, &call), None).await?;
        self.operate(&granted).await?;
        self.rectified_in_time(&granted).await?;
        let until = self.term(&mut life, &granted).await?;
        for days in RENEWALS {
            let tag = format!("renewal{days}");
            self.move_to(&tag, until.plus_days(-days)).await?;
            let call = self.announce(&tag, &mode, &plan).await?;
            let a = Application { tag: &tag, months, renewal_of: Some(&granted) };
            self.apply(&mut life, &format!("renewal {days} days before expiry"), &a, object(&a, &call)).await?;
        }
        self.rectified_too_late(&mut life, &granted).await?;
        self.ended(&mut life, "first", &granted, "termination", "rectification_failed").await?;
        // A material change of the plan goes the whole way again, and a new round of the choice with it.
        self.check_lists("-second").await?;
        self.plans("-second").await?;
        let changed = self.plan_of("second", &mode, longest, &ids, plan).await?;
        let call = self.announce("second", &mode, &changed).await?;
        let second = Application { tag: "second", months: 12, renewal_of: None };
        self.apply(&mut life, "new application after the end", &second, object(&second, &call)).await?;
        let leap = Timestamp::morning_of(LEAP_DAY);
        let granted = self.granted(&mut life, &second, object(&second, &call), leap).await?;
        let until = self.term(&mut life, &granted).await?;
        if self.has_procedure("revocation") {
            self.banned(&mut life, &granted, &mode, &changed, &ids).await?;
        } else {
            self.expired(&mut life, &granted, until).await?;
        }
        self.find_leaves().await?;
        Ok(life)
    }

    /// What is authorised: by sector, from one provider, where the city lets a provider grant; else as the main job has it.
    fn scope(&self, resources: &[(String, String)]) -> Result<(String, Vec<String>), StoryError> {
        let steps = self.procedure("authorisation")?["steps"].as_array().cloned().unwrap_or_default();
        let by_provider = |s: &Value| has(&s["effects"], "activate_authorisation") && has(&s["by"], "each_provider");
        if steps.iter().any(by_provider) {
            // Tables go to two providers by turns.
            let own = resources.iter().step_by(2).map(|(id, _)| id.clone()).collect();
            return Ok(("sector".to_owned(), own));
        }
        Ok((self.mode_and_term().0, resources.iter().map(|(id, _)| id.clone()).collect()))
    }

    /// Moves the simulated clock to an instant, if that lies ahead.
    async fn move_to(&mut self, tag: &str, at: Timestamp) -> Result<(), StoryError> {
        let now = self.clock(&format!("before/{tag}")).await?;
        if at > now {
            let admin = self.cast.system_admin.clone();
            let body = json!({ "advance_ms": at.0 - now.0 });
            self.command(&admin, &format!("clock/{tag}"), "/api/v1/clock", &body).await?;
            self.say("系统时钟", &format!("拨至 {}", at.date()), "", "");
        }
        Ok(())
    }

    /// Applies, tells what came of it, and takes an accepted application back.
    async fn apply(
        &mut self,
        life: &mut Life,
        what: &str,
        a: &Application<'_>,
        object: Value,
    ) -> Result<(), StoryError> {
        let operator = self.at("operator.approver")?;
        let name = format!("try/{}/{}", a.tag, a.months);
        let given = values([("written_application.term_months", json!(a.months))]);
        let tried = self.attempt(what, &name, "authorisation", &operator, object, given).await?;
        let withdraw = self.step_of("authorisation", |s| s["name"] == json!("withdraw"))?;
        if let (Some(case), Some(step)) = (tried.1, withdraw) {
            self.go_on(&name, "authorisation", &operator, case, &[step]).await?;
        }
        life.tried.push(tried.0);
        Ok(())
    }

    /// Opens a case and takes its first step; the case where that was accepted.
    async fn attempt(
        &mut self,
        what: &str,
        name: &str,
        procedure: &str,
        opener: &Desk,
        object: Value,
        given: BTreeMap<String, Value>,
    ) -> Result<(Tried, Option<Value>), StoryError> {
        let day = self.clock(&format!("try/{name}")).await?.date().to_string();
        let body = json!({ "procedure": procedure, "object": object });
        let opened = self.command(opener, &format!("open/{name}"), "/api/v1/cases", &body).await;
        let start = text(self.procedure(procedure)?, "start");
        let first = self.step_of(procedure, |s| has(&s["from"], &start))?.unwrap_or_default();
        let errand = Errand { name, procedure, opener, object: Value::Null, until: "", values: given };
        let made = |outcome, codes, rule: String, article: String| Tried {
            what: what.to_owned(),
            day: day.clone(),
            outcome,
            codes,
            rule,
            article,
        };
        // What cannot come to anything is refused when it is opened already.
        let taken = match opened {
            Ok(case) => self.take(&errand, &case, &first).await,
            Err(refused) => Err(refused),
        };
        match taken {
            Ok(case) => {
                let told = case["warnings"].as_array().cloned().unwrap_or_default();
                let first = told.first().cloned().unwrap_or_default();
                let codes = told.iter().map(|w| text(w, "code")).collect();
                let tried = made("accepted", codes, text(&first, "rule"), text(&first, "article"));
                Ok((tried, Some(case)))
            }
            Err(StoryError::Refused { refusal, .. }) => {
                self.say("平台", &format!("{what}：{}", refusal.zh), &refusal.article, "");
                Ok((made("refused", vec![refusal.code], refusal.rule, refusal.article), None))
            }
            Err(other) => Err(other),
        }
    }

    /// The whole way to an authorisation; the last signature on a given morning, if that lies ahead.
    async fn granted(
        &mut self,
        life: &mut Life,
        a: &Application<'_>,
        object: Value,
        sign_at: Option<Timestamp>,
    ) -> Result<String, StoryError> {
        let operator = self.at("operator.approver")?;
        let name = format!("authorisation/{}", a.tag);
        let body = json!({ "procedure": "authorisation", "object": object });
        let mut case = self.command(&operator, &format!("open/{name}"), "/api/v1/cases", &body).await?;
        let errand = Errand {
            name: &name,
            procedure: "authorisation",
            opener: &operator,
            object: Value::Null,
            until: "",
            values: values([("written_application.term_months", json!(a.months))]),
        };
        let start = text(self.procedure("authorisation")?, "start");
        let steps = self.path_from("authorisation", &start, &case["object"], "activate_authorisation")?;
        let last = steps.len().saturating_sub(1);
        for (i, step) in steps.iter().enumerate() {
            if let (true, Some(at)) = (i == last, sign_at) {
                self.move_to(&name, at).await?;
            }
            self.limit(life, &operator, &name, &case, step).await?;
            case = self.take(&errand, &case, step).await?;
        }
        Ok(text(&case["object"], "authorisation"))
    }

    /// Keeps the day with whose end a step's time ends.
    async fn limit(
        &mut self,
        life: &mut Life,
        desk: &Desk,
        name: &str,
        case: &Value,
        step: &Value,
    ) -> Result<(), StoryError> {
        let seen = self.read(desk, &format!("/api/v1/cases/{}", text(case, "id"))).await?;
        let due = seen["deadlines"].as_array().into_iter().flatten().find(|d| d["step"] == step["name"]);
        if let Some(at) = due.and_then(|d| d["at"].as_i64()) {
            let last = Timestamp(at).plus_ms(-1).date().to_string();
            life.deadlines.entry(format!("{name}/{}", text(step, "name"))).or_insert(last);
        }
        Ok(())
    }

    /// First and last day of an authorisation; gives the first instant it no longer holds.
    async fn term(&mut self, life: &mut Life, authorisation: &str) -> Result<Timestamp, StoryError> {
        let row = self.authorisation_row(authorisation).await?;
        let at = |field: &str| Timestamp(row[field].as_i64().unwrap_or_default());
        let (from, until) = (at("from"), at("until"));
        life.terms.push(json!({
            "months": row["term_months"], "from": from.date().to_string(), "last": until.plus_ms(-1).date().to_string(),
            "mode": row["mode"], "authoriser": self.role_of(&text(&row, "authoriser")), "pack": row["pack"],
        }));
        Ok(until)
    }

    async fn authorisation_row(&mut self, authorisation: &str) -> Result<Value, StoryError> {
        let bureau = self.at("bureau.approver")?;
        let all = self.read(&bureau, "/api/v1/authorisations").await?["authorisations"].clone();
        let found = all.as_array().into_iter().flatten().find(|a| a["id"] == json!(authorisation)).cloned();
        found.ok_or_else(|| StoryError::Shape(format!("there is no authorisation {authorisation}")))
    }

    fn role_of(&self, org: &str) -> String {
        let desk = self.cast.desks.iter().find(|d| d.org == org);
        desk.and_then(|d| d.org_roles.first().cloned()).unwrap_or_default()
    }

    /// Under the authorisation a use is reviewed.
    async fn operate(&mut self, authorisation: &str) -> Result<(), StoryError> {
        let operator = self.at("operator.approver")?;
        self.errand(Errand {
            name: "scenario/first",
            procedure: "scenario",
            opener: &operator,
            object: self.use_of(authorisation),
            until: "approve_scenario",
            values: BTreeMap::new(),
        })
        .await?;
        Ok(())
    }

    fn use_of(&self, authorisation: &str) -> Value {
        let names = &self.input.scenario;
        json!({ "authorisation": authorisation, "zh": names.zh, "en": names.en, "purpose": names.zh,
            "use_class": "industry_use" })
    }

    /// A failed evaluation, set right in time; where the city wants the result fed back, it is.
    async fn rectified_in_time(&mut self, authorisation: &str) -> Result<(), StoryError> {
        let opener = self.opener("rectification")?;
        let case = self.suspended("in-time", authorisation).await?;
        let steps = self.path_from("rectification", &text(&case, "state"), &case["object"], "restore_authorisation")?;
        let mut case = self.go_on("rectification/in-time", "rectification", &opener, case, &steps).await?;
        while case["end"] != json!(true) {
            let state = text(&case, "state");
            let on = self.step_of("rectification", |s| has(&s["from"], &state))?;
            let Some(step) = on else { break };
            case = self.go_on("rectification/in-time", "rectification", &opener, case, &[step]).await?;
        }
        Ok(())
    }

    /// Suspended with a deadline that passes: the clock ends the rectification, and nothing else is permitted meanwhile.
    async fn rectified_too_late(&mut self, life: &mut Life, authorisation: &str) -> Result<(), StoryError> {
        let case = self.suspended("late", authorisation).await?;
        let operator = self.at("operator.approver")?;
        let object = self.use_of(authorisation);
        let tried =
            self.attempt("use under suspension", "late/use", "scenario", &operator, object, BTreeMap::new()).await?;
        life.tried.push(tried.0);
        let opener = self.opener("rectification")?;
        let state = text(&case, "state");
        let of_clock = |s: &Value| has(&s["from"], &state) && has(&s["by"], "clock");
        let clock = self.step_of("rectification", of_clock)?.unwrap_or_default();
        let seen = self.wait_for_clock(&opener, &text(&case, "id"), &clock).await?;
        life.by_clock.push(format!("rectification: {}", text(&seen, "state")));
        self.say("系统时钟", "逾期未整改", &text(&clock, "rule"), "");
        Ok(())
    }

    async fn suspended(&mut self, tag: &str, authorisation: &str) -> Result<Value, StoryError> {
        let opener = self.opener("rectification")?;
        let grounds = self.parameters["rectification.grounds"]["value"].as_array().cloned().unwrap_or_default();
        let evaluation = json!("failed_evaluation");
        let ground =
            if grounds.contains(&evaluation) { evaluation } else { grounds.first().cloned().unwrap_or_default() };
        self.prove("rectification", ground.as_str().unwrap_or_default(), authorisation, tag).await?;
        let by = self.clock(&format!("suspended/{tag}")).await?.plus_days(RECTIFY_DAYS).date().to_string();
        self.errand(Errand {
            name: &format!("rectification/{tag}"),
            procedure: "rectification",
            opener: &opener,
            object: json!({ "authorisation": authorisation, "ground": ground }),
            until: "suspend_authorisation",
            values: values([("rectification_order.deadline", json!(by))]),
        })
        .await
    }

    /// Ends an authorisation by a procedure; the zone destroys its keys, and nothing is permitted under it any more.
    async fn ended(
        &mut self,
        life: &mut Life,
        tag: &str,
        authorisation: &str,
        procedure: &str,
        ground: &str,
    ) -> Result<(), StoryError> {
        let opener = self.opener(procedure)?;
        let case = self
            .errand(Errand {
                name: &format!("{procedure}/{tag}"),
                procedure,
                opener: &opener,
                object: json!({ "authorisation": authorisation, "ground": ground }),
                until: "certify_destruction",
                values: BTreeMap::new(),
            })
            .await?;
        life.by_clock.push(format!("{procedure}: {}", text(&case, "state")));
        let operator = self.at("operator.approver")?;
        let object = self.use_of(authorisation);
        let (what, name) = (format!("use after {procedure}"), format!("{procedure}/{tag}/use"));
        let tried = self.attempt(&what, &name, "scenario", &operator, object, BTreeMap::new()).await?;
        life.tried.push(tried.0);
        Ok(())
    }

    /// Revocation starts a ban, to the day.
    async fn banned(
        &mut self,
        life: &mut Life,
        authorisation: &str,
        mode: &str,
        plan: &Value,
        ids: &[String],
    ) -> Result<(), StoryError> {
        let ground = self.first_of("revocation.grounds").unwrap_or_default();
        self.ended(life, "second", authorisation, "revocation", &ground).await?;
        let revoked = self.clock("revoked").await?;
        let months = self.parameters["ban.months_after_revocation"]["value"].as_i64().unwrap_or(0);
        for after in [months - 1, months + 1] {
            let tag = format!("ban{after}");
            self.move_to(&tag, revoked.plus_months(i32::try_from(after).unwrap_or(0))).await?;
            let call = self.announce(&tag, mode, plan).await?;
            let a = Application { tag: &tag, months: 12, renewal_of: None };
            let object = json!({ "announcement": call, "mode": mode, "resources": ids, "term_months": 12 });
            self.apply(life, &format!("application {after} months after revocation"), &a, object).await?;
        }
        Ok(())
    }

    /// The term ends by itself with the end of its last day.
    async fn expired(&mut self, life: &mut Life, authorisation: &str, until: Timestamp) -> Result<(), StoryError> {
        let operator = self.at("operator.approver")?;
        // A minute before, so that the try itself does not run into the end.
        for (what, tag, at) in
            [("use on the last day", "last", until.plus_ms(-60_000)), ("use after expiry", "over", until)]
        {
            self.move_to(tag, at).await?;
            let object = self.use_of(authorisation);
            let name = format!("expiry/{tag}");
            let tried = self.attempt(what, &name, "scenario", &operator, object, BTreeMap::new()).await?;
            life.tried.push(tried.0);
        }
        let state = text(&self.authorisation_row(authorisation).await?, "state_now");
        life.by_clock.push(format!("authorisation: {state}"));
        Ok(())
    }
}
