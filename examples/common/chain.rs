//! A chain in memory with one rollup on it, deployed from the address that the wallet counts on.

use zkroll::{
    ProgramRelation, ProvenBatch,
    circuits::{
        exit::ExitCircuit,
        protocol::{ledger::Ledger, public_data::BatchShape, transfer},
    },
    prover::{Bn254, Fr, ProvingKey, VerifyingKey, setup},
    verifier_sol::{
        abi::{Address, contract_address, encode_call, fr_from_word},
        evm::{Config, Evm, Receipt},
        fixed,
        rollup::{Circuit, RollupConfig},
    },
};

use super::Result;

/// Creates the verifier with nonce 0 and the rollup with nonce 1.
pub const DEPLOYER: Address = [
    0x7a, 0x6b, 0x72, 0x6f, 0x6c, 0x6c, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xd0, 0x01,
];

/// Submits the batches.
pub const OPERATOR: Address = [0x0e; 20];

/// Where the rollup will stand: signatures name it before it is there.
pub fn rollup_address() -> transfer::Address {
    transfer::Address(contract_address(&DEPLOYER, 1))
}

/// **UNSAFE.** A development key of the exit circuit for trees of this depth.
///
/// # Errors
/// If there is no such tree.
pub fn exit_key(depth: u32) -> Result<ProvingKey> {
    let circuit = ExitCircuit::new(depth)?;
    let relation = ProgramRelation(circuit.program());
    Ok(setup::development(
        &relation,
        circuit.digest(),
        b"zkroll example, exits, not real!",
    )?)
}

/// A chain with a verifier and a rollup.
pub struct Chain {
    /// The chain.
    pub evm: Evm,
    /// The rollup.
    pub rollup: Address,
    /// What the rollup was deployed with.
    pub config: RollupConfig,
}

impl Chain {
    /// Deploys the verifiers of `vk` and of an UNSAFE development key for exits, and a rollup for batches of
    /// `shape` from the state `genesis`.
    ///
    /// # Errors
    /// If a deployment fails, or the rollup is not where the state's signatures expect it.
    pub fn deploy(
        vk: &VerifyingKey<Bn254>,
        genesis: &Ledger,
        shape: &BatchShape,
        block_time: u64,
    ) -> Result<Self> {
        Self::deploy_with_blobs(vk, genesis, shape, None, block_time)
    }

    /// The same, for a rollup that takes batches of another shape from blobs if there is a key for them.
    ///
    /// # Errors
    /// As [`deploy`](Self::deploy).
    pub fn deploy_with_blobs(
        vk: &VerifyingKey<Bn254>,
        genesis: &Ledger,
        shape: &BatchShape,
        blobs: Option<(&VerifyingKey<Bn254>, &BatchShape)>,
        block_time: u64,
    ) -> Result<Self> {
        let domain = genesis.domain();
        let mut evm = Evm::new(Config {
            chain_id: domain.chain_id,
            block_time,
            ..Config::default()
        });
        let verifier = evm.deploy(DEPLOYER, fixed::creation_code(vk)?)?.address;
        let exit_vk = exit_key(shape.depth)?.vk;
        let exit_verifier = evm.deploy(OPERATOR, fixed::creation_code(&exit_vk)?)?;
        let blob = match blobs {
            None => None,
            Some((vk, shape)) => Some(Circuit {
                verifier: evm.deploy(OPERATOR, fixed::creation_code(vk)?)?.address,
                l1_slots: shape.l1_slots,
                fee_slots: shape.fee_slots,
                withdrawal_slots: shape.withdrawals,
                creation_slots: shape.creations,
                operation_slots: shape.transfers,
            }),
        };
        let config = RollupConfig {
            verifier,
            exit_verifier: exit_verifier.address,
            genesis_root: genesis.root(),
            depth: shape.depth,
            l1_slots: shape.l1_slots,
            fee_slots: shape.fee_slots,
            withdrawal_slots: shape.withdrawals,
            creation_slots: shape.creations,
            operation_slots: shape.transfers,
            blob,
        };
        let rollup = evm.deploy(DEPLOYER, config.creation_code())?.address;
        if rollup != domain.contract.0 {
            let got = transfer::Address(rollup);
            return Err(format!("expected the rollup at {}, got {got}", domain.contract).into());
        }
        Ok(Self {
            evm,
            rollup,
            config,
        })
    }

    /// Sends a proven batch to the rollup.
    ///
    /// # Errors
    /// If the batch is malformed. A refusal is an `Ok` with `success: false`.
    pub fn settle(&mut self, batch: &ProvenBatch) -> Result<Receipt> {
        let calldata = batch.call()?.calldata();
        Ok(self.evm.transact(OPERATOR, self.rollup, calldata, 0)?)
    }

    /// The rollup's state root.
    ///
    /// # Errors
    /// If the rollup does not answer with a field element.
    pub fn state_root(&mut self) -> Result<Fr> {
        let output = self
            .evm
            .view(self.rollup, encode_call("stateRoot()", &[]))?;
        let root = <[u8; 32]>::try_from(output).ok();
        root.and_then(|word| fr_from_word(&word))
            .ok_or_else(|| "expected a state root below r, got another output".into())
    }
}
