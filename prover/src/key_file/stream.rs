//! A key whose lists stay in the file.
//!
//! A list is read chunk by chunk, each chunk when a multiplication needs it, into memory that the
//! next chunk overwrites: a proof holds one chunk of one list at a time, however long the key is. The
//! bytes come from the operating system's page cache, which all processes share, by ordinary reads:
//! unlike a mapping, a file that is cut short under a running proof is an error and not a signal, and
//! pages of the key never count as this process's memory.
//!
//! A chunk's hash is checked when it is first read. A file that changes afterwards cannot make a bad
//! proof: the prover verifies what it made before it returns it.

use std::marker::PhantomData;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_groth16::VerifyingKey;

use super::layout::{A_QUERY, B_G1_QUERY, B_G2_QUERY, CHUNK_POINTS, H_QUERY, L_QUERY, Layout};
use super::points::RawPoint;
use super::read::Reader;
use super::{KeyFileError, KeyFileHeader};
use crate::key::KeyConstants;
use crate::read_at::ReadAt;
use crate::validate::validate_constants;

/// Points that are read at once where many are wanted.
const PIECE_POINTS: usize = 1 << 12;

/// An open key file, of which only the constants are in memory.
#[derive(Debug)]
pub struct StreamedKey {
    file: ReadAt,
    header: KeyFileHeader,
    layout: Layout,
    chunk_hashes: Vec<[u8; 32]>,
    /// Whether a chunk has been compared with its hash.
    checked: Vec<Mutex<bool>>,
    pub(crate) constants: KeyConstants,
}

impl StreamedKey {
    /// Opens a key file: checks metadata and constants as [`read`](super::read()) does.
    ///
    /// With `expected_circuit` the key must be for the circuit with that digest.
    ///
    /// # Errors
    /// As [`read`](super::read()), as far as it is read.
    pub fn open(path: &Path, expected_circuit: Option<&[u8; 32]>) -> Result<Self, KeyFileError> {
        let mut reader = Reader::open(path)?;
        reader.demand_circuit(expected_circuit)?;
        let constants = reader.all_constants()?;
        validate_constants(&constants)?;
        let checked = reader.chunk_hashes.iter().map(|_| Mutex::new(false));
        Ok(Self {
            checked: checked.collect(),
            file: ReadAt::new(&reader.path, reader.file),
            header: reader.header,
            layout: reader.layout,
            chunk_hashes: reader.chunk_hashes,
            constants,
        })
    }

    /// What the metadata say.
    #[must_use]
    pub const fn header(&self) -> &KeyFileHeader {
        &self.header
    }

    /// The verifying key.
    #[must_use]
    pub const fn verifying_key(&self) -> &VerifyingKey<Bn254> {
        &self.constants.vk
    }

    /// `a_query` in the file.
    #[must_use]
    pub fn a_query(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(A_QUERY)
    }

    /// `b_g1_query` in the file.
    #[must_use]
    pub fn b_g1_query(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(B_G1_QUERY)
    }

    /// `b_g2_query` in the file.
    #[must_use]
    pub fn b_g2_query(&self) -> StreamedPoints<'_, G2Affine> {
        self.list(B_G2_QUERY)
    }

    /// `h_query` in the file.
    #[must_use]
    pub fn h_query(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(H_QUERY)
    }

    /// `l_query` in the file.
    #[must_use]
    pub fn l_query(&self) -> StreamedPoints<'_, G1Affine> {
        self.list(L_QUERY)
    }

    fn list<P>(&self, index: usize) -> StreamedPoints<'_, P> {
        let section = &self.layout.sections[index];
        let first = section.first_chunk as usize;
        let chunks = first..first + section.num_chunks() as usize;
        StreamedPoints {
            file: &self.file,
            name: section.name,
            offset: section.offset,
            len: section.count as usize,
            chunks: Some(Chunks {
                hashes: &self.chunk_hashes[chunks.clone()],
                checked: &self.checked[chunks],
            }),
            point: PhantomData,
        }
    }
}

