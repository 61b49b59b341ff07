//! Why a row was set aside. The codes are those of `yunyu quality` where one fits; a reason never carries a value.

/// Stable reason for which a row is set aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Number of fields differs from the header, or a quote is not closed.
    RaggedRow,
    /// No known encoding explains the bytes.
    WrongEncoding,
    /// A field the contract requires is empty.
    MissingRequired,
    /// The row belongs to no subject: its subject key, and the other key where there is one, are empty.
    MissingSubject,
    /// The identifier's check digit is wrong.
    BadCheckDigit,
    /// The identifier has the wrong length.
    WrongLength,
    /// A character that the kind of field cannot hold.
    StrayCharacter,
    /// A number or identifier in the scientific notation of a spreadsheet.
    ExcelFloat,
    /// Not in a known date or time format.
    DateFormat,
    /// A date or time that does not exist.
    ImpossibleDate,
    /// Not a number of the field's type and range.
    BadNumber,
    /// Not a truth value.
    BadBoolean,
}

impl Reason {
    /// Stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::RaggedRow => "ragged_row",
            Self::WrongEncoding => "wrong_encoding",
            Self::MissingRequired => "missing_required",
            Self::MissingSubject => "missing_subject",
            Self::BadCheckDigit => "bad_check_digit",
            Self::WrongLength => "wrong_length",
            Self::StrayCharacter => "stray_character",
            Self::ExcelFloat => "excel_float",
            Self::DateFormat => "date_format",
            Self::ImpossibleDate => "impossible_date",
            Self::BadNumber => "bad_number",
            Self::BadBoolean => "bad_boolean",
        }
    }
}
