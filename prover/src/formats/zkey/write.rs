//! Writing a `.zkey`.

use std::path::Path;

use super::super::FormatError;
use super::super::sections::{Section, SectionFile, SectionWriter};
use super::{KIND, coefficients, header, section};
use crate::domain::Domain;
use crate::key::KeyConstants;
use crate::key_file::RawPoint;
use crate::r1cs::R1cs;

const NUM_SECTIONS: u32 = 10;

/// Bytes that are copied at once.
const COPY_BYTES: usize = 1 << 20;

/// Writes the sections of a key, one after the other.
pub(crate) struct ZkeyWriter {
    out: SectionWriter,
}

impl ZkeyWriter {
    /// Begins a file with sections 1 and 2. Nothing is at `path` before [`Self::finish`].
    pub fn create(
        path: &Path,
        constants: &KeyConstants,
        domain: Domain,
    ) -> Result<Self, FormatError> {
        let mut out = SectionWriter::create(path, KIND, 1, NUM_SECTIONS)?;
        out.section(section::PROTOCOL.0)?;
        out.write(&header::protocol_bytes())?;
        out.section(section::HEADER.0)?;
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
        Ok(Self { out })
    }

    /// Begins a section of points.
    pub fn section(&mut self, (id, _): (u32, &'static str)) -> Result<(), FormatError> {
        self.out.section(id)
    }

    /// Appends points.
    pub fn points<P: RawPoint>(&mut self, points: &[P]) -> Result<(), FormatError> {
        self.out.write_each(points, P::write_raw)
    }

    /// Appends bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.out.write(bytes)
    }

    /// Section 4 of a circuit.
    pub fn coefficients<R: R1cs + ?Sized>(&mut self, r1cs: &R) -> Result<(), FormatError> {
        self.out.section(section::COEFFICIENTS.0)?;
        coefficients::write(&mut self.out, r1cs)
    }

    /// A section as another file has it.
    pub fn copy(&mut self, file: &SectionFile, section: &Section) -> Result<(), FormatError> {
        self.out.section(section.id)?;
        let mut reader = file.reader(section);
        while reader.remaining() > 0 {
            let len = reader.remaining().min(COPY_BYTES as u64) as usize;
            self.out.write(reader.bytes(len)?)?;
        }
        Ok(())
    }

    /// Puts the file into its place.
    pub fn finish(self) -> Result<(), FormatError> {
        self.out.finish()
    }
}
