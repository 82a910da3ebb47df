//! What a wallet and a reader of the chain ask of a node, through alloy.

use std::collections::HashSet;

use alloy_consensus::Transaction as _;
use alloy_eips::{
    BlockNumberOrTag,
    eip2718::Encodable2718,
    eip4844::Blob,
    eip7594::{BlobTransactionSidecarEip7594, BlobTransactionSidecarVariant},
};
use alloy_network::{
    BlockResponse, Ethereum, EthereumWallet, NetworkTransactionBuilder, TransactionBuilder,
};
use alloy_primitives::{Address, B256, TxHash, U256};
use alloy_provider::{Provider, RootProvider, transport::TransportError};
use alloy_rpc_types_eth::{Filter, TransactionReceipt, TransactionRequest};
use alloy_signer_local::PrivateKeySigner;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use zkroll::verifier_sol::{abi, revert};
use zkroll_anvil::{CHAIN_ID, Node};

/// Who sends transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sender {
    /// Creates the contracts.
    Deployer = 1,
    /// Settles batches.
    Operator,
    /// Owns accounts.
    Alice,
    /// Owns accounts too.
    Bob,
}

impl Sender {
    pub const ALL: [Self; 4] = [Self::Deployer, Self::Operator, Self::Alice, Self::Bob];

    fn signer(self) -> PrivateKeySigner {
        PrivateKeySigner::from_slice(&[self as u8; 32]).expect("a small integer is a key")
    }

    pub fn address(self) -> abi::Address {
        self.signer().address().into()
    }
}

/// A transaction but for its gas.
#[derive(Clone, Debug)]
pub struct Transaction {
    /// What it is called in reports.
    pub name: &'static str,
    pub from: Sender,
    /// The contract, or none for a creation.
    pub to: Option<abi::Address>,
    pub input: Vec<u8>,
    pub value: u128,
    /// A blob beside it.
    pub blob: Option<Box<BlobTransactionSidecarEip7594>>,
}

impl Transaction {
    /// What a node asks of a call before its first instruction, since Prague the calldata's floor (EIP-7623). With
    /// less it is not mined; anvil takes it into its pool and leaves it there.
    pub fn price(&self) -> u64 {
        let zeros = self.input.iter().filter(|byte| **byte == 0).count() as u64;
        let tokens = zeros + 4 * (self.input.len() as u64 - zeros);
        21_000 + 10 * tokens
    }

    /// Limits below the least that does, down to a quarter of the way from the price; of a creation the highest.
    fn too_little(&self, least: u64) -> impl Iterator<Item = u64> {
        let price = self.price();
        let quarters = match self.to {
            Some(_) => 1..4,
            None => 0..0,
        };
        let quarters = quarters.map(move |quarter| price + (least - price) * quarter / 4);
        quarters.chain([least - 1])
    }
}

/// A blob with the proofs of its cells, which the network asks for since Osaka (EIP-7594).
pub fn sidecar(blob: &[u8]) -> Box<BlobTransactionSidecarEip7594> {
    let blob = Blob::try_from(blob).expect("131,072 bytes");
    let sidecar = BlobTransactionSidecarEip7594::try_from_blobs(vec![blob]);
    Box::new(sidecar.expect("values below q"))
}

/// Everything that a failed transaction must leave alone: of each contract the balance, the nonce, the code and the
/// root of its storage.
pub type Fingerprint = Vec<(U256, u64, B256, B256)>;

/// A connection to a node of its own.
pub struct Client {
    runtime: Runtime,
    provider: RootProvider<Ethereum>,
    /// Contracts that [`Client::fingerprint`] looks at.
    pub watched: Vec<abi::Address>,
    /// Kinds of transactions that were tried with too little gas.
    tried: HashSet<&'static str>,
    // Dropped last.
    _node: Node,
}

impl Client {
    /// Starts a node whose clock begins at `timestamp`, with some ether for every sender.
    pub fn start(timestamp: u64) -> Self {
        // Another client of this process may have done it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let node = Node::start(timestamp).unwrap();
        let url = node.url().parse().expect("the node's address is a URL");
        let client = Self {
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            provider: RootProvider::new_http(url),
            watched: Vec::new(),
            tried: HashSet::new(),
            _node: node,
        };
        assert_eq!(client.wait(client.provider.get_chain_id()), CHAIN_ID);
        for sender in Sender::ALL {
            let wei = U256::from(10u64).pow(U256::from(20u64));
            client.raw(
                "anvil_setBalance",
                json!([Address::from(sender.address()), wei]),
            );
        }
        client
    }

