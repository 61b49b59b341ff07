//! `yunyu pack calendar`: days off and make-up working days, and how a period counts.

use crate::tools::said::{Said, table};
use crate::wiring::{self, CliError};
use clap::Args;
use model::pack::{Calendar, Days, Year};
use model::time::{Timestamp, parse_date};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Arguments of `calendar`.
#[derive(Debug, Args)]
pub struct CalendarArgs {
    /// City, or a folder with a pack
    #[arg(value_name = "CITY")]
    pub city: String,
    /// 年份 · Only this year
    #[arg(value_name = "YEAR")]
    pub year: Option<i16>,
    /// 起算日 · Count a period that something on this day starts (YYYY-MM-DD)
    #[arg(long, value_name = "DAY", requires = "days", conflicts_with = "year")]
    pub from: Option<String>,
    /// 天数 · Days to count, working days unless --every-day
    #[arg(long, value_name = "N", requires = "from", value_parser = clap::value_parser!(i64).range(0..=36_600))]
    pub days: Option<i64>,
    /// 自然日 · Count every day; a last day that is a day off moves to the next working day
    #[arg(long, requires = "from")]
    pub every_day: bool,
    /// One JSON document on standard output
    #[arg(long)]
    pub json: bool,
}

/// Answers.
pub fn run(args: &CalendarArgs) -> Result<Said, CliError> {
    let calendar = wiring::pack(&args.city)?.calendar;
    match (&args.from, args.days) {
        (Some(from), Some(days)) => count(&calendar, from, days, args.every_day),
        _ => Ok(show(&calendar, args.year)),
    }
}

const HOW_ZH: &str = "尚无放假安排，按周一至周五为工作日计算；公布后重新计算";
const HOW_EN: &str =
    "no days off are announced here yet: Monday to Friday count as working days, and are counted anew once they are";

fn show(calendar: &Calendar, year: Option<i16>) -> Said {
    let years: Vec<(i16, Option<&Year>)> = match year {
        Some(year) => vec![(year, calendar.years().get(&year))],
        None => calendar.years().iter().map(|(y, c)| (*y, Some(c))).collect(),
    };
    let mut rows = Vec::new();
    let mut unknown = String::new();
    for (number, year) in &years {
        let Some(year) = year else {
            let _ = writeln!(unknown, "{number} 年{HOW_ZH}。\n{number}: {HOW_EN}.");
            continue;
        };
        for off in &year.off {
            rows.push(vec![number.to_string(), off.from.clone(), off.to.clone(), off.zh.clone(), off.en.clone()]);
        }
        let work = |d: &String| vec![number.to_string(), d.clone(), d.clone(), "上班".into(), "working day".into()];
        rows.extend(year.work.iter().map(work));
    }
    let header = ["年 year", "起 from", "止 to", "中文 zh", "英文 en"];
    let text = if rows.is_empty() { unknown } else { format!("{}{unknown}", table(&header, &rows)) };
    let json: Vec<Value> = years
        .iter()
        .map(|(number, year)| match year {
            Some(y) => json!({"year": number, "announced": true, "notice": y.notice, "off": y.off, "work": y.work}),
            None => json!({"year": number, "announced": false, "zh": HOW_ZH, "en": HOW_EN}),
        })
        .collect();
    Said::new(0, json!({ "years": json }), text)
}

fn count(calendar: &Calendar, from: &str, n: i64, every_day: bool) -> Result<Said, CliError> {
    let Some(day) = parse_date(from) else {
        return Err(CliError::usage("--from", "日期应为 YYYY-MM-DD。", "A day is written YYYY-MM-DD."));
    };
    let days = if every_day { Days::Calendar } else { Days::Working };
    let end = calendar.end(Timestamp::start_of(day), n, days);
    let mut text = format!("{from} 起 {n} 日，末日 {}  ·  {n} days from {from} end with {}\n", end.last, end.last);
    for year in &end.unannounced {
        let _ = writeln!(text, "  {year} 年{HOW_ZH}。\n  {year}: {HOW_EN}.");
    }
    let json = json!({
        "from": from, "n": n, "days": days, "last": end.last.to_string(), "at": end.at, "unannounced": end.unannounced,
    });
    Ok(Said::new(0, json, text))
}
