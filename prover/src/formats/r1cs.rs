//! `.r1cs`: a circuit's constraints.
//!
//! | section | content |
//! |---|---|
//! | 1 | 32, the modulus r, then as u32 wires, public outputs, public inputs, private inputs; labels as u64; constraints as u32 |
//! | 2 | each constraint: A, B, C; each a u32 number of terms and (wire u32, coefficient 32 bytes, canonical) |
//! | 3 | the label of each wire as u64 |
//!
//! Wires are columns: 0 is the constant 1, then outputs, public inputs, and the rest. Further sections
//! (custom gates, which Groth16 does not know) are refused.

use std::path::Path;

use ark_bn254::Fr;

use super::FormatError;
use super::sections::{Kind, SectionFile, SectionReader, SectionWriter};
use super::values::{Modulus, canonical, write_canonical};
use crate::matrices::{Matrices, MatricesBuilder};
use crate::r1cs::{Matrix, R1cs};

const KIND: Kind = Kind {
    magic: "r1cs",
    versions: &[1],
    versions_text: "1",
};

const HEADER: (u32, &str) = (1, "header");
const CONSTRAINTS: (u32, &str) = (2, "constraints");
const LABELS: (u32, &str) = (3, "labels of wires");
const CUSTOM_GATES: (u32, &str) = (4, "custom gates");

/// Bytes of a term: wire and coefficient.
const TERM_BYTES: u64 = 4 + 32;
/// Bytes of a constraint without terms.
const LEAST_CONSTRAINT_BYTES: u64 = 3 * 4;

/// Bytes of a wire's label.
const LABEL_BYTES: u64 = 8;

/// Reads the constraints; terms keep their order.
///
/// # Errors
/// If the file cannot be read or is malformed.
#[tracing::instrument(skip_all, fields(path = %path.display()))]
pub fn read(path: &Path) -> Result<Matrices, FormatError> {
    let file = SectionFile::open(path, KIND)?;
    let mut header = file.reader(&file.section(HEADER.0, HEADER.1)?);
    Modulus::Scalars.read(&mut header, HEADER.1)?;
    let num_wires = header.u32()? as usize;
    let num_outputs = header.u32()? as usize;
    let num_inputs = header.u32()? as usize;
    let _num_private_inputs = header.u32()?;
    let _num_labels = header.u64()?;
    let num_constraints = header.u32()?;
    header.end()?;
    let num_instance = 1 + num_outputs + num_inputs;
    if num_wires < num_instance {
        return Err(FormatError::Number {
            what: "number of wires",
            expected: format!("at least {num_instance}"),
            got: num_wires as u64,
        });
    }
    if let Some(gates) = file.optional_section(CUSTOM_GATES.0, CUSTOM_GATES.1)? {
        let mut gates = file.reader(&gates);
        let got = if gates.remaining() == 0 {
            0
        } else {
            gates.u32()?
        };
        if got != 0 {
            return Err(FormatError::Number {
                what: "number of custom gates",
                expected: "0".to_owned(),
                got: got.into(),
            });
        }
    }
    // The labels say nothing to us, but that the file pays for its wires: a number of them alone would have
    // whoever reads the matrices take gigabytes.
    let labels = file.section(LABELS.0, LABELS.1)?;
    labels.demand_len(num_wires as u64 * LABEL_BYTES)?;
    let section = file.section(CONSTRAINTS.0, CONSTRAINTS.1)?;
    section.demand_at_least(u64::from(num_constraints) * LEAST_CONSTRAINT_BYTES)?;
    let mut reader = file.reader(&section);
    let mut builder = MatricesBuilder::new(num_instance, num_wires - num_instance)?;
    let mut rows: [Vec<(usize, Fr)>; 3] = Default::default();
    for _ in 0..num_constraints {
        for row in &mut rows {
            read_terms(&mut reader, row)?;
        }
        builder.push_verbatim(&rows)?;
    }
    reader.end()?;
    Ok(builder.finish())
}

fn read_terms(
    reader: &mut SectionReader<'_>,
    row: &mut Vec<(usize, Fr)>,
) -> Result<(), FormatError> {
    row.clear();
    let count = reader.u32()?;
    for index in 0..count {
        let column = reader.u32()? as usize;
        let coefficient = canonical(&reader.array()?).ok_or(FormatError::Value {
            what: "the coefficients of a constraint",
            index: index as usize,
        })?;
        row.push((column, coefficient));
    }
    Ok(())
}

/// Writes the constraints of any circuit, term by term as [`R1cs::visit_row`] gives them, all instance
/// columns as public inputs and none as outputs. Wires and labels have the same numbers.
///
/// [`Matrices::from_r1cs`] brings a circuit that is not explicit into the form that a ceremony for it
/// starts from.
///
/// # Errors
/// If the file system refuses, or the circuit has 2^32 columns or rows or more.
#[tracing::instrument(skip_all, fields(path = %path.display()))]
pub fn write<R: R1cs + ?Sized>(path: &Path, r1cs: &R) -> Result<(), FormatError> {
    let count = |what, count: usize| {
        u32::try_from(count).map_err(|_| FormatError::Number {
            what,
            expected: "at most 2^32 - 1".to_owned(),
            got: count as u64,
        })
    };
    let num_wires = count("number of wires", r1cs.num_columns())?;
    let num_constraints = count("number of constraints", r1cs.num_constraints())?;
    let num_public = count("number of public inputs", r1cs.num_instance() - 1)?;

    let mut writer = SectionWriter::create(path, KIND, 1, 3)?;
    writer.section(HEADER)?;
    let mut header = Vec::new();
    Modulus::Scalars.write(&mut header);
    let num_private = 0u32;
    for number in [num_wires, 0, num_public, num_private] {
        header.extend_from_slice(&number.to_le_bytes());
    }
    header.extend_from_slice(&u64::from(num_wires).to_le_bytes());
    header.extend_from_slice(&num_constraints.to_le_bytes());
    writer.write(&header)?;

    writer.section(CONSTRAINTS)?;
    writer.write_each(0..r1cs.num_constraints(), |row, out| {
        for matrix in Matrix::ALL {
            let count_at = out.len();
            out.extend_from_slice(&[0; 4]);
            r1cs.visit_row(matrix, row, &mut |column, coefficient| {
                out.extend_from_slice(&(column as u32).to_le_bytes());
                write_canonical(coefficient, out);
            });
            let count = (out.len() - count_at) as u64 / TERM_BYTES;
            out[count_at..count_at + 4].copy_from_slice(&(count as u32).to_le_bytes());
        }
    })?;

    writer.section(LABELS)?;
    writer.write_each(0..u64::from(num_wires), |label, out| {
        out.extend_from_slice(&label.to_le_bytes());
    })?;
    writer.finish()
}
