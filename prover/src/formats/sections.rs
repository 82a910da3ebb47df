//! The container that all binary files share.
//!
//! | bytes | content |
//! |---|---|
//! | 4 | magic |
//! | 4 | version |
//! | 4 | number of sections |
//! | 4 + 8 + length | each section: number, length, contents |
//!
//! Sections come in any order. A number that a reader does not ask for is of no concern to it; one that
//! it asks for must come once.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;

use super::FormatError;
use crate::key_file::RawPoint;
use crate::new_file::NewFile;
use crate::read_at::ReadAt;

const HEADER_BYTES: u64 = 12;
const SECTION_HEADER_BYTES: u64 = 12;

/// More than any of these files has, so that a table of sections is never long.
const MAX_SECTIONS: u32 = 1 << 10;

/// A kind of file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Its first four bytes.
    pub magic: &'static str,
    /// The versions that are read.
    pub versions: &'static [u32],
    /// The same for people.
    pub versions_text: &'static str,
}

/// Where the contents of a section are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Section {
    pub id: u32,
    pub name: &'static str,
    pub offset: u64,
    pub len: u64,
}

impl Section {
    /// Demands this many bytes.
    pub fn demand_len(&self, expected: u64) -> Result<(), FormatError> {
        if self.len == expected {
            Ok(())
        } else {
            Err(FormatError::SectionLength {
                name: self.name,
                expected,
                got: self.len,
            })
        }
    }

    /// Demands at least this many bytes.
    pub fn demand_at_least(&self, expected: u64) -> Result<(), FormatError> {
        if self.len >= expected {
            Ok(())
        } else {
            Err(FormatError::SectionLength {
                name: self.name,
                expected,
                got: self.len,
            })
        }
    }
}

/// An open file of sections.
#[derive(Debug)]
pub(crate) struct SectionFile {
    file: ReadAt,
    /// Names are given by who asks.
    sections: Vec<Section>,
}

impl SectionFile {
    /// Opens a file and reads where its sections are.
    pub fn open(path: &Path, kind: Kind) -> Result<Self, FormatError> {
        let io_error = |source| FormatError::io("open", path, source);
        let file = File::open(path).map_err(io_error)?;
        let file_len = file.metadata().map_err(io_error)?.len();
        let file = ReadAt::new(path, file);
        let read_error = |source| FormatError::io("read", path, source);
        let wrong_length = |expected| FormatError::FileLength {
            expected,
            got: file_len.saturating_sub(HEADER_BYTES),
        };

        let mut magic = [0; 4];
        if file_len < 4 {
            return Err(FormatError::Magic {
                expected: kind.magic,
            });
        }
        file.read_exact_at(0, &mut magic).map_err(read_error)?;
        if magic != kind.magic.as_bytes() {
            return Err(FormatError::Magic {
                expected: kind.magic,
            });
        }
        if file_len < HEADER_BYTES {
            return Err(wrong_length(0));
        }
        let mut header = [0; 8];
        file.read_exact_at(4, &mut header).map_err(read_error)?;
        let [version, num_sections] = words(&header);
        if !kind.versions.contains(&version) {
            return Err(FormatError::Version {
                kind: kind.magic,
                expected: kind.versions_text,
                got: version,
            });
        }
        if num_sections > MAX_SECTIONS {
            return Err(FormatError::Number {
                what: "number of sections",
                expected: format!("at most {MAX_SECTIONS}"),
                got: num_sections.into(),
            });
        }
        let mut sections = Vec::new();
        let mut end = HEADER_BYTES;
        for _ in 0..num_sections {
            let offset = end + SECTION_HEADER_BYTES;
            if offset > file_len {
                return Err(wrong_length(offset - HEADER_BYTES));
            }
            let mut header = [0; SECTION_HEADER_BYTES as usize];
            file.read_exact_at(end, &mut header).map_err(read_error)?;
            let [id, low, high] = words(&header);
            let len = u64::from(low) | u64::from(high) << 32;
            end = offset.saturating_add(len);
            if end > file_len {
                return Err(wrong_length(end - HEADER_BYTES));
            }
            sections.push(Section {
                id,
                name: "",
                offset,
                len,
            });
        }
        if end != file_len {
            return Err(wrong_length(end - HEADER_BYTES));
        }
        Ok(Self { file, sections })
    }

    /// The section with this number, which must come once.
    pub fn section(&self, id: u32, name: &'static str) -> Result<Section, FormatError> {
        self.optional_section(id, name)?
            .ok_or(FormatError::SectionMissing { id, name })
    }

    /// The section with this number, which may be absent.
    pub fn optional_section(
        &self,
        id: u32,
        name: &'static str,
    ) -> Result<Option<Section>, FormatError> {
        let mut found = self.sections.iter().filter(|section| section.id == id);
        let section = found.next().map(|section| Section { name, ..*section });
        match found.next() {
            None => Ok(section),
            Some(_) => Err(FormatError::SectionRepeated { id, name }),
        }
    }

    /// The file, for lists of points in it.
    pub const fn file(&self) -> &ReadAt {
        &self.file
    }

