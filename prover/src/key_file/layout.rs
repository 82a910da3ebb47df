//! Where everything lies in a key file.
//!
//! The layout is a function of the nine element counts; writer and reader both compute it, so the
//! offsets in the section table carry no freedom.

use crate::key::{KeyShape, ProvingKey};

pub(super) const MAGIC: [u8; 8] = *b"zkrollpk";
pub(super) const CURVE_BN254: u32 = 1;
pub(super) const H_BASIS_MONOMIAL: u32 = 1;
pub(super) const H_BASIS_ODD_COSET: u32 = 2;
pub(super) const PROVENANCE_UNKNOWN: u32 = 0;
pub(super) const PROVENANCE_DEVELOPMENT: u32 = 1;
pub(super) const PROVENANCE_CEREMONY: u32 = 2;
pub(super) const LOG_CHUNK_POINTS: u32 = 16;
/// Points in a full chunk.
pub(super) const CHUNK_POINTS: usize = 1 << LOG_CHUNK_POINTS;

/// Bytes of the header up to its hash.
pub(super) const HASHED_HEADER_BYTES: usize = 104;
/// Bytes of the header.
pub(super) const HEADER_BYTES: usize = HASHED_HEADER_BYTES + 32;
pub(super) const NUM_SECTIONS: usize = 9;
pub(super) const SECTION_ENTRY_BYTES: usize = 32;
pub(super) const SECTION_TABLE_BYTES: usize = NUM_SECTIONS * SECTION_ENTRY_BYTES;
const ALIGNMENT: u64 = 64;

pub(super) const G1_BYTES: usize = 64;
pub(super) const G2_BYTES: usize = 128;

/// Names and element sizes of the sections, in order; the id of section i is i + 1.
pub(super) const SECTIONS: [(&str, usize); NUM_SECTIONS] = [
    ("constants_g1", G1_BYTES),
    ("constants_g2", G2_BYTES),
    ("gamma_abc_g1", G1_BYTES),
    ("a_query", G1_BYTES),
    ("b_g1_query", G1_BYTES),
    ("b_g2_query", G2_BYTES),
    ("h_query", G1_BYTES),
    ("l_query", G1_BYTES),
    ("ceremony", 1),
];

/// Indices of the sections in [`SECTIONS`].
pub(super) const CONSTANTS_G1: usize = 0;
pub(super) const CONSTANTS_G2: usize = 1;
pub(super) const GAMMA_ABC_G1: usize = 2;
pub(super) const A_QUERY: usize = 3;
pub(super) const B_G1_QUERY: usize = 4;
pub(super) const B_G2_QUERY: usize = 5;
pub(super) const H_QUERY: usize = 6;
pub(super) const L_QUERY: usize = 7;
pub(super) const CEREMONY: usize = 8;

/// Longest record of a ceremony: some ten thousand contributions.
pub(super) const MAX_CEREMONY_BYTES: u64 = 1 << 22;

/// Points of the two sections of constants.
pub(super) const NUM_CONSTANTS: u64 = 3;

/// One section of the file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Section {
    pub id: u32,
    pub name: &'static str,
    pub element_bytes: usize,
    pub count: u64,
    pub offset: u64,
    /// Index of its first hash in the chunk table.
    pub first_chunk: u64,
}

impl Section {
    pub fn num_chunks(&self) -> u64 {
        self.count.div_ceil(CHUNK_POINTS as u64)
    }

    /// The section's entry in the table.
    pub fn to_entry(self) -> [u8; SECTION_ENTRY_BYTES] {
        let mut entry = [0u8; SECTION_ENTRY_BYTES];
        entry[0..4].copy_from_slice(&self.id.to_le_bytes());
        entry[4..8].copy_from_slice(&(self.element_bytes as u32).to_le_bytes());
        entry[8..16].copy_from_slice(&self.count.to_le_bytes());
        entry[16..24].copy_from_slice(&self.offset.to_le_bytes());
        entry[24..32].copy_from_slice(&self.first_chunk.to_le_bytes());
        entry
    }
}

/// Sections and sizes of a file.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    pub sections: [Section; NUM_SECTIONS],
    /// Hashes in the chunk table.
    pub num_chunks: u64,
    /// Header and tables, without the zero bytes that follow.
    pub metadata_bytes: u64,
    /// Header, tables and zero bytes.
    pub sections_start: u64,
    pub file_len: u64,
}

impl Layout {
    /// The layout for these element counts; `None` if the file would exceed 2^64 bytes.
    pub fn new(counts: [u64; NUM_SECTIONS]) -> Option<Self> {
        let mut num_chunks = 0u64;
        let mut sections = std::array::from_fn(|i| {
            let (name, element_bytes) = SECTIONS[i];
            let section = Section {
                id: i as u32 + 1,
                name,
                element_bytes,
                count: counts[i],
                offset: 0,
                first_chunk: num_chunks,
            };
            // At most 9 · 2^48 hashes.
            num_chunks += section.num_chunks();
            section
        });
        let metadata_bytes =
            (HEADER_BYTES + SECTION_TABLE_BYTES) as u64 + num_chunks.checked_mul(32)?;
        let sections_start = metadata_bytes.checked_next_multiple_of(ALIGNMENT)?;
        let mut end = sections_start;
        for section in &mut sections {
            section.offset = end;
            let bytes = section.count.checked_mul(section.element_bytes as u64)?;
            end = end.checked_add(bytes)?;
        }
        Some(Self {
            sections,
            num_chunks,
            metadata_bytes,
            sections_start,
            file_len: end,
        })
    }

    /// The layout of the file for a key whose ceremony's record has so many bytes.
    pub fn of_key(key: &ProvingKey, ceremony_bytes: usize) -> Self {
        Self::of_shape(&key.shape(), ceremony_bytes)
    }

    /// The layout of the file for keys whose lists have these lengths.
    pub fn of_shape(shape: &KeyShape, ceremony_bytes: usize) -> Self {
        let counts = [
            shape.gamma_abc_g1,
            shape.a_query,
            shape.b_g1_query,
            shape.b_g2_query,
            shape.h_query,
            shape.l_query,
            ceremony_bytes,
        ]
        .map(|count| count as u64);
        let mut all = [NUM_CONSTANTS; NUM_SECTIONS];
        all[2..].copy_from_slice(&counts);
        Self::new(all).expect("a circuit within the field's domains has a key below 2^64 bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_aligned_and_adjacent() {
        let layout = Layout::new([3, 3, 2, 65_537, 65_536, 1, 131_071, 0, 100]).unwrap();
        assert_eq!(layout.num_chunks, 1 + 1 + 1 + 2 + 1 + 1 + 2 + 1);
        let mut end = layout.sections_start;
        for section in layout.sections {
            assert_eq!(section.offset % ALIGNMENT, 0, "{}", section.name);
            assert_eq!(section.offset, end, "{}", section.name);
            end += section.count * section.element_bytes as u64;
        }
        assert_eq!(layout.file_len, end);
    }

    #[test]
    fn absurd_counts_have_no_layout() {
        assert!(Layout::new([u64::MAX; NUM_SECTIONS]).is_none());
        assert!(Layout::new([3, 3, 1, 1 << 60, 0, 0, 0, 0, 0]).is_none());
    }
}
