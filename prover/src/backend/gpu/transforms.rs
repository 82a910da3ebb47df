//! Transforms and the quotient, recorded for the GPU.
//!
//! n = 2^k values go through P = ⌈k/9⌉ passes of the kernel `ntt`, whose header has the equation: pass p
//! makes transforms of 2^t_p values in workgroup memory and multiplies by powers of ω; the values begin and
//! end in natural order. Each pass writes to another buffer than it reads, so a transform has two and its
//! result is in one or the other.
//!
//! **Quotient.** h is the upper half of A·B ([`Backend::quotient`](super::super::Backend::quotient)); with
//! F the transform, g the coset's shift and `γ = (g^n − 1)⁻¹`:
//!
//! ```text
//! c₁ = γ·F⁻¹(a∘b)
//! a' = F(g^j·F⁻¹(a)),  b' likewise
//! h  = γ·g^(−j)·F⁻¹(a'∘b') − c₁
//! ```
//!
//! Six transforms, two products and a difference in four buffers of n values, those of A and B among them.
//! Powers of g and g⁻¹ are multiplied with the last pass of an inverse transform. Every constant (1/n, γ,
//! what Montgomery's form leaves of a product) stands in a table that is multiplied with anyhow.
//!
//! For a key whose `h_query` is in the basis of the odd coset ([`HBasis`](crate::HBasis)), h is then taken to
//! that coset: a seventh transform, behind a multiplication with `−2·ω_2n^j`.
//!
//! **Tables**, in the layout's form, resident once made: ω_512^i and ω_(2^16)^i, for all sizes; for each size
//! the first 2^(k−16) powers of ω_n, once as they are and once for each constant, so that
//! `ω_n^e = low[e mod 2^(k−16)]·ω_(2^16)^⌊e/2^(k−16)⌋` (an inverse root is the power −e); and the powers of g
//! and g⁻¹ in two levels of √n. 2 MiB and at 2^20 0.3 MiB more, made on the host in a few milliseconds.
//!
//! **Cost** in multiplications a value at 2^20: a transform 10.2 (floor 9), with powers of g 12.2, the
//! quotient 69.2, taken to a coset 81.4; in bytes a value: a pass 64, so a transform 192, the quotient 1440,
//! taken to a coset 1696.
//!
//! It does not split a transform over several bindings: n values must fit into one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, FftField, Field, PrimeField};
use zkroll_shaders::params::{NttFactors, NttParams, PointwiseParams, ScalePowersParams};
use zkroll_shaders::twins::field;
use zkroll_shaders::{Kernel, Layout, NTT_TILE_LOG};

use super::error::GpuError;
use super::recording::{Data, Executor, Limits, Recording, View};
use super::words::{self, ELEMENT_WORDS};
use crate::domain::Domain;
use crate::observer::Cancellation;
use crate::parallel;

/// Words of a value.
const VALUE_WORDS: u64 = ELEMENT_WORDS as u64;

/// How transforms are cut up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransformPlan {
    /// log₂ of the most values that are transformed in workgroup memory, 2 to [`NTT_TILE_LOG`], and so
    /// large that no transform has more than nine passes.
    pub log_tile: u32,
    /// log₂ of the entries of the table of roots that all sizes share, at least `log_tile`. Later passes
    /// need one multiplication less for each factor if it is at least log n less the first pass's bits.
    pub log_high: u32,
}

/// 2^16 roots are 2 MiB, which stays in a GPU's second cache beside the values.
impl Default for TransformPlan {
    fn default() -> Self {
        Self {
            log_tile: NTT_TILE_LOG,
            log_high: 16,
        }
    }
}

impl TransformPlan {
    /// Bits of the passes of a transform of 2^log_n values: as few passes as can be, even numbers of bits
    /// where that is possible, the larger ones first.
    fn passes(&self, log_n: u32) -> Vec<u32> {
        let count = log_n.div_ceil(self.log_tile);
        let mut rest = log_n;
        (0..count)
            .map(|pass| {
                let even = rest.div_ceil(count - pass);
                let even = even + even % 2;
                let bits = if even <= self.log_tile.min(rest) {
                    even
                } else {
                    rest.div_ceil(count - pass)
                };
                rest -= bits;
                bits
            })
            .collect()
    }
}

/// Transforms of values on the device of an executor, always the same one.
#[derive(Debug)]
pub struct Transforms<E: Executor> {
    plan: TransformPlan,
    tables: Mutex<Tables<E::Buffer>>,
}

impl<E: Executor> Default for Transforms<E> {
    fn default() -> Self {
        Self::new(TransformPlan::default())
    }
}