    fn wait<T>(&self, answer: impl IntoFuture<Output = Result<T, TransportError>>) -> T {
        self.try_wait(answer).unwrap()
    }

    fn try_wait<T>(
        &self,
        answer: impl IntoFuture<Output = Result<T, TransportError>>,
    ) -> Result<T, TransportError> {
        self.runtime.block_on(answer.into_future())
    }

    fn raw(&self, method: &'static str, parameters: Value) -> Value {
        self.wait(self.provider.raw_request(method.into(), parameters))
    }

    fn request(&self, transaction: &Transaction) -> TransactionRequest {
        let mut request = TransactionRequest::default()
            .with_chain_id(CHAIN_ID)
            .with_from(transaction.from.address().into())
            .with_value(U256::from(transaction.value))
            .with_input(transaction.input.clone())
            .with_max_fee_per_gas(20_000_000_000)
            .with_max_priority_fee_per_gas(1);
        request.to = Some(transaction.to.map(Address::from).into());
        if let Some(blob) = &transaction.blob {
            request.max_fee_per_blob_gas = Some(1_000_000_000);
            request.blob_versioned_hashes = Some(blob.versioned_hashes().collect());
        }
        request
    }

    /// What the node thinks that a transaction takes.
    pub fn estimate(&self, transaction: &Transaction) -> Result<u64, TransportError> {
        self.try_wait(self.provider.estimate_gas(self.request(transaction)))
    }

    /// Runs a transaction on the last state and forgets it.
    pub fn call(&self, transaction: &Transaction, gas: u64) -> Result<Vec<u8>, TransportError> {
        let request = self.request(transaction).with_gas_limit(gas);
        let output = self.try_wait(self.provider.call(request))?;
        Ok(output.to_vec())
    }

