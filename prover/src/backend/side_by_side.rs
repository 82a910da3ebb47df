//! What `auto` stands for where there is a GPU: a CPU engine and the GPU, side by side.
//!
//! The device is opened when the first job comes that it might win; small jobs never pay for it. Then both
//! are timed, on two sizes each, and every later job goes where a line through those times says that it
//! ends sooner. A proof may be split: the GPU makes the quotient and some of the five sums while the CPU
//! makes the others.
//!
//! Every key is kept for the CPU too. Whatever the device fails at, the CPU does again from the start: a
//! proof is late then, but it is made. The observer hears of it, a warning is logged, and a device that is
//! lost is not asked again. A cancelled proof is cancelled, and bad lengths are errors, wherever they are
//! noticed.

use std::cell::RefCell;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ark_bn254::{Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::{AffineRepr, CurveGroup};

use super::gpu::{Executor, GpuBackend, GpuBases, GpuError};
use super::queries::Share;
use super::{Backend, BackendError, Outside, ProductFactors, Queries, QueryScalars, QuerySums};
use crate::key::HBasis;
use crate::key_file::StreamedPoints;
use crate::observer::{Cancellation, Observer, Stage, StageTimes};

/// Below this many points or values no GPU wins: the hand-over alone takes as long as a CPU needs.
const MIN_GPU_SIZE: usize = 1 << 12;

/// Sizes that are timed.
const TIMED_SIZES: [usize; 2] = [1 << 11, 1 << 14];

/// Opens the device.
type Open<E> = Box<dyn Fn() -> Result<GpuBackend<E>, GpuError> + Send + Sync>;

/// A CPU engine and a GPU. Clones share the device.
pub struct SideBySide<C, E: Executor> {
    cpu: C,
    shared: Arc<Shared<E>>,
}

struct Shared<E: Executor> {
    open: Open<E>,
    gpu: OnceLock<Option<GpuBackend<E>>>,
    /// The device is lost or not to be trusted.
    retired: AtomicBool,
    rates: OnceLock<Option<Rates>>,
}

impl<C: Clone, E: Executor> Clone for SideBySide<C, E> {
    fn clone(&self) -> Self {
        Self {
            cpu: self.cpu.clone(),
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<C: fmt::Debug, E: Executor> fmt::Debug for SideBySide<C, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SideBySide")
            .field("cpu", &self.cpu)
            .field("opened", &self.shared.gpu.get().is_some())
            .finish_non_exhaustive()
    }
}

/// Bases in both.
#[derive(Debug)]
pub struct BothBases<C, B> {
    cpu: C,
    len: usize,
    /// `None` if the list is too short for the device, or the device has no room or is not there.
    gpu: Option<GpuBases<B>>,
}

/// The time of an operation as a line: a fixed part and one for each point or value, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Line {
    fixed: f64,
    each: f64,
}

impl Line {
    /// The line through two points, neither part below zero.
    fn through([(x0, t0), (x1, t1)]: [(usize, Duration); 2]) -> Self {
        let (x0, x1) = (x0 as f64, x1 as f64);
        let (t0, t1) = (t0.as_secs_f64(), t1.as_secs_f64());
        let each = ((t1 - t0) / (x1 - x0)).max(0.0);
        let fixed = (t1 - each * x1).max(0.0);
        Self { fixed, each }
    }

    fn at(self, n: usize) -> f64 {
        self.fixed + self.each * n as f64
    }
}

/// What was measured of one of the two.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Speed {
    msm_g1: Line,
    msm_g2: Line,
    ntt: Line,
}

/// What was measured of both.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Rates {
    cpu: Speed,
    gpu: Speed,
}

/// The lengths that decide where a proof is made.
#[derive(Clone, Copy, Debug)]
struct ProofSizes {
    a: usize,
    b_g1: usize,
    b_g2: usize,
    h: usize,
    l: usize,
    h_basis: HBasis,
}

