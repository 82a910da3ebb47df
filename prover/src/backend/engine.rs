//! Backends `cpu` and `ifma`: the CPU engines of `zkroll-engine`.
//!
//! One adapter serves both; they differ in the arithmetic below the same scheduler. Bases in memory
//! are imported once, infinite points left out; those of a streamed key are read and imported chunk
//! by chunk in each multiplication. The five sums of a proof run as one pool of work, and the digits of
//! the assignment are computed once for the four lists that share it.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use zkroll_engine::curve::CurveLayer;
use zkroll_engine::msm::{self, AffineOf, Bases, Cancel, ChunkSource, Digits, Load, Msm};
use zkroll_engine::msm::{Profile, StreamError, Windows};
use zkroll_engine::ntt::Transforms;
use zkroll_engine::portable::{Arithmetic, PortableG1, PortableG2};
use zkroll_engine::scale::{self, Outside};

use super::{
    Backend, BackendError, Queries, QueryScalars, QuerySums, check_factors, check_lengths,
    transform_domain,
};
use crate::key_file::{KeyFileError, RawPoint, StreamedPoints};
use crate::observer::{Cancellation, Cancelled, Observer, Stage, observe};

/// Portable arithmetic; on x86-64 with MULX where the processor has it.
pub type Cpu = Engine<Arithmetic>;

/// AVX-512 IFMA arithmetic.
#[cfg(target_arch = "x86_64")]
pub type Ifma = Engine<zkroll_engine::ifma::Ifma>;

/// A kind of arithmetic: its curve layers and its transforms. A value is the proof that the processor
/// has the instructions.
pub trait Isa: Copy + fmt::Debug + Send + Sync + 'static {
    /// The backend's name.
    const NAME: &'static str;
    /// Arithmetic of G1.
    type G1: CurveLayer<Group = G1Projective>;
    /// Arithmetic of G2.
    type G2: CurveLayer<Group = G2Projective>;

    /// Arithmetic of G1.
    fn g1(self) -> Self::G1;

    /// Arithmetic of G2.
    fn g2(self) -> Self::G2;

    /// Transforms, their tables still empty.
    fn transforms(self) -> Transforms;
}

impl Isa for Arithmetic {
    const NAME: &'static str = "cpu";
    type G1 = PortableG1;
    type G2 = PortableG2;

    fn g1(self) -> PortableG1 {
        PortableG1::new(self)
    }

    fn g2(self) -> PortableG2 {
        PortableG2::new(self)
    }

    fn transforms(self) -> Transforms {
        Transforms::portable(self)
    }
}

#[cfg(target_arch = "x86_64")]
impl Isa for zkroll_engine::ifma::Ifma {
    const NAME: &'static str = "ifma";
    type G1 = zkroll_engine::ifma::IfmaG1;
    type G2 = zkroll_engine::ifma::IfmaG2;

    fn g1(self) -> Self::G1 {
        zkroll_engine::ifma::IfmaG1(self)
    }

    fn g2(self) -> Self::G2 {
        zkroll_engine::ifma::IfmaG2(self)
    }

    fn transforms(self) -> Transforms {
        Transforms::ifma(self)
    }
}

/// A CPU engine. Clones share the tables of the transforms.
#[derive(Clone)]
pub struct Engine<I> {
    isa: I,
    transforms: Arc<Transforms>,
}

impl<I: Isa> Engine<I> {
    /// The engine on this arithmetic.
    #[must_use]
    pub fn new(isa: I) -> Self {
        Self {
            isa,
            transforms: Arc::new(isa.transforms()),
        }
    }
}

impl<I: Isa> fmt::Debug for Engine<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:?})", I::NAME, self.isa)
    }
}

/// The bases of an engine.
pub struct EngineBases<'k, L: CurveLayer>(Place<'k, L>);

