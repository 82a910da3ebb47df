//! The GPU as a [`Backend`].
//!
//! Keys stay on the device. A proof uploads A·z, B·z and the columns once, makes the quotient and all five
//! sums in one recording, in which the quotient never leaves the device, and reads back a
//! few points for each window.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};

use super::super::queries::Share;
use super::super::{
    Backend, BackendError, ProductFactors, Queries, QueryScalars, QuerySums, check_factors,
    check_lengths, transform_domain,
};
use super::error::GpuError;
use super::msm::{self, GpuPoint, Job, Pending};
use super::recording::{Data, Executor, Recording, View};
use super::transforms::Transforms;
use super::words::ELEMENT_WORDS;
use crate::key::HBasis;
use crate::key_file::{RawPoint, StreamedPoints};
use crate::observer::{Cancellation, Observer, Stage};

/// The backend `gpu` on some executor of recordings. Clones share it.
pub struct GpuBackend<E: Executor> {
    pub(super) executor: Arc<E>,
    pub(super) transforms: Arc<Transforms<E>>,
}

impl<E: Executor> Clone for GpuBackend<E> {
    fn clone(&self) -> Self {
        Self {
            executor: Arc::clone(&self.executor),
            transforms: Arc::clone(&self.transforms),
        }
    }
}

impl<E: Executor + fmt::Debug> fmt::Debug for GpuBackend<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gpu({:?})", self.executor)
    }
}

/// A list of points on the device.
#[derive(Clone, Debug)]
pub struct GpuBases<B>(pub(super) msm::Bases<B>);

/// The sums of one recording in the order in which they come back.
type Wanted = Vec<Option<Pending>>;

impl<E: Executor> GpuBackend<E> {
    /// The backend on this executor.
    #[must_use]
    pub fn new(executor: E) -> Self {
        Self {
            executor: Arc::new(executor),
            transforms: Arc::default(),
        }
    }

    /// The executor.
    #[must_use]
    pub fn executor(&self) -> &E {
        &self.executor
    }

    fn load<P: GpuPoint>(&self, points: &[P]) -> Result<GpuBases<E::Buffer>, BackendError> {
        let read = |start: usize, out: &mut [P]| {
            out.copy_from_slice(&points[start..start + out.len()]);
            Ok::<_, BackendError>(())
        };
        msm::Bases::load(&*self.executor, points.len(), read).map(GpuBases)
    }

    fn stream<P: GpuPoint + RawPoint>(
        &self,
        points: StreamedPoints<'_, P>,
    ) -> Result<GpuBases<E::Buffer>, BackendError> {
        let read = |start, out: &mut [P]| Ok::<_, BackendError>(points.read(start, out)?);
        msm::Bases::load(&*self.executor, points.len(), read).map(GpuBases)
    }

    fn msm<P: GpuPoint>(
        &self,
        bases: &GpuBases<E::Buffer>,
        scalars: &[Fr],
    ) -> Result<P::Group, BackendError> {
        check_lengths(bases.0.len, scalars.len())?;
        let mut recording = Recording::default();
        let view = upload(&mut recording, scalars);
        self.run_msm::<P>(recording, bases, view.as_ref(), scalars.len())
    }

    /// Multiplies scalars on the device, behind what is recorded.
    pub(super) fn run_msm<P: GpuPoint>(
        &self,
        mut recording: Recording<'_, E::Buffer>,
        bases: &GpuBases<E::Buffer>,
        scalars: Option<&View<E::Buffer>>,
        count: usize,
    ) -> Result<P::Group, BackendError> {
        let jobs = [(Some(bases), 0)];
        let wanted = self.record_sums(&mut recording, scalars, count, &jobs)?;
        let words = self.executor.run(recording, &Cancellation::new())?;
        Ok(Sums::new(wanted, words).next::<P>()?)
    }

