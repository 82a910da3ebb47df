//! `.wtns`: the values of a circuit's columns.
//!
//! | section | content |
//! |---|---|
//! | 1 | 32 as u32, the modulus r, number of values as u32 |
//! | 2 | the values, 32 bytes each, canonical |
//!
//! Versions 1 and 2 differ in nothing that matters here; 2 is written.

use std::path::Path;

use ark_bn254::Fr;
use ark_ff::{One, Zero};

use super::FormatError;
use super::sections::{Kind, SectionFile, SectionWriter};
use super::values::{ELEMENT_BYTES, Modulus, canonical, write_canonical};

const KIND: Kind = Kind {
    magic: "wtns",
    versions: &[1, 2],
    versions_text: "1 or 2",
};

const HEADER: (u32, &str) = (1, "header");
const VALUES: (u32, &str) = (2, "values");

/// Reads the values; the first is 1.
///
/// # Errors
/// If the file cannot be read or is malformed.
#[tracing::instrument(skip_all, fields(path = %path.display()))]
pub fn read(path: &Path) -> Result<Vec<Fr>, FormatError> {
    let file = SectionFile::open(path, KIND)?;
    let mut header = file.reader(&file.section(HEADER.0, HEADER.1)?);
    Modulus::Scalars.read(&mut header, HEADER.1)?;
    let count = header.u32()? as usize;
    header.end()?;
    let section = file.section(VALUES.0, VALUES.1)?;
    section.demand_len(count as u64 * ELEMENT_BYTES as u64)?;
    let mut reader = file.reader(&section);
    // No more than the file has.
    let mut values = vec![Fr::zero(); count];
    for (index, value) in values.iter_mut().enumerate() {
        let what = "the witness";
        *value = canonical(&reader.array()?).ok_or(FormatError::Value { what, index })?;
    }
    match values.first() {
        Some(first) if first.is_one() => Ok(values),
        _ => Err(FormatError::ConstantNotOne),
    }
}

/// Writes the values of a circuit's columns, the constant 1 included.
///
/// # Errors
/// If the file system refuses, or there are 2^32 values or more.
pub fn write(path: &Path, values: &[Fr]) -> Result<(), FormatError> {
    let count = u32::try_from(values.len()).map_err(|_| FormatError::Number {
        what: "number of values",
        expected: "at most 2^32 - 1".to_owned(),
        got: values.len() as u64,
    })?;
    let mut writer = SectionWriter::create(path, KIND, 2, 2)?;
    writer.section(HEADER)?;
    let mut header = Vec::new();
    Modulus::Scalars.write(&mut header);
    header.extend_from_slice(&count.to_le_bytes());
    writer.write(&header)?;
    writer.section(VALUES)?;
    writer.write_each(values, write_canonical)?;
    writer.finish()
}
