//! One batch, proven on each backend that this machine has: the proofs are compared bit for bit, then the
//! times.
//!
//! ```sh
//! cargo run --release --example cpu_vs_gpu
//! cargo run --release --example cpu_vs_gpu -- --transfers 10 --svg proofs.svg
//! ```
//!
//! All backends get the same key, witness, r and s. Each makes a first proof, which is compared and not
//! timed; then they take turns. `ark` is our prover on arkworks' arithmetic (`zkroll bench` compares with
//! the prover of ark-groth16); the definitions of `naive` would take minutes. The time of a proof has the
//! check of the constraints and the finished proof's verification in it, not the witness nor the loading of
//! the key, which is told apart.
//!
//! The exit code is not 0 if a step fails or two proofs differ. A backend that is not available is named
//! with the reason, and left out.

#[path = "../common/mod.rs"]
mod common;

mod chart;
mod report;

use std::{
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::{Parser, value_parser};
use zkroll::{
    ProgramRelation,
    circuits::{
        batch::{BatchCircuit, MAX_TRANSFERS},
        protocol::{public_data::BatchShape, tree::MAX_DEPTH},
    },
    prover::{
        AnyBackend, Fr, Prover, StageTimes,
        backend::{self, Availability, BackendName},
        setup,
    },
};

use common::{Result, wallet::WalletFile};
use report::{Measured, Missing, Report, StageTime, milliseconds};

/// Seed of the development key. Whoever reads it can prove anything with that key.
const SETUP_SEED: &[u8; 32] = b"zkroll example, not for real use";

/// r and s. A proof hides its witness only if they are random and used once; these are used by all.
const BLINDING: [u64; 2] = [0x5eed, 0xb11d];

/// Proves one batch on each backend and compares the proofs and the times.
#[derive(Parser)]
struct Arguments {
    /// Transfers in the batch.
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u32).range(1..=i64::from(MAX_TRANSFERS)))]
    transfers: u32,
    /// Depth of the 8-ary state tree.
    #[arg(long, default_value_t = 11, value_parser = value_parser!(u32).range(1..=MAX_DEPTH as i64))]
    depth: u32,
    /// Timed proofs of each backend.
    #[arg(long, default_value_t = 3, value_parser = value_parser!(u32).range(1..))]
    runs: u32,
    /// Print one JSON document.
    #[arg(long)]
    json: bool,
    /// Draw the times, divided by stage.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = run(&arguments).and_then(|report| {
        if let Some(path) = &arguments.svg {
            std::fs::write(path, chart::draw(&report))
                .map_err(|error| format!("{}: {error}", path.display()))?;
        }
        if arguments.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("{report}");
        }
        Ok(())
    });
    common::exit(outcome)
}

/// A backend that takes part.
struct Entrant {
    name: BackendName,
    device: String,
    backend: AnyBackend,
}

/// The timed proofs of one backend: the whole and the stages.
type Samples = Vec<(Duration, StageTimes)>;

fn run(arguments: &Arguments) -> Result<Report> {
    let (entrants, missing) = backends()?;
    for Missing { backend, reason } in &missing {
        eprintln!("{backend}: not available, because {reason}");
    }

    eprintln!("making a development key (UNSAFE: its secrets are known) and a witness");
    let batch = WalletFile::parse(include_str!("../wallet/transfers.json"))?
        .batch(arguments.depth as usize, arguments.transfers as usize)?;
    let shape = BatchShape::transfers_only(
        arguments.depth,
        arguments.transfers,
        u32::try_from(batch.fee_slots.len())?,
    );
    let circuit = BatchCircuit::new(shape)?;
    let trace = batch.genesis.clone().apply_batch(
        &shape,
        batch.timestamp,
        &[],
        &batch.fee_slots,
        &batch.transfers,
    )?;
    let columns = circuit.assign(&trace)?.columns;
    let relation = ProgramRelation(circuit.program());
    let key = setup::development(&relation, circuit.digest(), SETUP_SEED)?;

    let mut provers = Vec::new();
    for entrant in &entrants {
        let start = Instant::now();
        let prover = Prover::new(&key, &entrant.backend)?;
        provers.push((entrant, prover, start.elapsed()));
    }

    let prove = |prover: &Prover<'_, AnyBackend>| {
        let [r, s] = BLINDING.map(Fr::from);
        let mut times = StageTimes::default();
        let start = Instant::now();
        let proof = prover.prove_with_blinding(&relation, &columns, r, s, &mut times)?;
        Ok::<_, zkroll::prover::ProveError>((proof, (start.elapsed(), times)))
    };

    let mut reference = None;
    for (entrant, prover, _) in &provers {
        eprintln!("{}: a proof to compare", entrant.name);
        let (proof, _) = prove(prover)?;
        match &reference {
            None => reference = Some((proof, entrant.name)),
            Some((expected, _)) if *expected == proof => {}
            Some((_, other)) => {
                let name = entrant.name;
                return Err(format!(
                    "expected {name} to make the proof of {other}, bit for bit, got another"
                )
                .into());
            }
        }
    }

    let mut samples: Vec<Samples> = vec![Vec::new(); provers.len()];
    for round in 1..=arguments.runs {
        eprintln!("round {round} of {}", arguments.runs);
        for ((_, prover, _), samples) in provers.iter().zip(&mut samples) {
            samples.push(prove(prover)?.1);
        }
    }

    let cost = circuit.cost();
    let measured = provers.iter().zip(&samples);
    let measured = measured
        .map(|((entrant, _, loading), samples)| measured_of(entrant, *loading, samples))
        .collect();
    Ok(Report {
        transfers: shape.transfers,
        depth: shape.depth,
        constraints: cost.constraints,
        domain_log2: cost.domain_log2,
        runs: arguments.runs,
        identical: true,
        backends: Report::compared(measured),
        missing,
    })
}

/// The backends that can be opened, and why the others cannot. The reference is not asked.
fn backends() -> Result<(Vec<Entrant>, Vec<Missing>)> {
    let (mut entrants, mut missing) = (Vec::new(), Vec::new());
    for Availability {
        name,
        unavailable,
        detail,
    } in backend::list()
    {
        match unavailable {
            _ if name == BackendName::Naive => {}
            Some(reason) => missing.push(Missing {
                backend: name.as_str(),
                reason,
            }),
            None => entrants.push(Entrant {
                name,
                device: detail.unwrap_or_else(processor),
                backend: name.open()?,
            }),
        }
    }
    Ok((entrants, missing))
}

/// What computes where there is no device.
fn processor() -> String {
    match rayon::current_num_threads() {
        1 => "1 thread".to_owned(),
        threads => format!("{threads} threads"),
    }
}

/// The fastest proof of a backend.
fn measured_of(entrant: &Entrant, loading: Duration, samples: &Samples) -> Measured {
    let fastest = samples.iter().min_by_key(|(elapsed, _)| *elapsed);
    let (elapsed, stages) = fastest.expect("clap demands a run");
    let stages = stages.as_slice().iter();
    Measured {
        backend: entrant.name.as_str(),
        device: entrant.device.clone(),
        key_ms: milliseconds(loading),
        prove_ms: milliseconds(*elapsed),
        ratio_to_ark: None,
        stages: stages
            .map(|(stage, elapsed)| StageTime {
                stage: stage.as_str(),
                ms: milliseconds(*elapsed),
            })
            .collect(),
    }
}
