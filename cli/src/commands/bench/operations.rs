//! The four operations.

use std::time::{Duration, Instant};

use zkroll::BatchRelation;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::prover::{
    AnyBackend, Backend, Bn254, Fr, G1Projective, G2Projective, Proof, Prover, ProvingKey, Stage,
    StageTimes, setup,
};

use super::ark_groth16::ArkGroth16;
use super::batch::{filling_circuit, full_witness};
use super::case::{Case, Input, Op};
use super::inputs::{KEY_SEED, blinding, points, random_scalars, scalars};
use super::measure::{Contest, Entrant, Sample, Series};
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

impl Contest<'_> {
    /// Multi-scalar multiplication in G1.
    ///
    /// # Errors
    /// Those of the backends, or if no batch has the witness.
    pub fn msm_g1(&self, input: Input, size: Size, batches: Batches) -> Result<Vec<Row>, CliError> {
        let scalars = batches.scalars(input, size)?;
        let points = points::<G1Projective>(input, scalars.len());
        let bases = self.load(|backend| backend.load_g1_with_table(&points, self.table_bytes))?;
        let case = Case {
            op: Op::MsmG1,
            input,
            log_n: size.log_n(),
            n: scalars.len(),
        };
        let series = self.hold(case, |entrant| {
            let start = Instant::now();
            let sum = entrant.backend.msm_g1(&bases[entrant.index], &scalars)?;
            Ok((sum, start.elapsed().into()))
        })?;
        Ok(rows(case, &series))
    }

    /// Multi-scalar multiplication in G2.
    ///
    /// # Errors
    /// Those of the backends, or if no batch has the witness.
    pub fn msm_g2(&self, input: Input, size: Size, batches: Batches) -> Result<Vec<Row>, CliError> {
        let scalars = batches.scalars(input, size)?;
        let points = points::<G2Projective>(input, scalars.len());
        let bases = self.load(|backend| backend.load_g2_with_table(&points, self.table_bytes))?;
        let case = Case {
            op: Op::MsmG2,
            input,
            log_n: size.log_n(),
            n: scalars.len(),
        };
        let series = self.hold(case, |entrant| {
            let start = Instant::now();
            let sum = entrant.backend.msm_g2(&bases[entrant.index], &scalars)?;
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
        let series = self.hold(case, |entrant| {
            let mut values = input.clone();
            let start = Instant::now();
            entrant.backend.ntt(&mut values)?;
            Ok((values, start.elapsed().into()))
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
        let relation = BatchRelation(&circuit);
        let key = setup::development(&relation, circuit.digest(), &KEY_SEED)?;
        progress.say("computing the witness");
        let columns = full_witness(&circuit)?.columns;
        progress.say("loading the key");
        let provers = self
            .entrants
            .iter()
            .map(|entrant| AnyProver::new(entrant, relation, &key, self.table_bytes));
        let provers = provers.collect::<Result<Vec<_>, _>>()?;
        drop(progress);

        let case = Case {
            op: Op::Prove,
            input: Input::Witness,
            log_n: Some(log_n),
            n: 1 << log_n,
        };
        let series = self.hold(case, |entrant| provers[entrant.index].prove(&columns))?;
        let rows = series.iter().map(|series| Row {
            proof: Some(ProofRow::new(&circuit, series)),
            ..Row::new(case, series)
        });
        Ok(rows.collect())
    }

    /// Bases in each backend.
    fn load<'b, T, E>(
        &'b self,
        load: impl Fn(&'b AnyBackend) -> Result<T, E>,
    ) -> Result<Vec<T>, E> {
        let entrants = self.entrants.iter();
        entrants.map(|entrant| load(&entrant.backend)).collect()
    }
}

fn rows(case: Case, series: &[Series<'_>]) -> Vec<Row> {
    let row = |series| Row::new(case, series);
    series.iter().map(row).collect()
}

/// The prover of an entrant.
enum AnyProver<'a> {
    /// arkworks' own, for the yardstick.
    Ark(Box<ArkGroth16>),
    /// Ours on the entrant's backend.
    Ours(Box<Prover<'a, AnyBackend>>, BatchRelation<'a>),
}

impl<'a> AnyProver<'a> {
    fn new(
        entrant: &'a Entrant,
        relation: BatchRelation<'a>,
        key: &'a ProvingKey,
        table_bytes: usize,
    ) -> Result<Self, CliError> {
        if entrant.is_ark() {
            return Ok(Self::Ark(Box::new(ArkGroth16::new(&relation, key))));
        }
        let prover = Prover::with_tables(key, &entrant.backend, table_bytes)?;
        Ok(Self::Ours(Box::new(prover), relation))
    }

    /// One proof. What counts is all of it but our check that the constraints are satisfied, which
    /// arkworks does not make.
    fn prove(&self, columns: &[Fr]) -> Result<(Proof<Bn254>, Sample), CliError> {
        let [r, s] = blinding();
        match self {
            Self::Ark(prover) => {
                let start = Instant::now();
                let proof = prover.prove(columns, [r, s])?;
                Ok((proof, start.elapsed().into()))
            }
            Self::Ours(prover, relation) => {
                let mut times = StageTimes::default();
                let start = Instant::now();
                let proof = prover.prove_with_blinding(relation, columns, r, s, &mut times)?;
                let total = start.elapsed();
                let stages = times.as_slice().to_vec();
                let satisfaction: Duration = stages
                    .iter()
                    .filter(|(stage, _)| *stage == Stage::Satisfaction)
                    .map(|(_, elapsed)| *elapsed)
                    .sum();
                let elapsed = total.saturating_sub(satisfaction);
                Ok((proof, Sample { elapsed, stages }))
            }
        }
    }
}
