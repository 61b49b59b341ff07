//! Small code tables: provinces, telephone prefixes, plate letters. Whole registers (counties, streets) are not needed to recognise a value.

/// Is this one of GB/T 2260's province codes (two digits)?
#[must_use]
pub fn is_province(two: &[u8]) -> bool {
    matches!(
        two,
        b"11"
            | b"12"
            | b"13"
            | b"14"
            | b"15"
            | b"21"
            | b"22"
            | b"23"
            | b"31"
            | b"32"
            | b"33"
            | b"34"
            | b"35"
            | b"36"
            | b"37"
            | b"41"
            | b"42"
            | b"43"
            | b"44"
            | b"45"
            | b"46"
            | b"50"
            | b"51"
            | b"52"
            | b"53"
            | b"54"
            | b"61"
            | b"62"
            | b"63"
            | b"64"
            | b"65"
            | b"71"
    )
}

/// Can an identity number begin like this: a province, 81/82/83 (residents of Hong Kong, Macao, Taiwan) or 9 (foreign residents)?
#[must_use]
pub fn is_identity_prefix(three: &[u8]) -> bool {
    three.len() == 3 && (is_province(&three[..2]) || is_permit_prefix(three))
}

/// Does an identity number with these first digits belong to a residence permit?
#[must_use]
pub fn is_permit_prefix(three: &[u8]) -> bool {
    matches!(three, [b'8', b'1' | b'2' | b'3', b'0'] | [b'9', b'1'..=b'8', _])
}

/// Is this the start (three digits) of a mobile number that is assigned? Internet-of-things ranges are left out.
#[must_use]
pub fn is_mobile_prefix(three: &[u8]) -> bool {
    matches!(
        three,
        [b'1', b'3', b'0'..=b'9']
            | [b'1', b'4', b'5' | b'7' | b'9']
            | [b'1', b'5', b'0'..=b'3' | b'5'..=b'9']
            | [b'1', b'6', b'2' | b'5'..=b'7']
            | [b'1', b'7', b'0'..=b'8']
            | [b'1', b'8', b'0'..=b'9']
            | [b'1', b'9', b'0'..=b'3' | b'5'..=b'9']
    )
}

/// Can a landline's area code (without its 0) begin like this? Two digits for the ten big cities, three elsewhere.
#[must_use]
pub fn is_area_code(code: &[u8]) -> bool {
    match code {
        [b'1', b'0'] | [b'2', b'0'..=b'9'] => true,
        [b'3', b'1'..=b'9', b'0'..=b'9'] | [b'4', b'1'..=b'9', b'0'..=b'9'] | [b'5', b'1'..=b'9', b'0'..=b'9'] => true,
        [b'6', b'3' | b'6', b'0'..=b'9']
        | [b'7', b'0'..=b'9', b'0'..=b'9']
        | [b'8', b'1'..=b'9', b'0'..=b'9']
        | [b'9', b'0'..=b'9', b'0'..=b'9'] => true,
        _ => false,
    }
}

/// The short names of provinces with which plates begin.
pub const PLATE_PROVINCES: &str = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼";
