//! The comparison that `examples/l1_vs_l2` prints: what it measures, and what it says of that.

#[path = "../examples/l1_vs_l2/chart.rs"]
mod chart;
#[path = "../examples/common/mod.rs"]
mod common;
#[path = "../examples/l1_vs_l2/measure/mod.rs"]
mod measure;
#[path = "../examples/l1_vs_l2/report.rs"]
mod report;

use common::chain::Chain;
use measure::{
    BLOB_GAS,
    payments::{DEPTH, TIME, payments, sign},
    rollup::StandIn,
};
use rand::rngs::OsRng;
use report::{Report, proving_seconds};
use serde_json::Value;
use zkroll::{
    BatchProver, ProvenBatch,
    circuits::{batch::BatchCircuit, protocol::public_data::BatchShape},
    prover::backend,
};

/// With few payments: everything but the size is as the example has it.
#[test]
fn each_way_is_measured() {
    let report = Report::measure(7, &[2, 40], 10.0).unwrap();
    let row = |key: &str| report.row(key).unwrap();
    let gas = |key: &str| row(key).cost.gas_transaction;

    assert_eq!(gas("l1_eth"), 7 * 21_000);
    for key in ["l1_erc20_holders", "l1_erc20_strangers"] {
        assert_eq!(row(key).cost.transactions, 7);
    }
    // A new slot of storage for each.
    assert!(gas("l1_erc20_strangers") >= gas("l1_erc20_holders") + 7 * 17_000);
    // Pinned in verifier-sol/tests/contracts/channel.rs: the transactions here differ by bytes of calldata.
    assert!((125_000..135_000).contains(&gas("channel_together")));
    assert!((225_000..240_000).contains(&gas("channel_disputed")));

    // Four words, and a signature each or one for all.
    assert_eq!(row("optimistic_blob").cost.blob_bytes, 4 * 31 + 7 * 64);
    assert_eq!(
        row("optimistic_blob_aggregated").cost.blob_bytes,
        4 * 31 + 96
    );
    assert_eq!(row("zkroll_blob").cost.blob_bytes, 4 * 31);
    for row in &report.rows {
        let blobs = u64::from(row.key.contains("blob"));
        assert_eq!(row.cost.blobs, blobs, "{}", row.key);
        assert_eq!(row.cost.blob_gas, BLOB_GAS * blobs, "{}", row.key);
        let cost = &row.cost;
        let charged_below = cost.gas_transaction <= cost.gas_execution + cost.gas_intrinsic;
        assert_eq!(charged_below, !cost.calldata_floor, "{}", row.key);
    }
    // Few payments: the proof is most of it.
    assert!((250_000..265_000).contains(&gas("zkroll_calldata")));
    assert!((310_000..330_000).contains(&gas("zkroll_blob")));

    // Seven payments, which came last, are in their place among the sizes.
    let sizes: Vec<_> = report
        .amortisation
        .iter()
        .map(|point| point.payments)
        .collect();
    assert_eq!(sizes, [2, 7, 40]);
    assert_amortised(&report);
    // So few are cheaper in calldata, whatever a blob costs.
    let zkroll = report.break_even.last().unwrap();
    assert!(zkroll.blob_gas_price_ratio < 0.0);
    assert!(report.to_string().contains("the blob is never cheaper"));
}

#[test]
fn a_thousand_payments_are_cheaper_on_layer_2() {
    let report = Report::measure(1000, &[100], proving_seconds(1000)).unwrap();
    let each = |key: &str| report.row(key).unwrap().gas_per_payment;
    assert_eq!(each("l1_eth"), 21_000.0);
    assert_eq!(proving_seconds(1000), 32.0 * 1.97);
    for key in ["zkroll_calldata", "zkroll_blob"] {
        assert!(40.0 * each(key) < each("l1_erc20_holders"), "{key}");
        assert!(30.0 * each(key) < each("l1_eth"), "{key}");
    }
    assert!(each("zkroll_calldata") < 660.0);
    assert!(each("zkroll_blob") < 325.0);
    // The calldata are so many that their floor is what is charged.
    assert!(report.row("zkroll_calldata").unwrap().cost.calldata_floor);
    assert_amortised(&report);
    // No more than the README says, nor much less.
    let ratio = report.break_even.last().unwrap().blob_gas_price_ratio;
    assert!((2.4..2.7).contains(&ratio), "{ratio}");
    let channels = report.channels;
    assert_eq!(channels.dearer_than_calldata_from, 6);
    assert_eq!(channels.dearer_than_blob_from, 3);
    assert!(channels.gas_each * 6 > report.row("zkroll_calldata").unwrap().cost.gas_transaction);

    let text = serde_json::to_string_pretty(&report).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["payments"], 1000);
    assert_eq!(json["evm_fork"], "Osaka");
    assert_eq!(json["rows"].as_array().unwrap().len(), report.rows.len());
    assert_eq!(json["rows"][0]["gas_transaction"], 21_000_000);
    let last = json["rows"].as_array().unwrap().last().unwrap();
    assert_eq!(last["key"], "zkroll_blob");
    assert_eq!(last["basis"], "measured_stand_in");

    let (table, drawing) = (report.to_string(), chart::draw(&report));
    for row in &report.rows {
        assert!(table.contains(row.name), "{}", row.name);
        assert!(drawing.contains(row.name), "{}", row.name);
    }
    assert!(table.contains("stand-in circuit") && drawing.contains("stand-in circuit"));
    assert!(drawing.starts_with("<svg ") && drawing.ends_with("</svg>\n"));
    assert!(!drawing.contains("NaN") && !drawing.contains("inf"));
}

/// What the figures of this rollup rest on.
#[test]
fn the_batchs_own_proof_takes_the_gas_of_the_stand_ins() {
    let layer2 = sign(&payments(2).unwrap()).unwrap();
    let shape = BatchShape {
        l1_slots: 1,
        ..BatchShape::transfers_only(DEPTH, 2, 1)
    };
    let mut ledger = layer2.genesis.clone();
    let trace = ledger
        .apply_batch(&shape, TIME, &[], &layer2.fee_slots, &layer2.transfers)
        .unwrap();
    let gas = |batch: &ProvenBatch, vk| {
        let mut chain = Chain::deploy(vk, &layer2.genesis, &shape, TIME).unwrap();
        let receipt = chain.settle(batch).unwrap();
        assert!(receipt.success, "{}", receipt.failure());
        assert_eq!(chain.state_root().unwrap(), ledger.root());
        receipt.gas_execution
    };

    let circuit = BatchCircuit::new(shape).unwrap();
    let prover = BatchProver::development(circuit, &[7; 32]).unwrap();
    let backend = backend::detect().unwrap();
    let real = prover.prove(&trace, &backend, &mut OsRng).unwrap();
    let stand_in = StandIn::new().unwrap();
    let other = stand_in
        .proven(&trace, &trace.public_data().unwrap())
        .unwrap();
    assert_eq!(real.proof.public_inputs, other.proof.public_inputs);
    assert_eq!(real.data, other.data);
    assert_ne!(real.proof, other.proof);
    assert_eq!(
        gas(&real, &prover.key().vk),
        gas(&other, stand_in.verifying_key())
    );
}

/// The more payments a batch has, the less each takes.
fn assert_amortised(report: &Report) {
    for pair in report.amortisation.windows(2) {
        let [few, many] = pair else { unreachable!() };
        assert!(few.payments < many.payments);
        assert!(few.calldata_gas > many.calldata_gas);
        assert!(few.blob_form_gas > many.blob_form_gas);
        assert!(few.blob_gas > many.blob_gas);
    }
}
