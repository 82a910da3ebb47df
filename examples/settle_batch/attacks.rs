//! What the chain must refuse: a settled batch with one thing changed.
//!
//! Every attack before the settlement runs in the very state in which the honest call succeeds, and
//! its effects are forgotten, so that the change alone can be the reason for the refusal. Each names
//! the error that it must end in: an attack that fails for another reason has shown nothing.

use serde::Serialize;
use zkroll::{
    ProvenBatch,
    circuits::protocol::{account::AccountIndex, public_data::PublicData},
    prover::Fr,
    verifier_sol::{
        abi::Address,
        evm::Receipt,
        rollup::{BatchCall, MAX_BATCH_AGE},
    },
};

use crate::common::{
    Result,
    chain::{Chain, OPERATOR},
};

/// Position of arguments in the calldata, behind the selector.
const POST_STATE_ROOT: usize = 4 + 32;
const COMMITMENT: usize = 4 + 2 * 32;
const PROOF: usize = 4 + 3 * 32;

/// r, the order of the scalar field.
const SCALAR_MODULUS: &str = "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001";
/// q, the order of the coordinates' field.
const COORDINATE_MODULUS: &str = "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47";

/// An attack and how it ended.
#[derive(Clone, Debug, Serialize)]
pub struct Rejected {
    /// What was changed.
    pub attack: &'static str,
    /// The contract's error.
    pub refused_with: String,
}

/// A call that must be refused.
struct Attack {
    name: &'static str,
    /// The error that it must end in.
    expected: &'static str,
    calldata: Vec<u8>,
    block_time: u64,
    target: Address,
}

/// Runs the attacks on a rollup that has not yet settled `batch`.
///
/// # Errors
/// If the honest batch would not be accepted now, or an attack is accepted or refused for another
/// reason than its own.
pub fn before_settlement(chain: &mut Chain, batch: &ProvenBatch) -> Result<Vec<Rejected>> {
    let honest = batch.call()?;
    let receipt = chain.evm.call(OPERATOR, chain.rollup, honest.calldata())?;
    if !receipt.success {
        return Err(format!(
            "expected the honest batch to be accepted, got {}",
            receipt.failure()
        )
        .into());
    }
    // The same verifier and the same state at another address.
    let elsewhere = chain
        .evm
        .deploy(OPERATOR, chain.config.creation_code())?
        .address;
    let (now, rollup) = (chain.evm.config().block_time, chain.rollup);
    let attack = |name, expected, calldata| Attack {
        name,
        expected,
        calldata,
        block_time: now,
        target: rollup,
    };
    let changed = |change: &dyn Fn(&mut BatchCall)| {
        let mut call = honest.clone();
        change(&mut call);
        call.calldata()
    };
    let tampered = changed_transfer(batch)?;
    let [other_commitment, ..] = tampered.public_inputs();
    let mut attacks = vec![
        attack(
            "point A of the proof negated",
            "ProofInvalid",
            changed(&|call| call.proof.a = -call.proof.a),
        ),
        attack(
            "points A and C of the proof swapped",
            "ProofInvalid",
            changed(&|call| std::mem::swap(&mut call.proof.a, &mut call.proof.c)),
        ),
        attack(
            "a coordinate of the proof + q",
            "CoordinateNotInField",
            plus(honest.calldata(), PROOF, COORDINATE_MODULUS)?,
        ),
        attack(
            "a transfer sent to another account",
            "ProofInvalid",
            changed(&|call| call.data = tampered.encode()),
        ),
        attack(
            "a transfer sent to another account, with that batch's commitment",
            "ProofInvalid",
            changed(&|call| {
                call.data = tampered.encode();
                call.commitment = other_commitment;
            }),
        ),
        attack(
            "another batch's commitment",
            "ProofInvalid",
            changed(&|call| call.commitment = other_commitment),
        ),
        attack(
            "commitment + r",
            "CommitmentNotInField",
            plus(honest.calldata(), COMMITMENT, SCALAR_MODULUS)?,
        ),
        attack(
            "post-state root + 1",
            "ProofInvalid",
            changed(&|call| call.post_state_root += Fr::from(1u64)),
        ),
        attack(
            "post-state root + r",
            "StateRootNotInField",
            plus(honest.calldata(), POST_STATE_ROOT, SCALAR_MODULUS)?,
        ),
        attack(
            "data without the last byte",
            "DataLengthInvalid",
            changed(&|call| call.data.truncate(call.data.len() - 1)),
        ),
        attack(
            "calldata with a word appended",
            "CalldataLengthInvalid",
            [honest.calldata(), vec![0; 32]].concat(),
        ),
        attack(
            "timestamp a second earlier",
            "ProofInvalid",
            changed(&|call| call.timestamp -= 1),
        ),
        attack(
            "timestamp in the future",
            "TimestampInFuture",
            changed(&|call| call.timestamp = now + 1),
        ),
    ];
    let mut late = attack(
        "the honest batch, too late",
        "TimestampTooOld",
        honest.calldata(),
    );
    late.block_time = honest.timestamp + MAX_BATCH_AGE + 1;
    let mut foreign = attack(
        "the honest batch, to another contract",
        "ProofInvalid",
        honest.calldata(),
    );
    foreign.target = elsewhere;
    attacks.extend([late, foreign]);

    let rejected = attacks.iter().map(|attack| attack.run(chain));
    rejected.collect()
}

