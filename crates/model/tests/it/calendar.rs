//! Working days, ends of periods, and what is overdue.

use crate::world::*;
use model::case::Actor;
use model::pack::{Calendar, Days, Pack};
use model::procedure::{clock_concerns, deadlines, overdue_steps};
use model::time::{Timestamp, parse_date};
use model::{decide, open_case};

fn calendar() -> Calendar {
    PACK.calendar.clone()
}

fn at(day: &str) -> Timestamp {
    Timestamp::morning_of(day).unwrap()
}

fn last(from: &str, n: i64, days: Days) -> String {
    calendar().end(at(from), n, days).last.to_string()
}

#[test]
fn the_announced_years() {
    let calendar = calendar();
    assert_eq!(calendar.years().keys().copied().collect::<Vec<_>>(), [2024, 2025, 2026]);
    // How many working days a year has follows from the announcement: 365 or 366 days, less weekends and holidays, plus
    // the make-up days. 2024 and 2025 are checked against the published totals of 251 and 248; 2026 has 248.
    for (year, working) in [(2024, 251), (2025, 248), (2026, 248)] {
        let mut day = jiff::civil::date(year, 1, 1);
        let mut n = 0;
        while day.year() == year {
            n += usize::from(calendar.works(day));
            day = day.tomorrow().unwrap();
        }
        assert_eq!(n, working, "{year}");
    }
}

#[test]
fn single_days() {
    let calendar = calendar();
    for (day, works) in [
        ("2024-02-09", true), // Rest on New Year's Eve 2024 was encouraged, not announced.
        ("2024-02-10", false),
        ("2024-02-18", true),
        ("2025-01-28", false),
        ("2025-01-26", true),
        ("2025-10-08", false),
        ("2025-10-11", true),
        ("2026-02-14", true),
        ("2026-02-16", false),
        ("2026-02-23", false),
        ("2026-02-24", true),
        ("2026-02-28", true),
        ("2026-03-01", false),
        ("2026-10-10", true),
    ] {
        assert_eq!(calendar.works(parse_date(day).unwrap()), works, "{day}");
    }
    assert_eq!(calendar.holiday(parse_date("2026-02-17").unwrap()), Some("春节"));
}

#[test]
fn periods_across_spring_festival() {
    // From Friday 13 February 2026: the Saturday is worked, nine days are off, then Tuesday to Saturday are worked.
    assert_eq!(last("2026-02-13", 1, Days::Working), "2026-02-14");
    assert_eq!(last("2026-02-13", 2, Days::Working), "2026-02-24");
    assert_eq!(last("2026-02-13", 6, Days::Working), "2026-02-28");
    assert_eq!(last("2026-02-13", 7, Days::Working), "2026-03-02");
    // Calendar days whose last day lies in the festival end with the first working day after it; before it, they stay.
    assert_eq!(last("2026-02-10", 7, Days::Calendar), "2026-02-24");
    assert_eq!(last("2026-02-07", 7, Days::Calendar), "2026-02-14");
    assert_eq!(last("2025-01-22", 10, Days::Calendar), "2025-02-05");
    assert_eq!(last("2024-02-05", 5, Days::Calendar), "2024-02-18", "a Sunday that was worked");
    // Something on a day off starts a period with the next day all the same.
    assert_eq!(last("2026-02-16", 1, Days::Working), "2026-02-24");
    // Late in the evening in China is the same day, whatever UTC says.
    let evening = Timestamp::start_of(parse_date("2026-02-13").unwrap()).plus_ms(24 * 3_600_000 - 1);
    assert_eq!(calendar().end(evening, 1, Days::Working).last.to_string(), "2026-02-14");
    assert_eq!(calendar().end(evening.plus_ms(1), 1, Days::Working).last.to_string(), "2026-02-24");
}

#[test]
fn leap_days_count() {
    assert_eq!(last("2024-02-22", 7, Days::Calendar), "2024-02-29");
    assert_eq!(last("2024-02-28", 1, Days::Working), "2024-02-29");
    assert_eq!(last("2025-02-27", 1, Days::Calendar), "2025-02-28");
    assert_eq!(last("2025-02-28", 1, Days::Working), "2025-03-03");
    let leap = at("2024-02-29");
    assert_eq!(leap.plus_months(12).date().to_string(), "2025-02-28");
    assert_eq!(leap.plus_months(48).date().to_string(), "2028-02-29");
    assert_eq!(at("2026-02-28").plus_months(24).date().to_string(), "2028-02-28");
}

#[test]
fn a_year_without_an_announcement_says_so() {
    let calendar = calendar();
    let end = calendar.end(at("2026-12-01"), 5, Days::Working);
    assert!(end.unannounced.is_empty(), "{end:?}");
    // New Year's days reach into the December before.
    let end = calendar.end(at("2026-12-24"), 3, Days::Working);
    assert_eq!((end.last.to_string(), end.unannounced.into_iter().collect()), ("2026-12-29".into(), vec![2027]));
    // Monday to Friday, although 1 January is a holiday in every year: nothing is made up.
    let end = calendar.end(at("2026-12-31"), 1, Days::Working);
    assert_eq!((end.last.to_string(), end.unannounced.into_iter().collect()), ("2027-01-01".into(), vec![2027]));
    let end = calendar.end(at("2029-01-05"), 1, Days::Calendar);
    assert_eq!((end.last.to_string(), end.unannounced.into_iter().collect()), ("2029-01-08".into(), vec![2029]));
    // A period that only passes through such a year as calendar days is sure, as long as its last day is.
    assert!(Calendar::default().end(at("2026-03-02"), 0, Days::Calendar).unannounced.contains(&2026));
}

