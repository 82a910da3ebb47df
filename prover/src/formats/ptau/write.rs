//! Writing a `.ptau`.

use std::path::Path;

use super::super::FormatError;
use super::super::sections::{Section, SectionFile, SectionWriter};
use super::super::values::Modulus;
use super::{KIND, section};
use crate::key_file::RawPoint;

/// Bytes that are copied at once.
const COPY_BYTES: usize = 1 << 20;

/// Writes the sections of powers of τ, one after the other.
pub(crate) struct PtauWriter {
    out: SectionWriter,
}

impl PtauWriter {
    /// Begins a file with its header, one of `num_sections`. Nothing is at `path` before
    /// [`Self::finish`].
    pub fn create(
        path: &Path,
        power: u32,
        ceremony_power: u32,
        num_sections: u32,
    ) -> Result<Self, FormatError> {
        let mut out = SectionWriter::create(path, KIND, 1, num_sections)?;
        out.section(section::HEADER.0)?;
        let mut header = Vec::new();
        Modulus::Coordinates.write(&mut header);
        header.extend_from_slice(&power.to_le_bytes());
        header.extend_from_slice(&ceremony_power.to_le_bytes());
        out.write(&header)?;
        Ok(Self { out })
    }

    /// Begins a section.
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

    /// Appends what another file has in a section, from its start on.
    pub fn copy(
        &mut self,
        file: &SectionFile,
        section: &Section,
        len: u64,
    ) -> Result<(), FormatError> {
        let mut reader = file.reader(section);
        let mut left = len;
        while left > 0 {
            let piece = left.min(COPY_BYTES as u64) as usize;
            self.out.write(reader.bytes(piece)?)?;
            left -= piece as u64;
        }
        Ok(())
    }

    /// Puts the file into its place.
    pub fn finish(self) -> Result<(), FormatError> {
        self.out.finish()
    }
}