/// Runs the attacks on a rollup whose last batch is `batch`.
///
/// # Errors
/// If an attack is accepted or refused for another reason than its own.
pub fn after_settlement(chain: &mut Chain, batch: &ProvenBatch) -> Result<Vec<Rejected>> {
    let mut backdated = batch.call()?;
    backdated.timestamp -= 1;
    let (block_time, target) = (chain.evm.config().block_time, chain.rollup);
    [
        (
            "the settled batch once more",
            "ProofInvalid",
            batch.call()?.calldata(),
        ),
        (
            "a batch dated before the last one",
            "TimestampBeforePrevious",
            backdated.calldata(),
        ),
    ]
    .map(|(name, expected, calldata)| {
        let attack = Attack {
            name,
            expected,
            calldata,
            block_time,
            target,
        };
        attack.run(chain)
    })
    .into_iter()
    .collect()
}

impl Attack {
    fn run(&self, chain: &mut Chain) -> Result<Rejected> {
        let now = chain.evm.config().block_time;
        chain.evm.set_block_time(self.block_time);
        let receipt = chain.evm.call(OPERATOR, self.target, self.calldata.clone());
        chain.evm.set_block_time(now);
        self.judge(&receipt?)
    }

    fn judge(&self, receipt: &Receipt) -> Result<Rejected> {
        match &receipt.error {
            Some(error) if error.name() == self.expected => Ok(Rejected {
                attack: self.name,
                refused_with: error.to_string(),
            }),
            _ => Err(format!(
                "attack \"{}\": expected revert {}, got {}",
                self.name,
                self.expected,
                receipt.failure()
            )
            .into()),
        }
    }
}

/// The batch's public data with the first transfer going to another account.
fn changed_transfer(batch: &ProvenBatch) -> Result<PublicData> {
    let mut slots = batch.public_data()?.slots().clone();
    let first = slots.transfers[0]
        .as_mut()
        .ok_or("expected a transfer in the first slot, got an unused slot")?;
    first.to = AccountIndex::try_from(first.to.get() ^ 1)?;
    Ok(PublicData::new(slots)?)
}

/// The calldata with `modulus` added to the word at `position`.
fn plus(mut calldata: Vec<u8>, position: usize, modulus: &str) -> Result<Vec<u8>> {
    let mut addend = [0; 32];
    hex::decode_to_slice(modulus, &mut addend)?;
    let mut carry = 0;
    for (byte, addend) in calldata[position..position + 32]
        .iter_mut()
        .zip(addend)
        .rev()
    {
        let sum = u16::from(*byte) + u16::from(addend) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    Ok(calldata)
}