/// The city's layers with another calendar.
fn with_calendar(text: &str) -> Result<Pack, model::pack::PackError> {
    let mut chain = layers();
    chain[1].files.insert("calendar.toml".into(), text.into());
    Pack::load(&chain)
}

#[test]
fn faults_of_a_calendar_are_named() {
    let off = |from: &str, to: &str| format!("{{ from = \"{from}\", to = \"{to}\", zh = \"甲\", en = \"a\" }}");
    let year = |off: &str, work: &str| format!("[2026]\nnotice = \"n\"\noff = [{off}]\nwork = [{work}]\n");
    let two = format!("{}, {}", off("2026-01-01", "2026-01-03"), off("2026-01-03", "2026-01-03"));
    for (text, key, words) in [
        (year(&off("2026-01-01", "2026-01-32"), ""), "2026-01-32", "not a day"),
        (year(&off("2025-11-30", "2026-01-01"), ""), "2025-11-30", "not a day"),
        (year(&off("2026-01-03", "2026-01-01"), ""), "2026-01-03", "before they begin"),
        (year(&two, ""), "2026-01-03", "twice"),
        (year(&off("2026-01-01", "2026-01-03"), "\"2026-01-03\""), "2026-01-03", "make-up"),
        (year("", "\"2026-01-05\""), "2026-01-05", "make-up"),
        (year(&off("2026-01-01", "2026-01-01").replace("甲", " "), ""), "2026-01-01", "translation"),
        (year("", "").replace("[2026]", "[next]"), "next", "no year"),
        (year("", "").replace("work =", "werk ="), "werk", "unknown field"),
    ] {
        let error = with_calendar(&text).unwrap_err();
        assert!(error.key == key && error.en.contains(words) && error.file == "national/calendar.toml", "{error:?}");
    }
    // New Year may begin in December.
    assert!(with_calendar(&year(&off("2025-12-31", "2026-01-02"), "\"2025-12-28\"")).is_ok());
}

/// A new year of days off changes no rule: cases, approvals and the zone's pinned pack stay valid.
#[test]
fn a_calendar_is_no_part_of_the_digest() {
    let pack = with_calendar("").unwrap();
    assert_eq!((&pack.texts, pack.version()), (&PACK.texts, PACK.version()));
    assert!(pack.calendar.years().is_empty() && pack.texts.keys().all(|f| !f.contains("calendar")));
}

/// The notice that begins before Spring Festival ends with the first working day after it, and is counted anew when a
/// year's days off become known.
#[test]
fn a_notice_in_spring_festival() {
    let begin = at("2026-02-10");
    let case = |pack: &Pack| {
        let object = serde_json::to_value(authorisation_spec(24)).unwrap();
        let mut case = open_case(pack, "authorisation", "case_1".into(), object, &operator(), begin).unwrap();
        case.state = "noticed".into();
        case
    };
    let noticed = case(&PACK);
    let procedure = PACK.procedure("authorisation").unwrap();
    let of_clock = |pack: &Pack, case: &model::Case| {
        let all = deadlines(pack, procedure, case);
        all.into_iter().find(|d| procedure.step(&d.step).unwrap().by.contains(&model::procedure::By::Clock)).unwrap()
    };
    let deadline = of_clock(&PACK, &noticed);
    assert_eq!(deadline.at, Timestamp::start_of(parse_date("2026-02-25").unwrap()));
    assert!(deadline.unannounced.is_empty());
    let unknown = with_calendar("").unwrap();
    let early = of_clock(&unknown, &noticed);
    assert_eq!((early.at.date().to_string(), early.unannounced.len()), ("2026-02-18".into(), 1));
    let command = command("authorisation", &deadline.step, model::Decision::Approve);
    let judged = |now: Timestamp| decide(&PACK, &noticed, &Actor::clock(), &command, &facts(), now);
    assert_eq!(judged(deadline.at.plus_ms(-1)).unwrap_err().code, "not-due");
    assert!(!clock_concerns(&PACK, &noticed, deadline.at.plus_ms(-1)) && clock_concerns(&PACK, &noticed, deadline.at));
    judged(deadline.at).unwrap();
}

/// What people let pass is named with its time; it blocks nothing.
#[test]
fn decisions_are_overdue_after_twenty_working_days() {
    let mut run = Run::open("authorisation", authorisation_spec(24), &operator());
    run.step(&operator(), "apply");
    // From Monday 2 March 2026: Qingming lies between.
    let due = Timestamp::start_of(parse_date("2026-03-31").unwrap());
    assert_eq!(overdue_steps(&PACK, &run.case, due.plus_ms(-1)), []);
    let late = overdue_steps(&PACK, &run.case, due);
    assert_eq!(late.iter().map(|(s, at)| (s.name.as_str(), *at)).collect::<Vec<_>>(), [("review", due)]);
    run.now = due.plus_days(1);
    for check in &mut run.facts.blacklist_checks {
        check.at = due;
    }
    run.step(&authority(), "review");
}
