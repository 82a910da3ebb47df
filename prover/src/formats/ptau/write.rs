//! Writing a `.ptau`.

use std::path::Path;

use super::super::FormatError;
use super::super::sections::SectionWriter;
use super::super::values::Modulus;
use super::{KIND, section};

/// Begins a file with its header, one of `num_sections` sections.
pub(crate) fn create(
    path: &Path,
    power: u32,
    ceremony_power: u32,
    num_sections: u32,
) -> Result<SectionWriter, FormatError> {
    let mut out = SectionWriter::create(path, KIND, 1, num_sections)?;
    out.section(section::HEADER)?;
    let mut header = Vec::new();
    Modulus::Coordinates.write(&mut header);
    header.extend_from_slice(&power.to_le_bytes());
    header.extend_from_slice(&ceremony_power.to_le_bytes());
    out.write(&header)?;
    Ok(out)
}
