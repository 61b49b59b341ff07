//! The story itself: from records to a delivered product, to its evidence, told step by step.

use crate::story::cast::{Desk, text};
use crate::story::clerk::Errand;
use crate::story::{Story, StoryError};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Longer than the zone lets a job run: it ends each by itself, and says so.
const LONGEST_JOB: Duration = Duration::from_secs(15 * 60);

/// What the story made.
pub struct Made {
    /// Product id.
    pub product: String,
    /// Certificate number.
    pub certificate: String,
    /// Canonical digest.
    pub digest: String,
    /// Form.
    pub form: String,
    /// Evidence file.
    pub evidence: PathBuf,
    /// Access key of the consumer; the product's page tells how to use it.
    pub access_key: String,
}

pub(super) fn values<const N: usize>(pairs: [(&str, Value); N]) -> BTreeMap<String, Value> {
    pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

impl Story {
    /// Plays everything.
    pub async fn play(&mut self) -> Result<Made, StoryError> {
        let since = Instant::now();
        self.assemble().await?;
        self.say("系统管理员", "建立机构、人员与签名密钥，根密钥签署密钥清单", "", "");
        self.figure("parties_ms", since);
        let resources = self.catalogue().await?;
        let authorisation = self.authorise(&resources).await?;
        let scenario = self.scenario(&authorisation).await?;
        let grant = self.demand(&authorisation, &scenario, &resources).await?;
        let job = self.job(&grant).await?;
        let product = self.release(&job).await?;
        let made = self.product(&product, &scenario).await?;
        if self.ending {
            self.end(&made, &authorisation).await?;
        }
        self.find_leaves().await?;
        Ok(made)
    }

    /// The ending: suspension refuses calls with its article, restoration serves them again, termination destroys the
    /// authorisation's keys and leaves a certificate (WX-10.1, WX-19.1).
    pub async fn end(&mut self, made: &Made, authorisation: &str) -> Result<(), StoryError> {
        let article = self.article_of("rectification")?;
        let stop = |ground: &str| json!({ "authorisation": authorisation, "ground": ground, "article": article });
        let bureau = self.opener("rectification")?;
        let ground = self.first_of("rectification.grounds").unwrap_or_default();
        self.prove("rectification", &ground, authorisation, "ending").await?;
        let case = self
            .errand(Errand {
                name: "rectification",
                procedure: "rectification",
                opener: &bureau,
                object: stop(&ground),
                until: "suspend_authorisation",
                values: values([("rectification_order.deadline", json!(self.date))]),
            })
            .await?;
        self.once("suspended", async |story| story.refused_call(made, "暂停期间调用被拒绝").await).await?;
        let steps = self.path_from("rectification", &text(&case, "state"), &case["object"], "restore_authorisation")?;
        self.go_on("rectification", "rectification", &bureau, case, &steps).await?;
        self.once("restored", async |story| {
            story.call(&made.access_key, &made.product, "rows?limit=1").await?;
            Ok(["授权运营域".to_owned(), "整改完成，恢复服务".to_owned(), article.clone()])
        })
        .await?;
        let opener = self.opener("termination")?;
        self.errand(Errand {
            name: "termination",
            procedure: "termination",
            opener: &opener,
            object: stop("voluntary"),
            until: "certify_destruction",
            values: BTreeMap::new(),
        })
        .await?;
        self.once("terminated", async |story| story.refused_call(made, "终止后调用被拒绝，授权密钥已销毁").await)
            .await?;
        self.find_leaves().await
    }

    /// Does what cannot be repeated later, once; after an interruption it is told again as it was told then.
    async fn once(
        &mut self,
        key: &str,
        done: impl AsyncFnOnce(&mut Self) -> Result<[String; 3], StoryError>,
    ) -> Result<(), StoryError> {
        let told = match self.journal.get(key) {
            Some(told) => serde_json::from_value(told.clone())?,
            None => {
                let told = done(self).await?;
                self.journal.remember(key, &json!(told))?;
                told
            }
        };
        let [who, what, article] = told;
        self.say(&who, &what, &article, "");
        Ok(())
    }

    /// The article under which a procedure's first step stands.
    fn article_of(&self, procedure: &str) -> Result<String, StoryError> {
        let all = self.procedures.as_array().map(Vec::as_slice).unwrap_or_default();
        let found = all.iter().find(|p| p["name"] == json!(procedure));
        let rule = found.map(|p| text(&p["steps"][0], "rule")).unwrap_or_default();
        Ok(rule.split_once('-').map(|(_, article)| article.to_owned()).unwrap_or_default())
    }

    /// Calls until the refusal arrives at the zone, and gives who, what and article; a call that still goes through after
    /// a minute is a fault.
    async fn refused_call(&mut self, made: &Made, what: &str) -> Result<[String; 3], StoryError> {
        let since = Instant::now();
        while since.elapsed().as_secs() < 60 {
            match self.call_once(&made.access_key, &made.product, "rows?limit=1").await {
                Err(StoryError::Refused { refusal, .. }) => {
                    let consumer = self.input.consumer.zh.clone();
                    return Ok([consumer, format!("{what}（{}）", refusal.code), refusal.article.clone()]);
                }
                Err(e) if !e.may_pass() => return Err(e),
                _ => tokio::time::sleep(std::time::Duration::from_millis(50)).await,
            }
        }
        Err(StoryError::Shape("a call was served although it had to be refused".into()))
    }

    pub(super) fn at(&self, name: &str) -> Result<Desk, StoryError> {
        self.cast.desk(name).cloned()
    }

    /// Providers catalogue their resources.
    pub(super) async fn catalogue_cases(&mut self) -> Result<Vec<(String, String)>, StoryError> {
        let since = Instant::now();
        let mut known = Vec::new();
        let inputs = self.input.resources.clone();
        for (i, resource) in inputs.iter().enumerate() {
            let provider = self.at(if i % 2 == 0 { "provider1.officer" } else { "provider2.officer" })?;
            let name = format!("catalogue/{}", resource.table);
            let case = self
                .errand(Errand {
                    name: &name,
                    procedure: "catalogue",
                    opener: &provider,
                    object: json!({ "table": resource.table, "contract": resource.contract }),
                    until: "catalogue_resource",
                    values: values([
                        ("classification.grade", json!("general")),
                        ("supervision.supervisor", json!(crate::story::cast::supervisor_code())),
                    ]),
                })
                .await?;
            known.push((text(&case["object"], "resource"), resource.table.clone()));
        }
        self.figure("catalogue_ms", since);
        Ok(known)
    }

    /// Providers catalogue their resources and supply the records, straight to the zone.
    async fn catalogue(&mut self) -> Result<Vec<(String, String)>, StoryError> {
        let known = self.catalogue_cases().await?;
        let inputs = self.input.resources.clone();
        let since = Instant::now();
        let (mut rows, mut kept) = (0, 0);
        for (i, ((id, table), resource)) in known.iter().zip(&inputs).enumerate() {
            let provider = self.at(if i % 2 == 0 { "provider1.officer" } else { "provider2.officer" })?;
            let batch = self.supply(&provider, id, &resource.file).await?;
            let aside: u64 = batch["set_aside"].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum();
            let stored = batch["rows"].as_u64().unwrap_or_default();
            rows += stored + aside;
            kept += stored;
            let who = provider.account.org.clone();
            self.say(&who, &format!("上传 {table}：入库 {stored} 行，另置 {aside} 行"), "", "");
        }
        if kept == 0 {
            return Err(StoryError::refused(
                "nothing-stored",
                "PRODUCT-INTAKE",
                format!("上传的 {rows} 行全部另置，没有一行入库：请核对文件与字段契约（类型、编码、取值范围）。"),
                format!(
                    "All {rows} rows were set aside and none was stored: compare the files with their contracts \
                     (types, encoding, ranges)."
                ),
            ));
        }
        self.figures.insert("rows".to_owned(), json!(rows));
        self.figure("intake_ms", since);
        Ok(known)
    }

    async fn scenario(&mut self, authorisation: &str) -> Result<String, StoryError> {
        let operator = self.at("operator.approver")?;
        let names = self.input.scenario.clone();
        let case = self
            .errand(Errand {
                name: "scenario",
                procedure: "scenario",
                opener: &operator,
                object: json!({
                    "authorisation": authorisation, "zh": names.zh, "en": names.en, "purpose": names.zh,
                    "use_class": "industry_use",
                }),
                until: "approve_scenario",
                values: BTreeMap::new(),
            })
            .await?;
        Ok(text(&case["object"], "scenario"))
    }

    /// One application, one list, one decision; every provider consents.
    async fn demand(
        &mut self,
        authorisation: &str,
        scenario: &str,
        resources: &[(String, String)],
    ) -> Result<String, StoryError> {
        let operator = self.at("operator.approver")?;
        let fields: BTreeMap<String, Vec<String>> =
            self.input.resources.iter().map(|r| (r.table.clone(), r.fields.clone())).collect();
        let ids: Vec<&str> = resources.iter().map(|(id, _)| id.as_str()).collect();
        let case = self
            .errand(Errand {
                name: "demand",
                procedure: "demand",
                opener: &operator,
                object: json!({
                    "authorisation": authorisation, "scenario": scenario, "resources": ids, "fields": fields,
                    "purpose": self.input.purpose,
                }),
                until: "open_grant",
                values: BTreeMap::new(),
            })
            .await?;
        Ok(text(&case["object"], "grant"))
    }

    /// A reviewed job runs on raw records inside the zone; nobody sees its result before the gate and the reviewers.
    async fn job(&mut self, grant: &str) -> Result<String, StoryError> {
        let since = Instant::now();
        let engineer = self.at("operator.engineer")?;
        let sql = self.input.sql.clone();
        let case = self
            .errand(Errand {
                name: "job",
                procedure: "job",
                opener: &engineer,
                object: json!({ "grant": grant, "sql": sql }),
                until: "order_job",
                values: BTreeMap::new(),
            })
            .await?;
        let job = text(&case["object"], "job");
        let done = self
            .within(LONGEST_JOB, &format!("/api/v1/jobs/{job}"), &engineer, |v| {
                matches!(v["state"].as_str(), Some("done" | "failed" | "refused"))
            })
            .await?;
        self.figure("job_ms", since);
        if done["state"] != json!("done") {
            return Err(self.refused_job(&engineer, &case, &done).await?);
        }
        if let Some(stages) = done["result"]["figures"].as_object() {
            self.figures.insert("job_stages_ms".to_owned(), json!(stages));
        }
        let verdict = text(&done["gate"], "verdict");
        let rows = done["rows"].as_u64().unwrap_or_default();
        self.say("授权运营域", &format!("作业完成：{rows} 行已封存，出口关结论 {verdict}"), "", "");
        if rows == 0 {
            return Err(StoryError::refused(
                "no-rows",
                "PRODUCT-GATE",
                "作业结果没有一行，没有可放行的内容：请查看另置的行、最小人数与查询条件。",
                "The job's result has no row, there is nothing to release: look at the rows set aside, the smallest counts \
                 and the query's conditions.",
            ));
        }
        if verdict == "block" {
            return Err(self.blocked(&engineer, &job).await?);
        }
        Ok(job)
    }

    /// Which checks of the exit gate blocked, in their own words.
    async fn blocked(&mut self, desk: &Desk, job: &str) -> Result<StoryError, StoryError> {
        let report = self.gate_report(desk, job).await?;
        let checks = report["checks"].as_array().into_iter().flatten();
        let blocking: Vec<&Value> = checks.filter(|c| c["verdict"] == json!("block")).collect();
        let said = |words: &str| {
            let one = |c: &&Value| format!("{}: {}", text(c, "id"), text(c, words));
            blocking.iter().map(one).collect::<Vec<_>>().join("; ")
        };
        let zh = format!("出口关阻断：{}。", said("zh"));
        let en = format!("The exit gate blocks: {}.", said("en"));
        Ok(StoryError::refused("gate-blocked", "PRODUCT-GATE", zh, en))
    }

    /// Why a job brought nothing: the zone's refusal of the run or of the order.
    async fn refused_job(&mut self, desk: &Desk, case: &Value, done: &Value) -> Result<StoryError, StoryError> {
        let mut said = done["result"]["refusal"].clone();
        if said.is_null() {
            let path = format!("/api/v1/cases/{}", text(case, "id"));
            said = self.read(desk, &path).await?["refused_orders"][0]["refusal"].clone();
        }
        // A zone that does not know the grant has refused it before, and said why.
        if said["code"] == json!("object-unknown") {
            let grants = self.read(desk, "/api/v1/grants").await?;
            let named = |g: &&Value| g["id"] == case["object"]["grant"];
            let of = grants["grants"].as_array().into_iter().flatten().find(named).map(|g| text(g, "case"));
            let path = format!("/api/v1/cases/{}", of.unwrap_or_default());
            let why = self.read(desk, &path).await?["refused_orders"][0]["refusal"].clone();
            said = if why.is_null() { said } else { why };
        }
        let refusal: model::Refusal = serde_json::from_value(said)?;
        Ok(StoryError::Refused { status: 422, refusal: Box::new(refusal) })
    }

    /// Hazard check, two blind votes, the security authority and the data authority; then the zone releases.
    async fn release(&mut self, job: &str) -> Result<String, StoryError> {
        let engineer = self.at("operator.engineer")?;
        let case = self
            .errand(Errand {
                name: "release",
                procedure: "release",
                opener: &engineer,
                object: json!({ "job": job }),
                until: "order_release",
                values: BTreeMap::new(),
            })
            .await?;
        let product = text(&case["object"], "product");
        let operator = self.at("operator.approver")?;
        let path = format!("/api/v1/products/{product}");
        self.until(&path, &operator, |v| v["state"] != json!("draft")).await?;
        self.say("授权运营域", "按摘要放行成果", "", "");
        Ok(product)
    }

    /// Registration, certificate, venue, publication; then a consumer orders and calls.
    async fn product(&mut self, product: &str, scenario: &str) -> Result<Made, StoryError> {
        let since = Instant::now();
        let operator = self.at("operator.approver")?;
        let table = self.parameters["product.table_form"]["value"].as_str().unwrap_or("dataset").to_owned();
        let form = self.input.form.clone().unwrap_or(table);
        let names = self.input.product.clone();
        self.errand(Errand {
            name: "product",
            procedure: "product",
            opener: &operator,
            object: json!({
                "product": product, "scenario": scenario, "zh": names.zh, "en": names.en, "form": form,
                "unit": self.input.unit, "price": self.input.price_fen, "use_class": "industry_use",
            }),
            until: "publish_product",
            values: BTreeMap::new(),
        })
        .await?;
        let seen = self.read(&operator, &format!("/api/v1/products/{product}")).await?;
        let access_key = self.order(product, scenario, &operator).await?;
        self.once("delivered", async |story| {
            let csv = story.call(&access_key, product, "file?format=csv").await?;
            let rows = story.call(&access_key, product, "rows?limit=5").await?;
            let told = format!("下载产品文件 {} 字节，接口返回 {} 字节", csv.len(), rows.len());
            Ok([story.input.consumer.zh.clone(), told, String::new()])
        })
        .await?;
        self.figure("market_ms", since);
        let evidence = self.evidence(&operator, product).await?;
        Ok(Made {
            product: product.to_owned(),
            certificate: text(&seen, "certificate_number"),
            digest: text(&seen, "artefact"),
            form,
            evidence,
            access_key,
        })
    }

    async fn order(&mut self, product: &str, scenario: &str, operator: &Desk) -> Result<String, StoryError> {
        let consumer = self.at("consumer.approver")?;
        let access_key = match self.journal.get("access-key") {
            Some(v) => v.as_str().unwrap_or_default().to_owned(),
            None => {
                let made = format!("{}{}", app::tickets::ACCESS_KEY_PREFIX, crypto::random_hex(32)?);
                self.journal.remember("access-key", &json!(made))?;
                made
            }
        };
        let until = self.now(operator).await? + 180 * 86_400_000i64;
        let case = self
            .errand(Errand {
                name: "order",
                procedure: "consumer_order",
                opener: &consumer,
                object: json!({
                    "product": product, "scenario": scenario, "until": until,
                    "access_key": self.suite.hash(access_key.as_bytes()).to_string(),
                }),
                until: "admit_recipient",
                values: BTreeMap::new(),
            })
            .await?;
        drop(case);
        Ok(access_key)
    }

    async fn evidence(&mut self, desk: &Desk, product: &str) -> Result<PathBuf, StoryError> {
        let path = format!("/api/v1/products/{product}/evidence");
        let value = self.read(desk, &path).await?;
        let file = self.layout.data.join(format!("{product}.evidence.json"));
        std::fs::write(&file, crypto::canonical(&value)?)?;
        self.say("平台", &format!("导出证据文件 {}", file.display()), "", "");
        Ok(file)
    }
}