/// Where the bases are.
enum Place<'k, L: CurveLayer> {
    Memory(Bases<'k, L>),
    File(L, StreamedPoints<'k, AffineOf<L>>),
}

impl<L: CurveLayer> fmt::Debug for EngineBases<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.0 {
            Place::Memory(_) => "memory",
            Place::File(..) => "file",
        };
        f.debug_struct("EngineBases")
            .field("place", &place)
            .finish_non_exhaustive()
    }
}

impl<P: RawPoint> ChunkSource<P> for StreamedPoints<'_, P> {
    type Error = KeyFileError;

    fn len(&self) -> usize {
        Self::len(self)
    }

    fn read(&self, start: usize, out: &mut [P]) -> Result<(), KeyFileError> {
        Self::read(self, start, out)
    }
}

impl<'k, L: CurveLayer> EngineBases<'k, L> {
    fn in_memory(layer: L, points: &'k [AffineOf<L>], table_bytes: usize) -> Self {
        let levels = msm::levels_within::<L>(points.len(), table_bytes);
        Self(Place::Memory(Bases::with_table(layer, points, levels)))
    }
}

impl<L: CurveLayer> EngineBases<'_, L>
where
    AffineOf<L>: RawPoint,
{
    fn len(&self) -> usize {
        match &self.0 {
            Place::Memory(bases) => bases.len(),
            Place::File(_, points) => points.len(),
        }
    }

    /// What the multiplication costs, for the choice of the windows.
    fn load(&self) -> Load {
        match &self.0 {
            Place::Memory(bases) => Load::of(bases),
            Place::File(_, points) => Load::streamed::<L>(points.len()),
        }
    }

    /// `Σ scalars[i]·bases[i]`.
    fn msm(&self, scalars: &[Fr]) -> Result<L::Group, BackendError> {
        check_lengths(self.len(), scalars.len())?;
        match &self.0 {
            Place::Memory(bases) => Ok(msm::msm(bases, scalars, Cancel::never())?),
            Place::File(..) => {
                let windows = Windows::choose(&Profile::sample(scalars), &[self.load()]);
                self.sum(&Digits::new(scalars, windows), 0, Cancel::never())
            }
        }
    }

    /// `Σ k_(first + i)·bases[i]` by itself.
    fn sum(
        &self,
        digits: &Digits<'_>,
        first: usize,
        cancel: Cancel<'_>,
    ) -> Result<L::Group, BackendError> {
        match &self.0 {
            Place::Memory(bases) => {
                let msm = Msm::new(bases, digits, first);
                msm::run(&[&msm], cancel)?;
                Ok(finished(&msm).value)
            }
            Place::File(layer, points) => {
                Ok(msm::msm_streamed(*layer, points, digits, first, cancel)?)
            }
        }
    }
}

/// The sum of a multiplication whose pool has ended.
fn finished<L: CurveLayer>(msm: &Msm<'_, L>) -> msm::Sum<L::Group> {
    msm.sum().expect("the pool ended without an error")
}

impl From<msm::Cancelled> for BackendError {
    fn from(_: msm::Cancelled) -> Self {
        Self::Cancelled(Cancelled)
    }
}

impl From<StreamError<KeyFileError>> for BackendError {
    fn from(error: StreamError<KeyFileError>) -> Self {
        match error {
            StreamError::Source(error) => error.into(),
            StreamError::Cancelled => Self::Cancelled(Cancelled),
        }
    }
}

/// The five multiplications of a proof, all bases in memory.
struct Pool<'a, G1: CurveLayer, G2: CurveLayer> {
    a: Msm<'a, G1>,
    b_g1: Msm<'a, G1>,
    b_g2: Msm<'a, G2>,
    h: Msm<'a, G1>,
    l: Msm<'a, G1>,
}