/// All tables made so far.
#[derive(Debug)]
struct Tables<B> {
    shared: Option<SharedTables<B>>,
    sizes: HashMap<u32, Arc<SizeTables<B>>>,
}

/// Tables for all sizes.
#[derive(Clone, Debug)]
struct SharedTables<B> {
    /// Powers of ω of order 2^[`NTT_TILE_LOG`].
    tile_roots: View<B>,
    /// Powers of ω of order 2^[`TransformPlan::log_high`].
    high_roots: View<B>,
}

/// Tables for n values.
#[derive(Debug)]
struct SizeTables<B> {
    log_n: u32,
    shared: SharedTables<B>,
    /// log₂ of the entries of each low table.
    log_low: u32,
    /// Powers of ω of order 2^(log_low + log_high), which is n or, for small n, more.
    low_roots: View<B>,
    /// The same, times 1/n.
    low_roots_inverse: View<B>,
    /// The same, times [`Constants::product`].
    low_roots_product: View<B>,
    /// `g^j/n`.
    shift_powers: Powers<B>,
    /// `g^(−j)`, times [`Constants::product`].
    unshift_powers: Powers<B>,
}

/// `scale·base^j` for j in 0..n, in two levels.
#[derive(Debug)]
struct Powers<B> {
    log_low: u32,
    low: View<B>,
    high: View<B>,
}

/// A transform to be recorded.
struct Transform<'t, B> {
    /// With inverse roots; the factor 1/n is not made.
    inverse: bool,
    /// A low table with a constant: all results are multiplied by it. Not together with `powers`.
    scaled_roots: Option<&'t View<B>>,
    /// Result j is multiplied by power j.
    powers: Option<&'t Powers<B>>,
}

impl<B> Transform<'_, B> {
    const FORWARD: Self = Self {
        inverse: false,
        scaled_roots: None,
        powers: None,
    };
}

/// The two buffers of a transform.
struct Pair<B> {
    /// The values.
    values: View<B>,
    /// As long, in another buffer.
    spare: View<B>,
}

impl<E: Executor> Transforms<E> {
    /// Transforms that are cut up as planned.
    #[must_use]
    pub fn new(plan: TransformPlan) -> Self {
        Self {
            plan,
            tables: Mutex::new(Tables {
                shared: None,
                sizes: HashMap::new(),
            }),
        }
    }

    /// Values from coefficients, as [`Backend::ntt`](super::super::Backend::ntt); their number is a power
    /// of two of at most 2^28.
    ///
    /// # Errors
    /// [`GpuError::TooLarge`], or the device's failure.
    pub fn ntt(&self, executor: &E, values: &mut [Fr]) -> Result<(), GpuError> {
        self.apply(executor, values, |recorder, pair| {
            recorder.transform(&Transform::FORWARD, pair);
        })
    }

    /// Coefficients from values, as [`Backend::intt`](super::super::Backend::intt).
    ///
    /// # Errors
    /// As [`Transforms::ntt`].
    pub fn intt(&self, executor: &E, values: &mut [Fr]) -> Result<(), GpuError> {
        self.apply(executor, values, |recorder, pair| {
            let transform = Transform {
                inverse: true,
                scaled_roots: Some(&recorder.tables.low_roots_inverse),
                powers: None,
            };
            recorder.transform(&transform, pair);
        })
    }

    /// Values on a coset from coefficients, as [`Backend::coset_ntt`](super::super::Backend::coset_ntt).
    ///
    /// # Errors
    /// As [`Transforms::ntt`].
    pub fn coset_ntt(&self, executor: &E, values: &mut [Fr], shift: Fr) -> Result<(), GpuError> {
        self.apply(executor, values, |recorder, pair| {
            let powers = recorder.powers(shift, Fr::ONE);
            recorder.scale(&pair.values, &powers);
            recorder.transform(&Transform::FORWARD, pair);
        })
    }

    /// Coefficients from values on a coset, as
    /// [`Backend::coset_intt`](super::super::Backend::coset_intt).
    ///
    /// # Errors
    /// As [`Transforms::ntt`].
    ///
    /// # Panics
    /// If `shift` is zero.
    pub fn coset_intt(&self, executor: &E, values: &mut [Fr], shift: Fr) -> Result<(), GpuError> {
        let unshift = shift
            .inverse()
            .expect("expected a coset shift other than zero");
        let n_inverse = Constants::new(log_size(values.len()), executor.layout()).n_inverse;
        self.apply(executor, values, |recorder, pair| {
            let powers = recorder.powers(unshift, n_inverse);
            let transform = Transform {
                inverse: true,
                scaled_roots: None,
                powers: Some(&powers),
            };
            recorder.transform(&transform, pair);
        })
    }

