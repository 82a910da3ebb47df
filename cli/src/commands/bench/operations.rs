//! The four operations.

use std::time::{Duration, Instant};

use ark_ec::CurveGroup;
use zkroll::ProgramRelation;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::prover::backend::gpu::{DeviceBuffer, GpuScalars};
use zkroll::prover::backend::{AnyG1Bases, AnyG2Bases, Gpu};
use zkroll::prover::{
    AnyBackend, Backend, BackendError, Bn254, Fr, G1Projective, G2Projective, Observer, Proof,
    Prover, ProvingKey, ResidentAssignment, Stage, StageTimes, setup,
};

use super::ark_groth16::ArkGroth16;
use super::batch::{filling_circuit, full_witness};
use super::case::{Case, Data, Input, Op};
use super::inputs::{KEY_SEED, blinding, points, random_scalars, scalars};
use super::measure::{Contest, Entry, Sample, Series};
use super::results::{ProofRow, Row};
use crate::error::CliError;
use crate::progress::Progress;

/// A number of points, or the logarithm of a size.
#[derive(Clone, Copy, Debug)]
pub enum Size {
    /// So many points.
    Points(usize),
    /// 2^L.
    Log(u32),
}

impl Size {
    /// Points, values or rows.
    pub const fn n(self) -> usize {
        match self {
            Self::Points(n) => n,
            Self::Log(log_n) => 1 << log_n,
        }
    }

    const fn log_n(self) -> Option<u32> {
        match self {
            Self::Points(_) => None,
            Self::Log(log_n) => Some(log_n),
        }
    }
}

/// The batches whose witnesses are proven and multiplied.
#[derive(Clone, Copy, Debug)]
pub struct Batches {
    /// Levels of the account tree.
    pub depth: u32,
    /// Fee slots.
    pub fee_slots: u32,
}

impl Batches {
    fn filling(self, log_n: u32) -> Result<BatchCircuit, CliError> {
        filling_circuit(log_n, self.depth, self.fee_slots)
    }

    /// Scalars of an input at a size; a witness has as many as its circuit has columns.
    fn scalars(self, input: Input, size: Size) -> Result<Vec<Fr>, CliError> {
        match (input, size) {
            (Input::Witness, Size::Log(log_n)) => Ok(full_witness(&self.filling(log_n)?)?.columns),
            _ => Ok(scalars(input, size.n())),
        }
    }
}

/// A group as backends have it.
trait Curve {
    /// Its multiplication.
    const OP: Op;
    /// Its points.
    type Group: CurveGroup<ScalarField = Fr>;
    /// Points in a backend.
    type Bases<'k>: Sync;

    fn load<'k>(
        backend: &'k AnyBackend,
        points: &'k [Points<Self>],
        table_bytes: usize,
    ) -> Result<Self::Bases<'k>, BackendError>;

    fn multiply(
        backend: &AnyBackend,
        bases: &Self::Bases<'_>,
        scalars: &[Fr],
    ) -> Result<Self::Group, BackendError>;

    /// The multiplication of scalars that are on the device by points that are there too.
    fn multiply_resident(
        gpu: &Gpu,
        bases: &Self::Bases<'_>,
        scalars: &Scalars,
    ) -> Result<Self::Group, BackendError>;
}

/// Points in affine form.
type Points<C> = <<C as Curve>::Group as CurveGroup>::Affine;

/// Scalars on the device.
type Scalars = GpuScalars<DeviceBuffer>;

macro_rules! curve {
    ($curve:ident, $op:ident, $group:ty, $bases:ident, $load:ident, $msm:ident, $msm_resident:ident) => {
        enum $curve {}

        impl Curve for $curve {
            const OP: Op = Op::$op;
            type Group = $group;
            type Bases<'k> = $bases<'k>;

            fn load<'k>(
                backend: &'k AnyBackend,
                points: &'k [Points<Self>],
                table_bytes: usize,
            ) -> Result<$bases<'k>, BackendError> {
                backend.$load(points, table_bytes)
            }

            fn multiply(
                backend: &AnyBackend,
                bases: &$bases<'_>,
                scalars: &[Fr],
            ) -> Result<Self::Group, BackendError> {
                backend.$msm(bases, scalars)
            }

            fn multiply_resident(
                gpu: &Gpu,
                bases: &$bases<'_>,
                scalars: &Scalars,
            ) -> Result<Self::Group, BackendError> {
                let $bases::Gpu(bases) = bases else {
                    let expected = gpu.name();
                    return Err(BackendError::ForeignBases { expected });
                };
                gpu.$msm_resident(bases, scalars)
            }
        }
    };
}

curve!(
    G1,
    MsmG1,
    G1Projective,
    AnyG1Bases,
    load_g1_with_table,
    msm_g1,
    msm_g1_resident
);
curve!(
    G2,
    MsmG2,
    G2Projective,
    AnyG2Bases,
    load_g2_with_table,
    msm_g2,
    msm_g2_resident
);

