//! Rules and attacks on accounts, on a real database and a passed-in clock.

use super::*;
use crate::error::{AppError, AppResult};
use crypto::Suite;
use model::ids::{OrgId, PersonId};
use model::party::{LegalForm, OrgRole, Organisation, Person, PersonRole};
use store::{Settings, Store};

const GOOD: &str = "Correct-Horse-7-电池";
const T0: Timestamp = Timestamp(1_780_000_000_000);

struct World {
    _folder: tempfile::TempDir,
    store: Store,
    people: People,
    org: OrgId,
}

fn minutes(n: i64) -> Timestamp {
    T0.plus_ms(n * MINUTE_MS)
}

async fn world() -> World {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("t.db").display());
    let store = Store::open(&url, Settings { suite: Suite::Gm, mac_key: [1; 32], tail: None }).await.unwrap();
    let people = People::new(Suite::Gm, "dep-a", &[2; 32]).unwrap();
    let mut tx = store.begin().await.unwrap();
    let org = create_organisation(&mut tx, organisation(None), T0).await.unwrap();
    tx.commit().await.unwrap();
    World { _folder: folder, store, people, org: org.id }
}

fn organisation(uscc: Option<&str>) -> NewOrganisation {
    NewOrganisation {
        zh: "数据局".into(),
        en: "Data authority".into(),
        uscc: uscc.map(str::to_owned),
        legal_form: LegalForm::LegalPerson,
        roles: vec![OrgRole::DataAuthority],
        group: None,
    }
}

impl World {
    fn new_person(&self, account: &str, name: &str, roles: &[PersonRole]) -> NewPerson {
        NewPerson {
            org: self.org.clone(),
            account: account.into(),
            password: GOOD.into(),
            name: name.into(),
            document: None,
            roles: roles.to_vec(),
            must_change: false,
        }
    }

    async fn create(&self, new: NewPerson) -> AppResult<Person> {
        let prepared = self.people.prepare(new).await?;
        let mut tx = self.store.begin().await?;
        let person = create_person(&mut tx, &prepared, T0).await?;
        tx.commit().await?;
        Ok(person)
    }

    async fn person(&self, account: &str, name: &str, role: PersonRole) -> Person {
        self.create(self.new_person(account, name, &[role])).await.unwrap()
    }

    async fn sign_in(&self, account: &str, password: &str, at: Timestamp) -> AppResult<Login> {
        login(&self.store, &self.people, account, password, at).await
    }

    async fn who(&self, token: &str, at: Timestamp) -> AppResult<SignedIn> {
        sessions::signed_in(&self.store, &self.people, token, at).await
    }

    /// All leaves as text, numbered ones included.
    async fn leaves(&self) -> Vec<String> {
        while !crate::tests::sequence(&self.store, 100).await.unwrap().is_empty() {}
        let rows = self.store.leaves_from(0, 10_000).await.unwrap();
        rows.into_iter().map(|(_, bytes)| String::from_utf8(bytes).unwrap()).collect()
    }
}

#[track_caller]
fn code<T>(result: AppResult<T>) -> (String, String) {
    match result.map(drop) {
        Err(AppError::Refused(r)) => {
            assert!(!r.zh.is_empty() && !r.en.is_empty());
            (r.code, r.rule)
        }
        other => panic!("not a refusal: {other:?}"),
    }
}

fn pair(code: &str, rule: &str) -> (String, String) {
    (code.into(), rule.into())
}

#[tokio::test]
async fn passwords_need_length_and_four_classes() {
    let w = world().await;
    let weak = pair("password-too-weak", "MLPS-1");
    for bad in [
        "",
        "Short-1a",
        "alllowercase-1234",
        "ALLUPPERCASE-1234",
        "NoDigitsHere-----",
        "NoOther12345678",
        "Li.Wei-Password-99",
        &"aA1-".repeat(40),
    ] {
        let mut new = w.new_person("li.wei", "李伟", &[PersonRole::Officer]);
        new.password = bad.into();
        assert_eq!(code(w.create(new).await), weak, "{bad}");
    }
    w.person("li.wei", "李伟", PersonRole::Officer).await;
}

