//! The bound on what a settlement takes, against the embedded EVM.

use crate::common::mirror::Data;
use crate::common::rollup::{BOB, Chain, Slots, accept_all};
use crate::common::setup;
use ark_bn254::{Bn254, Fr};
use ark_groth16::ProvingKey;
use zkroll_verifier_sol::evm::Receipt;
use zkroll_verifier_sol::fixed::creation_code;
use zkroll_verifier_sol::rollup::BatchesCall;
use zkroll_verifier_sol::rollup::gas::{Settlement, TRANSACTION_GAS_CAP};

fn settlement(contents: &[(Data, Option<[Fr; 5]>)]) -> Settlement {
    let sum = |of: fn(&Data) -> usize| contents.iter().map(|(data, _)| of(data)).sum();
    Settlement {
        batches: contents.len(),
        blob: false,
        l1_slots: sum(|data| data.l1.len()),
        fee_slots: sum(|data| data.fees.len()),
        withdrawals: sum(|data| data.withdrawals.len()),
        creations: sum(|data| data.creations.len()),
        data_bytes: sum(|data| data.encode().len()),
    }
}

fn settle(
    chain: &mut Chain,
    contents: &[(Data, Option<[Fr; 5]>)],
    pk: &ProvingKey<Bn254>,
) -> Receipt {
    let (batches, data) = chain.heads(contents, Some(pk), 3);
    let call = BatchesCall { batches, data };
    let receipt = chain.submit(call.calldata());
    assert!(receipt.success, "{}", receipt.failure());
    receipt
}

/// Never below what is taken, and not far above where the worst case is met.
#[test]
fn the_bound_holds_and_is_not_far_off() {
    let pk = setup(3, 1);
    let all: [(Slots, [usize; 4], usize); 10] = [
        ([1, 0, 0, 0, 1], [0, 0, 0, 0], 1),
        ([1, 0, 0, 0, 1], [0, 0, 0, 0], 3),
        ([1, 16, 0, 0, 1], [0, 0, 0, 0], 1),
        ([16, 0, 0, 0, 1], [16, 0, 0, 0], 1),
        ([4, 1, 4, 4, 4], [4, 4, 4, 2], 4),
        ([1, 0, 200, 0, 1], [0, 200, 0, 0], 1),
        ([1, 0, 0, 200, 1], [0, 0, 200, 0], 1),
        ([1, 0, 0, 0, 2048], [0, 0, 0, 1024], 1),
        ([1, 0, 0, 0, 8192], [0, 0, 0, 4096], 2),
        ([1, 0, 0, 0, 16384], [0, 0, 0, 8192], 1),
    ];
    for (slots, shown, batches) in all {
        let mut chain = Chain::new(creation_code(&pk.vk).unwrap(), accept_all(), slots);
        for i in 0..batches * shown[0] {
            // To owners of their own, so that each is paid for the first time.
            let mut owner = BOB;
            owner[..2].copy_from_slice(&(i as u16).to_be_bytes());
            let exit = zkroll_verifier_sol::rollup::Call::RequestExit {
                account: 1,
                token: 0,
            };
            chain.ok(owner, &exit, 0);
        }
        let contents: Vec<_> = (0..batches)
            .map(|i| {
                let [l, w, e, t] = shown;
                let mut data = chain.random_data([0, w, e, t], i as u64);
                for entry in &chain.queue[i * l..(i + 1) * l] {
                    data.entry(entry, 7);
                }
                (data, None)
            })
            .collect();
        let bound = settlement(&contents).gas_bound();
        let receipt = settle(&mut chain, &contents, &pk);
        let taken = receipt
            .gas_used
            .max(receipt.gas_intrinsic + receipt.gas_execution);
        println!("{slots:?} {shown:?} × {batches}: {taken} of {bound}");
        assert!(taken <= bound, "{slots:?} {shown:?}: {taken} of {bound}");
        assert!(
            bound * 10 <= taken * 13,
            "{slots:?} {shown:?}: {taken} of {bound}"
        );
    }
}

#[test]
fn what_no_transaction_can_ask_for_is_refused() {
    let one = Settlement {
        batches: 1,
        data_bytes: 8 + 31 * 8192,
        ..Settlement::default()
    };
    assert_eq!(one.check(), Ok(()));
    let many = Settlement {
        withdrawals: 800,
        ..one
    };
    let error = many.check().unwrap_err();
    assert_eq!(error.got, many.gas_bound());
    assert!(error.got > TRANSACTION_GAS_CAP);
    let text = error.to_string();
    assert!(text.contains("16777216 gas (EIP-7825)"), "{text}");
}
