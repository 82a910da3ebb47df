//! Reading a key file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ark_bn254::{Bn254, G1Affine, G2Affine};
use ark_groth16::VerifyingKey;

use super::layout::{
    A_QUERY, B_G1_QUERY, B_G2_QUERY, CEREMONY, CHUNK_POINTS, CONSTANTS_G1, CONSTANTS_G2,
    CURVE_BN254, GAMMA_ABC_G1, H_BASIS_MONOMIAL, H_BASIS_ODD_COSET, H_QUERY, HASHED_HEADER_BYTES,
    HEADER_BYTES, L_QUERY, LOG_CHUNK_POINTS, Layout, MAGIC, MAX_CEREMONY_BYTES, NUM_CONSTANTS,
    NUM_SECTIONS, PROVENANCE_CEREMONY, PROVENANCE_DEVELOPMENT, PROVENANCE_UNKNOWN,
    SECTION_ENTRY_BYTES, SECTION_TABLE_BYTES, SECTIONS, Section,
};
use super::points::RawPoint;
use super::{KeyFileError, KeyFileHeader, VERSION};
use crate::key::{HBasis, KeyConstants, KeyShape, ProvingKey, verifying_key_hash};
use crate::parallel;
use crate::provenance::{Ceremony, Provenance};
use crate::validate::{validate_constants, validate_proving_key, validate_verifying_key};

/// Reads the metadata of a key file and checks them, but not the points.
///
/// # Errors
/// If the file cannot be read or its metadata are not valid.
pub fn read_header(path: &Path) -> Result<KeyFileHeader, KeyFileError> {
    Reader::open(path).map(|reader| reader.header)
}

/// Reads a key, checking everything but the membership of the points in their groups: metadata,
/// hashes, canonical coordinates, and the refusal rules for the key's constants.
///
/// With `expected_circuit` the key must be for the circuit with that digest.
///
/// # Errors
/// If the file cannot be read, was changed, is for another circuit, or holds a refused key.
#[tracing::instrument(skip_all, fields(path = %path.display()))]
pub fn read(path: &Path, expected_circuit: Option<&[u8; 32]>) -> Result<ProvingKey, KeyFileError> {
    let key = read_points(path, expected_circuit)?;
    validate_constants(&key.constants())?;
    Ok(key)
}

/// Reads a key and validates every point: for a file that comes from elsewhere.
///
/// # Errors
/// As [`read`], and if a point is not in its group.
#[tracing::instrument(skip_all, fields(path = %path.display()))]
pub fn read_validated(
    path: &Path,
    expected_circuit: Option<&[u8; 32]>,
) -> Result<ProvingKey, KeyFileError> {
    let key = read_points(path, expected_circuit)?;
    validate_proving_key(&key)?;
    Ok(key)
}

/// Reads the verifying key alone, checked as [`validate_verifying_key`] does, and the metadata.
///
/// The proving key's lists are not read, so changes in them go unnoticed.
///
/// # Errors
/// As [`read`], as far as it reads.
#[tracing::instrument(skip_all, fields(path = %path.display()))]
pub fn read_verifying_key(
    path: &Path,
) -> Result<(KeyFileHeader, VerifyingKey<Bn254>), KeyFileError> {
    let mut reader = Reader::open(path)?;
    let KeyConstants { vk, .. } = reader.all_constants()?;
    validate_verifying_key(&vk)?;
    Ok((reader.header, vk))
}

fn read_points(
    path: &Path,
    expected_circuit: Option<&[u8; 32]>,
) -> Result<ProvingKey, KeyFileError> {
    let mut reader = Reader::open(path)?;
    reader.demand_circuit(expected_circuit)?;
    let KeyConstants {
        vk,
        beta_g1,
        delta_g1,
        h_basis,
        ..
    } = reader.all_constants()?;
    Ok(ProvingKey {
        vk,
        beta_g1,
        delta_g1,
        a_query: reader.section(A_QUERY)?,
        b_g1_query: reader.section(B_G1_QUERY)?,
        b_g2_query: reader.section(B_G2_QUERY)?,
        h_query: reader.section(H_QUERY)?,
        h_basis,
        l_query: reader.section(L_QUERY)?,
        circuit_digest: reader.header.circuit_digest,
        provenance: reader.header.provenance.clone(),
    })
}

