//! Working days: public holidays and make-up working days as data, and how periods end.
//!
//! A period in days begins on the day after what starts it and ends with its last day in China (Civil Code, Art. 201 and
//! 203). In working days, days off are not counted; in calendar days, a last day that is a day off moves to the next
//! working day. A date that somebody stated stands as stated.

use super::error::{PackError, Source};
use crate::entity::words;
use crate::time::{Timestamp, parse_date};
use jiff::civil::{Date, Weekday};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

words! {
    /// Which days a period counts.
    Days {
        /// Every day; the last one is a working day.
        Calendar = "calendar",
        /// Working days only.
        Working = "working",
    }
}

/// Days off in one piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DaysOff {
    /// First day, `YYYY-MM-DD`.
    pub from: String,
    /// Last day.
    pub to: String,
    /// Name in Chinese.
    pub zh: String,
    /// Name in English.
    pub en: String,
}

/// One year, as it was announced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Year {
    /// Number of the announcement.
    pub notice: String,
    /// Public holidays.
    pub off: Vec<DaysOff>,
    /// Saturdays and Sundays that are worked instead.
    pub work: Vec<String>,
}

/// The years that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calendar {
    years: BTreeMap<i16, Year>,
    off: BTreeMap<Date, String>,
    work: BTreeSet<Date>,
}

/// The end of a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// Its last day.
    pub last: Date,
    /// First instant after it.
    pub at: Timestamp,
    /// Years it touched for which no days off are announced here: Monday to Friday was counted.
    pub unannounced: BTreeSet<i16>,
}

/// More days than any rule counts; a period beyond it ends there.
const MOST: i64 = 36_600;

impl Calendar {
    /// The years with an announcement.
    #[must_use]
    pub fn years(&self) -> &BTreeMap<i16, Year> {
        &self.years
    }

    /// Whether the days off of this day are announced. The first days of a year reach into the December before.
    ///
    /// # Errors
    /// The year that is not.
    pub fn announced(&self, day: Date) -> Result<(), i16> {
        let next = day.month() == 12 && day.day() >= 25;
        let missing = [Some(day.year()), next.then(|| day.year() + 1)].into_iter().flatten();
        missing.into_iter().find(|y| !self.years.contains_key(y)).map_or(Ok(()), Err)
    }

    /// Whether people work on this day.
    #[must_use]
    pub fn works(&self, day: Date) -> bool {
        let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        self.work.contains(&day) || !weekend && !self.off.contains_key(&day)
    }

    /// The name of the public holiday that a day belongs to, in Chinese.
    #[must_use]
    pub fn holiday(&self, day: Date) -> Option<&str> {
        self.off.get(&day).map(String::as_str)
    }

    /// The end of a period of `n` days that something at `from` starts.
    #[must_use]
    pub fn end(&self, from: Timestamp, n: i64, days: Days) -> Counted {
        let mut unannounced = BTreeSet::new();
        let mut last = from.date();
        let n = n.clamp(0, MOST);
        let mut counted = 0;
        while counted < n {
            let Ok(next) = last.tomorrow() else { break };
            last = next;
            match days {
                Days::Calendar => counted += 1,
                Days::Working => {
                    unannounced.extend(self.announced(last).err());
                    counted += i64::from(self.works(last));
                }
            }
        }
        unannounced.extend(self.announced(last).err());
        while n > 0 && !self.works(last) {
            let Ok(next) = last.tomorrow() else { break };
            last = next;
            unannounced.extend(self.announced(last).err());
        }
        Counted { last, at: Timestamp::start_of(last).plus_days(1), unannounced }
    }

    /// Adds the years of a file.
    pub(super) fn take(&mut self, source: Source<'_>) -> Result<(), PackError> {
        let raw: BTreeMap<String, Year> = source.parse()?;
        for (name, year) in raw {
            let number = name.parse::<i16>().ok().filter(|y| (1949..=9998).contains(y));
            let Some(number) = number.filter(|y| !self.years.contains_key(y)) else {
                return Err(source.fault(
                    &name,
                    &name,
                    "不是年份，或该年已有安排",
                    "this is no year, or the year stands twice",
                    "write each year once, as a number",
                ));
            };
            self.take_year(number, &year, source)?;
            self.years.insert(number, year);
        }
        Ok(())
    }

    fn take_year(&mut self, number: i16, year: &Year, source: Source<'_>) -> Result<(), PackError> {
        let fault =
            |day: &str, zh: &str, en: &str, mend: &str| source.fault(day, day, zh, format!("{day}: {en}"), mend);
        // New Year's holidays may begin, and be made up for, in the December before.
        let read = |text: &str| {
            let near = |d: &Date| d.year() == number || d.year() == number - 1 && d.month() == 12;
            parse_date(text).filter(near).ok_or_else(|| {
                let en = "not a day of this year";
                fault(text, "不是该年的日期", en, "write YYYY-MM-DD, in this year or the December before")
            })
        };
        for piece in &year.off {
            if piece.zh.trim().is_empty() || piece.en.trim().is_empty() {
                return Err(fault(
                    &piece.from,
                    "缺少中文或英文名称",
                    "a translation is missing",
                    "write both zh and en",
                ));
            }
            let (mut day, to) = (read(&piece.from)?, read(&piece.to)?);
            if to < day {
                return Err(fault(
                    &piece.from,
                    "放假起止颠倒",
                    "the days off end before they begin",
                    "correct from and to",
                ));
            }
            while day <= to {
                if self.off.insert(day, piece.zh.clone()).is_some() {
                    let text = day.to_string();
                    return Err(source.fault(
                        &piece.from,
                        &text,
                        "放假日期重复",
                        format!("{text} is a day off twice"),
                        "name each day once",
                    ));
                }
                let Ok(next) = day.tomorrow() else { break };
                day = next;
            }
        }
        for text in &year.work {
            let day = read(text)?;
            let weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
            if !weekend || self.off.contains_key(&day) || !self.work.insert(day) {
                return Err(fault(
                    text,
                    "调休上班日须为不在假期内的周六或周日，且只写一次",
                    "a make-up working day is a Saturday or Sunday outside the days off, named once",
                    "correct the day",
                ));
            }
        }
        Ok(())
    }
}
