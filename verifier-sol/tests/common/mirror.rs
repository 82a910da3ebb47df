//! The words of a batch as `Rollup.sol` builds them, and ρ and y of them (docs/protocol.md, section 6).
//! The mirror is `contracts/src/libraries/PublicData.sol` and `contracts/src/Rollup.sol`; this one is
//! written from the page alone.

use ark_bn254::Fr;
use ark_ff::PrimeField;
use num_bigint::BigUint;
use zkroll_verifier_sol::abi::{Address, keccak256, word_from_field};
use zkroll_verifier_sol::rollup::RollupConfig;

/// What a batch's words depend on.
pub struct Batch<'a> {
    pub config: &'a RollupConfig,
    pub chain_id: u64,
    pub contract: Address,
    pub timestamp: u64,
    pub number: u64,
    pub pre_state_root: Fr,
    pub post_state_root: Fr,
    pub data: &'a [u8],
}

impl Batch<'_> {
    /// d₀ … d₍m₋₁₎.
    pub fn words(&self) -> Vec<Fr> {
        let big = |value: u64| BigUint::from(value);
        let contract = BigUint::from_bytes_be(&self.contract);
        let config = self.config;
        let mut words: Vec<Fr> = vec![
            ((big(1) << 224u32) + (big(self.chain_id) << 160u32) + contract).into(),
            self.timestamp.into(),
            self.number.into(),
            ((big(config.depth.into()) << 96u32)
                + (big(config.fee_slots.into()) << 64u32)
                + big(config.transfer_slots.into()))
            .into(),
            self.pre_state_root,
            self.post_state_root,
            0u64.into(),
            0u64.into(),
            0u64.into(),
        ];
        let (fees, transfers) = self.data.split_at(config.fee_slots as usize * 10);
        words.extend(fees.chunks(10).map(Fr::from_be_bytes_mod_order));
        words.extend(transfers.chunks(31).map(Fr::from_be_bytes_mod_order));
        words
    }

    /// ρ and y.
    pub fn challenge(&self, commitment: &Fr) -> (Fr, Fr) {
        let words = self.words();
        let mut message = keccak256(b"zkroll/rho/v1").to_vec();
        message.extend(word_from_field(commitment));
        message.extend(words.iter().flat_map(word_from_field));
        let rho = Fr::from_be_bytes_mod_order(&keccak256(&message));
        let mut power = Fr::from(1u64);
        let mut y = Fr::from(0u64);
        for word in words {
            y += word * power;
            power *= rho;
        }
        (rho, y)
    }
}