/// An open file whose metadata are read and checked; the position is behind them.
pub(super) struct Reader {
    pub path: PathBuf,
    pub file: File,
    pub header: KeyFileHeader,
    pub layout: Layout,
    pub chunk_hashes: Vec<[u8; 32]>,
}

/// Consumes little-endian integers and arrays from the front of a slice.
struct Fields<'b>(&'b [u8]);

impl Fields<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let (head, tail) = self
            .0
            .split_first_chunk::<N>()
            .expect("the header has a fixed size");
        self.0 = tail;
        *head
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }

    fn demand(
        &mut self,
        field: &'static str,
        expected: &'static str,
        value: u32,
    ) -> Result<(), KeyFileError> {
        let got = self.u32();
        if got == value {
            Ok(())
        } else {
            Err(KeyFileError::HeaderField {
                field,
                expected,
                got,
            })
        }
    }
}

impl Reader {
    pub fn open(path: &Path) -> Result<Self, KeyFileError> {
        let io = |source| KeyFileError::Io {
            action: "open",
            path: path.to_owned(),
            source,
        };
        let mut file = File::open(path).map_err(io)?;
        let actual_len = file.metadata().map_err(io)?.len();

        let least = (HEADER_BYTES + SECTION_TABLE_BYTES) as u64;
        let mut bytes = Vec::new();
        (&mut file)
            .take(least)
            .read_to_end(&mut bytes)
            .map_err(io)?;
        if !bytes.starts_with(&MAGIC) {
            return Err(KeyFileError::Magic);
        }
        if (bytes.len() as u64) < least {
            return Err(KeyFileError::FileLength {
                expected: least,
                got: actual_len,
            });
        }
        let mut fields = Fields(&bytes[MAGIC.len()..]);
        let version = fields.u32();
        if version != VERSION {
            return Err(KeyFileError::Version { got: version });
        }
        fields.demand("curve", "1 (BN254)", CURVE_BN254)?;
        let h_basis = match fields.u32() {
            H_BASIS_MONOMIAL => HBasis::Monomial,
            H_BASIS_ODD_COSET => HBasis::OddCoset,
            got => {
                let (field, expected) = ("basis of h_query", "1 (monomial) or 2 (odd coset)");
                return Err(KeyFileError::HeaderField {
                    field,
                    expected,
                    got,
                });
            }
        };
        let provenance = fields.u32();
        if provenance > PROVENANCE_CEREMONY {
            let field = "provenance";
            return Err(KeyFileError::HeaderField {
                field,
                expected: "0 (unknown), 1 (development) or 2 (ceremony)",
                got: provenance,
            });
        }
        fields.demand("log of chunk size", "16", LOG_CHUNK_POINTS)?;
        fields.demand("number of sections", "9", NUM_SECTIONS as u32)?;
        let file_len = fields.u64();
        let circuit_digest = fields.array();
        let verifying_key_hash = fields.array();
        let metadata_hash: [u8; 32] = fields.array();
        if file_len != actual_len {
            return Err(KeyFileError::FileLength {
                expected: file_len,
                got: actual_len,
            });
        }

        let table = &bytes[HEADER_BYTES..];
        let layout = read_layout(table, file_len)?;
        // The layout fits into the file, so this is no more than the file's size.
        let mut hashes = vec![0u8; layout.num_chunks as usize * 32];
        file.read_exact(&mut hashes).map_err(io)?;
        let mut hasher = blake3::Hasher::new();
        hasher
            .update(&bytes[..HASHED_HEADER_BYTES])
            .update(table)
            .update(&hashes);
        if *hasher.finalize().as_bytes() != metadata_hash {
            return Err(KeyFileError::MetadataHash);
        }
        let (chunk_hashes, _) = hashes.as_chunks::<32>();
        let record =
            read_record(&mut file, &layout, chunk_hashes).map_err(|error| match error {
                RecordError::Io(source) => io(source),
                RecordError::Refused(error) => error,
            })?;
        let provenance = match (provenance, record) {
            (PROVENANCE_UNKNOWN, None) => Provenance::Unknown,
            (PROVENANCE_DEVELOPMENT, None) => Provenance::Development,
            (PROVENANCE_CEREMONY, Some(record)) => {
                Provenance::Ceremony(Ceremony::from_bytes(&record)?.into())
            }
            _ => {
                let section = SECTIONS[CEREMONY].0;
                return Err(KeyFileError::SectionTable { section });
            }
        };
        let header = KeyFileHeader {
            provenance,
            h_basis,
            circuit_digest,
            verifying_key_hash,
            num_public_inputs: layout.sections[GAMMA_ABC_G1].count.saturating_sub(1),
            num_columns: layout.sections[A_QUERY].count,
            domain_size: h_basis.domain_size(layout.sections[H_QUERY].count as usize) as u64,
            file_len,
        };
        Ok(Self {
            path: path.to_owned(),
            file,
            header,
            chunk_hashes: chunk_hashes.to_vec(),
            layout,
        })
    }

