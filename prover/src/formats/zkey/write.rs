//! Writing a `.zkey`.

use std::path::Path;

use super::super::FormatError;
use super::super::sections::SectionWriter;
use super::{KIND, coefficients, header, section};
use crate::domain::Domain;
use crate::key::KeyConstants;
use crate::r1cs::R1cs;

const NUM_SECTIONS: u32 = 10;

/// Begins a file with sections 1 and 2.
pub(crate) fn create(
    path: &Path,
    constants: &KeyConstants,
    domain: Domain,
) -> Result<SectionWriter, FormatError> {
    let mut out = SectionWriter::create(path, KIND, 1, NUM_SECTIONS)?;
    out.section(section::PROTOCOL)?;
    out.write(&header::protocol_bytes())?;
    out.section(section::HEADER)?;
    let shape = &constants.shape;
    let number = |what, number: usize| {
        u32::try_from(number).map_err(|_| FormatError::Number {
            what,
            expected: "at most 2^32 - 1".to_owned(),
            got: number as u64,
        })
    };
    out.write(&header::header_bytes(
        constants,
        number("number of columns", shape.a_query)?,
        number("number of public inputs", shape.gamma_abc_g1 - 1)?,
        number("size of the domain", domain.size())?,
    ))?;
    Ok(out)
}

/// Section 4 of a circuit.
pub(crate) fn write_coefficients<R: R1cs + ?Sized>(
    out: &mut SectionWriter,
    r1cs: &R,
) -> Result<(), FormatError> {
    out.section(section::COEFFICIENTS)?;
    coefficients::write(out, r1cs)
}