impl Contest<'_> {
    /// Multi-scalar multiplication in G1.
    ///
    /// # Errors
    /// Those of the backends, or if no batch has the witness.
    pub fn msm_g1(&self, input: Input, size: Size, batches: Batches) -> Result<Vec<Row>, CliError> {
        self.msm::<G1>(input, size, batches)
    }

    /// Multi-scalar multiplication in G2.
    ///
    /// # Errors
    /// Those of the backends, or if no batch has the witness.
    pub fn msm_g2(&self, input: Input, size: Size, batches: Batches) -> Result<Vec<Row>, CliError> {
        self.msm::<G2>(input, size, batches)
    }

    fn msm<C: Curve>(
        &self,
        input: Input,
        size: Size,
        batches: Batches,
    ) -> Result<Vec<Row>, CliError> {
        let scalars = batches.scalars(input, size)?;
        let points = points::<C::Group>(input, scalars.len());
        let load = |backend| C::load(backend, &points, self.table_bytes);
        let entrants = self.entrants.iter();
        let bases = entrants.clone().map(|entrant| load(&entrant.backend));
        let bases = bases.collect::<Result<Vec<_>, _>>()?;
        let on_device = entrants.map(|entrant| {
            let gpu = entrant.gpu();
            gpu.map(|gpu| Ok((gpu, gpu.load_scalars(&scalars)?)))
                .transpose()
        });
        let on_device = on_device.collect::<Result<Vec<_>, BackendError>>()?;
        let case = Case {
            op: C::OP,
            input,
            log_n: size.log_n(),
            n: scalars.len(),
        };
        let series = self.hold(case, &self.entries(&Data::ALL), |entry| {
            let (backend, index) = (&entry.entrant.backend, entry.entrant.index);
            let start = Instant::now();
            let sum = match (entry.data, &on_device[index]) {
                (Some(Data::Resident), Some((gpu, scalars))) => {
                    C::multiply_resident(gpu, &bases[index], scalars)?
                }
                (Some(Data::AllFromHost), _) => C::multiply(backend, &load(backend)?, &scalars)?,
                _ => C::multiply(backend, &bases[index], &scalars)?,
            };
            Ok((sum, start.elapsed().into()))
        })?;
        Ok(rows(case, &series))
    }

    /// The forward transform.
    ///
    /// # Errors
    /// Those of the backends.
    pub fn ntt(&self, log_n: u32) -> Result<Vec<Row>, CliError> {
        let case = Case {
            op: Op::Ntt,
            input: Input::Random,
            log_n: Some(log_n),
            n: 1 << log_n,
        };
        let input = random_scalars(case.n);
        let places = match log_n {
            // One value is its own transform, and no device is asked for it.
            0 => &[Data::AllFromHost][..],
            _ => &Data::ALL,
        };
        let series = self.hold(case, &self.entries(places), |entry| {
            let (values, elapsed) = match (entry.data, entry.entrant.gpu()) {
                (Some(Data::Resident), Some(gpu)) => {
                    let (values, spare) = (gpu.load_scalars(&input)?, gpu.load_scalars(&input)?);
                    let start = Instant::now();
                    let result = gpu.ntt_resident(&values, &spare)?;
                    let elapsed = start.elapsed();
                    (gpu.read_scalars(result)?, elapsed)
                }
                (Some(Data::FromHost), Some(gpu)) => {
                    let spare = gpu.load_scalars(&input)?;
                    let start = Instant::now();
                    let values = gpu.load_scalars(&input)?;
                    let result = gpu.ntt_resident(&values, &spare)?;
                    let elapsed = start.elapsed();
                    (gpu.read_scalars(result)?, elapsed)
                }
                _ => {
                    let mut values = input.clone();
                    let start = Instant::now();
                    entry.entrant.backend.ntt(&mut values)?;
                    (values, start.elapsed())
                }
            };
            Ok((values, elapsed.into()))
        })?;
        Ok(rows(case, &series))
    }

    /// A proof with the same key, witness, r and s for all.
    ///
    /// # Errors
    /// If no batch has the size, or those of the provers.
    pub fn prove(&self, log_n: u32, batches: Batches) -> Result<Vec<Row>, CliError> {
        let circuit = batches.filling(log_n)?;
        let constraints = circuit.cost().constraints;
        let progress = Progress::start(format!("making a key for {constraints} constraints"));
        let relation = ProgramRelation(circuit.program());
        let key = setup::development(&relation, circuit.digest(), &KEY_SEED)?;
        progress.say("computing the witness");
        let columns = full_witness(&circuit)?.columns;
        progress.say("loading the key");
        let entries = self.entries(&[Data::Resident, Data::FromHost, Data::AllFromHost]);
        let provers = entries
            .iter()
            .map(|entry| AnyProver::new(entry, relation, &key, self.table_bytes, &columns));
        let provers = provers.collect::<Result<Vec<_>, _>>()?;
        drop(progress);

        let case = Case {
            op: Op::Prove,
            input: Input::Witness,
            log_n: Some(log_n),
            n: 1 << log_n,
        };
        let series = self.hold(case, &entries, |entry| provers[entry.index].prove(&columns))?;
        let rows = series.iter().map(|series| Row {
            proof: Some(ProofRow::new(&circuit, series)),
            ..Row::new(case, series)
        });
        Ok(rows.collect())
    }
}

