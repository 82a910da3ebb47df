//! The four operations.

use std::time::Instant;

use zkroll::circuits::batch::BatchCircuit;
use zkroll::prover::{
    AnyBackend, Backend, G1Projective, G2Projective, Prover, Stage, StageTimes, setup,
};
use zkroll::{BatchError, BatchRelation};

use super::inputs::{KEY_SEED, blinding, filling_circuit, full_batch, points, scalars};
use super::measure::{Lane, Limit, Sample, min_and_median, round_robin};
use super::{Op, ProofRow, Row, StageRow};
use crate::error::CliError;
use crate::progress::Progress;

/// What one operation is measured with.
pub struct Bench<'a> {
    pub backends: &'a [AnyBackend],
    pub lanes: &'a [Lane<'a>],
    pub limit: Limit,
    pub log_n: u32,
}

impl Bench<'_> {
    const fn n(&self) -> usize {
        1 << self.log_n
    }

    /// Multi-scalar multiplication in G1.
    ///
    /// # Errors
    /// Those of the backends.
    pub fn msm_g1(&self) -> Result<Vec<Row>, CliError> {
        let (points, scalars) = (points::<G1Projective>(self.n()), scalars(self.n()));
        let bases = self.backends.iter().map(|backend| backend.load_g1(&points));
        let bases = bases.collect::<Result<Vec<_>, _>>()?;
        self.measure(Op::MsmG1, |lane| {
            let start = Instant::now();
            let sum = lane.backend.msm_g1(&bases[lane.index], &scalars)?;
            Ok((sum, start.elapsed().into()))
        })
    }

    /// Multi-scalar multiplication in G2.
    ///
    /// # Errors
    /// Those of the backends.
    pub fn msm_g2(&self) -> Result<Vec<Row>, CliError> {
        let (points, scalars) = (points::<G2Projective>(self.n()), scalars(self.n()));
        let bases = self.backends.iter().map(|backend| backend.load_g2(&points));
        let bases = bases.collect::<Result<Vec<_>, _>>()?;
        self.measure(Op::MsmG2, |lane| {
            let start = Instant::now();
            let sum = lane.backend.msm_g2(&bases[lane.index], &scalars)?;
            Ok((sum, start.elapsed().into()))
        })
    }

    /// The forward transform.
    ///
    /// # Errors
    /// Those of the backends.
    pub fn ntt(&self) -> Result<Vec<Row>, CliError> {
        let input = scalars(self.n());
        self.measure(Op::Ntt, |lane| {
            let mut values = input.clone();
            let start = Instant::now();
            lane.backend.ntt(&mut values)?;
            Ok((values, start.elapsed().into()))
        })
    }

    /// A proof with the same key, witness, r and s for all.
    ///
    /// # Errors
    /// If no batch has the size, or those of the prover.
    pub fn prove(&self, depth: u32, fee_slots: u32) -> Result<Vec<Row>, CliError> {
        let circuit = filling_circuit(self.log_n, depth, fee_slots)?;
        let constraints = circuit.cost().constraints;
        let progress = Progress::start(format!("making a key for {constraints} constraints"));
        let relation = BatchRelation(&circuit);
        let key = setup::development(&relation, circuit.digest(), &KEY_SEED)?;
        progress.say("computing the witness");
        let witness = circuit
            .assign(&full_batch(circuit.shape())?)
            .map_err(BatchError::from)?;
        let provers = self
            .backends
            .iter()
            .map(|backend| Prover::new(&key, backend));
        let provers = provers.collect::<Result<Vec<_>, _>>()?;
        drop(progress);

        let [r, s] = blinding();
        let samples = round_robin((Op::Prove, self.log_n), self.lanes, self.limit, |lane| {
            let mut times = StageTimes::default();
            let start = Instant::now();
            let prover = &provers[lane.index];
            let proof =
                prover.prove_with_blinding(&relation, &witness.columns, r, s, &mut times)?;
            let total = start.elapsed();
            let stages = times.as_slice().to_vec();
            let satisfaction = stages
                .iter()
                .filter(|(stage, _)| *stage == Stage::Satisfaction)
                .map(|(_, elapsed)| *elapsed)
                .sum();
            let elapsed = total.saturating_sub(satisfaction);
            Ok((proof, Sample { elapsed, stages }))
        })?;
        let rows = self.lanes.iter().zip(samples).map(|(lane, samples)| {
            let proof = proof_row(&circuit, &samples);
            self.row(Op::Prove, lane, &samples, Some(proof))
        });
        Ok(rows.collect())
    }

    fn measure<T: PartialEq + Send>(
        &self,
        op: Op,
        run: impl Fn(&Lane<'_>) -> Result<(T, Sample), CliError> + Sync,
    ) -> Result<Vec<Row>, CliError> {
        let samples = round_robin((op, self.log_n), self.lanes, self.limit, run)?;
        let rows = self.lanes.iter().zip(samples);
        Ok(rows
            .map(|(lane, samples)| self.row(op, lane, &samples, None))
            .collect())
    }

    fn row(&self, op: Op, lane: &Lane<'_>, samples: &[Sample], proof: Option<ProofRow>) -> Row {
        let (min_ms, median_ms) = min_and_median(samples.iter().map(|sample| sample.elapsed));
        Row {
            op,
            log_n: self.log_n,
            backend: lane.backend.name(),
            threads: lane.threads,
            runs: samples.len(),
            min_ms,
            median_ms,
            proof,
        }
    }
}

/// The stages of some proofs.
fn proof_row(circuit: &BatchCircuit, samples: &[Sample]) -> ProofRow {
    let of_stage = |wanted: Stage| {
        let stages = samples.iter().flat_map(|sample| &sample.stages);
        let times = stages.filter(move |(stage, _)| *stage == wanted);
        min_and_median(times.map(|(_, elapsed)| *elapsed))
    };
    let stages = Stage::ALL
        .into_iter()
        .filter(|stage| *stage != Stage::Satisfaction);
    ProofRow {
        transfers: circuit.shape().transfers,
        constraints: circuit.cost().constraints,
        satisfaction_ms: of_stage(Stage::Satisfaction).1,
        stages: stages
            .map(|stage| {
                let (min_ms, median_ms) = of_stage(stage);
                StageRow {
                    stage: stage.as_str(),
                    min_ms,
                    median_ms,
                }
            })
            .collect(),
    }
}