    /// The n − 1 coefficients of the quotient from n values of A and of B, as
    /// [`Backend::quotient`](super::super::Backend::quotient).
    ///
    /// # Errors
    /// As [`Transforms::ntt`].
    pub fn quotient(&self, executor: &E, a: &[Fr], b: &[Fr]) -> Result<Vec<Fr>, GpuError> {
        if a.len() == 1 {
            return Ok(Vec::new());
        }
        let mut recording = Recording::default();
        let a_view = recording.upload("a", Data::Scalars(a));
        let b_view = recording.upload("b", Data::Scalars(b));
        let h = self.record_quotient(executor, &mut recording, &a_view, &b_view)?;
        recording.read(&h.part(0, h.words - VALUE_WORDS));
        let words = executor.run(recording, &Cancellation::default())?;
        let mut values = vec![Fr::ZERO; a.len() - 1];
        read_values(&words[0], &mut values)?;
        Ok(values)
    }

    /// Records [`Transforms::ntt`] of n ≥ 2 values in `values`; `spare` is as long and in another buffer. One
    /// of the two has the result, the other one is overwritten.
    ///
    /// # Errors
    /// [`GpuError::TooLarge`], or the device's failure when a size is first used.
    pub fn record_ntt(
        &self,
        executor: &E,
        recording: &mut Recording<'_, E::Buffer>,
        values: &View<E::Buffer>,
        spare: &View<E::Buffer>,
    ) -> Result<View<E::Buffer>, GpuError> {
        let tables = self.tables(executor, log_size((values.words / VALUE_WORDS) as usize))?;
        let mut pair = Pair {
            values: values.clone(),
            spare: spare.clone(),
        };
        self.recorder(executor, &tables, recording)
            .transform(&Transform::FORWARD, &mut pair);
        Ok(pair.values)
    }

    /// Records the quotient of n ≥ 2 values of A and of B, in two buffers, both of which are overwritten. The
    /// result are n coefficients in natural order, the last of them zero.
    ///
    /// # Errors
    /// As [`Transforms::record_ntt`].
    pub fn record_quotient(
        &self,
        executor: &E,
        recording: &mut Recording<'_, E::Buffer>,
        a: &View<E::Buffer>,
        b: &View<E::Buffer>,
    ) -> Result<View<E::Buffer>, GpuError> {
        let tables = self.tables(executor, log_size((a.words / VALUE_WORDS) as usize))?;
        let mut recorder = self.recorder(executor, &tables, recording);
        Ok(recorder.quotient(a, b).values)
    }

    /// As [`Transforms::record_quotient`], and then the quotient's n values on the coset `shift·H`, in
    /// natural order, times `scale`.
    ///
    /// # Errors
    /// As [`Transforms::record_ntt`].
    pub fn record_quotient_on_coset(
        &self,
        executor: &E,
        recording: &mut Recording<'_, E::Buffer>,
        a: &View<E::Buffer>,
        b: &View<E::Buffer>,
        (shift, scale): (Fr, Fr),
    ) -> Result<View<E::Buffer>, GpuError> {
        let tables = self.tables(executor, log_size((a.words / VALUE_WORDS) as usize))?;
        let mut recorder = self.recorder(executor, &tables, recording);
        let mut pair = recorder.quotient(a, b);
        let powers = recorder.powers(shift, scale);
        recorder.scale(&pair.values, &powers);
        recorder.transform(&Transform::FORWARD, &mut pair);
        Ok(pair.values)
    }

    /// Uploads values, does with them what is recorded, and downloads them. A single value stays as it is.
    fn apply(
        &self,
        executor: &E,
        values: &mut [Fr],
        record: impl FnOnce(&mut Recorder<'_, '_, '_, E::Buffer>, &mut Pair<E::Buffer>),
    ) -> Result<(), GpuError> {
        let log_n = log_size(values.len());
        if log_n == 0 {
            return Ok(());
        }
        let tables = self.tables(executor, log_n)?;
        let mut recording = Recording::default();
        let uploaded = recording.upload("values", Data::Scalars(values));
        let mut pair = Pair {
            spare: recording.temporary("spare values", uploaded.words),
            values: uploaded,
        };
        record(
            &mut self.recorder(executor, &tables, &mut recording),
            &mut pair,
        );
        recording.read(&pair.values);
        let words = executor.run(recording, &Cancellation::default())?;
        read_values(&words[0], values)
    }

    fn recorder<'r, 'a>(
        &self,
        executor: &'r E,
        tables: &'r SizeTables<E::Buffer>,
        recording: &'r mut Recording<'a, E::Buffer>,
    ) -> Recorder<'r, 'r, 'a, E::Buffer> {
        Recorder {
            plan: self.plan,
            layout: executor.layout(),
            limits: executor.limits(),
            tables,
            recording,
        }
    }