impl Rates {
    /// Which sums of a proof the GPU makes beside the quotient; `None` if the CPU alone ends sooner.
    fn divide(&self, sizes: ProofSizes) -> Option<Share> {
        let time = |speed: &Speed, share: Share| {
            let of = |wanted: bool, line: Line, n: usize| if wanted { line.at(n) } else { 0.0 };
            of(share.a, speed.msm_g1, sizes.a)
                + of(share.b_g1, speed.msm_g1, sizes.b_g1)
                + of(share.b_g2, speed.msm_g2, sizes.b_g2)
                + of(share.h, speed.msm_g1, sizes.h)
                + of(share.l, speed.msm_g1, sizes.l)
        };
        let transforms = match sizes.h_basis {
            HBasis::Monomial => 6.0,
            HBasis::OddCoset => 7.0,
        };
        let n = sizes.h_basis.domain_size(sizes.h);
        let quotient = |speed: &Speed| transforms * speed.ntt.at(n);
        let cpu_alone = quotient(&self.cpu) + time(&self.cpu, Share::ALL);
        // The quotient stays on the device, and so the sum over h is made there.
        let shares = (0..32).map(Share::from_bits).filter(|share| share.h);
        let timed = shares.map(|share| {
            let gpu = quotient(&self.gpu) + time(&self.gpu, share);
            (share, gpu.max(time(&self.cpu, share.rest())))
        });
        let (share, least) = timed.min_by(|x, y| x.1.total_cmp(&y.1))?;
        (least < cpu_alone).then_some(share)
    }
}

impl<C: Backend + 'static, E: Executor + 'static> SideBySide<C, E> {
    /// Both; `open` is called when the first job comes that the GPU might win.
    pub fn new(
        cpu: C,
        open: impl Fn() -> Result<GpuBackend<E>, GpuError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            cpu,
            shared: Arc::new(Shared {
                open: Box::new(open),
                gpu: OnceLock::new(),
                retired: AtomicBool::new(false),
                rates: OnceLock::new(),
            }),
        }
    }

    /// As if the GPU had been timed and were faster at everything: for tests on adapters that are not.
    #[doc(hidden)]
    #[must_use]
    pub fn with_gpu_preferred(self) -> Self {
        let slow = Line {
            fixed: 1.0,
            each: 1.0,
        };
        let cpu = Speed {
            msm_g1: slow,
            msm_g2: slow,
            ntt: slow,
        };
        let gpu = Speed::default();
        let timed = self.shared.rates.set(Some(Rates { cpu, gpu }));
        debug_assert!(timed.is_ok(), "expected both not to be timed yet");
        self
    }

    /// The device, opened now if the job is large enough; `None` without one.
    fn gpu(&self, n: usize) -> Option<&GpuBackend<E>> {
        if self.shared.retired.load(Ordering::Relaxed) {
            return None;
        }
        if n < MIN_GPU_SIZE {
            return self.shared.gpu.get()?.as_ref();
        }
        let open = || match (self.shared.open)() {
            Ok(gpu) => Some(gpu),
            Err(error) => {
                tracing::warn!(%error, "no GPU: the CPU does all");
                None
            }
        };
        get_or_set(&self.shared.gpu, open).as_ref()
    }

    /// Logs a failure, after which the device is not asked again unless it only lacked room.
    fn retire_after(&self, error: &GpuError) {
        if !matches!(
            error,
            GpuError::OutOfMemory { .. } | GpuError::TooLarge { .. }
        ) {
            self.shared.retired.store(true, Ordering::Relaxed);
        }
        tracing::warn!(%error, "the GPU failed: the CPU takes over");
    }

    /// Does a job on the GPU if `faster` says so, and on the CPU if not or if the device fails.
    fn run<T>(
        &self,
        n: usize,
        faster: impl Fn(&Rates) -> bool,
        on_gpu: impl FnOnce(&GpuBackend<E>) -> Result<T, BackendError>,
        on_cpu: impl FnOnce(&C) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        if n >= MIN_GPU_SIZE
            && let Some(gpu) = self.gpu(n)
            && self.rates(gpu).is_some_and(|rates| faster(&rates))
        {
            match on_gpu(gpu) {
                Err(BackendError::Gpu(error)) => self.retire_after(&error),
                done => return done,
            }
        }
        on_cpu(&self.cpu)
    }

    fn rates(&self, gpu: &GpuBackend<E>) -> Option<Rates> {
        let measure = || match self.measure(gpu) {
            Ok(rates) => {
                tracing::debug!(?rates, "CPU and GPU timed");
                Some(rates)
            }
            Err(BackendError::Gpu(error)) => {
                self.retire_after(&error);
                None
            }
            Err(error) => {
                tracing::warn!(%error, "CPU and GPU could not be timed: the CPU does all");
                None
            }
        };
        *get_or_set(&self.shared.rates, measure)
    }

    fn measure(&self, gpu: &GpuBackend<E>) -> Result<Rates, BackendError> {
        let samples = Samples::new();
        Ok(Rates {
            cpu: samples.speed(&self.cpu)?,
            gpu: samples.speed(gpu)?,
        })
    }

    fn load<'k, CpuBases>(
        &'k self,
        len: usize,
        cpu: CpuBases,
        load: impl FnOnce(&'k GpuBackend<E>) -> Result<GpuBases<E::Buffer>, BackendError>,
    ) -> Result<BothBases<CpuBases, E::Buffer>, BackendError> {
        let gpu = match self.gpu(len).map(load).transpose() {
            Ok(gpu) => gpu,
            Err(BackendError::Gpu(error)) => {
                self.retire_after(&error);
                None
            }
            Err(error) => return Err(error),
        };
        Ok(BothBases { cpu, len, gpu })
    }
}

