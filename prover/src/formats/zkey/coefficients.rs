//! Section 4: the matrices A and B.
//!
//! A u32 with the number of entries, then each entry in 44 bytes: matrix (0 = A, 1 = B), row and column
//! as u32, and the coefficient c as `c·R² mod r`, R = 2^256. The input-consistency rows (A only,
//! coefficient 1) follow the constraints' rows.
//!
//! **The factor R².** Read as a Montgomery representative, `c·R²` stands for `c·R`. Products with values
//! z in Montgomery form and their sums then stand for `R·Σ c·z`, whose canonical integer is the
//! Montgomery representative of `Σ c·z`: one reduction a row takes the factor out.
//!
//! Cost: one multiplication an entry, a reduction a row.

use ark_bn254::Fr;
use ark_ff::{One, PrimeField, Zero};

use super::super::FormatError;
use super::super::sections::{Section, SectionFile, SectionWriter};
use super::super::values::{ELEMENT_BYTES, words, write_words};
use super::ZkeyFile;
use crate::parallel;
use crate::r1cs::{Matrix, R1cs};

const ENTRY_BYTES: usize = 12 + ELEMENT_BYTES;

/// Bytes before the entries.
const COUNT_BYTES: u64 = 4;

/// Entries that one task multiplies.
const TASK: usize = 1 << 10;

/// Number of entries of a section that has passed [`check_len`].
pub(super) const fn count(section: &Section) -> usize {
    ((section.len - COUNT_BYTES) / ENTRY_BYTES as u64) as usize
}

/// Demands as many bytes as the entries take.
pub(super) fn check_len(file: &SectionFile, section: &Section) -> Result<(), FormatError> {
    let count = file.reader(section).u32()?;
    section.demand_len(COUNT_BYTES + u64::from(count) * ENTRY_BYTES as u64)
}

/// `[A·z, B·z]`, n values each.
pub(super) fn products(
    file: &SectionFile,
    section: &Section,
    assignment: &[Fr],
    n: usize,
) -> Result<[Vec<Fr>; 2], FormatError> {
    let mut sums = [vec![Fr::zero(); n], vec![Fr::zero(); n]];
    let piece_entries = TASK * 16 * parallel::num_threads();
    let mut bytes = vec![0; ENTRY_BYTES * piece_entries.min(count(section))];
    for start in (0..count(section)).step_by(piece_entries) {
        let entries = piece_entries.min(count(section) - start);
        let bytes = &mut bytes[..entries * ENTRY_BYTES];
        file.read_at(section, COUNT_BYTES + (start * ENTRY_BYTES) as u64, bytes)?;
        let (entries, _) = bytes.as_chunks::<ENTRY_BYTES>();
        let tasks: Vec<_> = entries.chunks(TASK).collect();
        let terms = parallel::map(tasks.len(), |task| {
            let mut terms = Vec::with_capacity(TASK);
            for (i, entry) in tasks[task].iter().enumerate() {
                let entry = Entry::read(entry, start + task * TASK + i)?;
                let term = entry.matrix_and_row(n, assignment.len())?;
                terms.push((term, entry.coefficient * assignment[entry.column as usize]));
            }
            Ok::<_, FormatError>(terms)
        });
        for terms in terms {
            for ((matrix, row), product) in terms? {
                sums[matrix][row] += product;
            }
        }
    }
    for sum in &mut sums {
        parallel::for_each_mut(sum, |_, value| {
            *value = Fr::new_unchecked(value.into_bigint());
        });
    }
    Ok(sums)
}

/// One entry; its coefficient c stands for c·R.
struct Entry {
    matrix: u32,
    row: u32,
    column: u32,
    coefficient: Fr,
}

impl Entry {
    fn read(bytes: &[u8; ENTRY_BYTES], index: usize) -> Result<Self, FormatError> {
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        let mut value = [0; ELEMENT_BYTES];
        value.copy_from_slice(&bytes[12..]);
        let representative = words(&value);
        if representative >= Fr::MODULUS {
            let what = "the coefficients";
            return Err(FormatError::Value { what, index });
        }
        Ok(Self {
            matrix: word(0),
            row: word(4),
            column: word(8),
            coefficient: Fr::new_unchecked(representative),
        })
    }

    /// The indices of the sum that the entry belongs to, if matrix, row and column exist.
    fn matrix_and_row(&self, n: usize, num_columns: usize) -> Result<(usize, usize), FormatError> {
        for (what, value, bound) in [
            ("matrix of a coefficient", self.matrix, 2),
            ("row of a coefficient", self.row, n),
            ("column of a coefficient", self.column, num_columns),
        ] {
            if value as usize >= bound {
                return Err(FormatError::Number {
                    what,
                    expected: format!("less than {bound}"),
                    got: value.into(),
                });
            }
        }
        Ok((self.matrix as usize, self.row as usize))
    }
}