    /// The tables for 2^log_n values, which are made when they are first asked for.
    fn tables(&self, executor: &E, log_n: u32) -> Result<Arc<SizeTables<E::Buffer>>, GpuError> {
        let limit = 4 * executor.limits().binding_words;
        let bytes = (4 * VALUE_WORDS) << log_n;
        if bytes > limit {
            return Err(GpuError::TooLarge {
                what: "the values of a transform",
                bytes,
                limit,
            });
        }
        if let Some(tables) = self.lock().sizes.get(&log_n) {
            return Ok(tables.clone());
        }
        // Tables are made without the lock, for that takes threads of a pool, which may take up other work
        // that needs it. Whoever comes second throws his away.
        let known = self.lock().shared.clone();
        let shared = match known {
            Some(shared) => shared,
            None => {
                let made = SharedTables::make(self.plan, executor)?;
                self.lock().shared.get_or_insert(made).clone()
            }
        };
        let made = Arc::new(SizeTables::make(self.plan, shared, executor, log_n)?);
        Ok(self.lock().sizes.entry(log_n).or_insert(made).clone())
    }

    /// The tables made so far. What a panic leaves behind is whole: they are entered when they are made.
    fn lock(&self) -> MutexGuard<'_, Tables<E::Buffer>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records on behalf of one size.
struct Recorder<'t, 'r, 'a, B> {
    plan: TransformPlan,
    layout: Layout,
    limits: &'t Limits,
    tables: &'t SizeTables<B>,
    recording: &'r mut Recording<'a, B>,
}

impl<'t, B: Clone> Recorder<'t, '_, '_, B> {
    fn transform(&mut self, transform: &Transform<'_, B>, pair: &mut Pair<B>) {
        let tables = self.tables;
        let log_n = tables.log_n;
        let log_order = tables.log_low + self.plan.log_high;
        let passes = self.plan.passes(log_n);
        let tiles = 1u32 << log_n.saturating_sub(NTT_TILE_LOG);
        let (mut log_blocks, mut digits) = (0, 0);
        for (pass, &log_radix) in passes.iter().enumerate() {
            let last = pass + 1 == passes.len();
            let scaled_roots = transform.scaled_roots.filter(|_| pass == 0);
            let powers = transform.powers.filter(|_| last);
            let single = log_order + log_blocks - log_n >= tables.log_low;
            let factors = match (powers, scaled_roots) {
                (Some(_), _) => NttFactors::Power,
                (None, Some(_)) => NttFactors::RootProduct,
                (None, None) if last => NttFactors::None,
                (None, None) if single => NttFactors::Root,
                (None, None) => NttFactors::RootProduct,
            };
            let (log_low, low, high) = match powers {
                Some(powers) => (powers.log_low, &powers.low, &powers.high),
                None => (
                    tables.log_low,
                    scaled_roots.unwrap_or(&tables.low_roots),
                    &tables.shared.high_roots,
                ),
            };
            let params = NttParams {
                base: 0,
                log_n,
                log_radix,
                log_blocks,
                digits: if last { digits } else { 0 },
                inverse: u32::from(transform.inverse),
                factors: factors as u32,
                log_low,
                log_order,
            };
            let views = [
                &pair.values,
                &pair.spare,
                &tables.shared.tile_roots,
                low,
                high,
            ]
            .map(View::clone);
            let invocations = tiles * Kernel::Ntt.workgroup_size();
            // Of four values: 4 for each two steps, then up to 8.
            let work = u64::from(4 * log_radix.div_ceil(2) + 8);
            self.recording.dispatch_in_parts(
                self.limits,
                Kernel::Ntt,
                &views,
                (invocations, work),
                |base| NttParams { base, ..params }.words(),
            );
            std::mem::swap(&mut pair.values, &mut pair.spare);
            log_blocks += log_radix;
            digits |= log_radix << (4 * pass);
        }
    }

