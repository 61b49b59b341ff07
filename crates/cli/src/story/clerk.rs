//! How the story's people work through a procedure: they read the graph from the API, fill in the forms it asks for,
//! sign what the platform shows them, and hand it in. Nothing here knows a city or a procedure by name.

use crate::story::cast::{Cast, Desk};
use crate::story::client::Ask;
use crate::story::{Story, StoryError};
use model::Signed;
use model::act::{ACT_TYPE, Act};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// How often a step is tried again because the case moved on meanwhile.
const TRIES: usize = 8;

/// A step taken.
pub struct Taken {
    /// Who took it.
    pub who: String,
    /// What, in words.
    pub what: String,
    /// Article.
    pub article: String,
    /// Digest of the signed act, by which the leaf is found.
    pub act: String,
}

/// What the story wants from a case.
pub struct Errand<'a> {
    /// Name under which its requests are remembered.
    pub name: &'a str,
    /// Procedure.
    pub procedure: &'a str,
    /// Who opens it.
    pub opener: &'a Desk,
    /// The object, as far as the caller says it.
    pub object: Value,
    /// The effect that ends the errand.
    pub until: &'a str,
    /// Field values that matter, by `document.field`.
    pub values: BTreeMap<String, Value>,
}

impl Story {
    /// Opens a case and takes it to the step with the wanted effect; returns the case as last seen.
    pub async fn errand(&mut self, errand: Errand<'_>) -> Result<Value, StoryError> {
        let key = format!("open/{}", errand.name);
        let body = json!({ "procedure": errand.procedure, "object": errand.object });
        let mut case = self.command(errand.opener, &key, "/api/v1/cases", &body).await?;
        let start = self.procedure(errand.procedure)?["start"].as_str().unwrap_or_default().to_owned();
        for step in self.path_from(errand.procedure, &start, &case["object"], errand.until)? {
            case = self.take(&errand, &case, &step).await?;
        }
        Ok(case)
    }

    /// Takes further steps in a case that an errand of this name left.
    pub async fn go_on(
        &mut self,
        name: &str,
        procedure: &str,
        opener: &Desk,
        mut case: Value,
        steps: &[Value],
    ) -> Result<Value, StoryError> {
        let errand = Errand { name, procedure, opener, object: Value::Null, until: "", values: BTreeMap::new() };
        for step in steps {
            case = self.take(&errand, &case, step).await?;
        }
        Ok(case)
    }

