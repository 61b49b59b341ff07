//! Classes of log leaves and their floors: refused a day early with the rule, allowed on the day.

use crate::world::{CITY, all_layers};
use model::pack::{PackText, resolve};
use model::retention::{LogClass, check_deletion, floor};
use model::{Pack, Timestamp};

/// The city's pack with two lines of its own about retention.
fn pack(parameters: &str) -> Pack {
    let mut layers: Vec<PackText> = resolve(&all_layers(), CITY).unwrap();
    let own = layers.last_mut().unwrap().files.get_mut("parameters.toml").unwrap();
    own.push_str(parameters);
    Pack::load(&layers).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn every_class_has_a_floor_and_is_refused_before_it() {
    let pack = pack("");
    let written = Timestamp::morning_of("2026-02-28").unwrap();
    for (class, months) in
        [(LogClass::Business, 240), (LogClass::Operation, 36), (LogClass::Network, 6), (LogClass::Work, 240)]
    {
        let found = floor(&pack, class).unwrap();
        assert_eq!((found.months, found.rule.as_str()), (months, "PRODUCT-RETENTION"), "{class}");
        let until = written.plus_months(months);
        let refused = check_deletion(&pack, class, written, until.plus_ms(-1)).unwrap_err();
        assert_eq!((refused.code.as_str(), refused.rule.as_str()), ("retention-floor", "PRODUCT-RETENTION"));
        assert!(refused.zh.contains(&months.to_string()) && refused.en.contains(class.as_str()), "{refused:?}");
        assert_eq!(check_deletion(&pack, class, written, until), Ok(()));
        // Counted from the end of the authorisation where that is later.
        assert!(check_deletion(&pack, class, written.plus_days(400), until).is_err());
    }
}

#[test]
fn a_longer_floor_of_the_city_stands_with_its_article() {
    let rule = pack("").articles.keys().find(|r| !r.starts_with("PRODUCT") && !r.starts_with("NAT")).unwrap().clone();
    let tighter = format!(
        "\n[\"retention.key_records_years\"]\nvalue = 30\nsource = \"{rule}\"\nstatus = \"explicit\"\n\
         \n[\"retention.network_log_months\"]\nvalue = 12\nsource = \"{rule}\"\nstatus = \"explicit\"\n"
    );
    let pack = pack(&tighter);
    for (class, months) in [(LogClass::Business, 360), (LogClass::Network, 12)] {
        assert_eq!(floor(&pack, class).unwrap().months, months);
        let now = Timestamp::morning_of("2027-01-04").unwrap();
        let refused = check_deletion(&pack, class, now.plus_days(-30), now).unwrap_err();
        assert_eq!(refused.rule, rule);
        assert!(!refused.article.is_empty(), "{refused:?}");
    }
}

#[test]
fn classes_by_verb() {
    for (kind, in_case, class) in [
        ("act", true, LogClass::Business),
        ("a_verb_of_tomorrow", false, LogClass::Business),
        ("person_created", false, LogClass::Operation),
        ("person_created", true, LogClass::Business),
        ("refuse_calls", false, LogClass::Network),
        ("finish_job", true, LogClass::Work),
        ("close_segment", false, LogClass::Business),
    ] {
        assert_eq!(LogClass::of(kind, in_case), class, "{kind}");
    }
}
