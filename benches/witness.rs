//! From a recorded batch to the values of all columns, by the transfer: a tree of 11 levels, every
//! slot in use.

mod support;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use support::full_batch;
use zkroll::circuits::batch::BatchCircuit;
use zkroll::circuits::protocol::public_data::BatchShape;

const TRANSFERS: [u32; 2] = [1, 8];

fn witness(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("witness");
    group.sample_size(10);
    for transfers in TRANSFERS {
        let shape = BatchShape::transfers_only(11, transfers, 0);
        let circuit = BatchCircuit::new(shape).expect("a shape with a circuit");
        let trace = full_batch(&shape);
        group.throughput(Throughput::Elements(transfers.into()));
        group.bench_function(BenchmarkId::new("transfers", transfers), |bench| {
            bench.iter(|| circuit.assign(&trace).expect("a witness"));
        });
    }
    group.finish();
}

criterion_group!(benches, witness);
criterion_main!(benches);