impl<G1, G2> Pool<'_, G1, G2>
where
    G1: CurveLayer<Group = G1Projective>,
    G2: CurveLayer<Group = G2Projective>,
{
    /// Runs them side by side. The observer hears of all when they end, each with the part of the time
    /// that its share of the processors' work makes.
    fn run(
        &self,
        cancel: Cancel<'_>,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        let _span = tracing::info_span!("stage", name = "msm").entered();
        let stages = [
            Stage::MsmH,
            Stage::MsmL,
            Stage::MsmA,
            Stage::MsmBG1,
            Stage::MsmBG2,
        ];
        for stage in stages {
            observer.started(stage);
        }
        let start = Instant::now();
        msm::run(&[&self.a, &self.b_g1, &self.b_g2, &self.h, &self.l], cancel)?;
        let elapsed = start.elapsed();
        let [a, b_g1, h, l] = [&self.a, &self.b_g1, &self.h, &self.l].map(finished);
        let b_g2 = finished(&self.b_g2);
        let busy = [h.busy, l.busy, a.busy, b_g1.busy, b_g2.busy].map(|busy| busy.as_secs_f64());
        let total = busy.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        for (stage, busy) in stages.into_iter().zip(busy) {
            observer.finished(stage, elapsed.mul_f64(busy / total));
        }
        Ok(QuerySums {
            a: a.value,
            b_g1: b_g1.value,
            b_g2: b_g2.value,
            h: h.value,
            l: l.value,
        })
    }
}

impl<I: Isa> Backend for Engine<I> {
    type G1Bases<'k> = EngineBases<'k, I::G1>;
    type G2Bases<'k> = EngineBases<'k, I::G2>;

