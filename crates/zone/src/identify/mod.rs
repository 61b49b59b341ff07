//! Recognisers of Chinese identifiers by content: one table for the exit gate and for `classify`.
//!
//! Knows formats, check digits and code tables; knows nothing of columns, contracts, Arrow or reports.
//! A recogniser sees one value and says what it is; it never keeps or returns the value.

pub mod calendar;
pub mod checksum;
pub mod codes;
pub mod disguise;
pub mod pattern;
pub mod scan;
pub mod words;

use serde::{Deserialize, Serialize};
use std::fmt;

/// What a value or a column is: the identifier vocabulary of `classify` (design, "Command line").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    /// Resident identity number, 18 or 15 characters (GB 11643).
    CnResidentId,
    /// Residence permit of Hong Kong, Macao, Taiwan residents (81/82/83) or foreigners (9xx).
    CnResidencePermit,
    /// Unified social credit code (GB 32100).
    CnUscc,
    /// Organisation code (GB 11714).
    CnOrgCode,
    /// Mobile number, 11 digits.
    CnMobile,
    /// Landline number with area code.
    CnLandline,
    /// Vehicle plate.
    CnPlate,
    /// Passport.
    CnPassport,
    /// Travel permit of Hong Kong, Macao or Taiwan residents.
    CnTravelPermit,
    /// Bank card (Luhn, issuer range).
    BankCard,
    /// E-mail address.
    Email,
    /// Name of a person.
    PersonName,
    /// Name of an organisation.
    OrgName,
    /// Postal address.
    CnAddress,
    /// Administrative division code (GB/T 2260 and its 9- and 12-digit extensions).
    CnRegionCode,
    /// Date of birth.
    BirthDate,
    /// Sex.
    Sex,
    /// Ethnic group.
    Ethnicity,
    /// Level of education.
    Education,
    /// Marital status.
    MaritalStatus,
    /// Longitude in degrees.
    Longitude,
    /// Latitude in degrees.
    Latitude,
    /// Date with time of day.
    Timestamp,
    /// Date.
    Date,
    /// Month of a year.
    Month,
    /// ICD-10 code.
    Icd10,
    /// Diagnosis in words.
    Diagnosis,
    /// Income of a person.
    Income,
    /// Amount of money.
    Amount,
    /// Industry code or name (GB/T 4754).
    Industry,
    /// Key that a system made.
    InternalId,
    /// Sequential card or account number without a check digit of meaning.
    SequentialCardId,
    /// Free text in which identifiers stand.
    FreeTextWithIdentifiers,
    /// Few values, many rows.
    Category,
    /// Nothing known.
    None,
}

impl Identifier {
    /// The stable name, as in JSON and contracts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::CnResidentId => "cn_resident_id",
            Self::CnResidencePermit => "cn_residence_permit",
            Self::CnUscc => "cn_uscc",
            Self::CnOrgCode => "cn_org_code",
            Self::CnMobile => "cn_mobile",
            Self::CnLandline => "cn_landline",
            Self::CnPlate => "cn_plate",
            Self::CnPassport => "cn_passport",
            Self::CnTravelPermit => "cn_travel_permit",
            Self::BankCard => "bank_card",
            Self::Email => "email",
            Self::PersonName => "person_name",
            Self::OrgName => "org_name",
            Self::CnAddress => "cn_address",
            Self::CnRegionCode => "cn_region_code",
            Self::BirthDate => "birth_date",
            Self::Sex => "sex",
            Self::Ethnicity => "ethnicity",
            Self::Education => "education",
            Self::MaritalStatus => "marital_status",
            Self::Longitude => "longitude",
            Self::Latitude => "latitude",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::Month => "month",
            Self::Icd10 => "icd10",
            Self::Diagnosis => "diagnosis",
            Self::Income => "income",
            Self::Amount => "amount",
            Self::Industry => "industry",
            Self::InternalId => "internal_id",
            Self::SequentialCardId => "sequential_card_id",
            Self::FreeTextWithIdentifiers => "free_text_with_identifiers",
            Self::Category => "category",
            Self::None => "none",
        }
    }

    /// Does one value of this kind name a single person, firm or device?
    #[must_use]
    pub fn is_direct(self) -> bool {
        matches!(
            self,
            Self::CnResidentId
                | Self::CnResidencePermit
                | Self::CnUscc
                | Self::CnOrgCode
                | Self::CnMobile
                | Self::CnLandline
                | Self::CnPlate
                | Self::CnPassport
                | Self::CnTravelPermit
                | Self::BankCard
                | Self::Email
                | Self::PersonName
                | Self::CnAddress
        )
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Folds full-width digits, letters and punctuation to ASCII; borrows where there is nothing to fold.
#[must_use]
pub fn fold_width(text: &str) -> std::borrow::Cow<'_, str> {
    let wide = |c: char| matches!(c, '\u{ff01}'..='\u{ff5e}' | '\u{3000}');
    if text.is_ascii() || !text.chars().any(wide) {
        return std::borrow::Cow::Borrowed(text);
    }
    std::borrow::Cow::Owned(
        text.chars()
            .map(|c| match c {
                '\u{3000}' => ' ',
                c if wide(c) => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
                c => c,
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_serde_writes() {
        for id in [
            Identifier::CnResidentId,
            Identifier::CnUscc,
            Identifier::Icd10,
            Identifier::FreeTextWithIdentifiers,
            Identifier::None,
        ] {
            assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{}\"", id.name()));
        }
    }

    #[test]
    fn folds_full_width() {
        assert_eq!(fold_width("３２０Ｘ　ａ"), "320X a");
        assert!(matches!(fold_width("abc"), std::borrow::Cow::Borrowed(_)));
        assert!(matches!(fold_width("张三"), std::borrow::Cow::Borrowed(_)));
    }
}