/// What the cell holds, or what `make` gives. Unlike `get_or_init` it holds nothing meanwhile: `make` takes
/// threads of a pool, which may take up work that asks for the same. Whoever comes second throws his away.
fn get_or_set<T>(cell: &OnceLock<T>, make: impl FnOnce() -> T) -> &T {
    if let Some(value) = cell.get() {
        return value;
    }
    let made = make();
    cell.get_or_init(|| made)
}

/// What both are timed with.
struct Samples {
    g1: Vec<G1Affine>,
    g2: Vec<G2Affine>,
    /// Without structure: each the last one's square and itself.
    scalars: Vec<Fr>,
}

impl Samples {
    fn new() -> Self {
        let [_, large] = TIMED_SIZES;
        let next = |last: &Fr| Some(*last * last + last);
        Self {
            g1: multiples::<G1Projective>(large),
            g2: multiples::<G2Projective>(large),
            scalars: std::iter::successors(Some(Fr::from(5u64)), next)
                .take(large)
                .collect(),
        }
    }

    /// Times a backend: each operation twice on each size, of which the second counts.
    fn speed<B: Backend>(&self, backend: &B) -> Result<Speed, BackendError> {
        let scalars = |n: usize| &self.scalars[..n];
        Ok(Speed {
            msm_g1: timed(|n| {
                let bases = backend.load_g1(&self.g1[..n])?;
                Ok(move || backend.msm_g1(&bases, scalars(n)).map(drop))
            })?,
            msm_g2: timed(|n| {
                let bases = backend.load_g2(&self.g2[..n])?;
                Ok(move || backend.msm_g2(&bases, scalars(n)).map(drop))
            })?,
            ntt: timed(|n| Ok(move || backend.ntt(&mut scalars(n).to_vec())))?,
        })
    }
}

/// The line through the times of what `prepare` gives for each size.
fn timed<R: Fn() -> Result<(), BackendError>>(
    prepare: impl Fn(usize) -> Result<R, BackendError>,
) -> Result<Line, BackendError> {
    let once = |n| {
        let run = prepare(n)?;
        run()?;
        let start = Instant::now();
        run()?;
        Ok::<_, BackendError>((n, start.elapsed()))
    };
    let [small, large] = TIMED_SIZES;
    Ok(Line::through([once(small)?, once(large)?]))
}

/// The first multiples of the generator.
fn multiples<G: CurveGroup>(n: usize) -> Vec<G::Affine> {
    let generator = G::Affine::generator();
    let points =
        std::iter::successors(Some(generator.into_group()), |last| Some(*last + generator));
    G::normalize_batch(&points.take(n).collect::<Vec<_>>())
}

impl<C: Backend + 'static, E: Executor + 'static> Backend for SideBySide<C, E> {
    type G1Bases<'k>
        = BothBases<C::G1Bases<'k>, E::Buffer>
    where
        Self: 'k;
    type G2Bases<'k>
        = BothBases<C::G2Bases<'k>, E::Buffer>
    where
        Self: 'k;