    /// Fills `bytes` with what a section has from `start` on, which the caller knows to be there.
    pub fn read_at(
        &self,
        section: &Section,
        start: u64,
        bytes: &mut [u8],
    ) -> Result<(), FormatError> {
        debug_assert!(start + bytes.len() as u64 <= section.len);
        self.file
            .read_exact_at(section.offset + start, bytes)
            .map_err(|source| FormatError::io("read", self.file.path(), source))
    }

    /// Reads a section from its start.
    pub const fn reader<'f>(&'f self, section: &Section) -> SectionReader<'f> {
        SectionReader {
            file: self,
            section: *section,
            position: 0,
            buffer: Vec::new(),
            used: 0,
        }
    }

    /// A section as a whole; only for short ones.
    pub fn read_all(&self, section: &Section) -> Result<Vec<u8>, FormatError> {
        // No more than the file has.
        let mut bytes = vec![0; section.len as usize];
        self.read_at(section, 0, &mut bytes)?;
        Ok(bytes)
    }
}

fn words<const N: usize>(bytes: &[u8]) -> [u32; N] {
    let (chunks, _) = bytes.as_chunks::<4>();
    std::array::from_fn(|i| u32::from_le_bytes(chunks[i]))
}

/// Reads a section from front to back, a piece at a time.
pub(crate) struct SectionReader<'f> {
    file: &'f SectionFile,
    section: Section,
    /// Bytes of the section that were put into the buffer.
    position: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl SectionReader<'_> {
    /// Bytes read from the file at once.
    const PIECE: usize = 1 << 20;

    /// Bytes that are left.
    pub const fn remaining(&self) -> u64 {
        self.section.len - self.position + (self.buffer.len() - self.used) as u64
    }

    /// The next bytes, at most a piece.
    ///
    /// # Errors
    /// If the section has fewer.
    pub fn bytes(&mut self, len: usize) -> Result<&[u8], FormatError> {
        debug_assert!(len <= Self::PIECE);
        if self.remaining() < len as u64 {
            return Err(FormatError::SectionLength {
                name: self.section.name,
                expected: self.section.len - self.remaining() + len as u64,
                got: self.section.len,
            });
        }
        if self.buffer.len() - self.used < len {
            self.buffer.drain(..self.used);
            self.used = 0;
            let old = self.buffer.len();
            let left = self.section.len - self.position;
            let more = (Self::PIECE as u64).min(left) as usize;
            self.buffer.resize(old + more, 0);
            self.file
                .read_at(&self.section, self.position, &mut self.buffer[old..])?;
            self.position += more as u64;
        }
        let start = self.used;
        self.used += len;
        Ok(&self.buffer[start..start + len])
    }

    /// The next bytes of a fixed number.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    pub fn u32(&mut self) -> Result<u32, FormatError> {
        self.array().map(u32::from_le_bytes)
    }

    pub fn u64(&mut self) -> Result<u64, FormatError> {
        self.array().map(u64::from_le_bytes)
    }

    /// Demands that nothing is left.
    pub fn end(&self) -> Result<(), FormatError> {
        if self.remaining() == 0 {
            Ok(())
        } else {
            Err(FormatError::SectionLength {
                name: self.section.name,
                expected: self.section.len - self.remaining(),
                got: self.section.len,
            })
        }
    }
}

/// A file of sections that is being written beside its place.
pub(crate) struct SectionWriter {
    out: NewFile,
    /// Where the length of the open section stands, if one is open.
    open: Option<u64>,
    position: u64,
    sections_left: u32,
}

impl SectionWriter {
    /// Begins a file with this number of sections. Nothing is at `path` before [`Self::finish`].
    pub fn create(
        path: &Path,
        kind: Kind,
        version: u32,
        num_sections: u32,
    ) -> Result<Self, FormatError> {
        let mut this = Self {
            out: NewFile::create(path).map_err(|source| FormatError::io("write", path, source))?,
            open: None,
            position: 0,
            sections_left: num_sections,
        };
        this.write(kind.magic.as_bytes())?;
        this.write(&version.to_le_bytes())?;
        this.write(&num_sections.to_le_bytes())?;
        Ok(this)
    }

    /// Begins a section, given by number and name; the one before ends.
    pub fn section(&mut self, (id, _): (u32, &'static str)) -> Result<(), FormatError> {
        self.end_section()?;
        self.sections_left = self
            .sections_left
            .checked_sub(1)
            .expect("no more sections than were announced");
        self.write(&id.to_le_bytes())?;
        let length_at = self.position;
        self.write(&[0; 8])?;
        self.open = Some(length_at);
        Ok(())
    }

    /// Appends to the section.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.position += bytes.len() as u64;
        let result = self.out.write_all(bytes);
        self.io(result)
    }

