//! `PaymentChannel.sol` in the embedded EVM: who gets what, and every way to get more that is refused.

use crate::common::chain::{SENDER, evm};
use crate::common::rng;
use crate::common::rollup::{assert_error, code, hexadecimal};
use ark_std::rand::Rng;
use k256::ecdsa::{SigningKey, VerifyingKey};
use zkroll_verifier_sol::abi::{
    Address, Word, encode_call, keccak256, word_from_address, word_from_u128,
};
use zkroll_verifier_sol::evm::{Config, Evm, Receipt};

const CHANNEL: &str = include_str!("../../contracts/bin/PaymentChannel.hex");
const REENTERER: &str = include_str!("../../contracts/bin/Reenterer.hex");

const DEPOSIT: u128 = 10u128.pow(18);
const WINDOW: u64 = 24 * 60 * 60;
const ETHER: u128 = 10u128.pow(24);

/// Half of the order of secp256k1 and one more: the least s of the other form.
const ABOVE_HALF: &str = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";

/// r, and s with the parity of R.y in its top bit.
type Signature = [Word; 2];

struct Party {
    key: SigningKey,
    address: Address,
}

impl Party {
    fn new(seed: u64) -> Self {
        let bytes: [u8; 32] = rng(seed).r#gen();
        let key = SigningKey::from_slice(&bytes).unwrap();
        let point = VerifyingKey::from(&key).to_encoded_point(false);
        let hash = keccak256(&point.as_bytes()[1..]);
        let address = hash[12..].try_into().unwrap();
        Self { key, address }
    }

    fn sign(&self, hash: &Word) -> Signature {
        let (signature, id) = self.key.sign_prehash_recoverable(hash).unwrap();
        let [r, mut vs]: Signature = [signature.r().to_bytes(), signature.s().to_bytes()]
            .map(|bytes| bytes.as_slice().try_into().unwrap());
        vs[0] |= u8::from(id.is_y_odd()) << 7;
        [r, vs]
    }
}

/// Two parties, and a contract for their channels.
struct World {
    evm: Evm,
    contract: Address,
    opener: Party,
    partner: Party,
}

/// A state of a channel; the share is the partner's.
#[derive(Clone, Copy)]
struct State {
    channel: u128,
    nonce: u128,
    share: u128,
    is_final: bool,
}

fn state(nonce: u128, share: u128) -> State {
    State {
        channel: 1,
        nonce,
        share,
        is_final: false,
    }
}

fn last(nonce: u128, share: u128) -> State {
    State {
        is_final: true,
        ..state(nonce, share)
    }
}

/// What the parties sign, from EIP-712 and not from the contract.
fn digest(chain_id: u64, contract: &Address, state: &State) -> Word {
    let domain = [
        keccak256(
            b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
        ),
        keccak256(b"zkroll PaymentChannel"),
        keccak256(b"1"),
        word_from_u128(chain_id.into()),
        word_from_address(contract),
    ];
    let state = [
        keccak256(b"State(uint256 channel,uint64 nonce,uint96 share,bool isFinal)"),
        word_from_u128(state.channel),
        word_from_u128(state.nonce),
        word_from_u128(state.share),
        word_from_u128(state.is_final.into()),
    ];
    let [domain, state] = [domain, state].map(|words| keccak256(&words.concat()));
    keccak256(&[&[0x19, 0x01][..], &domain, &state].concat())
}

impl World {
    fn new() -> Self {
        Self::on(evm())
    }

    fn on(mut evm: Evm) -> Self {
        let [opener, partner] = [1, 2].map(Party::new);
        evm.fund(SENDER, ETHER);
        evm.fund(opener.address, ETHER);
        evm.fund(partner.address, ETHER);
        let contract = evm.deploy(SENDER, code(CHANNEL)).unwrap().address;
        Self {
            evm,
            contract,
            opener,
            partner,
        }
    }

    /// The same with channel 1 open.
    fn open() -> Self {
        let mut world = Self::new();
        let partner = world.partner.address;
        let receipt = world.open_with(partner, DEPOSIT);
        assert!(receipt.success, "{}", receipt.failure());
        assert_eq!(receipt.output, word_from_u128(1));
        world
    }