    fn name(&self) -> &'static str {
        "auto"
    }

    fn load_g1<'k>(&'k self, bases: &'k [G1Affine]) -> Result<Self::G1Bases<'k>, BackendError> {
        self.load_g1_with_table(bases, 0)
    }

    fn load_g2<'k>(&'k self, bases: &'k [G2Affine]) -> Result<Self::G2Bases<'k>, BackendError> {
        self.load_g2_with_table(bases, 0)
    }

    fn load_g1_with_table<'k>(
        &'k self,
        bases: &'k [G1Affine],
        table_bytes: usize,
    ) -> Result<Self::G1Bases<'k>, BackendError> {
        let cpu = self.cpu.load_g1_with_table(bases, table_bytes)?;
        self.load(bases.len(), cpu, |gpu| gpu.load_g1(bases))
    }

    fn load_g2_with_table<'k>(
        &'k self,
        bases: &'k [G2Affine],
        table_bytes: usize,
    ) -> Result<Self::G2Bases<'k>, BackendError> {
        let cpu = self.cpu.load_g2_with_table(bases, table_bytes)?;
        self.load(bases.len(), cpu, |gpu| gpu.load_g2(bases))
    }

    fn stream_g1<'k>(
        &'k self,
        points: StreamedPoints<'k, G1Affine>,
    ) -> Result<Self::G1Bases<'k>, BackendError> {
        let cpu = self.cpu.stream_g1(points)?;
        self.load(points.len(), cpu, |gpu| gpu.stream_g1(points))
    }

    fn stream_g2<'k>(
        &'k self,
        points: StreamedPoints<'k, G2Affine>,
    ) -> Result<Self::G2Bases<'k>, BackendError> {
        let cpu = self.cpu.stream_g2(points)?;
        self.load(points.len(), cpu, |gpu| gpu.stream_g2(points))
    }

    fn msm_g1(
        &self,
        bases: &Self::G1Bases<'_>,
        scalars: &[Fr],
    ) -> Result<G1Projective, BackendError> {
        let n = bases.len;
        self.run(
            n,
            |rates| bases.gpu.is_some() && rates.gpu.msm_g1.at(n) < rates.cpu.msm_g1.at(n),
            |gpu| gpu.msm_g1(bases.on_gpu(), scalars),
            |cpu| cpu.msm_g1(&bases.cpu, scalars),
        )
    }

    fn msm_g2(
        &self,
        bases: &Self::G2Bases<'_>,
        scalars: &[Fr],
    ) -> Result<G2Projective, BackendError> {
        let n = bases.len;
        self.run(
            n,
            |rates| bases.gpu.is_some() && rates.gpu.msm_g2.at(n) < rates.cpu.msm_g2.at(n),
            |gpu| gpu.msm_g2(bases.on_gpu(), scalars),
            |cpu| cpu.msm_g2(&bases.cpu, scalars),
        )
    }

    fn query_sums(
        &self,
        queries: &Queries<'_, Self::G1Bases<'_>, Self::G2Bases<'_>>,
        scalars: QueryScalars<'_>,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        self.cpu
            .query_sums(&cpu_queries(queries), scalars, cancellation, observer)
    }

    fn proof_sums(
        &self,
        queries: &Queries<'_, Self::G1Bases<'_>, Self::G2Bases<'_>>,
        factors: ProductFactors<'_>,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        let n = factors.a.len();
        let on_cpu = cpu_queries(queries);
        if n >= MIN_GPU_SIZE
            && let Some(on_gpu) = gpu_queries(queries)
            && let Some(gpu) = self.gpu(n)
            && let Some(share) = self
                .rates(gpu)
                .and_then(|rates| rates.divide(sizes(queries)))
        {
            let split = Split {
                cpu: &self.cpu,
                gpu,
                share,
            };
            match split.run(&on_cpu, &on_gpu, &factors, cancellation, observer) {
                Err(BackendError::Gpu(error)) => {
                    self.retire_after(&error);
                    observer.fell_back(&BackendError::Gpu(error));
                }
                done => return done,
            }
        }
        self.cpu
            .proof_sums(&on_cpu, factors, cancellation, observer)
    }

    fn ntt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        self.transform(values, |gpu, v| gpu.ntt(v), |cpu, v| cpu.ntt(v))
    }

    fn intt(&self, values: &mut [Fr]) -> Result<(), BackendError> {
        self.transform(values, |gpu, v| gpu.intt(v), |cpu, v| cpu.intt(v))
    }

    fn coset_ntt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        self.transform(
            values,
            |gpu, v| gpu.coset_ntt(v, shift),
            |cpu, v| cpu.coset_ntt(v, shift),
        )
    }

    fn coset_intt(&self, values: &mut [Fr], shift: Fr) -> Result<(), BackendError> {
        self.transform(
            values,
            |gpu, v| gpu.coset_intt(v, shift),
            |cpu, v| cpu.coset_intt(v, shift),
        )
    }

    fn quotient(&self, a: Vec<Fr>, b: Vec<Fr>) -> Result<Vec<Fr>, BackendError> {
        // The CPU has them anyway, and to bring them to the device and back takes longer than it saves.
        self.cpu.quotient(a, b)
    }

    fn multiply_all_g1(&self, points: &mut [G1Affine], scalar: Fr) {
        self.cpu.multiply_all_g1(points, scalar);
    }

    fn multiply_each_g1(
        &self,
        points: &[G1Affine],
        scalars: &[Fr],
    ) -> Result<Vec<G1Affine>, BackendError> {
        self.cpu.multiply_each_g1(points, scalars)
    }

    fn multiply_each_g2(
        &self,
        points: &[G2Affine],
        scalars: &[Fr],
    ) -> Result<Vec<G2Affine>, BackendError> {
        self.cpu.multiply_each_g2(points, scalars)
    }

    fn first_outside_g1(&self, points: &[G1Affine]) -> Option<Outside> {
        self.cpu.first_outside_g1(points)
    }

    fn first_outside_g2(&self, points: &[G2Affine]) -> Option<Outside> {
        self.cpu.first_outside_g2(points)
    }

    fn h_scalars(&self, basis: HBasis, a: Vec<Fr>, b: Vec<Fr>) -> Result<Vec<Fr>, BackendError> {
        self.cpu.h_scalars(basis, a, b)
    }
}