    /// Appends a list of equal elements that are encoded a piece at a time.
    pub fn write_each<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        mut encode: impl FnMut(T, &mut Vec<u8>),
    ) -> Result<(), FormatError> {
        let mut bytes = Vec::with_capacity(1 << 16);
        for item in items {
            encode(item, &mut bytes);
            if bytes.len() >= (1 << 16) - 1024 {
                self.write(&bytes)?;
                bytes.clear();
            }
        }
        self.write(&bytes)
    }

    /// Appends points.
    pub fn points<P: RawPoint>(&mut self, points: &[P]) -> Result<(), FormatError> {
        self.write_each(points, P::write_raw)
    }

    /// A section as another file has it.
    pub fn copy(&mut self, file: &SectionFile, section: &Section) -> Result<(), FormatError> {
        self.section((section.id, section.name))?;
        let mut reader = file.reader(section);
        while reader.remaining() > 0 {
            let len = reader.remaining().min(SectionReader::PIECE as u64) as usize;
            self.write(reader.bytes(len)?)?;
        }
        Ok(())
    }

    fn end_section(&mut self) -> Result<(), FormatError> {
        let Some(length_at) = self.open.take() else {
            return Ok(());
        };
        let length = self.position - length_at - 8;
        let result = self
            .out
            .seek(SeekFrom::Start(length_at))
            .and_then(|_| self.out.write_all(&length.to_le_bytes()))
            .and_then(|()| self.out.seek(SeekFrom::Start(self.position)))
            .map(drop);
        self.io(result)
    }

    /// Puts the file into its place once all of it is on the disk.
    pub fn finish(mut self) -> Result<(), FormatError> {
        self.end_section()?;
        assert_eq!(self.sections_left, 0, "as many sections as were announced");
        let path = self.out.path().to_owned();
        self.out
            .finish()
            .map_err(|source| FormatError::io("write", &path, source))
    }

    fn io(&self, result: io::Result<()>) -> Result<(), FormatError> {
        result.map_err(|source| FormatError::io("write", self.out.path(), source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: Kind = Kind {
        magic: "test",
        versions: &[1, 2],
        versions_text: "1 or 2",
    };

    fn write(path: &Path) {
        let mut writer = SectionWriter::create(path, KIND, 2, 3).unwrap();
        writer.section((7, "seven")).unwrap();
        writer.write(b"seven").unwrap();
        writer.section((1, "empty")).unwrap();
        writer.section((9, "numbers")).unwrap();
        writer
            .write_each(0..100_000u32, |i, out| out.extend(i.to_le_bytes()))
            .unwrap();
        writer.finish().unwrap();
    }

    #[test]
    fn sections_are_found_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path);
        let file = SectionFile::open(&path, KIND).unwrap();
        let seven = file.section(7, "seven").unwrap();
        assert_eq!(file.read_all(&seven).unwrap(), b"seven");
        assert_eq!(file.section(1, "empty").unwrap().len, 0);
        assert!(file.optional_section(2, "none").unwrap().is_none());
        assert!(matches!(
            file.section(2, "none"),
            Err(FormatError::SectionMissing { id: 2, .. })
        ));
        let mut reader = file.reader(&file.section(9, "numbers").unwrap());
        for i in 0..100_000 {
            assert_eq!(reader.u32().unwrap(), i);
        }
        reader.end().unwrap();
        assert!(matches!(
            reader.u32(),
            Err(FormatError::SectionLength { .. })
        ));
        assert!(seven.demand_len(4).is_err());
    }

    #[test]
    fn cut_changed_and_lengthened_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write(&path);
        let bytes = std::fs::read(&path).unwrap();
        let open = |bytes: &[u8]| {
            std::fs::write(&path, bytes).unwrap();
            SectionFile::open(&path, KIND).map(drop)
        };
        for len in [0, 3] {
            assert!(matches!(
                open(&bytes[..len]),
                Err(FormatError::Magic { .. })
            ));
        }
        for len in [4, 11, 12, 23, 24, 30, bytes.len() - 1] {
            let result = open(&bytes[..len]);
            assert!(
                matches!(result, Err(FormatError::FileLength { .. })),
                "{len}"
            );
        }
        let longer = [&bytes[..], &[0]].concat();
        assert!(matches!(open(&longer), Err(FormatError::FileLength { .. })));
        let with = |at: usize, value: u32| {
            let mut bytes = bytes.clone();
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            bytes
        };
        assert!(matches!(
            open(&with(4, 3)),
            Err(FormatError::Version { got: 3, .. })
        ));
        assert!(matches!(
            open(&with(8, 1 << 20)),
            Err(FormatError::Number { .. })
        ));
        assert!(matches!(
            open(&with(8, 4)),
            Err(FormatError::FileLength { .. })
        ));
        // The high word of the first section's length.
        assert!(matches!(
            open(&with(20, u32::MAX)),
            Err(FormatError::FileLength { .. })
        ));
        std::fs::write(&path, with(12, 1)).unwrap();
        let twice = SectionFile::open(&path, KIND).unwrap();
        assert!(matches!(
            twice.section(1, "empty"),
            Err(FormatError::SectionRepeated { .. })
        ));
    }

    #[test]
    fn nothing_appears_before_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let writer = SectionWriter::create(&path, KIND, 1, 1).unwrap();
        drop(writer);
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
    }
}
