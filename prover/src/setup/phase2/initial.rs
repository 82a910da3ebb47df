//! The key before any contribution: γ = δ = 1.
//!
//! With the Lagrange points of the first phase, for column i and rows j (the input-consistency rows
//! among those of A):
//!
//! ```text
//! a_query[i]    = Σ_j A[j,i]·[L_j]₁
//! b_g1_query[i] = Σ_j B[j,i]·[L_j]₁        b_g2_query[i] = Σ_j B[j,i]·[L_j]₂
//! gamma_abc_g1[i], l_query[i] = Σ_j A[j,i]·[β·L_j]₁ + B[j,i]·[α·L_j]₁ + C[j,i]·[L_j]₁
//! h_query[i]    = [L'_(2i+1)]₁             L' of the domain of twice the size
//! ```
//!
//! **The circuit hash** identifies circuit and first phase; every contribution's transcript begins with
//! it. It is BLAKE2b-512 of `[α]₁ [β]₁ [β]₂ [γ]₂ [δ]₁ [δ]₂`, then for each of gamma_abc_g1, H, l_query,
//! a_query, b_g1_query, b_g2_query the number of points (u32, big-endian) and the points, uncompressed
//! as in [`ContributionList`](super::ContributionList)'s transcript. H stands for `[τ^(n+i) − τ^i]₁`, i
//! in 0..n−1, in which snarkjs has a peculiarity that is part of the hash: it takes the points in pieces
//! of min(n−1, 2^14), also the last one, so that from n = 2^15 on a point i = n−1 is hashed as well. If the
//! first phase has no `[τ^(2n−1)]₁`, snarkjs computes with the bytes that follow the list in the file, which
//! are no point; that is not reproduced, and such a domain needs a first phase of one more power.
//!
//! Cost: for each entry of A two multiplications in G1, of B two in G1 and one in G2, of C one in G1, and
//! for each element of the domain an addition and a hash.

use std::ops::Range;
use std::path::Path;

use ark_bn254::{G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup};
use blake2::{Blake2b512, Digest};

use super::super::observer::{SetupObserver, SetupStep};
use super::Phase2Error;
use super::columns::{Columns, Part, Summable, columns_at_once, sum_columns};
use super::transcript::{ContributionList, g1_to_be_bytes, g2_to_be_bytes};
use crate::backend::Backend;
use crate::domain::Domain;
use crate::formats::FormatError;
use crate::formats::ptau::{Lagrange, Ptau};
use crate::formats::sections::SectionWriter;
use crate::formats::zkey::{self, section};
use crate::key::{HBasis, KeyConstants, KeyShape};
use crate::key_file::{RawPoint, StreamedPoints};
use crate::matrices::Matrices;
use crate::r1cs::{Matrix, R1cs};

/// Points that snarkjs hashes in one piece of H.
const SNARKJS_PIECE: usize = 1 << 14;

/// Points read at once.
const PIECE: usize = 1 << 14;

/// The lists of a key in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum List {
    GammaAbcG1,
    H,
    L,
    A,
    BG1,
    BG2,
}

/// Takes the points of the initial key as they are made: each list from its first point to its last, the
/// lists in the order of [`List`].
pub(super) trait InitialKeySink {
    fn g1(&mut self, list: List, start: usize, points: &[G1Affine]) -> Result<(), Phase2Error>;
    fn g2(&mut self, list: List, start: usize, points: &[G2Affine]) -> Result<(), Phase2Error>;
}

/// What the initial key of a circuit is made of.
pub(super) struct InitialKey<'a> {
    r1cs: &'a Matrices,
    ptau: &'a Ptau,
    pub domain: Domain,
    lagrange: Lagrange<'a>,
}