    /// Records the sums over several lists that share scalars; an absent or empty list has none.
    fn record_sums<'a>(
        &self,
        recording: &mut Recording<'_, E::Buffer>,
        scalars: Option<&View<E::Buffer>>,
        count: usize,
        jobs: &[(Option<&'a GpuBases<E::Buffer>>, usize)],
    ) -> Result<Wanted, GpuError> {
        let job = |(bases, first): &(Option<&'a GpuBases<E::Buffer>>, usize)| {
            let bases = &bases.filter(|bases| bases.0.len > 0)?.0;
            let first = *first;
            Some(Job { bases, first })
        };
        let jobs: Vec<_> = jobs.iter().map(job).collect();
        let present: Vec<_> = jobs.iter().flatten().copied().collect();
        let Some(scalars) = scalars.filter(|_| !present.is_empty()) else {
            return Ok(vec![None; jobs.len()]);
        };
        let mut pending =
            msm::record(&*self.executor, recording, scalars, count, &present)?.into_iter();
        let wanted = jobs.iter().map(|job| job.and_then(|_| pending.next()));
        Ok(wanted.collect())
    }

    /// Records a share of the five sums of a proof, for the columns and what `h_query` is multiplied with on
    /// the device, in the order a, b_g1, b_g2, l, h; the others are infinity.
    fn record_query_sums(
        &self,
        recording: &mut Recording<'_, E::Buffer>,
        queries: &Queries<'_, GpuBases<E::Buffer>, GpuBases<E::Buffer>>,
        columns: &Columns<E::Buffer>,
        h: (Option<&View<E::Buffer>>, usize),
        share: Share,
    ) -> Result<Wanted, GpuError> {
        let jobs = [
            (share.a.then_some(queries.a), 0),
            (share.b_g1.then_some(queries.b_g1), 0),
            (share.b_g2.then_some(queries.b_g2), 0),
            (share.l.then_some(queries.l), columns.num_instance),
        ];
        let view = columns.view.as_ref();
        let mut wanted = self.record_sums(recording, view, columns.count, &jobs)?;
        let job = (share.h.then_some(queries.h), 0);
        wanted.extend(self.record_sums(recording, h.0, h.1, &[job])?);
        Ok(wanted)
    }

    /// Runs a recording of [`Self::record_query_sums`]. The observer hears of the sums, and of the
    /// quotient where the recording makes it, when all is done; each has the part of the time that its
    /// part of the field multiplications makes.
    fn run_query_sums(
        &self,
        recording: Recording<'_, E::Buffer>,
        wanted: Wanted,
        has_quotient: bool,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        cancellation.check()?;
        let _span = tracing::info_span!("stage", name = "gpu").entered();
        let stages = shares(recording.work(), &wanted, has_quotient);
        for (stage, _) in &stages {
            observer.started(*stage);
        }
        let start = Instant::now();
        let words = self.executor.run(recording, cancellation)?;
        let mut sums = Sums::new(wanted, words);
        let sums = QuerySums {
            a: sums.next::<G1Affine>()?,
            b_g1: sums.next::<G1Affine>()?,
            b_g2: sums.next::<G2Affine>()?,
            l: sums.next::<G1Affine>()?,
            h: sums.next::<G1Affine>()?,
        };
        let elapsed = start.elapsed();
        for (stage, share) in stages {
            observer.finished(stage, elapsed.mul_f64(share));
        }
        Ok(sums)
    }
}

impl<E: Executor> GpuBackend<E> {
    /// The quotient and a share of the five sums of a proof; the others are infinity. The quotient stays on
    /// the device, so the sum over h has to be of the share.
    pub(crate) fn shared_proof_sums(
        &self,
        queries: &Queries<'_, GpuBases<E::Buffer>, GpuBases<E::Buffer>>,
        factors: &ProductFactors<'_>,
        share: Share,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        let ProductFactors {
            assignment,
            num_instance,
            a,
            b,
        } = factors;
        let domain = check_factors(a, b)?;
        let num_h = queries.h_basis.num_points(domain)?;
        check_queries(queries, assignment.len(), *num_instance, num_h)?;
        let mut recording = Recording::default();
        let columns = Columns::upload(&mut recording, assignment, *num_instance);
        let factors = [a, b].map(|values| recording.upload("factor", Data::Scalars(values)));
        let watch = (cancellation, observer);
        self.quotient_and_sums(recording, queries, &columns, &factors, share, watch)
    }