    fn name(&self) -> &'static str {
        I::NAME
    }

    fn load_g1<'k>(
        &'k self,
        bases: &'k [G1Affine],
    ) -> Result<EngineBases<'k, I::G1>, BackendError> {
        self.load_g1_with_table(bases, 0)
    }

    fn load_g1_with_table<'k>(
        &'k self,
        bases: &'k [G1Affine],
        table_bytes: usize,
    ) -> Result<EngineBases<'k, I::G1>, BackendError> {
        Ok(EngineBases::in_memory(self.isa.g1(), bases, table_bytes))
    }

    fn load_g2<'k>(
        &'k self,
        bases: &'k [G2Affine],
    ) -> Result<EngineBases<'k, I::G2>, BackendError> {
        self.load_g2_with_table(bases, 0)
    }

    fn load_g2_with_table<'k>(
        &'k self,
        bases: &'k [G2Affine],
        table_bytes: usize,
    ) -> Result<EngineBases<'k, I::G2>, BackendError> {
        Ok(EngineBases::in_memory(self.isa.g2(), bases, table_bytes))
    }

    fn stream_g1<'k>(
        &'k self,
        points: StreamedPoints<'k, G1Affine>,
    ) -> Result<EngineBases<'k, I::G1>, BackendError> {
        Ok(EngineBases(Place::File(self.isa.g1(), points)))
    }

    fn stream_g2<'k>(
        &'k self,
        points: StreamedPoints<'k, G2Affine>,
    ) -> Result<EngineBases<'k, I::G2>, BackendError> {
        Ok(EngineBases(Place::File(self.isa.g2(), points)))
    }

    fn msm_g1(
        &self,
        bases: &EngineBases<'_, I::G1>,
        scalars: &[Fr],
    ) -> Result<G1Projective, BackendError> {
        bases.msm(scalars)
    }

    fn msm_g2(
        &self,
        bases: &EngineBases<'_, I::G2>,
        scalars: &[Fr],
    ) -> Result<G2Projective, BackendError> {
        bases.msm(scalars)
    }

    fn query_sums(
        &self,
        queries: &Queries<'_, EngineBases<'_, I::G1>, EngineBases<'_, I::G2>>,
        scalars: QueryScalars<'_>,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        let Queries {
            a,
            b_g1,
            b_g2,
            h,
            l,
            ..
        } = queries;
        let QueryScalars {
            assignment,
            num_instance,
            h: h_scalars,
        } = scalars;
        for (bases, scalars) in [
            (a.len(), assignment),
            (b_g1.len(), assignment),
            (b_g2.len(), assignment),
            (h.len(), h_scalars),
            (l.len(), scalars.witness()),
        ] {
            check_lengths(bases, scalars.len())?;
        }
        cancellation.check()?;
        let digits = |scalars, loads: &[Load]| {
            Digits::new(scalars, Windows::choose(&Profile::sample(scalars), loads))
        };
        let loads = [a.load(), b_g1.load(), b_g2.load(), l.load()];
        let (z, h_digits) = (digits(assignment, &loads), digits(h_scalars, &[h.load()]));
        let cancel = Cancel::when(cancellation.flag());

        if let [
            Place::Memory(a),
            Place::Memory(b_g1),
            Place::Memory(h),
            Place::Memory(l),
        ] = [&a.0, &b_g1.0, &h.0, &l.0]
            && let Place::Memory(b_g2) = &b_g2.0
        {
            let pool = Pool {
                a: Msm::new(a, &z, 0),
                b_g1: Msm::new(b_g1, &z, 0),
                b_g2: Msm::new(b_g2, &z, 0),
                h: Msm::new(h, &h_digits, 0),
                l: Msm::new(l, &z, num_instance),
            };
            return pool.run(cancel, observer);
        }
        let mut g1 = |stage, bases: &EngineBases<'_, I::G1>, digits, first| {
            observe(observer, cancellation, stage, || {
                bases.sum(digits, first, cancel)
            })
        };
        Ok(QuerySums {
            h: g1(Stage::MsmH, h, &h_digits, 0)?,
            l: g1(Stage::MsmL, l, &z, num_instance)?,
            a: g1(Stage::MsmA, a, &z, 0)?,
            b_g1: g1(Stage::MsmBG1, b_g1, &z, 0)?,
            b_g2: observe(observer, cancellation, Stage::MsmBG2, || {
                b_g2.sum(&z, 0, cancel)
            })?,
        })
    }

    fn ntt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        transform_domain(values.len())?;
        self.transforms.ntt(values);
        Ok(())
    }

    fn intt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        transform_domain(values.len())?;
        self.transforms.intt(values);
        Ok(())
    }

    fn coset_ntt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        transform_domain(values.len())?;
        self.transforms.coset_ntt(values, shift);
        Ok(())
    }

    fn coset_intt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        transform_domain(values.len())?;
        self.transforms.coset_intt(values, shift);
        Ok(())
    }

    fn quotient(&self, a: Vec<Fr>, b: Vec<Fr>) -> Result<Vec<Fr>, BackendError> {
        check_factors(&a, &b)?;
        Ok(self.transforms.quotient(a, b))
    }

    fn multiply_all_g1(&self, points: &mut [G1Affine], scalar: Fr) {
        scale::multiply_all(self.isa.g1(), points, &scalar);
    }

    fn multiply_each_g1(
        &self,
        points: &[G1Affine],
        scalars: &[Fr],
    ) -> Result<Vec<G1Affine>, BackendError> {
        check_lengths(points.len(), scalars.len())?;
        Ok(scale::multiply_each(self.isa.g1(), points, scalars))
    }

    fn multiply_each_g2(
        &self,
        points: &[G2Affine],
        scalars: &[Fr],
    ) -> Result<Vec<G2Affine>, BackendError> {
        check_lengths(points.len(), scalars.len())?;
        Ok(scale::multiply_each(self.isa.g2(), points, scalars))
    }

    fn first_outside_g1(&self, points: &[G1Affine]) -> Option<Outside> {
        scale::first_outside_g1(points)
    }

    fn first_outside_g2(&self, points: &[G2Affine]) -> Option<Outside> {
        scale::first_outside_g2(self.isa.g2(), points)
    }
}