impl<'a> InitialKey<'a> {
    /// Demands that the first phase is prepared and large enough.
    pub fn new(r1cs: &'a Matrices, ptau: &'a Ptau) -> Result<Self, Phase2Error> {
        let domain = Domain::for_circuit(r1cs.num_constraints(), r1cs.num_instance())
            .map_err(FormatError::from)?;
        let (expected, got) = (domain.log_size(), ptau.power());
        if expected > got {
            return Err(Phase2Error::PowersOfTauTooFew { expected, got });
        }
        if expected == got && hashed_differences(domain.size()) == domain.size() {
            return Err(Phase2Error::PowersOfTauTooFew {
                expected: expected + 1,
                got,
            });
        }
        let lagrange = ptau.lagrange(expected).ok_or(Phase2Error::NotPrepared)?;
        Ok(Self {
            r1cs,
            ptau,
            domain,
            lagrange,
        })
    }

    /// The constants, gamma_abc_g1 still empty.
    pub fn constants(&self) -> Result<KeyConstants, Phase2Error> {
        let first = |points: StreamedPoints<'_, G1Affine>| {
            let mut point = [G1Affine::identity()];
            points.read(0, &mut point).map_err(FormatError::from)?;
            Ok::<_, Phase2Error>(point[0])
        };
        let mut beta_g2 = [G2Affine::identity()];
        self.ptau
            .beta_g2()
            .read(0, &mut beta_g2)
            .map_err(FormatError::from)?;
        let shape = KeyShape::of_circuit(self.r1cs, HBasis::OddCoset).map_err(FormatError::from)?;
        Ok(KeyConstants {
            vk: ark_groth16::VerifyingKey {
                alpha_g1: first(self.ptau.alpha_tau_g1())?,
                beta_g2: beta_g2[0],
                gamma_g2: G2Affine::generator(),
                delta_g2: G2Affine::generator(),
                gamma_abc_g1: Vec::new(),
            },
            beta_g1: first(self.ptau.beta_tau_g1())?,
            delta_g1: G1Affine::generator(),
            h_basis: HBasis::OddCoset,
            shape,
        })
    }

    /// Makes all lists and returns the circuit hash.
    pub fn make<B: Backend>(
        &self,
        backend: &B,
        sink: &mut dyn InitialKeySink,
        observer: &mut dyn SetupObserver,
    ) -> Result<[u8; 64], Phase2Error> {
        let read =
            |points: StreamedPoints<'_, G1Affine>| points.read_all().map_err(FormatError::from);
        let num_instance = self.r1cs.num_instance();
        let num_columns = self.r1cs.num_columns();
        let [a, b, c] = Matrix::ALL.map(|matrix| Columns::new(self.r1cs, matrix));
        let mut run = Run {
            backend,
            sink,
            observer,
            hasher: self.begin_hash()?,
            done: 0,
            total: (2 * a.len() + 3 * b.len() + c.len()) as u64,
        };

        let g1 = read(self.lagrange.g1)?;
        {
            let alpha_g1 = read(self.lagrange.alpha_g1)?;
            let beta_g1 = read(self.lagrange.beta_g1)?;
            let combined: [Part<'_, G1Projective>; 3] =
                [(&a, &beta_g1), (&b, &alpha_g1), (&c, &g1)];
            run.g1(List::GammaAbcG1, &combined, 0..num_instance)?;
            self.h_query(&mut run)?;
            run.g1(List::L, &combined, num_instance..num_columns)?;
        }
        run.g1(List::A, &[(&a, &g1)], 0..num_columns)?;
        run.g1(List::BG1, &[(&b, &g1)], 0..num_columns)?;
        drop(g1);
        let g2 = self.lagrange.g2.read_all().map_err(FormatError::from)?;
        run.g2(List::BG2, &[(&b, &g2)], 0..num_columns)?;
        Ok(run.hasher.finalize().into())
    }

    /// The hash of the constants.
    fn begin_hash(&self) -> Result<Blake2b512, Phase2Error> {
        let KeyConstants {
            vk,
            beta_g1,
            delta_g1,
            ..
        } = self.constants()?;
        let mut hasher = Blake2b512::new();
        hasher.update(g1_to_be_bytes(&vk.alpha_g1));
        hasher.update(g1_to_be_bytes(&beta_g1));
        hasher.update(g2_to_be_bytes(&vk.beta_g2));
        hasher.update(g2_to_be_bytes(&vk.gamma_g2));
        hasher.update(g1_to_be_bytes(&delta_g1));
        hasher.update(g2_to_be_bytes(&vk.delta_g2));
        Ok(hasher)
    }

    /// Every second point of the domain of twice the size; hashed are differences of powers.
    fn h_query<B: Backend>(&self, run: &mut Run<'_, B>) -> Result<(), Phase2Error> {
        let doubled = self.lagrange.double_g1;
        for start in (0..self.domain.size()).step_by(PIECE) {
            let len = PIECE.min(self.domain.size() - start);
            let mut points = vec![G1Affine::identity(); 2 * len];
            doubled
                .read(2 * start, &mut points)
                .map_err(FormatError::from)?;
            let odd: Vec<_> = points.into_iter().skip(1).step_by(2).collect();
            run.sink.g1(List::H, start, &odd)?;
        }
        self.hash_h(&mut run.hasher, run.observer)
    }

    /// Hashes H, with what snarkjs makes of it.
    fn hash_h(
        &self,
        hasher: &mut Blake2b512,
        observer: &mut dyn SetupObserver,
    ) -> Result<(), Phase2Error> {
        let n = self.domain.size();
        hash_len(hasher, n - 1);
        let end = hashed_differences(n);
        let tau = self.ptau.tau_g1();
        for start in (0..end).step_by(PIECE) {
            if observer.cancellation().is_cancelled() {
                return Err(Phase2Error::Cancelled);
            }
            let len = PIECE.min(end - start);
            let mut low = vec![G1Affine::identity(); len];
            tau.read(start, &mut low).map_err(FormatError::from)?;
            let mut high = vec![G1Affine::identity(); len];
            tau.read(start + n, &mut high).map_err(FormatError::from)?;
            for difference in subtract(&high, &low) {
                hasher.update(g1_to_be_bytes(&difference));
            }
            observer.progress(SetupStep::HashH, (start + len) as u64, end as u64);
        }
        Ok(())
    }
}