    /// The first step of a procedure that fits.
    pub fn step_of(&self, procedure: &str, fits: impl Fn(&Value) -> bool) -> Result<Option<Value>, StoryError> {
        let steps = self.procedure(procedure)?["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        Ok(steps.iter().find(|s| fits(s)).cloned())
    }

    /// The shortest way from a state to the step with the effect, by approvals.
    pub fn path_from(
        &self,
        procedure: &str,
        start: &str,
        object: &Value,
        effect: &str,
    ) -> Result<Vec<Value>, StoryError> {
        let way = self.way(procedure, start, object, |step| has(&step["effects"], effect))?;
        way.ok_or_else(|| StoryError::Shape(format!("procedure {procedure} has no way to {effect}")))
    }

    /// The shortest way from a state to a step that fits, by approvals; nothing where there is none.
    fn way(
        &self,
        procedure: &str,
        start: &str,
        object: &Value,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Option<Vec<Value>>, StoryError> {
        let graph = self.procedure(procedure)?;
        let steps = graph["steps"].as_array().cloned().unwrap_or_default();
        let start = start.to_owned();
        let mut queue = VecDeque::from([(start.clone(), Vec::new())]);
        let mut seen = vec![start];
        while let Some((state, way)) = queue.pop_front() {
            for step in steps.iter().filter(|s| has(&s["from"], &state) && exists_for(s, object)) {
                let mut next: Vec<Value> = way.clone();
                next.push(step.clone());
                if fits(step) {
                    return Ok(Some(next));
                }
                let to = step["to"].as_str().unwrap_or_default().to_owned();
                if !seen.contains(&to) {
                    seen.push(to.clone());
                    queue.push_back((to, next));
                }
            }
        }
        Ok(None)
    }

    /// Brings about what the ground of a stop rests on in this city (`<procedure>.proofs`), where it rests on something: a
    /// matter about the authorisation that ends as the pack asks for it.
    pub async fn prove(
        &mut self,
        procedure: &str,
        ground: &str,
        authorisation: &str,
        tag: &str,
    ) -> Result<(), StoryError> {
        let proofs = self.parameters[format!("{procedure}.proofs")]["value"].as_array().cloned().unwrap_or_default();
        let outcome =
            proofs.iter().filter_map(Value::as_str).filter_map(|p| p.split_once('=')).find(|(g, _)| *g == ground);
        let Some((matter, state)) = outcome.and_then(|(_, outcome)| outcome.split_once('.')) else { return Ok(()) };
        let opener = self.opener(matter)?;
        let object = json!({ "authorisation": authorisation, "title": self.procedure(matter)?["zh"] });
        let start = self.procedure(matter)?["start"].as_str().unwrap_or_default().to_owned();
        let steps = self.way(matter, &start, &object, |step| step["to"] == state)?;
        let steps =
            steps.ok_or_else(|| StoryError::Shape(format!("procedure {matter} has no way to the state {state}")))?;
        let name = format!("{matter}/{tag}");
        let body = json!({ "procedure": matter, "object": object });
        let case = self.command(&opener, &format!("open/{name}"), "/api/v1/cases", &body).await?;
        self.go_on(&name, matter, &opener, case, &steps).await.map(drop)
    }

    pub(super) async fn take(&mut self, errand: &Errand<'_>, case: &Value, step: &Value) -> Result<Value, StoryError> {
        let id = case["id"].as_str().unwrap_or_default().to_owned();
        if has(&step["by"], "clock") {
            return self.wait_for_clock(errand.opener, &id, step).await;
        }
        let mut last = case.clone();
        for desk in self.actors(errand, case, step)? {
            let key = format!("{}/{}/{}", errand.name, word(step, "name"), desk.account.account);
            let documents = self.documents(errand, step)?;
            let decision = self.act(&desk, &key, &id, word(step, "name"), &documents).await?;
            self.told(Taken {
                who: format!("{}（{}）", desk.account.org, desk.account.role),
                what: format!(
                    "{}：{}",
                    self.procedure(errand.procedure)?["zh"].as_str().unwrap_or_default(),
                    word(step, "zh")
                ),
                article: word(&decision, "article").to_owned(),
                act: word(&decision, "act").to_owned(),
            });
            last = decision;
        }
        Ok(last)
    }

    /// Time runs out by itself; the story moves a simulated clock so that nobody has to wait a week.
    pub(super) async fn wait_for_clock(&mut self, desk: &Desk, case: &str, step: &Value) -> Result<Value, StoryError> {
        let waits = |v: &Value| has(&step["from"], v["state"].as_str().unwrap_or_default());
        let path = format!("/api/v1/cases/{case}");
        let seen = self.read(desk, &path).await?;
        if waits(&seen)
            && let Some(due) = seen["deadlines"]
                .as_array()
                .into_iter()
                .flatten()
                .find(|d| d["step"] == step["name"])
                .and_then(|d| d["at"].as_i64())
        {
            let now = self.read(desk, "/api/v1/deployment").await?["now"].as_i64().unwrap_or_default();
            if due >= now {
                let admin = self.cast.system_admin.clone();
                let body = json!({ "advance_ms": due - now + 1000 });
                self.command(&admin, &format!("clock/{case}/{}", word(step, "name")), "/api/v1/clock", &body).await?;
            }
        }
        // In a resumed story the case may be far beyond.
        self.until(&path, desk, |v| !waits(v)).await
    }

    /// Reads until something holds; at most two minutes.
    pub async fn until(
        &mut self,
        path: &str,
        desk: &Desk,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value, StoryError> {
        self.within(Duration::from_secs(120), path, desk, holds).await
    }

    /// Reads until something holds, at most so long.
    pub async fn within(
        &mut self,
        patience: Duration,
        path: &str,
        desk: &Desk,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Value, StoryError> {
        let since = Instant::now();
        while since.elapsed() < patience {
            let seen = self.read(desk, path).await?;
            if holds(&seen) {
                return Ok(seen);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let seconds = patience.as_secs();
        Err(StoryError::Shape(format!("{path} did not come to what the story waits for within {seconds} seconds")))
    }

    /// One person signs a step and hands it in.
    async fn act(
        &mut self,
        desk: &Desk,
        key: &str,
        case: &str,
        step: &str,
        documents: &Value,
    ) -> Result<Value, StoryError> {
        for attempt in 0..TRIES {
            let key = format!("{key}/{attempt}");
            let body = match self.journal.get(&key) {
                Some(body) => body.clone(),
                None => self.signed_act(desk, &key, case, step, documents).await?,
            };
            match self.command(desk, &key, &format!("/api/v1/cases/{case}/acts"), &body).await {
                Err(StoryError::Refused { status: 409, .. }) => {}
                // Signed before an interruption and never handed in: the statement is stale, so it is signed anew.
                Err(StoryError::Refused { refusal, .. }) if refusal.code == "bad-signature" && attempt + 1 < TRIES => {}
                other => return other,
            }
        }
        Err(StoryError::Shape(format!("step {step} found no quiet moment")))
    }

    async fn signed_act(
        &mut self,
        desk: &Desk,
        key: &str,
        case: &str,
        step: &str,
        documents: &Value,
    ) -> Result<Value, StoryError> {
        let ask = json!({ "step": step, "decision": "approve", "documents": documents });
        let path = format!("/api/v1/cases/{case}/act-draft");
        let draft = self.post(desk, &path, &ask).await?;
        let act: Act = serde_json::from_value(draft)?;
        let signature = desk.key.sign(ACT_TYPE, &act)?;
        let signed = Signed { key: desk.key.key_id(), signature, body: act };
        let body = json!({ "act": signed, "documents": documents });
        self.journal.remember(key, &body)?;
        Ok(body)
    }

    /// Sends a command that must be done exactly once: the first body under a key is the one that counts.
    pub async fn command(&mut self, desk: &Desk, key: &str, path: &str, body: &Value) -> Result<Value, StoryError> {
        self.journal.remember(key, body)?;
        let body = self.journal.get(key).cloned().unwrap_or_default();
        for again in [true, false] {
            let token = self.token(desk).await?;
            match self.client.send(&Ask::post(path, Some(&token), Some(key), &body)).await {
                Err(StoryError::SignedOut) if again => self.forget(desk),
                other => return other,
            }
        }
        Err(StoryError::SignedOut)
    }

    /// A post that changes nothing.
    pub async fn post(&mut self, desk: &Desk, path: &str, body: &Value) -> Result<Value, StoryError> {
        for again in [true, false] {
            let token = self.token(desk).await?;
            match self.client.send(&Ask::post(path, Some(&token), None, body)).await {
                Err(StoryError::SignedOut) if again => self.forget(desk),
                other => return other,
            }
        }
        Err(StoryError::SignedOut)
    }

    /// A read.
    pub async fn read(&mut self, desk: &Desk, path: &str) -> Result<Value, StoryError> {
        for again in [true, false] {
            let token = self.token(desk).await?;
            match self.client.send(&Ask::get(path, Some(&token))).await {
                Err(StoryError::SignedOut) if again => self.forget(desk),
                other => return other,
            }
        }
        Err(StoryError::SignedOut)
    }

    /// Whether the pack has a procedure.
    pub fn has_procedure(&self, name: &str) -> bool {
        self.procedure(name).is_ok()
    }

    /// Who opens a procedure: somebody who may take its first step.
    pub fn opener(&self, procedure: &str) -> Result<Desk, StoryError> {
        let graph = self.procedure(procedure)?;
        let starts = |s: &&Value| has(&s["from"], word(graph, "start"));
        let steps = graph["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
        let first = steps.iter().find(starts).cloned().unwrap_or_default();
        let role = |d: &&Desk| {
            // Of a matter whoever may begin one takes the first step.
            let named = if has(&first["by"], "the_applicant") { &graph["opened_by"] } else { &first["by"] };
            let by = named.as_array().into_iter().flatten().filter_map(Value::as_str);
            by.into_iter().any(|b| d.has_org_role(b)) && fits_person(&first, d)
        };
        let found = self.cast.desks.iter().find(role).cloned();
        found.ok_or_else(|| StoryError::Shape(format!("nobody in the cast may open {procedure}")))
    }

    pub(super) fn procedure(&self, name: &str) -> Result<&Value, StoryError> {
        let all = self.procedures.as_array().map(Vec::as_slice).unwrap_or_default();
        all.iter()
            .find(|p| p["name"] == json!(name))
            .ok_or_else(|| StoryError::Shape(format!("the pack has no procedure {name}")))
    }

    fn actors(&self, errand: &Errand<'_>, case: &Value, step: &Value) -> Result<Vec<Desk>, StoryError> {
        let graph = word(step, "name");
        let found = self.cast.actors(errand.opener, case, step, self.reviewers);
        if found.is_empty() {
            return Err(StoryError::Shape(format!("nobody in the cast may take step {graph}")));
        }
        Ok(found)
    }

    /// The documents that a step asks for, filled in from the forms of the pack.
    fn documents(&self, errand: &Errand<'_>, step: &Value) -> Result<Value, StoryError> {
        let forms = &self.procedure(errand.procedure)?["documents"];
        let mut all = Map::new();
        for name in step["documents"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut document = Map::new();
            for field in forms[name]["fields"].as_array().into_iter().flatten() {
                let id = word(field, "name");
                let given = errand.values.get(&format!("{name}.{id}")).cloned();
                let value = match given {
                    Some(value) => value,
                    None if field["required"] == json!(false) => continue,
                    None => self.fill(field)?,
                };
                document.insert(id.to_owned(), value);
            }
            all.insert(name.to_owned(), Value::Object(document));
        }
        Ok(Value::Object(all))
    }

    /// A plainly synthetic value of a field's kind; where only one value allows approval, that one.
    fn fill(&self, field: &Value) -> Result<Value, StoryError> {
        let must = field["must"].as_str();
        let zh = word(field, "zh");
        Ok(match word(field, "kind") {
            "integer" => json!(3),
            "money" => json!(0),
            "flag" => json!(must.unwrap_or("true") == "true"),
            "choice" => json!(must.or(field["choices"][0].as_str()).unwrap_or_default()),
            "date" => json!(self.date),
            "list" => json!([format!("演示：{zh}")]),
            "digest" => json!(self.suite.hash(zh.as_bytes()).to_string()),
            _ => json!(format!("演示：{zh}")),
        })
    }
}

impl Cast {
    /// Who of the cast takes a step: as many as it needs, of different organisations where it wants that.
    fn actors(&self, opener: &Desk, case: &Value, step: &Value, reviewers: usize) -> Vec<Desk> {
        let by = step["by"].as_array().map(Vec::as_slice).unwrap_or_default();
        let author = case["author"].as_str().unwrap_or_default();
        let object = &case["object"];
        let not_author = has(&step["not"], "author");
        let allowed = |d: &&Desk| {
            by.iter().filter_map(Value::as_str).any(|b| relates(b, d, opener, case))
                && !(not_author && (d.person == author || object["author"] == json!(d.person)))
                && !(has(&step["not"], "author_org") && object["author_org"] == json!(d.org))
                && !(has(&step["not"], "applicant") && case["applicant"] == json!(d.org))
        };
        let all: Vec<Desk> = self.desks.iter().filter(allowed).filter(|d| fits_person(step, d)).cloned().collect();
        let each = has(&step["by"], "each_provider") || has(&step["by"], "each_supervisor");
        let apart = each || step["distinct_orgs"] == json!(true);
        let many = if has(&step["by"], "each_supervisor") {
            case["supervisors"].as_array().map_or(1, Vec::len).max(1)
        } else if has(&step["by"], "each_provider") {
            object["resources"].as_object().map_or(1, |m| {
                let orgs: std::collections::BTreeSet<_> = m.values().filter_map(Value::as_str).collect();
                orgs.len()
            })
        } else {
            let wanted = usize::try_from(step["count"].as_u64().unwrap_or(1)).unwrap_or(1);
            if step["count_param"].is_string() { wanted.max(reviewers) } else { wanted }
        };
        let mut chosen: Vec<Desk> = Vec::new();
        for desk in all {
            if chosen.len() < many && chosen.iter().all(|c| !apart || c.org != desk.org) {
                chosen.push(desk);
            }
        }
        chosen
    }
}

/// Whether a person's own roles suffice for a step.
fn fits_person(step: &Value, desk: &Desk) -> bool {
    let roles = step["person_roles"].as_array().map(Vec::as_slice).unwrap_or_default();
    roles.is_empty() || roles.iter().filter_map(Value::as_str).any(|r| desk.roles.iter().any(|own| own == r))
}

/// Whether the pack has a step for a case about this object.
fn exists_for(step: &Value, object: &Value) -> bool {
    step["when"].is_null()
        || has(&step["when"]["any"], object[word(&step["when"], "field")].as_str().unwrap_or_default())
}

fn relates(by: &str, desk: &Desk, opener: &Desk, case: &Value) -> bool {
    let object = &case["object"];
    let named = |field: &str| object[field] == json!(desk.org);
    match by {
        "the_applicant" => desk.org == opener.org,
        "the_operator" => named("operator") || (object["operator"].is_null() && desk.has_org_role("operator")),
        "the_author_org" => named("author_org"),
        "the_consumer" => named("consumer"),
        "the_provider" => named("provider"),
        "the_holder" => named("holder"),
        "the_authoriser" => case["authoriser"] == json!(desk.org),
        "each_supervisor" => match case["supervisors"].as_array() {
            Some(all) => all.iter().any(|o| *o == json!(desk.org)),
            None => desk.has_org_role("data_authority"),
        },
        "each_provider" => object["resources"].as_object().is_some_and(|m| m.values().any(|p| *p == json!(desk.org))),
        "anyone" => true,
        "clock" => false,
        role => desk.has_org_role(role),
    }
}

pub(super) fn has(list: &Value, word: &str) -> bool {
    list.as_array().is_some_and(|l| l.iter().any(|v| v == word))
}

fn word<'a>(v: &'a Value, name: &str) -> &'a str {
    v[name].as_str().unwrap_or_default()
}