    fn open_with(&mut self, partner: Address, deposit: u128) -> Receipt {
        let call = encode_call("open(address)", &[word_from_address(&partner)]);
        let opener = self.opener.address;
        self.evm
            .transact(opener, self.contract, call, deposit)
            .unwrap()
    }

    fn digest(&self, state: &State) -> Word {
        digest(self.evm.config().chain_id, &self.contract, state)
    }

    fn signed(&self, state: &State) -> [Signature; 2] {
        let hash = self.digest(state);
        [self.opener.sign(&hash), self.partner.sign(&hash)]
    }

    /// Anybody brings a state with these signatures.
    fn bring(&mut self, function: &str, state: &State, signatures: [Signature; 2]) -> Receipt {
        let signature =
            format!("{function}(uint256,uint64,uint96,(uint256,uint256),(uint256,uint256))");
        let mut words = [state.channel, state.nonce, state.share]
            .map(word_from_u128)
            .to_vec();
        words.extend(signatures.concat());
        let call = encode_call(&signature, &words);
        self.evm.transact(SENDER, self.contract, call, 0).unwrap()
    }

    fn show(&mut self, state: State) -> Receipt {
        let signatures = self.signed(&state);
        self.bring("show", &state, signatures)
    }

    fn close(&mut self, state: State) -> Receipt {
        let signatures = self.signed(&state);
        self.bring("close", &state, signatures)
    }

    fn call(&mut self, from: Address, signature: &str, word: Word) -> Receipt {
        let call = encode_call(signature, &[word]);
        self.evm.transact(from, self.contract, call, 0).unwrap()
    }

    fn start_close(&mut self, from: Address) -> Receipt {
        self.call(from, "startClose(uint256)", word_from_u128(1))
    }

    fn finish(&mut self) -> Receipt {
        self.call(SENDER, "finish(uint256)", word_from_u128(1))
    }

    fn advance(&mut self, seconds: u64) {
        let now = self.evm.config().block_time;
        self.evm.set_block_time(now + seconds);
    }

    /// What opener and partner have more or less than when nothing had happened.
    fn gains(&self) -> [i128; 2] {
        [&self.opener, &self.partner]
            .map(|party| self.evm.balance(&party.address) as i128 - ETHER as i128)
    }
}

#[track_caller]
fn ok(receipt: Receipt) -> Receipt {
    assert!(receipt.success, "{}", receipt.failure());
    receipt
}

/// `SignatureInvalid` for this party.
fn invalid(party: &Party) -> String {
    format!("SignatureInvalid({})", hexadecimal(&party.address))
}

#[test]
fn the_digest_is_that_of_eip_712() {
    let mut world = World::open();
    for state in [state(1, 2), last(u64::MAX.into(), DEPOSIT)] {
        let words = [
            state.channel,
            state.nonce,
            state.share,
            state.is_final.into(),
        ];
        let call = encode_call(
            "digest(uint256,uint64,uint96,bool)",
            &words.map(word_from_u128),
        );
        let output = world.evm.view(world.contract, call).unwrap();
        assert_eq!(output, world.digest(&state));
    }
}

#[test]
fn both_close_at_once_and_only_once() {
    let mut world = World::open();
    ok(world.close(last(7, 300)));
    assert_eq!(world.gains(), [-300, 300]);
    assert_eq!(world.evm.balance(&world.contract), 0);
    assert_error(&world.close(last(8, 400)), "ChannelUnknown(0x1)");
    assert_error(&world.finish(), "ChannelUnknown(0x1)");
    let opener = world.opener.address;
    assert_error(&world.start_close(opener), "ChannelUnknown(0x1)");
}

/// All or nothing may be the partner's; the contract's other channels keep their deposits.
#[test]
fn shares_at_the_edges_are_paid_from_their_own_channel() {
    for share in [0, DEPOSIT] {
        let mut world = World::open();
        let partner = world.partner.address;
        ok(world.open_with(partner, 5 * DEPOSIT));
        ok(world.close(last(1, share)));
        let opener = share as i128 + 5 * DEPOSIT as i128;
        assert_eq!(world.gains(), [-opener, share as i128]);
        assert_eq!(world.evm.balance(&world.contract), 5 * DEPOSIT);
    }
    let mut world = World::open();
    let error = format!("ShareTooLarge({:#x}, {DEPOSIT:#x})", DEPOSIT + 1);
    assert_error(&world.close(last(1, DEPOSIT + 1)), &error);
    assert_error(&world.show(state(1, DEPOSIT + 1)), &error);
}

