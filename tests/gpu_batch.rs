//! A whole batch proved on the GPU in each layout, and on GPU and CPU side by side: bit for bit the proof of
//! the CPU. Without an adapter the tests are reported as ignored, unless `ZKROLL_REQUIRE` has `gpu`.

mod common;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use zkroll::{
    ProgramRelation,
    circuits::protocol::public_data::BatchShape,
    prover::{
        AnyBackend, Backend, Bn254, Fr, Proof, Prover, ProvingKey,
        backend::{
            BackendName, Cpu, SideBySide,
            gpu::{Device, Gpu, GpuError, GpuOptions},
        },
    },
};
use zkroll_shaders::Layout;

const SHAPE: BatchShape = BatchShape::transfers_only(1, 1, 0);

fn main() -> ExitCode {
    let mut trials: Vec<_> = Layout::ALL
        .into_iter()
        .map(|layout| {
            let options = move || {
                Ok(GpuOptions {
                    layout: Some(layout),
                    ..GpuOptions::from_environment()?
                })
            };
            trial(format!("gpu::{layout}::batch"), options, |gpu| gpu)
        })
        .collect();
    trials.push(trial(
        "gpu::side_by_side::batch".to_owned(),
        GpuOptions::from_environment,
        |gpu| SideBySide::new(cpu(), move || Ok(gpu.clone())).with_gpu_preferred(),
    ));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial<B: Backend + 'static>(
    name: String,
    options: impl FnOnce() -> Result<GpuOptions, GpuError> + Send + 'static,
    backend: impl FnOnce(Gpu) -> B + Send + 'static,
) -> Trial {
    Trial::ignorable_test(name, move || {
        match options().and_then(|options| Device::open(&options)) {
            Ok(device) => {
                same_proof(&backend(Gpu::new(device)));
                Ok(Completion::Completed)
            }
            Err(error) if required() => Err(Failed::from(error)),
            Err(error) => Ok(Completion::ignored_with(format!("because {error}"))),
        }
    })
}

fn required() -> bool {
    std::env::var("ZKROLL_REQUIRE")
        .is_ok_and(|list| list.split(',').any(|required| required.trim() == "gpu"))
}

fn cpu() -> Cpu {
    match BackendName::Cpu.open() {
        Ok(AnyBackend::Cpu(cpu)) => cpu,
        other => panic!("expected the portable engine everywhere, got {other:?}"),
    }
}

fn same_proof(backend: &impl Backend) {
    let prover = common::prover(SHAPE);
    let columns = common::witness(prover.circuit()).columns;
    let expected = prove(prover.key(), &prover, &columns, &cpu());
    assert!(prove(prover.key(), &prover, &columns, backend) == expected);
}

fn prove(
    key: &ProvingKey,
    prover: &zkroll::BatchProver,
    columns: &[Fr],
    backend: &impl Backend,
) -> Proof<Bn254> {
    let [r, s] = [17u64, 19].map(Fr::from);
    Prover::new(key, backend)
        .unwrap()
        .prove_with_blinding(
            &ProgramRelation(prover.circuit().program()),
            columns,
            r,
            s,
            &mut (),
        )
        .unwrap()
}