impl<C: Backend + 'static, E: Executor + 'static> SideBySide<C, E> {
    /// A transform in place. A device that fails leaves the values as they were.
    fn transform(
        &self,
        values: &mut [Fr],
        on_gpu: impl FnOnce(&GpuBackend<E>, &mut [Fr]) -> Result<(), BackendError>,
        on_cpu: impl FnOnce(&C, &mut [Fr]) -> Result<(), BackendError>,
    ) -> Result<(), BackendError> {
        let n = values.len();
        let values = RefCell::new(values);
        self.run(
            n,
            |rates| rates.gpu.ntt.at(n) < rates.cpu.ntt.at(n),
            |gpu| on_gpu(gpu, &mut values.borrow_mut()),
            |cpu| on_cpu(cpu, &mut values.borrow_mut()),
        )
    }
}

impl<C, B> BothBases<C, B> {
    fn on_gpu(&self) -> &GpuBases<B> {
        self.gpu.as_ref().expect("asked for before")
    }
}

/// The lists as the CPU has them.
fn cpu_queries<'a, C1, C2, B>(
    queries: &Queries<'a, BothBases<C1, B>, BothBases<C2, B>>,
) -> Queries<'a, C1, C2> {
    Queries {
        a: &queries.a.cpu,
        b_g1: &queries.b_g1.cpu,
        b_g2: &queries.b_g2.cpu,
        h: &queries.h.cpu,
        h_basis: queries.h_basis,
        l: &queries.l.cpu,
    }
}

/// The lists as the GPU has them, if it has them all.
fn gpu_queries<'a, C1, C2, B>(
    queries: &Queries<'a, BothBases<C1, B>, BothBases<C2, B>>,
) -> Option<Queries<'a, GpuBases<B>, GpuBases<B>>> {
    Some(Queries {
        a: queries.a.gpu.as_ref()?,
        b_g1: queries.b_g1.gpu.as_ref()?,
        b_g2: queries.b_g2.gpu.as_ref()?,
        h: queries.h.gpu.as_ref()?,
        h_basis: queries.h_basis,
        l: queries.l.gpu.as_ref()?,
    })
}