#[test]
fn an_old_state_is_answered_with_a_newer_one() {
    let mut world = World::open();
    // The opener, who has paid 900 since, shows that it had paid 100.
    ok(world.show(state(3, 100)));
    assert_error(&world.finish(), &{
        let now = world.evm.config().block_time;
        format!("WindowOpen({:#x}, {now:#x})", now + WINDOW)
    });
    world.advance(WINDOW - 1);
    ok(world.show(state(9, 900)));
    // Older ones, and the same again, come too late; the window has not started anew.
    assert_error(&world.show(state(9, 900)), "NonceTooLow(0x9, 0x9)");
    assert_error(&world.show(state(8, 0)), "NonceTooLow(0x8, 0x9)");
    assert_error(&world.close(last(8, 0)), "NonceTooLow(0x8, 0x9)");
    world.advance(1);
    let now = world.evm.config().block_time;
    let over = format!("WindowOver({now:#x}, {now:#x})");
    assert_error(&world.show(state(10, 0)), &over);
    ok(world.finish());
    assert_eq!(world.gains(), [-900, 900]);
    assert_error(&world.finish(), "ChannelUnknown(0x1)");
}

#[test]
fn nobody_needs_the_other_to_leave() {
    // The partner never answered: the opener gets all back.
    let mut world = World::open();
    let opener = world.opener.address;
    assert_error(&world.finish(), "NotClosing(0x1)");
    ok(world.start_close(opener));
    let closes_at = world.evm.config().block_time + WINDOW;
    let closing = format!("ClosingBefore({closes_at:#x})");
    assert_error(&world.start_close(opener), &closing);
    world.advance(WINDOW - 1);
    let open = format!("WindowOpen({closes_at:#x}, {:#x})", closes_at - 1);
    assert_error(&world.finish(), &open);
    world.advance(1);
    ok(world.finish());
    assert_eq!(world.gains(), [0, 0]);

    // The opener claims that too, against a partner who holds a state.
    let mut world = World::open();
    let [opener, partner] = [world.opener.address, world.partner.address];
    let stranger = format!("NotAParty({})", hexadecimal(&SENDER));
    assert_error(&world.start_close(SENDER), &stranger);
    ok(world.start_close(opener));
    ok(world.show(state(1, 250)));
    let closes_at = world.evm.config().block_time + WINDOW;
    assert_error(
        &world.start_close(partner),
        &format!("ClosingBefore({closes_at:#x})"),
    );
    // Both may still agree.
    ok(world.close(last(2, 260)));
    assert_eq!(world.gains(), [-260, 260]);
}

#[test]
fn both_must_have_signed_this_very_state() {
    let mut world = World::open();
    let stranger = Party::new(3);
    let honest = state(4, 400);
    let [by_opener, by_partner] = world.signed(&honest);
    let by_stranger = stranger.sign(&world.digest(&honest));
    let (opener, partner) = (invalid(&world.opener), invalid(&world.partner));
    for (signatures, error) in [
        ([by_partner, by_opener], &opener),
        ([by_stranger, by_partner], &opener),
        ([by_opener, by_stranger], &partner),
        ([by_opener, by_opener], &partner),
        ([by_partner, by_partner], &opener),
        // ecrecover returns zero for these, which is no party.
        ([[[0; 32]; 2], by_partner], &opener),
        ([by_opener, [[0; 32]; 2]], &partner),
        ([by_opener, [[0xff; 32], by_partner[1]]], &partner),
    ] {
        assert_error(&world.bring("show", &honest, signatures), error);
    }
    for other in [
        State { nonce: 5, ..honest },
        State {
            share: 401,
            ..honest
        },
    ] {
        let signatures = [by_opener, by_partner];
        assert_error(&world.bring("show", &other, signatures), &opener);
    }
    // What is not final closes nothing at once, and what is final is no state to show.
    let signatures = [by_opener, by_partner];
    assert_error(&world.bring("close", &honest, signatures), &opener);
    let signatures = world.signed(&last(4, 400));
    assert_error(&world.bring("show", &honest, signatures), &opener);
    assert_error(&world.show(state(0, 400)), "NonceTooLow(0x0, 0x0)");
    ok(world.show(honest));
}

