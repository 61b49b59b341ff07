//! Intake: an uploaded file of delimited text becomes sealed Parquet and a sealed list of the rows set aside.
pub mod encoding;
pub mod identifier;
pub mod reason;
pub mod records;
pub mod value;