fn rows(case: Case, series: &[Series<'_>]) -> Vec<Row> {
    let row = |series| Row::new(case, series);
    series.iter().map(row).collect()
}

/// The prover of an entry.
enum AnyProver<'a> {
    /// arkworks' own, for the yardstick.
    Ark(Box<ArkGroth16>),
    /// Ours, the key in the entrant's backend.
    Loaded(Box<Prover<'a, AnyBackend>>, ProgramRelation<'a>),
    /// Ours, the key, the columns, A·z and B·z on the device.
    Resident(Box<Prover<'a, Gpu>>, Box<ResidentAssignment<DeviceBuffer>>),
    /// Ours, which takes the key to the entrant's backend for each proof.
    Loading(Key<'a>, ProgramRelation<'a>),
}

/// A key and where it is to be taken.
#[derive(Clone, Copy)]
struct Key<'a> {
    key: &'a ProvingKey,
    backend: &'a AnyBackend,
    table_bytes: usize,
}

impl<'a> Key<'a> {
    fn load(self) -> Result<Prover<'a, AnyBackend>, CliError> {
        Ok(Prover::with_tables(
            self.key,
            self.backend,
            self.table_bytes,
        )?)
    }
}

impl<'a> AnyProver<'a> {
    fn new(
        entry: &Entry<'a>,
        relation: ProgramRelation<'a>,
        key: &'a ProvingKey,
        table_bytes: usize,
        columns: &[Fr],
    ) -> Result<Self, CliError> {
        if entry.entrant.is_ark() {
            return Ok(Self::Ark(Box::new(ArkGroth16::new(&relation, key)?)));
        }
        if entry.data == Some(Data::Resident)
            && let AnyBackend::Gpu(gpu) = &entry.entrant.backend
        {
            let prover = Prover::new(key, gpu)?;
            let assignment = prover.load_assignment(&relation, columns)?;
            return Ok(Self::Resident(Box::new(prover), Box::new(assignment)));
        }
        let key = Key {
            key,
            backend: &entry.entrant.backend,
            table_bytes,
        };
        Ok(match entry.data {
            Some(Data::AllFromHost) => Self::Loading(key, relation),
            _ => Self::Loaded(Box::new(key.load()?), relation),
        })
    }

    /// One proof.
    fn prove(&self, columns: &[Fr]) -> Result<(Proof<Bn254>, Sample), CliError> {
        let start = Instant::now();
        match self {
            Self::Ark(prover) => {
                let proof = prover.prove(columns, blinding())?;
                Ok((proof, start.elapsed().into()))
            }
            Self::Loaded(prover, relation) => prove(prover, *relation, columns, start),
            Self::Resident(prover, assignment) => {
                let [r, s] = blinding();
                let proof = prover.prove_resident(assignment, r, s)?;
                Ok((proof, start.elapsed().into()))
            }
            Self::Loading(key, relation) => prove(&key.load()?, *relation, columns, start),
        }
    }
}

/// One proof of ours, begun at `start`. What counts is all of it but the check that the constraints are
/// satisfied, which arkworks does not make.
fn prove(
    prover: &Prover<'_, AnyBackend>,
    relation: ProgramRelation<'_>,
    columns: &[Fr],
    start: Instant,
) -> Result<(Proof<Bn254>, Sample), CliError> {
    let [r, s] = blinding();
    let mut heard = Heard::default();
    let proof = prover.prove_with_blinding(&relation, columns, r, s, &mut heard)?;
    let total = start.elapsed();
    if let Some(error) = heard.fell_back {
        return Err(error.into());
    }
    let stages = heard.times.as_slice().to_vec();
    let satisfaction: Duration = stages
        .iter()
        .filter(|(stage, _)| *stage == Stage::Satisfaction)
        .map(|(_, elapsed)| *elapsed)
        .sum();
    let elapsed = total.saturating_sub(satisfaction);
    Ok((proof, Sample { elapsed, stages }))
}

/// The stages of a proof, and whether a device failed in it: the time is nobody's then.
#[derive(Default)]
struct Heard {
    times: StageTimes,
    fell_back: Option<BackendError>,
}

impl Observer for Heard {
    fn finished(&mut self, stage: Stage, elapsed: Duration) {
        self.times.finished(stage, elapsed);
    }

    fn fell_back(&mut self, error: &BackendError) {
        self.fell_back = Some(error.clone());
    }
}