#[test]
fn a_state_is_of_one_channel_contract_and_chain() {
    let mut world = World::open();
    let partner = world.partner.address;
    ok(world.open_with(partner, DEPOSIT));
    let opener = invalid(&world.opener);
    let first = last(1, 500);
    let signatures = world.signed(&first);

    // The parties' second channel.
    let second = State {
        channel: 2,
        ..first
    };
    assert_error(&world.bring("close", &second, signatures), &opener);

    // A twin of the contract, where the channel has the same number.
    let original = world.contract;
    world.contract = world.evm.deploy(SENDER, code(CHANNEL)).unwrap().address;
    ok(world.open_with(partner, DEPOSIT));
    assert_error(&world.bring("close", &first, signatures), &opener);
    world.contract = original;

    // The same contract at the same address on another chain.
    let mut elsewhere = World::on(Evm::new(Config {
        chain_id: 1,
        ..Config::default()
    }));
    assert_eq!(elsewhere.contract, world.contract);
    ok(elsewhere.open_with(partner, DEPOSIT));
    assert_error(&elsewhere.bring("close", &first, signatures), &opener);
    assert!(elsewhere.close(first).success);

    // A later channel of the same parties has another number.
    ok(world.bring("close", &first, signatures));
    ok(world.open_with(partner, DEPOSIT));
    let receipt = world.bring("close", &first, signatures);
    assert_error(&receipt, "ChannelUnknown(0x1)");
}

/// s and n − s are of the same signature for ecrecover: only the lower one counts.
#[test]
fn a_signature_has_one_form() {
    let mut world = World::new();
    let state = last(1, 1);
    let hash = world.digest(&state);
    let [r, _] = world.opener.sign(&hash);
    let s: Word = code(ABOVE_HALF).try_into().unwrap();
    // Whoever that recovers to: ecrecover knows the party, the contract refuses the form.
    let precompile = [[0; 19].as_slice(), &[1]].concat().try_into().unwrap();
    let input = [hash, word_from_u128(27), r, s].concat();
    let recovered = world.evm.view(precompile, input).unwrap();
    let partner: Address = recovered[12..].try_into().unwrap();
    assert_ne!(partner, [0; 20]);
    ok(world.open_with(partner, DEPOSIT));
    let signatures = [world.opener.sign(&hash), [r, s]];
    let error = format!("SignatureInvalid({})", hexadecimal(&partner));
    assert_error(&world.bring("close", &state, signatures), &error);

    // n − s of a good one has 256 bits: the compact form has no place for it.
    let mut world = World::open();
    let [by_opener, [r, vs]] = world.signed(&state);
    for top in [0x00, 0x80] {
        let mut other = negate(vs);
        other[0] = other[0] & 0x7f | top;
        let signatures = [by_opener, [r, other]];
        let error = invalid(&world.partner);
        assert_error(&world.bring("close", &state, signatures), &error);
    }
    ok(world.bring("close", &state, [by_opener, [r, vs]]));
}

/// n − s, for an s with a parity above it.
fn negate(mut s: Word) -> Word {
    s[0] &= 0x7f;
    let scalar = k256::NonZeroScalar::try_from(&s[..]).unwrap();
    (-*scalar).to_bytes().into()
}

#[test]
fn bad_channels_are_not_opened() {
    let mut world = World::new();
    let [opener, partner] = [world.opener.address, world.partner.address];
    assert_error(&world.open_with(partner, 0), "DepositInvalid(0x0)");
    world.evm.fund(opener, u128::MAX);
    let deposit = 1 << 96;
    let error = format!("DepositInvalid({deposit:#x})");
    assert_error(&world.open_with(partner, deposit), &error);
    assert_error(&world.open_with([0; 20], 1), "PartnerInvalid(0x0)");
    let error = format!("PartnerInvalid({})", hexadecimal(&opener));
    assert_error(&world.open_with(opener, 1), &error);
    ok(world.open_with(partner, deposit - 1));
    assert_error(
        &world.show(State {
            channel: 0,
            ..state(1, 0)
        }),
        "ChannelUnknown(0x0)",
    );
}

