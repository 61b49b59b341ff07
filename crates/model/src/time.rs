//! Time as a value. Milliseconds since 1970-01-01T00:00:00Z; dates are civil dates in China (UTC+8).

use serde::{Deserialize, Serialize};

/// An instant in milliseconds since the Unix epoch (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// Which clock a deployment runs on; fixed when its folder is initialised (invariant 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The machine's clock.
    Real,
    /// A simulated clock; loopback only, no real enrolment.
    Simulated,
}

/// One day in milliseconds.
pub const DAY_MS: i64 = 86_400_000;
const CHINA_MS: i64 = 8 * 3_600_000;

/// A civil date in the one spelling `YYYY-MM-DD`.
#[must_use]
pub fn parse_date(text: &str) -> Option<jiff::civil::Date> {
    let date: jiff::civil::Date = text.parse().ok()?;
    (date.to_string() == text).then_some(date)
}

impl Timestamp {
    /// This instant plus some milliseconds.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// This instant plus whole days.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        self.plus_ms(days.saturating_mul(DAY_MS))
    }

    /// Nine in the morning in China of a day written `YYYY-MM-DD`.
    #[must_use]
    pub fn morning_of(day: &str) -> Option<Self> {
        Some(Self::start_of(parse_date(day)?).plus_ms(9 * 3_600_000))
    }

    /// The civil date in China, `YYYY-MM-DD`.
    #[must_use]
    pub fn date(self) -> jiff::civil::Date {
        let day = (self.0 + CHINA_MS).div_euclid(DAY_MS);
        let epoch = jiff::civil::date(1970, 1, 1);
        let span = jiff::Span::new().try_days(day).unwrap_or_default();
        epoch.checked_add(span).unwrap_or(epoch)
    }

    /// The civil year in China; 0 for one that no record is of.
    #[must_use]
    pub fn year(self) -> u32 {
        u32::try_from(self.date().year()).unwrap_or(0)
    }

    /// The first instant of a civil date in China.
    #[must_use]
    pub fn start_of(date: jiff::civil::Date) -> Self {
        let epoch = jiff::civil::date(1970, 1, 1);
        let days = epoch.until(date).map_or(0, |s| i64::from(s.get_days()));
        Self(days * DAY_MS - CHINA_MS)
    }

    /// This instant plus calendar months; the day is clamped to the month's last day (leap days included).
    #[must_use]
    pub fn plus_months(self, months: i32) -> Self {
        let date = self.date();
        let rest = self.0 - Self::start_of(date).0;
        let span = jiff::Span::new().try_months(months).unwrap_or_default();
        let moved = date.checked_add(span).unwrap_or(date);
        Self(Self::start_of(moved).0 + rest)
    }

    /// First instant after a term of calendar months that begins now: it ends with the day of the last month that has this
    /// day's number, or with that month's last day (Civil Code, Art. 201 to 203).
    #[must_use]
    pub fn end_of_months(self, months: i32) -> Self {
        Self::start_of(self.plus_months(months).date()).plus_days(1)
    }

    /// RFC 3339 text in UTC, to the millisecond.
    #[must_use]
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| self.0.to_string(), |t| t.to_string())
    }
}