    /// The coefficients of the quotient. `a` and `b` are overwritten.
    fn quotient(&mut self, a: &View<B>, b: &View<B>) -> Pair<B> {
        let tables = self.tables;
        let mut on_domain = Pair {
            values: self.recording.temporary("products on the domain", a.words),
            spare: self.recording.temporary("quotient", a.words),
        };
        self.multiply(a, b, &on_domain.values);
        let back = Transform {
            inverse: true,
            scaled_roots: Some(&tables.low_roots_product),
            powers: None,
        };
        self.transform(&back, &mut on_domain);

        let mut spare = on_domain.spare;
        let mut to_coset = |values: &View<B>| {
            let mut pair = Pair {
                values: values.clone(),
                spare: spare.clone(),
            };
            let back = Transform {
                inverse: true,
                scaled_roots: None,
                powers: Some(&tables.shift_powers),
            };
            self.transform(&back, &mut pair);
            self.transform(&Transform::FORWARD, &mut pair);
            spare = pair.spare;
            pair.values
        };
        let (a, b) = (to_coset(a), to_coset(b));

        self.multiply(&a, &b, &spare);
        let mut on_coset = Pair {
            values: spare,
            spare: a,
        };
        let back = Transform {
            inverse: true,
            scaled_roots: None,
            powers: Some(&tables.unshift_powers),
        };
        self.transform(&back, &mut on_coset);
        self.subtract(&on_coset.values, &on_domain.values);
        on_coset
    }

    /// `products ← values·others`, times 2^256/R.
    fn multiply(&mut self, values: &View<B>, others: &View<B>, products: &View<B>) {
        let views = [values, others, products].map(View::clone);
        self.pointwise(Kernel::Multiply, &views, |base, count| {
            PointwiseParams { base, count }.words()
        });
    }

    /// `values ← values − others`.
    fn subtract(&mut self, values: &View<B>, others: &View<B>) {
        let views = [values, others].map(View::clone);
        self.pointwise(Kernel::Subtract, &views, |base, count| {
            PointwiseParams { base, count }.words()
        });
    }

    /// `values[j] ← values[j]·powers[j]`.
    fn scale(&mut self, values: &View<B>, powers: &Powers<B>) {
        let log_low = powers.log_low;
        let views = [values, &powers.low, &powers.high].map(View::clone);
        self.pointwise(Kernel::ScalePowers, &views, |base, count| {
            ScalePowersParams {
                base,
                count,
                log_low,
            }
            .words()
        });
    }

    /// One invocation for each value.
    fn pointwise(
        &mut self,
        kernel: Kernel,
        views: &[View<B>],
        params: impl Fn(u32, u32) -> Vec<u32>,
    ) {
        let count = 1 << self.tables.log_n;
        self.recording
            .dispatch_in_parts(self.limits, kernel, views, (count, 2), |base| {
                params(base, count)
            });
    }

    /// `scale·base^j` in temporary buffers.
    fn powers(&mut self, base: Fr, scale: Fr) -> Powers<B> {
        let (log_low, tables) = power_tables(self.tables.log_n, base, scale, self.layout);
        let [low, high] = tables.map(|words| self.recording.upload("powers", Data::Words(words)));
        Powers { log_low, low, high }
    }
}

impl<B: Clone> SharedTables<B> {
    fn make<E: Executor<Buffer = B>>(plan: TransformPlan, executor: &E) -> Result<Self, GpuError> {
        let powers = |log_n: u32| {
            let root = Domain::new(1 << log_n).expect("at most 2^28 roots").root();
            table(root, Fr::ONE, 1 << log_n, executor.layout())
        };
        let tables = [NTT_TILE_LOG, plan.log_high].map(powers);
        let [tile_roots, high_roots] = upload(executor, "roots", tables)?;
        Ok(Self {
            tile_roots,
            high_roots,
        })
    }
}

impl<B: Clone> SizeTables<B> {
    fn make<E: Executor<Buffer = B>>(
        plan: TransformPlan,
        shared: SharedTables<B>,
        executor: &E,
        log_n: u32,
    ) -> Result<Self, GpuError> {
        let layout = executor.layout();
        let constants = Constants::new(log_n, layout);
        let log_low = log_n.saturating_sub(plan.log_high);
        let root = Domain::new(1 << (log_low + plan.log_high))
            .expect("at most 2^28 roots")
            .root();
        let scales = [Fr::ONE, constants.n_inverse, constants.product];
        let tables = scales.map(|scale| table(root, scale, 1 << log_low, layout));
        let [low_roots, low_roots_inverse, low_roots_product] =
            upload(executor, "low roots", tables)?;
        let powers = |base, scale| {
            let (log_low, tables) = power_tables(log_n, base, scale, layout);
            let [low, high] = upload(executor, "powers", tables)?;
            Ok::<_, GpuError>(Powers { log_low, low, high })
        };
        Ok(Self {
            log_n,
            shared,
            log_low,
            low_roots,
            low_roots_inverse,
            low_roots_product,
            shift_powers: powers(Fr::GENERATOR, constants.n_inverse)?,
            unshift_powers: powers(constants.unshift, constants.product)?,
        })
    }
}