    fn io(&self, source: io::Error) -> KeyFileError {
        KeyFileError::Io {
            action: "read",
            path: self.path.clone(),
            source,
        }
    }

    /// Refuses a file for another circuit than the expected one.
    pub fn demand_circuit(&self, expected: Option<&[u8; 32]>) -> Result<(), KeyFileError> {
        match expected {
            Some(&expected) if expected != self.header.circuit_digest => {
                let got = self.header.circuit_digest;
                Err(KeyFileError::CircuitDigest { expected, got })
            }
            _ => Ok(()),
        }
    }

    fn skip_padding(&mut self) -> Result<(), KeyFileError> {
        let len = (self.layout.sections_start - self.layout.metadata_bytes) as usize;
        let mut padding = vec![0u8; len];
        self.file
            .read_exact(&mut padding)
            .map_err(|error| self.io(error))?;
        if padding.iter().all(|byte| *byte == 0) {
            Ok(())
        } else {
            Err(KeyFileError::Padding)
        }
    }

    /// The next section, which must be number `index`, a few chunks at a time.
    fn section<P: RawPoint>(&mut self, index: usize) -> Result<Vec<P>, KeyFileError> {
        let section = self.layout.sections[index];
        debug_assert_eq!(section.element_bytes, P::BYTES);
        let count = section.count as usize;
        let chunks_at_once = parallel::num_threads();
        let mut points = Vec::with_capacity(count);
        let mut buffer = Vec::new();
        while points.len() < count {
            let batch = (count - points.len()).min(chunks_at_once * CHUNK_POINTS);
            let first_chunk = points.len() / CHUNK_POINTS;
            buffer.resize(batch * P::BYTES, 0);
            self.file
                .read_exact(&mut buffer)
                .map_err(|error| self.io(error))?;
            let chunks: Vec<&[u8]> = buffer.chunks(CHUNK_POINTS * P::BYTES).collect();
            let decoded = parallel::map(chunks.len(), |k| {
                let chunk = first_chunk + k;
                let hash = &self.chunk_hashes[section.first_chunk as usize + chunk];
                check_chunk(&section, chunk, chunks[k], hash)?;
                let mut points = Vec::new();
                decode_chunk::<P>(&section, chunk, chunks[k], &mut points)?;
                Ok::<_, KeyFileError>(points)
            });
            for chunk in decoded {
                points.extend(chunk?);
            }
        }
        Ok(points)
    }

    /// The zero bytes and the first three sections; the verifying key has the header's hash.
    pub fn all_constants(&mut self) -> Result<KeyConstants, KeyFileError> {
        self.skip_padding()?;
        let [alpha_g1, beta_g1, delta_g1] = self.constants::<G1Affine>(CONSTANTS_G1)?;
        let [beta_g2, gamma_g2, delta_g2] = self.constants::<G2Affine>(CONSTANTS_G2)?;
        let vk = VerifyingKey::<Bn254> {
            alpha_g1,
            beta_g2,
            gamma_g2,
            delta_g2,
            gamma_abc_g1: self.section(GAMMA_ABC_G1)?,
        };
        if verifying_key_hash(&vk) != self.header.verifying_key_hash {
            return Err(KeyFileError::VerifyingKeyHash);
        }
        Ok(KeyConstants {
            vk,
            beta_g1,
            delta_g1,
            h_basis: self.header.h_basis,
            shape: self.shape(),
        })
    }

