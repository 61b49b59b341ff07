//! Every way to open the seal without leave.

use super::*;
use model::ids::{JobId, OrgId, PersonId, ProductId, ScenarioId};
use model::order::ReleaseSpec;
use model::signed::Digest;

fn order(artefact: &str, report: &str) -> ReleaseSpec {
    ReleaseSpec {
        job: JobId::from("job_1"),
        product: ProductId::from("prod_1"),
        artefact: Digest(artefact.into()),
        gate_report: Digest(report.into()),
        author: PersonId::from("per_1"),
        author_org: OrgId::from("org_1"),
        scenario: ScenarioId::from("scn_1"),
    }
}

#[tokio::test]
async fn the_seal_opens_only_for_what_was_approved() {
    let rows = persons("东区", 0, 50, 1, 9);
    let (point, context) = point(&rows, &["person"], vec![]).await;
    let good = sealed(&answer(&[(Some("东区"), Some(50))]), vec![point.clone()], &context);
    let got = assess(&good, &GateParams::default(), Suite::Gm).await;
    let digest = got.digest(Suite::Gm).unwrap().to_string();
    let clearance = Clearance::new(&order(&got.artefact, &digest), &got, Suite::Gm).unwrap();
    let other = sealed(&answer(&[(Some("东区"), Some(51))]), vec![point], &context);
    assert_eq!(release(other, &clearance, Suite::Gm).unwrap_err().code, "other-artefact");
    assert_eq!(Clearance::new(&order(&got.artefact, &got.artefact), &got, Suite::Gm).unwrap_err().code, "other-report");
    assert_eq!(Clearance::new(&order(&digest, &digest), &got, Suite::Gm).unwrap_err().code, "other-artefact");
    let mut softened = got.clone();
    softened.parameters.k_other = 1;
    assert_eq!(Clearance::new(&order(&got.artefact, &digest), &softened, Suite::Gm).unwrap_err().code, "other-report");
    let mut blocked = got.clone();
    blocked.verdict = Verdict::Block;
    let blocked_digest = blocked.digest(Suite::Gm).unwrap().to_string();
    assert_eq!(
        Clearance::new(&order(&got.artefact, &blocked_digest), &blocked, Suite::Gm).unwrap_err().code,
        "gate-blocked"
    );
    assert_eq!(release(good, &clearance, Suite::Gm).unwrap().digest().to_string(), got.artefact);
}