    /// Runs the quotient of n values of A and of B, which it overwrites, in the basis of `h_query`, and a
    /// share of the sums.
    pub(super) fn quotient_and_sums(
        &self,
        mut recording: Recording<'_, E::Buffer>,
        queries: &Queries<'_, GpuBases<E::Buffer>, GpuBases<E::Buffer>>,
        columns: &Columns<E::Buffer>,
        [a, b]: &[View<E::Buffer>; 2],
        share: Share,
        (cancellation, observer): (&Cancellation, &mut dyn Observer),
    ) -> Result<QuerySums, BackendError> {
        let domain = transform_domain(a.words as usize / ELEMENT_WORDS)?;
        let (executor, transforms) = (&*self.executor, &self.transforms);
        let h = match queries.h_basis {
            // The quotient is zero.
            _ if domain.size() == 1 => None,
            HBasis::Monomial => Some(transforms.record_quotient(executor, &mut recording, a, b)?),
            HBasis::OddCoset => {
                let shift = domain.odd_shift()?;
                let coset = (shift, domain.vanishing(shift));
                Some(transforms.record_quotient_on_coset(executor, &mut recording, a, b, coset)?)
            }
        };
        let h = (h.as_ref(), queries.h_basis.num_points(domain)?);
        let wanted = self.record_query_sums(&mut recording, queries, columns, h, share)?;
        self.run_query_sums(recording, wanted, true, cancellation, observer)
    }
}

/// The columns of an assignment on the device.
pub(super) struct Columns<B> {
    /// Their values; `None` if there are none.
    pub view: Option<View<B>>,
    pub count: usize,
    pub num_instance: usize,
}

impl<B: Clone> Columns<B> {
    fn upload<'a>(
        recording: &mut Recording<'a, B>,
        assignment: &'a [Fr],
        num_instance: usize,
    ) -> Self {
        Self {
            view: upload(recording, assignment),
            count: assignment.len(),
            num_instance,
        }
    }
}

/// The stages of a recording, in the order of a proof, with their parts of its field multiplications.
fn shares(total: u64, wanted: &[Option<Pending>], has_quotient: bool) -> Vec<(Stage, f64)> {
    let of = |index: usize| wanted[index].map_or(0, |pending| pending.work);
    let sums = [
        (Stage::MsmH, of(4)),
        (Stage::MsmL, of(3)),
        (Stage::MsmA, of(0)),
        (Stage::MsmBG1, of(1)),
        (Stage::MsmBG2, of(2)),
    ];
    let quotient = total - sums.iter().map(|(_, work)| work).sum::<u64>();
    has_quotient
        .then_some((Stage::Quotient, quotient))
        .into_iter()
        .chain(sums)
        .map(|(stage, work)| (stage, work as f64 / total.max(1) as f64))
        .collect()
}

/// Demands as many scalars as each list has points.
pub(super) fn check_queries<B>(
    queries: &Queries<'_, GpuBases<B>, GpuBases<B>>,
    assignment: usize,
    num_instance: usize,
    h: usize,
) -> Result<(), BackendError> {
    for (bases, scalars) in [
        (queries.a, assignment),
        (queries.b_g1, assignment),
        (queries.b_g2, assignment),
        (queries.l, assignment - num_instance),
        (queries.h, h),
    ] {
        check_lengths(bases.0.len, scalars)?;
    }
    Ok(())
}

/// Records the upload of scalars; `None` if there are none.
fn upload<'a, B: Clone>(recording: &mut Recording<'a, B>, scalars: &'a [Fr]) -> Option<View<B>> {
    (!scalars.is_empty()).then(|| recording.upload("scalars", Data::Scalars(scalars)))
}