/// A party that takes no money cannot keep the other's, and one that calls back gets nothing twice.
#[test]
fn a_receiver_holds_nothing_up() {
    let mut world = World::new();
    let creation = [code(REENTERER), word_from_u128(0).to_vec()].concat();
    let contract = world.evm.deploy(SENDER, creation).unwrap().address;
    let opener = world.opener.address;
    let forward = |target: Address, value: u128, call: Vec<u8>| {
        let words = [
            word_from_address(&target),
            word_from_u128(value),
            word_from_u128(96),
        ];
        let mut data = encode_call("forward(address,uint256,bytes)", &words);
        data.extend(word_from_u128(call.len() as u128));
        data.extend(&call);
        data.resize(data.len().next_multiple_of(32) + 4, 0);
        data
    };
    // A contract opens: it cannot sign, but it can leave.
    let open = encode_call("open(address)", &[word_from_address(&opener)]);
    world.evm.fund(contract, 10 * DEPOSIT);
    ok(world
        .evm
        .transact(SENDER, contract, forward(world.contract, DEPOSIT, open), 0)
        .unwrap());
    let refuse = encode_call("setRefusing(bool)", &[word_from_u128(1)]);
    ok(world.evm.transact(SENDER, contract, refuse, 0).unwrap());
    let start = encode_call("startClose(uint256)", &[word_from_u128(1)]);
    ok(world
        .evm
        .transact(SENDER, contract, forward(world.contract, 0, start), 0)
        .unwrap());
    world.advance(WINDOW);
    ok(world.finish());
    assert_eq!(world.evm.balance(&world.contract), DEPOSIT);
    let owner = word_from_address(&contract);
    let error = format!("EtherRefused({})", hexadecimal(&contract));
    let receipt = world.call(SENDER, "withdraw(address)", owner);
    assert_error(&receipt, &error);

    // It takes the money and asks for it again meanwhile.
    let accept = encode_call("setRefusing(bool)", &[word_from_u128(0)]);
    ok(world.evm.transact(SENDER, contract, accept, 0).unwrap());
    let again = encode_call("withdraw(address)", &[owner]);
    let words = [
        word_from_address(&world.contract),
        word_from_u128(0),
        word_from_u128(96),
    ];
    let mut arm = encode_call("arm(address,uint256,bytes)", &words);
    arm.extend(word_from_u128(again.len() as u128));
    arm.extend(&again);
    arm.resize(arm.len().next_multiple_of(32) + 4, 0);
    ok(world.evm.transact(SENDER, contract, arm, 0).unwrap());
    ok(world.call(SENDER, "withdraw(address)", owner));
    let succeeded = world
        .evm
        .view(contract, encode_call("succeeded()", &[]))
        .unwrap();
    assert_eq!(succeeded, word_from_u128(0));
    assert_eq!(world.evm.balance(&contract), 10 * DEPOSIT);
    assert_eq!(world.evm.balance(&world.contract), 0);
    let receipt = world.call(SENDER, "withdraw(address)", owner);
    assert_error(
        &receipt,
        &format!("NothingOwed({})", hexadecimal(&contract)),
    );
}

#[test]
fn gas_is_pinned() {
    let mut world = World::open();
    let partner = world.partner.address;
    let gas = |receipt: Receipt| ok(receipt).gas_used;
    let open = gas(world.open_with(partner, DEPOSIT));
    let close = gas(world.close(last(2, DEPOSIT / 3)));
    let mut world = World::open();
    let disputed = [
        gas(world.show(state(1, DEPOSIT / 4))),
        gas(world.show(state(2, DEPOSIT / 3))),
        {
            world.advance(WINDOW);
            gas(world.finish())
        },
    ];
    assert_eq!([open, close], [76_088, 55_379]);
    assert_eq!(disputed, [64_339, 47_183, 46_050]);
}