    /// The error of ours that a transaction would end with.
    pub fn refusal(&self, transaction: &Transaction) -> &'static str {
        let error = self.call(transaction, 10_000_000).expect_err("a refusal");
        let data = error
            .as_error_resp()
            .and_then(|error| error.as_revert_data());
        let data = data.unwrap_or_else(|| panic!("expected revert data, got {error}"));
        revert::decode(&data)
            .unwrap_or_else(|| panic!("expected an error of ours, got {data}"))
            .name()
    }

    /// What a view returns.
    pub fn view(&self, contract: abi::Address, input: Vec<u8>) -> Vec<u8> {
        let request = TransactionRequest::default()
            .with_to(contract.into())
            .with_input(input);
        self.wait(self.provider.call(request)).to_vec()
    }

    /// The least gas with which a call succeeds, if there is one up to `enough`, which must be.
    pub fn least_gas(&self, transaction: &Transaction, enough: u64) -> u64 {
        let (mut short, mut enough) = (0, enough);
        while enough - short > 1 {
            let middle = short + (enough - short) / 2;
            match self.call(transaction, middle) {
                Ok(_) => enough = middle,
                Err(_) => short = middle,
            }
        }
        enough
    }

    /// Signs a transaction with this gas limit, sends it and waits for its block; an error if the node refuses it
    /// before.
    pub fn send_with(
        &self,
        transaction: &Transaction,
        gas: u64,
    ) -> Result<TransactionReceipt, TransportError> {
        let signer = transaction.from.signer();
        let nonce = self.provider.get_transaction_count(signer.address());
        let mut request = self
            .request(transaction)
            .with_gas_limit(gas)
            .with_nonce(self.wait(nonce));
        request.sidecar = transaction
            .blob
            .clone()
            .map(|blob| BlobTransactionSidecarVariant::Eip7594(*blob));
        let wallet = EthereumWallet::from(signer);
        let signed = self.runtime.block_on(request.build(&wallet)).unwrap();
        self.try_wait(
            self.provider
                .send_raw_transaction_sync(&signed.encoded_2718()),
        )
    }

    /// Sends a transaction with exactly the gas that the node estimates, which must do. The first of its name is
    /// sent with less before, down from one unit less than the least that does, which must change nothing.
    pub fn send(&mut self, transaction: &Transaction) -> TransactionReceipt {
        let name = transaction.name;
        let estimate = self.estimate(transaction);
        let estimate = estimate.unwrap_or_else(|error| panic!("{name}: no estimate: {error}"));
        if self.tried.insert(name) {
            let least = self.least_gas(transaction, estimate);
            for gas in transaction.too_little(least) {
                self.assert_harmless(transaction, gas);
            }
            let receipt = self.send_enough(transaction, estimate);
            println!(
                "{name}: estimate {estimate}, least {least}, used {}",
                receipt.gas_used
            );
            receipt
        } else {
            self.send_enough(transaction, estimate)
        }
    }

    fn send_enough(&self, transaction: &Transaction, gas: u64) -> TransactionReceipt {
        let name = transaction.name;
        let before = self.fingerprint();
        let receipt = self.send_with(transaction, gas);
        let receipt = receipt.unwrap_or_else(|error| panic!("{name} with {gas} gas: {error}"));
        assert!(receipt.status(), "{name} with {gas} gas failed");
        // What is compared after failures tells successes.
        assert!(
            transaction.to.is_none() || self.fingerprint() != before,
            "{name} changed nothing"
        );
        receipt
    }

    /// Sends a transaction with this much gas, which must pay for its bytes and be too little for the rest, and looks
    /// whether it left anything behind. A creation is somebody else's, so that the addresses of the creator's contracts
    /// stay what they are.
    pub fn assert_harmless(&self, transaction: &Transaction, gas: u64) {
        let name = transaction.name;
        let before = self.fingerprint();
        let receipt = match transaction.to {
            Some(_) => self.send_with(transaction, gas),
            None => {
                let from = Sender::Bob;
                let elsewhere = Transaction {
                    from,
                    ..transaction.clone()
                };
                self.send_with(&elsewhere, gas)
            }
        };
        let receipt = receipt.unwrap_or_else(|error| panic!("{name} with {gas} gas: {error}"));
        assert!(!receipt.status(), "{name} with {gas} gas succeeded");
        if let Some(created) = receipt.contract_address {
            assert!(self.wait(self.provider.get_code_at(created)).is_empty());
        }
        assert_eq!(
            self.fingerprint(),
            before,
            "{name} with {gas} gas left something behind"
        );
    }

    /// What the watched contracts hold.
    pub fn fingerprint(&self) -> Fingerprint {
        let contracts = self.watched.iter().map(|contract| {
            let proof = self.provider.get_proof((*contract).into(), Vec::new());
            let account = self.wait(proof);
            (
                account.balance,
                account.nonce,
                account.code_hash,
                account.storage_hash,
            )
        });
        contracts.collect()
    }

    /// The balance in wei.
    pub fn balance(&self, address: abi::Address) -> u128 {
        self.wait(self.provider.get_balance(address.into()))
            .saturating_to()
    }

    /// The time of the last block.
    pub fn now(&self) -> u64 {
        let block = self.provider.get_block_by_number(BlockNumberOrTag::Latest);
        self.wait(block)
            .expect("a chain has a block")
            .header()
            .timestamp
    }

    /// Lets time pass, and mines a block.
    pub fn advance(&self, seconds: u64) {
        self.raw("evm_increaseTime", json!([seconds]));
        self.raw("evm_mine", json!([]));
    }

    /// Everything that a contract ever emitted, with the transactions' hashes.
    pub fn logs(&self, contract: abi::Address) -> Vec<(TxHash, abi::Log)> {
        let filter = Filter::new()
            .address(Address::from(contract))
            .from_block(0u64);
        let logs = self.wait(self.provider.get_logs(&filter)).into_iter();
        let log = |log: alloy_rpc_types_eth::Log| {
            let hash = log.transaction_hash.expect("a mined log has a transaction");
            let log = abi::Log {
                address: log.address().into(),
                topics: log.topics().iter().map(|topic| topic.0).collect(),
                data: log.data().data.to_vec(),
            };
            (hash, log)
        };
        logs.map(log).collect()
    }

    /// The calldata of a transaction, and the versioned hashes of its blobs.
    pub fn transaction(&self, hash: TxHash) -> (Vec<u8>, Vec<[u8; 32]>) {
        let transaction = self.wait(self.provider.get_transaction_by_hash(hash));
        let transaction = transaction.expect("the node has what it mined");
        let hashes = transaction.blob_versioned_hashes().unwrap_or_default();
        (
            transaction.input().to_vec(),
            hashes.iter().map(|hash| hash.0).collect(),
        )
    }

    /// The blobs of a transaction.
    pub fn blobs(&self, hash: TxHash) -> Vec<Blob> {
        let blobs = self.raw("anvil_getBlobsByTransactionHash", json!([hash]));
        serde_json::from_value::<Option<_>>(blobs)
            .unwrap()
            .unwrap_or_default()
    }
}