/// A list of points in a file: raw coordinates, see [`key_file`](super), one point after the other.
#[derive(Clone, Copy, Debug)]
pub struct StreamedPoints<'f, P> {
    file: &'f ReadAt,
    name: &'static str,
    offset: u64,
    len: usize,
    /// The hashes of the list; `None` in formats that have none.
    chunks: Option<Chunks<'f>>,
    point: PhantomData<P>,
}

/// The hashes of the chunks of a list, and which were compared.
#[derive(Clone, Copy, Debug)]
struct Chunks<'f> {
    hashes: &'f [[u8; 32]],
    checked: &'f [Mutex<bool>],
}

impl<'f, P: RawPoint> StreamedPoints<'f, P> {
    /// `len` points from byte `offset` of a file on, which has no hashes of them.
    #[cfg(feature = "snarkjs")]
    pub(crate) const fn unhashed(
        file: &'f ReadAt,
        name: &'static str,
        offset: u64,
        len: usize,
    ) -> Self {
        Self {
            file,
            name,
            offset,
            len,
            chunks: None,
            point: PhantomData,
        }
    }

    /// Some of the points of a list without hashes.
    #[cfg(feature = "snarkjs")]
    pub(crate) fn slice(&self, range: std::ops::Range<usize>) -> Self {
        assert!(self.chunks.is_none() && range.start <= range.end && range.end <= self.len);
        Self {
            offset: self.offset + (range.start * P::BYTES) as u64,
            len: range.len(),
            ..*self
        }
    }

    /// Name of the list.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Number of points.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads the points from index `start` on. Several threads may read at once.
    ///
    /// # Errors
    /// If the file cannot be read or was changed.
    ///
    /// # Panics
    /// If there are fewer points.
    pub fn read(&self, start: usize, out: &mut [P]) -> Result<(), KeyFileError> {
        let end = start + out.len();
        assert!(
            end <= self.len(),
            "expected points below {}, got {end}",
            self.len()
        );
        if let Some(chunks) = &self.chunks {
            for chunk in start / CHUNK_POINTS..end.div_ceil(CHUNK_POINTS) {
                self.check_chunk(chunks, chunk)?;
            }
        }
        let mut bytes = vec![0; out.len() * P::BYTES];
        self.read_bytes(start, &mut bytes)?;
        for (i, (point, bytes)) in out.iter_mut().zip(bytes.chunks_exact(P::BYTES)).enumerate() {
            *point = P::read_raw(bytes).ok_or(KeyFileError::Coordinate {
                section: self.name,
                index: start + i,
            })?;
        }
        Ok(())
    }

    /// All points.
    ///
    /// # Errors
    /// As [`StreamedPoints::read`].
    pub fn read_all(&self) -> Result<Vec<P>, KeyFileError> {
        let mut points = vec![P::INFINITY; self.len()];
        for (piece, out) in points.chunks_mut(PIECE_POINTS).enumerate() {
            self.read(piece * PIECE_POINTS, out)?;
        }
        Ok(points)
    }

    /// Compares a chunk with its hash, once; threads that need it meanwhile wait.
    fn check_chunk(&self, chunks: &Chunks<'_>, chunk: usize) -> Result<(), KeyFileError> {
        let mut checked = chunks.checked[chunk]
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if *checked {
            return Ok(());
        }
        let mut hasher = blake3::Hasher::new();
        let mut bytes = vec![0; PIECE_POINTS * P::BYTES];
        let end = self.len().min((chunk + 1) * CHUNK_POINTS);
        for start in (chunk * CHUNK_POINTS..end).step_by(PIECE_POINTS) {
            let bytes = &mut bytes[..PIECE_POINTS.min(end - start) * P::BYTES];
            self.read_bytes(start, bytes)?;
            hasher.update(bytes);
        }
        if *hasher.finalize().as_bytes() != chunks.hashes[chunk] {
            return Err(KeyFileError::ChunkHash {
                section: self.name,
                chunk,
            });
        }
        *checked = true;
        Ok(())
    }

    fn read_bytes(&self, first: usize, bytes: &mut [u8]) -> Result<(), KeyFileError> {
        let offset = self.offset + (first * P::BYTES) as u64;
        self.file
            .read_exact_at(offset, bytes)
            .map_err(|source| KeyFileError::Io {
                action: "read",
                path: self.file.path().to_owned(),
                source,
            })
    }
}