/// What a recording read, sum by sum.
struct Sums {
    wanted: std::vec::IntoIter<Option<Pending>>,
    words: std::vec::IntoIter<Vec<u32>>,
}

impl Sums {
    fn new(wanted: Wanted, words: Vec<Vec<u32>>) -> Self {
        Self {
            wanted: wanted.into_iter(),
            words: words.into_iter(),
        }
    }

    fn next<P: GpuPoint>(&mut self) -> Result<P::Group, GpuError> {
        match self.wanted.next().flatten() {
            None => Ok(P::zero().into_group()),
            Some(pending) => {
                let words = self.words.next().expect("each sum records one read");
                pending.finish::<P>(&words)
            }
        }
    }
}

impl<E: Executor> Backend for GpuBackend<E> {
    type G1Bases<'k>
        = GpuBases<E::Buffer>
    where
        Self: 'k;
    type G2Bases<'k>
        = GpuBases<E::Buffer>
    where
        Self: 'k;

    fn name(&self) -> &'static str {
        "gpu"
    }

    fn load_g1<'k>(&'k self, bases: &'k [G1Affine]) -> Result<GpuBases<E::Buffer>, BackendError> {
        self.load(bases)
    }

    fn load_g2<'k>(&'k self, bases: &'k [G2Affine]) -> Result<GpuBases<E::Buffer>, BackendError> {
        self.load(bases)
    }

    fn stream_g1<'k>(
        &'k self,
        points: StreamedPoints<'k, G1Affine>,
    ) -> Result<GpuBases<E::Buffer>, BackendError> {
        self.stream(points)
    }

    fn stream_g2<'k>(
        &'k self,
        points: StreamedPoints<'k, G2Affine>,
    ) -> Result<GpuBases<E::Buffer>, BackendError> {
        self.stream(points)
    }

    fn msm_g1(
        &self,
        bases: &GpuBases<E::Buffer>,
        scalars: &[Fr],
    ) -> Result<G1Projective, BackendError> {
        self.msm::<G1Affine>(bases, scalars)
    }

    fn msm_g2(
        &self,
        bases: &GpuBases<E::Buffer>,
        scalars: &[Fr],
    ) -> Result<G2Projective, BackendError> {
        self.msm::<G2Affine>(bases, scalars)
    }

    fn query_sums(
        &self,
        queries: &Queries<'_, GpuBases<E::Buffer>, GpuBases<E::Buffer>>,
        scalars: QueryScalars<'_>,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        let QueryScalars {
            assignment,
            num_instance,
            h,
        } = scalars;
        check_queries(queries, assignment.len(), num_instance, h.len())?;
        let mut recording = Recording::default();
        let columns = Columns::upload(&mut recording, assignment, num_instance);
        let h_view = upload(&mut recording, h);
        let h = (h_view.as_ref(), h.len());
        let wanted = self.record_query_sums(&mut recording, queries, &columns, h, Share::ALL)?;
        self.run_query_sums(recording, wanted, false, cancellation, observer)
    }

    fn proof_sums(
        &self,
        queries: &Queries<'_, GpuBases<E::Buffer>, GpuBases<E::Buffer>>,
        factors: ProductFactors<'_>,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        self.shared_proof_sums(queries, &factors, Share::ALL, cancellation, observer)
    }

    fn ntt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        transform_domain(values.len())?;
        Ok(self.transforms.ntt(&*self.executor, values)?)
    }

    fn intt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        transform_domain(values.len())?;
        Ok(self.transforms.intt(&*self.executor, values)?)
    }

    fn coset_ntt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        transform_domain(values.len())?;
        Ok(self.transforms.coset_ntt(&*self.executor, values, shift)?)
    }

    fn coset_intt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        transform_domain(values.len())?;
        Ok(self.transforms.coset_intt(&*self.executor, values, shift)?)
    }

    fn quotient(&self, a: Vec<Fr>, b: Vec<Fr>) -> Result<Vec<Fr>, BackendError> {
        check_factors(&a, &b)?;
        Ok(self.transforms.quotient(&*self.executor, &a, &b)?)
    }
}