fn sizes<C1, C2, B>(queries: &Queries<'_, BothBases<C1, B>, BothBases<C2, B>>) -> ProofSizes {
    ProofSizes {
        a: queries.a.len,
        b_g1: queries.b_g1.len,
        b_g2: queries.b_g2.len,
        h: queries.h.len,
        l: queries.l.len,
        h_basis: queries.h_basis,
    }
}

/// One proof on both.
struct Split<'a, C, E: Executor> {
    cpu: &'a C,
    gpu: &'a GpuBackend<E>,
    /// The GPU's sums.
    share: Share,
}

impl<C: Backend + 'static, E: Executor + 'static> Split<'_, C, E> {
    fn run(
        &self,
        on_cpu: &Queries<'_, C::G1Bases<'_>, C::G2Bases<'_>>,
        on_gpu: &Queries<'_, GpuBases<E::Buffer>, GpuBases<E::Buffer>>,
        factors: &ProductFactors<'_>,
        cancellation: &Cancellation,
        observer: &mut dyn Observer,
    ) -> Result<QuerySums, BackendError> {
        if self.share == Share::ALL {
            return self
                .gpu
                .shared_proof_sums(on_gpu, factors, self.share, cancellation, observer);
        }
        std::thread::scope(|scope| {
            // The thread waits for the device; this one, and the pool it belongs to, has the CPU's sums.
            let gpu = scope.spawn(|| {
                let mut times = StageTimes::default();
                let sums = self.gpu.shared_proof_sums(
                    on_gpu,
                    factors,
                    self.share,
                    cancellation,
                    &mut times,
                );
                (sums, times)
            });
            let cpu = self.cpu_sums(on_cpu, factors, cancellation);
            let (gpu, gpu_times) = gpu
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            // An error of the CPU, such as being cancelled, is the proof's.
            let (cpu, cpu_times) = cpu?;
            let gpu = gpu?;
            for (stage, elapsed) in gpu_times.as_slice() {
                observer.started(*stage);
                let own = cpu_times.iter().find(|(known, _)| known == stage);
                observer.finished(*stage, own.map_or(*elapsed, |(_, own)| *own));
            }
            Ok(self.share.join(&gpu, &cpu))
        })
    }

    /// The sums that are not of the GPU's share, and their times; the others are infinity.
    fn cpu_sums(
        &self,
        queries: &Queries<'_, C::G1Bases<'_>, C::G2Bases<'_>>,
        factors: &ProductFactors<'_>,
        cancellation: &Cancellation,
    ) -> Result<(QuerySums, Vec<(Stage, Duration)>), BackendError> {
        let rest = self.share.rest();
        let mut times = Vec::new();
        let witness = &factors.assignment[factors.num_instance..];
        let mut g1 = |wanted: bool, stage, bases, scalars: &[Fr]| {
            if !wanted {
                return Ok(G1Affine::zero().into_group());
            }
            cancellation.check()?;
            let start = Instant::now();
            let sum = self.cpu.msm_g1(bases, scalars)?;
            times.push((stage, start.elapsed()));
            Ok::<_, BackendError>(sum)
        };
        let a = g1(rest.a, Stage::MsmA, queries.a, factors.assignment)?;
        let b_g1 = g1(rest.b_g1, Stage::MsmBG1, queries.b_g1, factors.assignment)?;
        let l = g1(rest.l, Stage::MsmL, queries.l, witness)?;
        let mut b_g2 = G2Affine::zero().into_group();
        if rest.b_g2 {
            cancellation.check()?;
            let start = Instant::now();
            b_g2 = self.cpu.msm_g2(queries.b_g2, factors.assignment)?;
            times.push((Stage::MsmBG2, start.elapsed()));
        }
        let sums = QuerySums {
            a,
            b_g1,
            b_g2,
            h: G1Affine::zero().into_group(),
            l,
        };
        Ok((sums, times))
    }
}

#[cfg(test)]
mod tests;