    /// The lengths of the lists. They fit into the file, so into memory's address space.
    fn shape(&self) -> KeyShape {
        let count = |index: usize| self.layout.sections[index].count as usize;
        KeyShape {
            gamma_abc_g1: count(GAMMA_ABC_G1),
            a_query: count(A_QUERY),
            b_g1_query: count(B_G1_QUERY),
            b_g2_query: count(B_G2_QUERY),
            h_query: count(H_QUERY),
            l_query: count(L_QUERY),
        }
    }

    fn constants<P: RawPoint>(&mut self, index: usize) -> Result<[P; 3], KeyFileError> {
        let points: Vec<P> = self.section(index)?;
        let section = self.layout.sections[index].name;
        points
            .try_into()
            .map_err(|_| KeyFileError::SectionTable { section })
    }
}

/// Why the record of a ceremony was not read.
enum RecordError {
    Io(io::Error),
    Refused(KeyFileError),
}

/// The record of the ceremony, if there is one; the position stays behind the metadata.
fn read_record(
    file: &mut File,
    layout: &Layout,
    chunk_hashes: &[[u8; 32]],
) -> Result<Option<Vec<u8>>, RecordError> {
    let section = layout.sections[CEREMONY];
    if section.count == 0 {
        return Ok(None);
    }
    if section.count > MAX_CEREMONY_BYTES {
        let section = section.name;
        return Err(RecordError::Refused(KeyFileError::SectionTable { section }));
    }
    let mut record = vec![0; section.count as usize];
    file.seek(SeekFrom::Start(section.offset))
        .and_then(|_| file.read_exact(&mut record))
        .and_then(|()| file.seek(SeekFrom::Start(layout.metadata_bytes)))
        .map_err(RecordError::Io)?;
    for (chunk, bytes) in record.chunks(CHUNK_POINTS).enumerate() {
        let hash = &chunk_hashes[section.first_chunk as usize + chunk];
        check_chunk(&section, chunk, bytes, hash).map_err(RecordError::Refused)?;
    }
    Ok(Some(record))
}

/// Compares a chunk with its hash.
fn check_chunk(
    section: &Section,
    chunk: usize,
    bytes: &[u8],
    hash: &[u8; 32],
) -> Result<(), KeyFileError> {
    if blake3::hash(bytes).as_bytes() == hash {
        Ok(())
    } else {
        Err(KeyFileError::ChunkHash {
            section: section.name,
            chunk,
        })
    }
}

/// Appends the points of a chunk.
fn decode_chunk<P: RawPoint>(
    section: &Section,
    chunk: usize,
    bytes: &[u8],
    points: &mut Vec<P>,
) -> Result<(), KeyFileError> {
    points.reserve(bytes.len() / P::BYTES);
    for (i, point) in bytes.chunks_exact(P::BYTES).enumerate() {
        let index = chunk * CHUNK_POINTS + i;
        points.push(P::read_raw(point).ok_or(KeyFileError::Coordinate {
            section: section.name,
            index,
        })?);
    }
    Ok(())
}

/// The layout that the table's element counts ask for, if the table says the same and the file has
/// that size.
fn read_layout(table: &[u8], file_len: u64) -> Result<Layout, KeyFileError> {
    let (entries, _) = table.as_chunks::<SECTION_ENTRY_BYTES>();
    let mut counts = [0u64; NUM_SECTIONS];
    for ((count, entry), (section, element_bytes)) in counts.iter_mut().zip(entries).zip(SECTIONS) {
        *count = Fields(&entry[8..16]).u64();
        let too_many = count.saturating_mul(element_bytes as u64) > file_len;
        if too_many {
            return Err(KeyFileError::SectionTable { section });
        }
    }
    for index in [CONSTANTS_G1, CONSTANTS_G2] {
        if counts[index] != NUM_CONSTANTS {
            return Err(KeyFileError::SectionTable {
                section: SECTIONS[index].0,
            });
        }
    }
    let layout = Layout::new(counts)
        .filter(|layout| layout.file_len == file_len)
        .ok_or(KeyFileError::SectionTable {
            section: SECTIONS[NUM_SECTIONS - 1].0,
        })?;
    for (section, entry) in layout.sections.iter().zip(entries) {
        if section.to_entry() != *entry {
            return Err(KeyFileError::SectionTable {
                section: section.name,
            });
        }
    }
    Ok(layout)
}