/// Constants of a size.
struct Constants {
    /// 1/n.
    n_inverse: Fr,
    /// 1/g.
    unshift: Fr,
    /// `R/2^256 · 1/n · 1/(g^n − 1)`: what is missing from the coefficients of h after an inverse transform
    /// of the kernel's products, which are `a·b·2^256/R` for a, b in Montgomery form.
    product: Fr,
}

impl Constants {
    fn new(log_n: u32, layout: Layout) -> Self {
        let domain = Domain::new(1 << log_n).expect("at most 2^28 values");
        let inverse = |x: Fr| {
            x.inverse()
                .expect("n, the generator and g^n − 1 are not zero")
        };
        let n_inverse = inverse(Fr::from(domain.size() as u64));
        let missing = field::power_of_two::<Fr>(layout.radix_bits() - 256);
        Self {
            n_inverse,
            unshift: inverse(Fr::GENERATOR),
            product: missing * n_inverse * inverse(domain.vanishing(Fr::GENERATOR)),
        }
    }
}

/// log₂ of a number of values.
///
/// # Panics
/// If it is not a power of two.
fn log_size(count: usize) -> u32 {
    assert!(
        count.is_power_of_two(),
        "expected a power of two of values, got {count}"
    );
    count.trailing_zeros()
}

/// `scale·base^j` for j in 0..2^log_n in two levels: log₂ of the first one's entries, and both.
fn power_tables(log_n: u32, base: Fr, scale: Fr, layout: Layout) -> (u32, [Vec<u32>; 2]) {
    let log_low = log_n / 2;
    let step = base.pow([1 << log_low]);
    let low = table(base, scale, 1 << log_low, layout);
    let high = table(step, Fr::ONE, 1 << (log_n - log_low), layout);
    (log_low, [low, high])
}

/// `scale·base^j` for j in 0..count, in the layout's form.
fn table(base: Fr, scale: Fr, count: usize, layout: Layout) -> Vec<u32> {
    let mut words = Vec::with_capacity(ELEMENT_WORDS * count);
    let mut power = scale * field::radix::<Fr>(layout);
    for _ in 0..count {
        words.extend(words::words(power.into_bigint()));
        power *= base;
    }
    words
}

/// Tables to resident buffers.
fn upload<E: Executor, const N: usize>(
    executor: &E,
    label: &'static str,
    tables: [Vec<u32>; N],
) -> Result<[View<E::Buffer>; N], GpuError> {
    let mut recording = Recording::default();
    let mut views = Vec::with_capacity(N);
    for words in tables {
        let len = words.len() as u64;
        let view = View::resident(executor.resident(label, len)?, len);
        recording.write(&view, Data::Words(words));
        views.push(view);
    }
    executor.run(recording, &Cancellation::default())?;
    Ok(views
        .try_into()
        .unwrap_or_else(|_| unreachable!("a view for each table")))
}

