//! What a proof takes in memory when the key stays in its file.

use crate::common::{
    TIMESTAMP, arg, fee_slot, folder, json, ledger_of_depth, payment, write_json, zkroll_with,
};
use zkroll::circuits::protocol::public_data::BatchShape;

/// The largest batch that fits 2^18 rows; its key is 95 MiB.
const SHAPE: BatchShape = BatchShape {
    l1_slots: 1,
    ..BatchShape::transfers_only(11, 10, 2)
};

/// For one thread: rapidsnark takes 186 MiB for a circuit of this size.
const PEAK_MIB: f64 = 190.0;

#[test]
#[ignore = "heavy: makes a key of 2^18 rows"]
fn heavy_a_streamed_proof_of_2_18_rows_fits_into_190_mib() {
    let folder = folder("peak");
    let key = folder.join("batch.key");
    json(&["setup", "dev", "--out", arg(&key), "--transfers", "10"]);
    let transfers: Vec<_> = (0..10).map(payment).collect();
    let trace = ledger_of_depth(11)
        .apply_batch(&SHAPE, TIMESTAMP, &[], &[fee_slot()], &transfers)
        .unwrap();
    let batch = write_json(folder.join("batch.json"), &trace);
    let out = folder.join("proven.json");
    let output = zkroll_with(
        &[("RAYON_NUM_THREADS", "1")],
        &[
            "prove",
            "--key",
            arg(&key),
            "--batch",
            arg(&batch),
            "--out",
            arg(&out),
            "--stream",
            "--json",
        ],
    );
    assert!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let peak = report["peak_memory_mib"].as_f64().unwrap();
    println!("{peak:.0} MiB: {report}");
    assert!(peak <= PEAK_MIB, "{peak} MiB");
}
