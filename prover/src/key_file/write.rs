//! Writing a key file.
//!
//! Two passes over the points: the first hashes the chunks, because their hashes stand before them,
//! the second writes them. Encoding is a copy, so the passes cost little beyond hash and disk.

use std::io::{self, Write};
use std::path::Path;

use super::layout::{
    CHUNK_POINTS, CURVE_BN254, H_BASIS_MONOMIAL, H_BASIS_ODD_COSET, HASHED_HEADER_BYTES,
    LOG_CHUNK_POINTS, Layout, MAGIC, NUM_SECTIONS, PROVENANCE_CEREMONY, PROVENANCE_DEVELOPMENT,
    PROVENANCE_UNKNOWN,
};
use super::points::RawPoint;
use super::{KeyFileError, VERSION};
use crate::key::{HBasis, ProvingKey, verifying_key_hash};
use crate::new_file::NewFile;
use crate::parallel;
use crate::provenance::Provenance;

/// Writes a key file, replacing what is at `path` only once the whole file is on the disk.
///
/// # Errors
/// If the file system refuses; nothing is left behind then.
#[tracing::instrument(skip_all, fields(path = %path.display()))]
pub fn write(path: &Path, key: &ProvingKey) -> Result<(), KeyFileError> {
    write_whole(path, key).map_err(|source| KeyFileError::Io {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

fn write_whole(path: &Path, key: &ProvingKey) -> io::Result<()> {
    let mut file = NewFile::create(path)?;
    write_to(&mut file, key)?;
    file.finish()
}

fn write_to(out: &mut impl Write, key: &ProvingKey) -> io::Result<()> {
    let ceremony = match &key.provenance {
        Provenance::Ceremony(ceremony) => ceremony.to_bytes(),
        Provenance::Unknown | Provenance::Development => Vec::new(),
    };
    let layout = Layout::of_key(key, ceremony.len());
    let constants_g1 = [key.vk.alpha_g1, key.beta_g1, key.delta_g1];
    let constants_g2 = [key.vk.beta_g2, key.vk.gamma_g2, key.vk.delta_g2];
    let sections: [&dyn Chunks; NUM_SECTIONS] = [
        &constants_g1.as_slice(),
        &constants_g2.as_slice(),
        &key.vk.gamma_abc_g1.as_slice(),
        &key.a_query.as_slice(),
        &key.b_g1_query.as_slice(),
        &key.b_g2_query.as_slice(),
        &key.h_query.as_slice(),
        &key.l_query.as_slice(),
        &RawBytes(&ceremony),
    ];

    let mut tables = Vec::new();
    for section in layout.sections {
        tables.extend_from_slice(&section.to_entry());
    }
    for section in sections {
        for hash in parallel::map(section.num_chunks(), |k| blake3::hash(&section.chunk(k))) {
            tables.extend_from_slice(hash.as_bytes());
        }
    }
    let header = header(key, &layout);
    let hash = blake3::Hasher::new()
        .update(&header)
        .update(&tables)
        .finalize();
    out.write_all(&header)?;
    out.write_all(hash.as_bytes())?;
    out.write_all(&tables)?;
    for _ in layout.metadata_bytes..layout.sections_start {
        out.write_all(&[0])?;
    }
    for section in sections {
        for k in 0..section.num_chunks() {
            out.write_all(&section.chunk(k))?;
        }
    }
    Ok(())
}

/// The header up to its hash.
fn header(key: &ProvingKey, layout: &Layout) -> Vec<u8> {
    let h_basis = match key.h_basis {
        HBasis::Monomial => H_BASIS_MONOMIAL,
        HBasis::OddCoset => H_BASIS_ODD_COSET,
    };
    let provenance = match &key.provenance {
        Provenance::Unknown => PROVENANCE_UNKNOWN,
        Provenance::Development => PROVENANCE_DEVELOPMENT,
        Provenance::Ceremony(_) => PROVENANCE_CEREMONY,
    };
    let mut header = Vec::with_capacity(HASHED_HEADER_BYTES);
    header.extend_from_slice(&MAGIC);
    for field in [
        VERSION,
        CURVE_BN254,
        h_basis,
        provenance,
        LOG_CHUNK_POINTS,
        NUM_SECTIONS as u32,
    ] {
        header.extend_from_slice(&field.to_le_bytes());
    }
    header.extend_from_slice(&layout.file_len.to_le_bytes());
    header.extend_from_slice(&key.circuit_digest);
    header.extend_from_slice(&verifying_key_hash(&key.vk));
    debug_assert_eq!(header.len(), HASHED_HEADER_BYTES);
    header
}

/// A list of points as a sequence of encoded chunks.
trait Chunks: Sync {
    fn num_chunks(&self) -> usize;
    fn chunk(&self, index: usize) -> Vec<u8>;
}

impl<P: RawPoint> Chunks for &[P] {
    fn num_chunks(&self) -> usize {
        self.len().div_ceil(CHUNK_POINTS)
    }

    fn chunk(&self, index: usize) -> Vec<u8> {
        let start = index * CHUNK_POINTS;
        let points = &self[start..(start + CHUNK_POINTS).min(self.len())];
        let mut bytes = Vec::with_capacity(points.len() * P::BYTES);
        for point in points {
            point.write_raw(&mut bytes);
        }
        bytes
    }
}

/// Bytes, whose elements are single ones.
struct RawBytes<'b>(&'b [u8]);

impl Chunks for RawBytes<'_> {
    fn num_chunks(&self) -> usize {
        self.0.len().div_ceil(CHUNK_POINTS)
    }

    fn chunk(&self, index: usize) -> Vec<u8> {
        let start = index * CHUNK_POINTS;
        self.0[start..(start + CHUNK_POINTS).min(self.0.len())].to_vec()
    }
}