/// Values in arkworks' Montgomery form; `values` stay as they are if one of those read is none.
pub(super) fn read_values(words: &[u32], values: &mut [Fr]) -> Result<(), GpuError> {
    let mont = |index: usize| words::integer(&words[ELEMENT_WORDS * index..]);
    let unreduced = |index: usize| mont(index) >= Fr::MODULUS;
    if let Some(index) = parallel::find_first(values.len(), unreduced) {
        return Err(GpuError::UnreducedValue { index });
    }
    parallel::for_each_mut(values, |index, value| {
        *value = Fr::new_unchecked(mont(index));
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use ark_ff::{UniformRand, Zero};
    use ark_poly::{EvaluationDomain, Radix2EvaluationDomain};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::super::super::{Ark, Backend};
    use super::super::recording::Command;
    use super::super::twins::{TwinBuffer, TwinExecutor};
    use super::*;

    /// Small enough for every transform above 2^10 values to take several dispatches.
    const LIMITS: Limits = Limits {
        binding_words: VALUE_WORDS << 16,
        offset_alignment: 64,
        workgroups: 3,
        dispatch_work: 1 << 13,
    };

    /// Plans with tables and passes of different sizes, and the largest transforms that they are tried with.
    const PLANS: [(TransformPlan, u32); 3] = [
        (
            TransformPlan {
                log_tile: NTT_TILE_LOG,
                log_high: 12,
            },
            13,
        ),
        (
            TransformPlan {
                log_tile: 4,
                log_high: 6,
            },
            12,
        ),
        (
            TransformPlan {
                log_tile: 2,
                log_high: 2,
            },
            9,
        ),
    ];

    fn executor(layout: Layout) -> TwinExecutor {
        TwinExecutor::new(layout, LIMITS)
    }

    fn random(n: usize, rng: &mut StdRng) -> Vec<Fr> {
        (0..n).map(|_| Fr::rand(rng)).collect()
    }

    #[test]
    fn passes_are_few_and_even() {
        let passes = |log_n| TransformPlan::default().passes(log_n);
        assert_eq!(passes(0), [0; 0]);
        assert_eq!(passes(1), [1]);
        assert_eq!(passes(9), [9]);
        assert_eq!(passes(10), [6, 4]);
        assert_eq!(passes(18), [9, 9]);
        assert_eq!(passes(20), [8, 6, 6]);
        assert_eq!(passes(21), [8, 8, 5]);
        assert_eq!(passes(22), [8, 8, 6]);
        assert_eq!(passes(24), [8, 8, 8]);
        assert_eq!(passes(28), [8, 8, 6, 6]);
        for log_tile in 2..=NTT_TILE_LOG {
            let plan = TransformPlan {
                log_tile,
                log_high: 16,
            };
            for log_n in 1..=28 {
                let passes = plan.passes(log_n);
                assert_eq!(passes.iter().sum::<u32>(), log_n);
                assert!(passes.iter().all(|bits| (1..=log_tile).contains(bits)));
            }
        }
    }

    #[test]
    fn transforms_agree_with_arkworks() {
        let rng = &mut StdRng::seed_from_u64(1);
        for (i, (plan, largest)) in PLANS.into_iter().enumerate() {
            let transforms = Transforms::new(plan);
            let executor = executor(Layout::ALL[i]);
            for log_n in 0..=largest {
                let input = random(1 << log_n, rng);
                let shift = Fr::rand(rng);
                let domain = Radix2EvaluationDomain::<Fr>::new(input.len()).unwrap();
                let coset = domain.get_coset(shift).unwrap();
                let with = |transform: &dyn Fn(&mut [Fr]) -> Result<(), GpuError>| {
                    let mut values = input.clone();
                    transform(&mut values).unwrap();
                    values
                };
                let what = format!("{plan:?}, 2^{log_n}");
                let ntt = with(&|v| transforms.ntt(&executor, v));
                assert!(ntt == domain.fft(&input), "ntt, {what}");
                let intt = with(&|v| transforms.intt(&executor, v));
                assert!(intt == domain.ifft(&input), "intt, {what}");
                let coset_ntt = with(&|v| transforms.coset_ntt(&executor, v, shift));
                assert!(coset_ntt == coset.fft(&input), "coset_ntt, {what}");
                let coset_intt = with(&|v| transforms.coset_intt(&executor, v, shift));
                assert!(coset_intt == coset.ifft(&input), "coset_intt, {what}");
            }
        }
    }

    #[test]
    fn the_quotient_agrees_with_the_default() {
        let rng = &mut StdRng::seed_from_u64(2);
        for (i, (plan, largest)) in PLANS.into_iter().enumerate() {
            let transforms = Transforms::new(plan);
            let executor = executor(Layout::ALL[i]);
            for log_n in 0..=largest {
                let (a, b) = (random(1 << log_n, rng), random(1 << log_n, rng));
                let got = transforms.quotient(&executor, &a, &b).unwrap();
                let expected = Ark.quotient(a, b).unwrap();
                assert!(got == expected, "{plan:?}, 2^{log_n}");
            }
        }
    }

    #[test]
    fn the_recorded_quotient_ends_with_zero() {
        let rng = &mut StdRng::seed_from_u64(3);
        let (a, b) = (random(32, rng), random(32, rng));
        let executor = executor(Layout::Limbs9x29);
        let mut recording = Recording::default();
        let views = [&a, &b].map(|values| {
            let view = recording.temporary("factor", 8 * 32);
            recording.write(&view, Data::Scalars(values));
            view
        });
        let h = Transforms::default()
            .record_quotient(&executor, &mut recording, &views[0], &views[1])
            .unwrap();
        assert_eq!(h.words, 8 * 32);
        recording.read(&h);
        let words = executor
            .run(recording, &Cancellation::default())
            .unwrap()
            .remove(0);
        let mut values = vec![Fr::ONE; 32];
        read_values(&words, &mut values).unwrap();
        assert!(values.pop().unwrap().is_zero());
        assert_eq!(values, Ark.quotient(a, b).unwrap());
    }

    #[test]
    fn the_quotient_on_a_coset_agrees_with_the_default() {
        let rng = &mut StdRng::seed_from_u64(4);
        for (i, (plan, largest)) in PLANS.into_iter().enumerate() {
            let transforms = Transforms::new(plan);
            let executor = executor(Layout::ALL[i]);
            for log_n in 1..=largest {
                let n = 1 << log_n;
                let (a, b) = (random(n, rng), random(n, rng));
                let (shift, scale) = (Fr::rand(rng), Fr::rand(rng));
                let mut recording = Recording::default();
                let views = [&a, &b].map(|v| recording.upload("factor", Data::Scalars(v)));
                let h = transforms
                    .record_quotient_on_coset(
                        &executor,
                        &mut recording,
                        &views[0],
                        &views[1],
                        (shift, scale),
                    )
                    .unwrap();
                recording.read(&h);
                let words = executor.run(recording, &Cancellation::default()).unwrap();
                let mut got = vec![Fr::ZERO; n];
                read_values(&words[0], &mut got).unwrap();

                let mut expected = Ark.quotient(a, b).unwrap();
                expected.push(Fr::ZERO);
                Ark.coset_ntt(&mut expected, shift).unwrap();
                expected.iter_mut().for_each(|value| *value *= scale);
                assert!(got == expected, "{plan:?}, 2^{log_n}");
            }
        }
    }

    #[test]
    fn what_is_too_large_is_refused() {
        let transforms = Transforms::<TwinExecutor>::default();
        let executor = executor(Layout::Limbs8x32);
        let mut values = vec![Fr::ONE; 1 << 17];
        let expected = GpuError::TooLarge {
            what: "the values of a transform",
            bytes: 32 << 17,
            limit: 32 << 16,
        };
        assert_eq!(
            transforms.ntt(&executor, &mut values),
            Err(expected.clone())
        );
        let refused = transforms.quotient(&executor, &values, &values);
        assert_eq!(refused, Err(expected));
    }

    /// What the module's header says of 2^20.
    #[test]
    fn a_quotient_has_six_transforms_and_on_a_coset_seven() {
        let limits = Limits {
            binding_words: VALUE_WORDS << 20,
            workgroups: u32::MAX / 128,
            dispatch_work: u64::MAX,
            ..LIMITS
        };
        let executor = TwinExecutor::new(Layout::Limbs8x32, limits);
        let mut recording = Recording::<TwinBuffer>::default();
        let [a, b] = [(); 2].map(|()| recording.temporary("factor", VALUE_WORDS << 20));
        Transforms::default()
            .record_quotient(&executor, &mut recording, &a, &b)
            .unwrap();
        assert_eq!(recording.temporaries.len(), 4);
        assert_eq!(count(&recording, Kernel::Ntt), 6 * 3);
        assert_eq!(count(&recording, Kernel::Multiply), 2);
        assert_eq!(count(&recording, Kernel::Subtract), 1);
        assert_eq!(recording.commands.len(), 21);

        let mut recording = Recording::<TwinBuffer>::default();
        let [a, b] = [(); 2].map(|()| recording.temporary("factor", VALUE_WORDS << 20));
        Transforms::default()
            .record_quotient_on_coset(&executor, &mut recording, &a, &b, (Fr::ONE, Fr::ONE))
            .unwrap();
        // Two of them the powers.
        assert_eq!(recording.temporaries.len(), 6);
        assert_eq!(count(&recording, Kernel::Ntt), 7 * 3);
        assert_eq!(count(&recording, Kernel::ScalePowers), 1);
        assert_eq!(recording.commands.len(), 21 + 2 + 1 + 3);
    }

    fn count(recording: &Recording<'_, TwinBuffer>, wanted: Kernel) -> usize {
        let of = |command: &&Command<'_, TwinBuffer>| matches!(command, Command::Dispatch { kernel, .. } if *kernel == wanted);
        recording.commands.iter().filter(of).count()
    }

    #[test]
    fn values_above_the_modulus_are_refused() {
        let mut words = vec![0; 16];
        words[8..].fill(u32::MAX);
        let refused = read_values(&words, &mut [Fr::ZERO; 2]);
        assert_eq!(refused, Err(GpuError::UnreducedValue { index: 1 }));
    }
}