#[tokio::test]
async fn default_and_malformed_account_names_are_refused() {
    let w = world().await;
    for bad in ["admin", " ROOT ", "Administrator"] {
        assert_eq!(
            code(w.create(w.new_person(bad, "李伟", &[PersonRole::Officer])).await),
            pair("default-account-name", "MLPS-5"),
            "{bad}"
        );
    }
    for bad in ["", "ab", "a b c", "li伟wei", "x'; DROP TABLE account;--", &"a".repeat(41)] {
        let made = w.create(w.new_person(bad, "李伟", &[PersonRole::Officer])).await;
        assert!(matches!(made, Err(AppError::Usage { code: "bad-account-name", .. })), "{bad}");
    }
}

#[tokio::test]
async fn three_administrators_exclude_each_other() {
    use PersonRole::{AuditAdmin, Officer, SecurityAdmin, SystemAdmin};
    let w = world().await;
    let exclude = pair("administrators-exclude", "MLPS-5");
    for two in [[SystemAdmin, SecurityAdmin], [SystemAdmin, AuditAdmin], [SecurityAdmin, AuditAdmin]] {
        assert_eq!(code(w.create(w.new_person("both", "张三", &two)).await), exclude);
    }
    let system = w.person("zhang.san", "张三", SystemAdmin).await;
    // A second account for the same real person is no way round, however the name is spelt.
    for same in ["张三", " 张 三 ", "张\u{3000}三"] {
        assert_eq!(
            code(w.create(w.new_person("zs.audit", same, &[AuditAdmin])).await),
            pair("person-has-account", "MLPS-5"),
            "{same}"
        );
    }
    // Nor is changing roles later.
    let mut tx = w.store.begin().await.unwrap();
    assert_eq!(code(set_roles(&mut tx, &system.id, vec![SystemAdmin, AuditAdmin], T0).await), exclude);
    assert_eq!(code(set_roles(&mut tx, &system.id, vec![AuditAdmin], T0).await), pair("last-administrator", "MLPS-5"));
    drop(tx);
    // A namesake is told apart by a document.
    let mut namesake = w.new_person("zhang.san2", "张三", &[Officer]);
    namesake.document = Some("32020019900101XXXX".into());
    w.create(namesake).await.unwrap();
}

#[tokio::test]
async fn same_person_twice_at_once_gets_one_account() {
    let w = world().await;
    let (a, b) = (
        w.new_person("wang.a", "王芳", &[PersonRole::SystemAdmin]),
        w.new_person("wang.b", "王芳", &[PersonRole::AuditAdmin]),
    );
    let (a, b) = tokio::join!(w.create(a), w.create(b));
    assert_eq!(usize::from(a.is_ok()) + usize::from(b.is_ok()), 1, "{a:?} {b:?}");
}

#[tokio::test]
async fn names_are_sealed_and_open_only_as_their_persons() {
    let w = world().await;
    let (a, b) =
        (w.person("li.wei", "李伟", PersonRole::Officer).await, w.person("wang.f", "王芳", PersonRole::Officer).await);
    let mut tx = w.store.begin().await.unwrap();
    assert_eq!(real_name(&mut tx, &w.people, &a.id).await.unwrap().as_str(), "李伟");
    let row = tx.account_of(b.id.as_str()).await.unwrap().unwrap();
    assert!(w.people.open_name(a.id.as_str(), &row.sealed).is_err(), "a swapped name opens");
    let other = People::new(Suite::Gm, "dep-b", &[2; 32]).unwrap();
    assert!(other.open_name(b.id.as_str(), &row.sealed).is_err(), "opens in another deployment");
    let name = "王芳".as_bytes();
    assert!(!row.sealed.windows(name.len()).any(|x| x == name));
    assert_ne!(w.people.identity("王芳", None), other.identity("王芳", None), "identities are keyed");
}