/// How many differences of powers are hashed for a domain of n elements.
const fn hashed_differences(n: usize) -> usize {
    if n - 1 > SNARKJS_PIECE { n } else { n - 1 }
}

/// `left[i] − right[i]`.
fn subtract(left: &[G1Affine], right: &[G1Affine]) -> Vec<G1Affine> {
    let differences = left.iter().zip(right).map(|(p, q)| p.into_group() - q);
    G1Projective::normalize_batch(&differences.collect::<Vec<_>>())
}

fn hash_len(hasher: &mut Blake2b512, len: usize) {
    // At most 2^28 points.
    hasher.update((len as u32).to_be_bytes());
}

/// What stays the same while the lists are made.
struct Run<'r, B> {
    backend: &'r B,
    sink: &'r mut dyn InitialKeySink,
    observer: &'r mut dyn SetupObserver,
    hasher: Blake2b512,
    done: u64,
    total: u64,
}

impl<B: Backend> Run<'_, B> {
    fn g1(
        &mut self,
        list: List,
        parts: &[Part<'_, G1Projective>],
        columns: Range<usize>,
    ) -> Result<(), Phase2Error> {
        self.list::<G1Projective>(parts, columns, |run, start, points| {
            for point in points {
                run.hasher.update(g1_to_be_bytes(point));
            }
            run.sink.g1(list, start, points)
        })
    }

    fn g2(
        &mut self,
        list: List,
        parts: &[Part<'_, G2Projective>],
        columns: Range<usize>,
    ) -> Result<(), Phase2Error> {
        self.list::<G2Projective>(parts, columns, |run, start, points| {
            for point in points {
                run.hasher.update(g2_to_be_bytes(point));
            }
            run.sink.g2(list, start, points)
        })
    }

    /// The sums of some columns, each piece given to `put` as it is made; an empty list as one piece.
    fn list<G: Summable>(
        &mut self,
        parts: &[Part<'_, G>],
        columns: Range<usize>,
        mut put: impl FnMut(&mut Self, usize, &[G::Affine]) -> Result<(), Phase2Error>,
    ) -> Result<(), Phase2Error> {
        hash_len(&mut self.hasher, columns.len());
        if columns.is_empty() {
            return put(self, 0, &[]);
        }
        let mut first = columns.start;
        while first < columns.end {
            if self.observer.cancellation().is_cancelled() {
                return Err(Phase2Error::Cancelled);
            }
            let range = first..first + columns_at_once::<G>(parts, first, columns.end);
            let points = sum_columns::<G, B>(self.backend, parts, range.clone())?;
            put(self, first - columns.start, &points)?;
            let terms = |column| {
                parts
                    .iter()
                    .map(move |(part, _)| part.num_terms(column) as u64)
            };
            self.done += range.clone().flat_map(terms).sum::<u64>();
            self.observer
                .progress(SetupStep::InitialKey, self.done, self.total);
            first = range.end;
        }
        Ok(())
    }
}

/// Writes the key before any contribution and returns the circuit hash. Nobody may prove or verify with
/// it: with δ = 1 any statement has a proof.
///
/// The powers of τ are taken to be checked ([`powers_of_tau`](super::super::powers_of_tau)).
///
/// # Errors
/// If the first phase is not prepared or too small, a file cannot be read or written, or the observer
/// cancels.
#[tracing::instrument(skip_all, fields(out = %out.display()))]
pub fn initialize<B: Backend>(
    r1cs: &Matrices,
    ptau: &Ptau,
    out: &Path,
    backend: &B,
    observer: &mut dyn SetupObserver,
) -> Result<[u8; 64], Phase2Error> {
    let key = InitialKey::new(r1cs, ptau)?;
    let mut sink = WriteZkey {
        writer: zkey::create(out, &key.constants()?, key.domain)?,
        r1cs,
    };
    let circuit_hash = key.make(backend, &mut sink, observer)?;
    let mut writer = sink.writer;
    writer.section(section::CONTRIBUTIONS)?;
    writer.write(&ContributionList::new(circuit_hash).to_bytes()?)?;
    writer.finish()?;
    Ok(circuit_hash)
}

/// Writes the lists of a `.zkey` one after the other, the matrices behind the first.
struct WriteZkey<'a> {
    writer: SectionWriter,
    r1cs: &'a Matrices,
}

impl WriteZkey<'_> {
    fn put<P: RawPoint>(
        &mut self,
        list: List,
        start: usize,
        points: &[P],
    ) -> Result<(), Phase2Error> {
        if start == 0 {
            if list == List::H {
                zkey::write_coefficients(&mut self.writer, self.r1cs)?;
            }
            self.writer.section(match list {
                List::GammaAbcG1 => section::GAMMA_ABC_G1,
                List::A => section::A_QUERY,
                List::BG1 => section::B_G1_QUERY,
                List::BG2 => section::B_G2_QUERY,
                List::L => section::L_QUERY,
                List::H => section::H_QUERY,
            })?;
        }
        Ok(self.writer.points(points)?)
    }
}

impl InitialKeySink for WriteZkey<'_> {
    fn g1(&mut self, list: List, start: usize, points: &[G1Affine]) -> Result<(), Phase2Error> {
        self.put(list, start, points)
    }

    fn g2(&mut self, list: List, start: usize, points: &[G2Affine]) -> Result<(), Phase2Error> {
        self.put(list, start, points)
    }
}
