//! A payment channel of two parties, `PaymentChannel.sol`: whatever they pay each other meanwhile, L1 sees the opening
//! and the close.

use k256::ecdsa::{SigningKey, VerifyingKey};
use zkroll::verifier_sol::{
    abi::{Address, Word, encode_call, keccak256, word_from_address, word_from_u128},
    evm::Evm,
};

use super::{Cost, chain, payments::WEALTH};
use crate::common::Result;

/// Creation code of the contract.
const CHANNEL: &str = include_str!("../../../verifier-sol/contracts/bin/PaymentChannel.hex");

/// Seconds in which a newer state may be shown, `DISPUTE_WINDOW` of the contract.
pub const DISPUTE_WINDOW: u64 = 24 * 60 * 60;

const DEPOSIT: u128 = 3_141_592_653_589_793_238;

/// The transactions of a channel's life.
#[derive(Clone, Copy, Debug)]
pub struct Channel {
    /// It is opened.
    pub open: Cost,
    /// Both close it with a final state.
    pub close: Cost,
    /// One party shows an old state, the other the newest, and after the window somebody has it paid out.
    pub dispute: Cost,
}

impl Channel {
    /// Opened, and closed by both.
    pub fn together(&self) -> Cost {
        let mut cost = self.open;
        cost += self.close;
        cost
    }

    /// Opened, and closed against one of them.
    pub fn disputed(&self) -> Cost {
        let mut cost = self.open;
        cost += self.dispute;
        cost
    }
}

struct Party {
    key: SigningKey,
    address: Address,
}

impl Party {
    fn new(name: &str) -> Result<Self> {
        let key = SigningKey::from_slice(&keccak256(name.as_bytes()))?;
        let point = VerifyingKey::from(&key).to_encoded_point(false);
        // The point without the byte that tells its form.
        let hash = keccak256(&point.as_bytes()[1..]);
        let address = hash[12..].try_into()?;
        Ok(Self { key, address })
    }

    /// r, and s with the parity of R.y in its top bit (EIP-2098).
    fn sign(&self, hash: &[u8]) -> Result<[Word; 2]> {
        let (signature, id) = self.key.sign_prehash_recoverable(hash)?;
        let mut vs: Word = signature.s().to_bytes().into();
        vs[0] |= u8::from(id.is_y_odd()) << 7;
        Ok([signature.r().to_bytes().into(), vs])
    }
}

struct World {
    evm: Evm,
    contract: Address,
    parties: [Party; 2],
}

impl World {
    fn send(&mut self, call: Vec<u8>, value: u128) -> Result<Cost> {
        let length = call.len();
        let from = self.parties[0].address;
        let receipt = self.evm.transact(from, self.contract, call, value)?;
        Cost::of(&receipt, length)
    }

    fn open(&mut self) -> Result<Cost> {
        let partner = word_from_address(&self.parties[1].address);
        self.send(encode_call("open(address)", &[partner]), DEPOSIT)
    }

    /// Brings a state that both signed.
    fn state(&mut self, function: &str, channel: u128, nonce: u128, share: u128) -> Result<Cost> {
        let mut words = [channel, nonce, share].map(word_from_u128).to_vec();
        let is_final = word_from_u128(u128::from(function == "close"));
        let digest = encode_call(
            "digest(uint256,uint64,uint96,bool)",
            &[words[0], words[1], words[2], is_final],
        );
        let digest = self.evm.view(self.contract, digest)?;
        for party in &self.parties {
            words.extend(party.sign(&digest)?);
        }
        let signature =
            format!("{function}(uint256,uint64,uint96,(uint256,uint256),(uint256,uint256))");
        self.send(encode_call(&signature, &words), 0)
    }
}

/// Measures one channel of each end, in a contract that has had one before.
///
/// # Errors
/// If a transaction fails.
pub fn measure() -> Result<Channel> {
    let parties = [Party::new("alice")?, Party::new("bob")?];
    let mut evm = chain();
    for party in &parties {
        evm.fund(party.address, WEALTH);
    }
    let code = hex::decode(CHANNEL.trim_end())?;
    let contract = evm.deploy(parties[0].address, code)?.address;
    let mut world = World {
        evm,
        contract,
        parties,
    };
    world.open()?;
    let open = world.open()?;
    let close = world.state("close", 2, 1000, DEPOSIT / 3)?;
    let mut dispute = world.state("show", 1, 1, DEPOSIT / 7)?;
    dispute += world.state("show", 1, 1000, DEPOSIT / 3)?;
    let now = world.evm.config().block_time;
    world.evm.set_block_time(now + DISPUTE_WINDOW);
    let finish = encode_call("finish(uint256)", &[word_from_u128(1)]);
    dispute += world.send(finish, 0)?;
    Ok(Channel {
        open,
        close,
        dispute,
    })
}