/// Appends the section's contents for a circuit: row by row the entries of A, then those of B, as
/// [`R1cs::visit_row`] gives them; the input-consistency rows last.
///
/// # Errors
/// If the file system refuses, or there are 2^32 entries or more.
pub(super) fn write<R: R1cs + ?Sized>(
    writer: &mut SectionWriter,
    r1cs: &R,
) -> Result<(), FormatError> {
    let num_instance = r1cs.num_instance();
    let mut count = num_instance as u64;
    for row in 0..r1cs.num_constraints() {
        for matrix in [Matrix::A, Matrix::B] {
            r1cs.visit_row(matrix, row, &mut |_, _| count += 1);
        }
    }
    let count = u32::try_from(count).map_err(|_| FormatError::Number {
        what: "number of coefficients",
        expected: "at most 2^32 - 1".to_owned(),
        got: count,
    })?;
    writer.write(&count.to_le_bytes())?;
    writer.write_each(0..r1cs.num_constraints() + num_instance, |row, out| {
        encode_row(r1cs, row, out);
    })
}

/// Appends the entries of a row, the input-consistency rows being the last.
fn encode_row<R: R1cs + ?Sized>(r1cs: &R, row: usize, out: &mut Vec<u8>) {
    let rows = r1cs.num_constraints();
    if row >= rows {
        return encode(Matrix::A, row, row - rows, &Fr::one(), out);
    }
    for matrix in [Matrix::A, Matrix::B] {
        r1cs.visit_row(matrix, row, &mut |column, coefficient| {
            encode(matrix, row, column, coefficient, out);
        });
    }
}

/// Appends an entry.
fn encode(matrix: Matrix, row: usize, column: usize, coefficient: &Fr, out: &mut Vec<u8>) {
    for index in [matrix as u32, row as u32, column as u32] {
        out.extend_from_slice(&index.to_le_bytes());
    }
    // c·R, times R² without the factor R⁻¹ of a representative's product: c·R².
    let scaled = *coefficient * Fr::new_unchecked(Fr::R2);
    write_words(&scaled.0, out);
}

/// The index of the first entry that is not the circuit's, in the order of [`write`].
pub(super) fn first_other<R: R1cs + ?Sized>(
    file: &SectionFile,
    section: &Section,
    r1cs: &R,
) -> Result<Option<usize>, FormatError> {
    let mut reader = file.reader(section);
    reader.u32()?;
    let (mut index, mut expected) = (0, Vec::new());
    for row in 0..r1cs.num_constraints() + r1cs.num_instance() {
        expected.clear();
        encode_row(r1cs, row, &mut expected);
        for entry in expected.chunks_exact(ENTRY_BYTES) {
            if reader.remaining() == 0 || reader.bytes(ENTRY_BYTES)? != entry {
                return Ok(Some(index));
            }
            index += 1;
        }
    }
    Ok((reader.remaining() > 0).then_some(index))
}

/// Begins the digest of a circuit.
fn begin_digest(num_columns: usize, num_instance: usize) -> blake3::Hasher {
    let mut hasher = blake3::Hasher::new_derive_key("zkroll 2026 circuit digest of A and B v1");
    hasher.update(&(num_columns as u64).to_le_bytes());
    hasher.update(&(num_instance as u64).to_le_bytes());
    hasher
}

/// Identifies a circuit by what its `.zkey` has of it: BLAKE3, in key-derivation mode with the context
/// `zkroll 2026 circuit digest of A and B v1`, of the numbers of columns and instance columns as u64 and of
/// the entries of A and B.
#[must_use]
pub fn circuit_digest<R: R1cs + ?Sized>(r1cs: &R) -> [u8; 32] {
    let mut hasher = begin_digest(r1cs.num_columns(), r1cs.num_instance());
    let mut bytes = Vec::new();
    for row in 0..r1cs.num_constraints() + r1cs.num_instance() {
        bytes.clear();
        encode_row(r1cs, row, &mut bytes);
        hasher.update(&bytes);
    }
    *hasher.finalize().as_bytes()
}

/// [`circuit_digest`] of the circuit of a file.
pub(super) fn digest_of_file(file: &ZkeyFile) -> Result<[u8; 32], FormatError> {
    let mut hasher = begin_digest(file.num_columns(), file.num_public_inputs() + 1);
    let mut reader = file.sections().reader(&file.coefficients);
    reader.u32()?;
    while reader.remaining() > 0 {
        let len = reader.remaining().min(1 << 16) as usize;
        hasher.update(reader.bytes(len)?);
    }
    Ok(*hasher.finalize().as_bytes())
}