#[tokio::test]
async fn five_failed_tries_lock_for_thirty_minutes() {
    let w = world().await;
    w.person("li.wei", "李伟", PersonRole::Officer).await;
    let failed = pair("login-failed", "MLPS-2");
    for i in 0..4 {
        assert_eq!(code(w.sign_in("li.wei", "Wrong-Password-1", minutes(i)).await), failed);
    }
    w.sign_in(" LI.WEI ", GOOD, minutes(4)).await.unwrap();
    for i in 5..10 {
        assert_eq!(
            code(w.sign_in("li.wei", "Wrong-Password-1", minutes(i)).await),
            failed,
            "a success starts a new count"
        );
    }
    // The lock runs from the fifth failure, minute 9; the right password does not open it, nor does trying extend it.
    for at in [10, 20, 38] {
        assert_eq!(code(w.sign_in("li.wei", GOOD, minutes(at)).await), failed, "minute {at}");
    }
    w.sign_in("li.wei", GOOD, minutes(39)).await.unwrap();
    let account = w.store.account("li.wei").await.unwrap().unwrap();
    assert_eq!((account.failed, account.failed_total, account.locked_until), (0, 9, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn guessing_in_parallel_gets_five_tries_not_more() {
    let w = world().await;
    w.person("li.wei", "李伟", PersonRole::Officer).await;
    let tries: Vec<_> = (0..24)
        .map(|i| {
            let (store, people) = (w.store.clone(), w.people.clone());
            tokio::spawn(async move { login(&store, &people, "li.wei", &format!("Wrong-Password-{i}"), T0).await })
        })
        .collect();
    for t in tries {
        assert_eq!(code(t.await.unwrap()).0, "login-failed");
    }
    let account = w.store.account("li.wei").await.unwrap().unwrap();
    assert_eq!((account.failed, account.failed_total), (5, 5), "the other nineteen were not compared");
    assert_eq!(code(w.sign_in("li.wei", GOOD, minutes(1)).await).0, "login-failed");
}

/// What one comparison of a password takes at least.
async fn one_hash(w: &World) -> std::time::Duration {
    let mut best = std::time::Duration::MAX;
    for _ in 0..4 {
        let began = std::time::Instant::now();
        w.people.verify_password(GOOD, None).await.unwrap();
        best = best.min(began.elapsed());
    }
    best
}

/// Wrong password, locked account, closed account, unknown name: one answer, after the same work.
#[tokio::test]
async fn who_does_not_sign_in_learns_nothing() {
    let w = world().await;
    w.person("zhang.san", "张三", PersonRole::SystemAdmin).await;
    w.person("known.one", "李伟", PersonRole::Officer).await;
    w.person("locked.one", "王芳", PersonRole::Officer).await;
    let closed = w.person("closed.one", "赵敏", PersonRole::Officer).await;
    let mut tx = w.store.begin().await.unwrap();
    close_account(&mut tx, &closed.id, T0).await.unwrap();
    tx.commit().await.unwrap();
    for _ in 0..5 {
        assert!(w.sign_in("locked.one", "Wrong-Password-1", T0).await.is_err());
    }
    let mut answers = std::collections::BTreeSet::new();
    let mut times = std::collections::BTreeMap::new();
    for (account, password) in [
        ("known.one", "Wrong-Password-1"),
        ("locked.one", "Wrong-Password-1"),
        ("locked.one", GOOD),
        ("closed.one", GOOD),
        ("nobody.here", GOOD),
    ] {
        for n in 0..4 {
            let began = std::time::Instant::now();
            let answer = w.sign_in(account, password, minutes(n)).await;
            let best = times.entry((account, password)).or_insert(std::time::Duration::MAX);
            *best = began.elapsed().min(*best);
            let Err(AppError::Refused(refusal)) = answer else { panic!("{account}: {answer:?}") };
            answers.insert(serde_json::to_string(&refusal).unwrap());
        }
    }
    assert_eq!(answers.len(), 1, "{answers:?}");
    // One hash costs many times what the rest does; a busy machine only makes the tries slower.
    let hash = one_hash(&w).await;
    assert!(times.values().all(|t| *t * 5 > hash), "a try without a hash: {times:?}, a hash takes {hash:?}");
    let leaves = w.leaves().await.concat();
    assert!(leaves.contains("account-locked"), "the log knows the reason");
}

#[tokio::test]
async fn an_administrator_holds_no_role_that_acts() {
    use PersonRole::{Approver, AuditAdmin, Engineer, Officer, Reader, SecurityAdmin, SystemAdmin};
    let w = world().await;
    let acts = pair("administrator-acts", "MLPS-5");
    for admin in [SystemAdmin, SecurityAdmin, AuditAdmin] {
        for role in [Approver, Officer, Engineer] {
            for roles in [[admin, role], [role, admin]] {
                assert_eq!(code(w.create(w.new_person("both", "张三", &roles)).await), acts, "{roles:?}");
            }
        }
    }
    w.create(w.new_person("zhang.san", "张三", &[SystemAdmin, Reader])).await.unwrap();
    let officer = w.person("li.wei", "李伟", Officer).await;
    let mut tx = w.store.begin().await.unwrap();
    assert_eq!(code(set_roles(&mut tx, &officer.id, vec![Officer, SecurityAdmin], T0).await), acts);
    let moved = set_roles(&mut tx, &officer.id, vec![SecurityAdmin], T0).await.unwrap();
    assert_eq!(moved.roles, [SecurityAdmin], "instead of it is another matter");
    assert_eq!(code(set_roles(&mut tx, &officer.id, vec![SecurityAdmin, Approver], T0).await), acts);
}

#[tokio::test]
async fn every_failure_is_counted_and_no_leaf_is_personal() {
    let w = world().await;
    let person = w.person("li.wei", "李伟", PersonRole::Officer).await;
    for (account, at) in [("nobody.1", 0), ("nobody.2", 0), ("nobody.3", 0), ("nobody.4", 2)] {
        assert_eq!(code(w.sign_in(account, GOOD, minutes(at)).await), pair("login-failed", "MLPS-2"));
    }
    assert_eq!(code(w.sign_in("li.wei", "Wrong-Password-1", minutes(3)).await).0, "login-failed");
    let token = w.sign_in("li.wei", GOOD, minutes(3)).await.unwrap().token;
    logout(&w.store, &w.people, &token, minutes(4)).await.unwrap();
    let leaves = w.leaves().await;
    let kinds: Vec<(String, String)> = leaves
        .iter()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap())
        .map(|l| (l["kind"].as_str().unwrap().to_owned(), l["outcome"].as_str().unwrap().to_owned()))
        .collect();
    let want = [
        ("sign_in_unknown", "refused"),
        ("sign_in_unknown", "refused"),
        ("sign_in", "refused"),
        ("sign_in", "done"),
        ("sign_out", "done"),
    ];
    assert_eq!(kinds, want.map(|(k, o)| pair(k, o)));
    assert!(
        leaves[0].contains("\"count\":\"1\"") && leaves[1].contains("\"count\":\"3\""),
        "one leaf a minute tells the number: {leaves:?}"
    );
    assert!(leaves[2].contains(person.id.as_str()));
    for secret in ["li.wei", "李伟", "nobody", GOOD, "Wrong-Password-1", &token] {
        assert!(!leaves.iter().any(|l| l.contains(secret)), "{secret} stands in a leaf");
    }
}

#[tokio::test]
async fn sessions_end_when_idle_old_or_signed_out() {
    let w = world().await;
    let person = w.person("li.wei", "李伟", PersonRole::Officer).await;
    let not_signed_in = |r: AppResult<SignedIn>| assert!(matches!(r, Err(AppError::NotSignedIn)), "{r:?}");
    let token = w.sign_in("li.wei", GOOD, T0).await.unwrap().token;
    assert_eq!(token.len(), 64, "256 bits");
    assert_eq!(w.who(&token, minutes(14)).await.unwrap().person.id, person.id);
    assert_eq!(w.who(&token, minutes(28)).await.unwrap().org.id, w.org);
    not_signed_in(w.who(&token, minutes(43)).await);
    // Used without a break, it still ends after eight hours.
    let token = w.sign_in("li.wei", GOOD, T0).await.unwrap().token;
    for at in (0..480).step_by(10) {
        w.who(&token, minutes(at)).await.unwrap();
    }
    not_signed_in(w.who(&token, minutes(480)).await);
    let token = w.sign_in("li.wei", GOOD, T0).await.unwrap().token;
    not_signed_in(w.who(&token, minutes(-1)).await);
    logout(&w.store, &w.people, &token, minutes(1)).await.unwrap();
    not_signed_in(w.who(&token, minutes(1)).await);
    not_signed_in(w.who("", T0).await);
    not_signed_in(w.who(&w.people.token_hash(&token), T0).await);
    // The digest in the database is of no use without the people key, and another key digests differently.
    assert_ne!(w.people.token_hash("t"), People::new(Suite::Gm, "dep-a", &[3; 32]).unwrap().token_hash("t"));
}

#[tokio::test]
async fn an_administrator_has_one_session() {
    let w = world().await;
    w.person("zhang.san", "张三", PersonRole::SystemAdmin).await;
    w.person("li.wei", "李伟", PersonRole::Officer).await;
    for (account, ended) in [("zhang.san", true), ("li.wei", false)] {
        let first = w.sign_in(account, GOOD, T0).await.unwrap().token;
        let second = w.sign_in(account, GOOD, T0).await.unwrap().token;
        assert_eq!(w.who(&first, T0).await.is_err(), ended, "{account}");
        w.who(&second, T0).await.unwrap();
    }
}

#[tokio::test]
async fn last_five_passwords_do_not_come_back() {
    let w = world().await;
    w.person("li.wei", "李伟", PersonRole::Officer).await;
    let nth = |n: usize| {
        if n == 0 { GOOD.to_owned() } else { format!("Correct-Horse-{n}-Battery") }
    };
    let change = async |from: usize, to: &str, at: i64| {
        change_password(&w.store, &w.people, "li.wei", &nth(from), to, minutes(at)).await
    };
    let token = w.sign_in("li.wei", GOOD, T0).await.unwrap().token;
    assert_eq!(code(change(0, "weak", 0).await), pair("password-too-weak", "MLPS-1"));
    w.who(&token, minutes(0)).await.unwrap();
    for n in 1..=5 {
        change(n - 1, &nth(n), 1).await.unwrap();
    }
    assert!(w.who(&token, minutes(1)).await.is_err(), "a changed password ends the sessions");
    for n in 1..=5 {
        assert_eq!(code(change(5, &nth(n), 2).await), pair("password-reused", "MLPS-1"), "{n}");
    }
    change(5, &nth(0), 3).await.unwrap();
    assert_eq!(
        code(change_password(&w.store, &w.people, "li.wei", "Wrong-Password-1", &nth(9), minutes(4)).await).0,
        "login-failed"
    );
    let unknown = change_password(&w.store, &w.people, "wang.wu", GOOD, &nth(9), minutes(4)).await;
    assert_eq!(code(unknown).0, "login-failed", "an unknown account looks like a wrong password");
    assert_eq!(w.store.account("li.wei").await.unwrap().unwrap().failed, 1, "a wrong present password is a failed try");
}

#[tokio::test]
async fn passwords_grow_old_and_a_reset_one_must_be_changed() {
    let w = world().await;
    let person = w.person("li.wei", "李伟", PersonRole::Officer).await;
    let needed = pair("password-change-needed", "MLPS-1");
    assert!(w.sign_in("li.wei", GOOD, T0.plus_days(89)).await.is_ok());
    assert_eq!(code(w.sign_in("li.wei", GOOD, T0.plus_days(90)).await), needed);
    let token = w.sign_in("li.wei", GOOD, T0).await.unwrap().token;
    for _ in 0..5 {
        assert!(w.sign_in("li.wei", "Wrong-Password-1", T0).await.is_err());
    }
    let set = "Set-By-Another-1-Person";
    let prepared = w.people.prepare_password(&w.store, &person.id, set).await.unwrap();
    let mut tx = w.store.begin().await.unwrap();
    reset_password(&mut tx, &person.id, &prepared, T0).await.unwrap();
    assert!(matches!(reset_password(&mut tx, &person.id, &prepared, T0).await, Err(AppError::Moved(_))));
    tx.commit().await.unwrap();
    assert!(w.who(&token, T0).await.is_err());
    assert_eq!(code(w.sign_in("li.wei", set, T0).await), needed, "no session before the change");
    change_password(&w.store, &w.people, "li.wei", set, "My-Own-2-Password", T0).await.unwrap();
    assert!(w.sign_in("li.wei", "My-Own-2-Password", T0).await.is_ok());
}

#[tokio::test]
async fn closed_account_is_as_good_as_none() {
    let w = world().await;
    let admin = w.person("zhang.san", "张三", PersonRole::SystemAdmin).await;
    let person = w.person("li.wei", "李伟", PersonRole::Officer).await;
    let token = w.sign_in("li.wei", GOOD, T0).await.unwrap().token;
    let mut tx = w.store.begin().await.unwrap();
    close_account(&mut tx, &person.id, T0).await.unwrap();
    assert_eq!(code(close_account(&mut tx, &person.id, T0).await).0, "account-closed");
    assert_eq!(code(close_account(&mut tx, &admin.id, T0).await), pair("last-administrator", "MLPS-5"));
    assert!(matches!(close_account(&mut tx, &PersonId("per_none".into()), T0).await, Err(AppError::NotFound(_))));
    tx.commit().await.unwrap();
    assert!(w.who(&token, T0).await.is_err());
    assert_eq!(code(w.sign_in("li.wei", GOOD, T0).await).0, "login-failed");
    // The person may come back under a new account; the old name stays taken.
    assert_eq!(code(w.create(w.new_person("li.wei", "李伟", &[PersonRole::Officer])).await).0, "account-taken");
    w.person("li.wei2", "李伟", PersonRole::Officer).await;
}

#[tokio::test]
async fn organisations_are_checked() {
    let w = world().await;
    let mut tx = w.store.begin().await.unwrap();
    let made: Organisation = create_organisation(&mut tx, organisation(Some("91350100m000100y43")), T0).await.unwrap();
    assert_eq!(made.uscc.as_deref(), Some("91350100M000100Y43"));
    let again = create_organisation(&mut tx, organisation(Some("91350100M000100Y43")), T0).await;
    assert_eq!(code(again).0, "organisation-known");
    let bad = create_organisation(&mut tx, organisation(Some("91350100M000100Y44")), T0).await;
    assert!(matches!(bad, Err(AppError::Usage { code: "bad-uscc", .. })));
    let blank = NewOrganisation { zh: " \n".into(), ..organisation(None) };
    assert!(matches!(create_organisation(&mut tx, blank, T0).await, Err(AppError::Usage { code: "bad-text", .. })));
    let nobody = NewOrganisation { roles: vec![], ..organisation(None) };
    assert!(matches!(create_organisation(&mut tx, nobody, T0).await, Err(AppError::Usage { code: "no-role", .. })));
    drop(tx);
    let mut lost = w.new_person("li.wei", "李伟", &[PersonRole::Officer]);
    lost.org = OrgId("org_none".into());
    assert!(matches!(w.create(lost).await, Err(AppError::NotFound("organisation"))));
}
