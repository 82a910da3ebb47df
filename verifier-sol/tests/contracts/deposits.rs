//! Tokens and deposits of `Rollup.sol` in the embedded EVM: entries and their hash against the Rust side, which
//! keys and amounts are refused, tokens that misbehave, gas.

use crate::common::attacks::plus_modulus;
use crate::common::chain::SENDER;
use crate::common::rollup::{ALICE, BOB, Chain, SLOTS, assert_error, hexadecimal};
use ark_bn254::Fr;
use ark_ff::{Field, MontFp};
use zkroll_verifier_sol::abi::{
    Address, Word, encode_call, selector, word_from_address, word_from_field, word_from_u128,
};
use zkroll_verifier_sol::evm::Receipt;
use zkroll_verifier_sol::rollup::call::{token_address_call, token_id_call};
use zkroll_verifier_sol::rollup::{Call, ENTRY_BYTES, Entry, EntryKind, Event};

const ERC20: &str = include_str!("../../contracts/bin/Erc20.hex");
const NO_RETURN: &str = include_str!("../../contracts/bin/NoReturnToken.hex");
const FEE: &str = include_str!("../../contracts/bin/FeeToken.hex");
const FALSE: &str = include_str!("../../contracts/bin/FalseToken.hex");
const REENTERER: &str = include_str!("../../contracts/bin/Reenterer.hex");

/// Baby Jubjub from its equation, with the addition law of complete twisted Edwards curves (Bernstein, Birkner,
/// Joye, Lange, Peters 2008, section 6).
type Point = (Fr, Fr);

const A: Fr = MontFp!("168700");
const D: Fr = MontFp!("168696");
const ONE: Fr = MontFp!("1");
const ZERO: Fr = MontFp!("0");
const BASE8: Point = (
    MontFp!("5299619240641551281634865583518297030282874472190772894086521144482721001553"),
    MontFp!("16950150798460657717958625567821834550301663161624707787222815936182638968203"),
);

fn on_curve((x, y): Point) -> bool {
    A * x * x + y * y == ONE + D * x * x * y * y
}

fn add(p: Point, q: Point) -> Point {
    let t = D * p.0 * q.0 * p.1 * q.1;
    let x = (p.0 * q.1 + p.1 * q.0) / (ONE + t);
    let y = (p.1 * q.1 - A * p.0 * q.0) / (ONE - t);
    (x, y)
}

fn mul8(mut point: Point) -> Point {
    for _ in 0..3 {
        point = add(point, point);
    }
    point
}

/// The torsion of order 8: multiples of a point whose double is one with y = 0, whose double is (0, −1).
fn low_order() -> Vec<Point> {
    // a·x² = y² on the curve: a·d·x⁴ − 2a·x² + 1 = 0.
    let root = A.sqrt().unwrap();
    let x = [ONE, -ONE]
        .into_iter()
        .find_map(|sign| ((A + sign * (root + root)) / (A * D)).sqrt())
        .unwrap();
    let generator = (x, root * x);
    let mut points = vec![(ZERO, ONE)];
    for i in 0..7 {
        points.push(add(points[i], generator));
    }
    assert_eq!(add(points[7], generator), (ZERO, ONE));
    points
}

fn deposit_eth((ax, ay): Point, l1_owner: Address) -> Call {
    Call::DepositEth { ax, ay, l1_owner }
}

const NO_KEY: Point = (ZERO, ZERO);

#[test]
fn keys_of_low_order_are_refused() {
    let mut chain = Chain::accepting(SLOTS);
    let points = low_order();
    for (i, point) in points.iter().enumerate() {
        assert!(on_curve(*point) && mul8(*point) == (ZERO, ONE));
        assert!(!points[..i].contains(point));
        let receipt = chain.call(ALICE, &deposit_eth(*point, BOB), 1);
        let [ax, ay] = [point.0, point.1].map(|word| hexadecimal(&word_from_field(&word)));
        assert_error(&receipt, &format!("KeyInvalid({ax}, {ay})"));
    }
    // Of any other order they are keys, in the subgroup and outside it.
    let mut key = BASE8;
    for _ in 0..3 {
        for point in &points {
            let key = add(key, *point);
            assert!(on_curve(key) && mul8(key) != (ZERO, ONE));
            chain.ok(ALICE, &deposit_eth(key, BOB), 1);
        }
        key = add(key, key);
    }
}

#[test]
fn keys_are_points_or_none() {
    let mut chain = Chain::accepting(SLOTS);
    chain.ok(ALICE, &deposit_eth(NO_KEY, BOB), 1);
    let (x, y) = BASE8;
    for key in [
        (x + ONE, y),
        (x, y + ONE),
        (y, x),
        (ZERO, y),
        (x, ZERO),
        (ZERO, ONE + ONE),
        (ONE, ZERO),
        (ONE, ONE),
        (-ONE, -ONE),
    ] {
        let receipt = chain.call(ALICE, &deposit_eth(key, BOB), 1);
        assert_eq!(receipt.error.unwrap().name(), "KeyInvalid", "{key:?}");
    }
    // The same point with a coordinate that is not below r; (0, 0) as (r, 0).
    let valid = deposit_eth(BASE8, BOB).calldata();
    for at in [4, 36] {
        let mut calldata = valid.clone();
        let word = plus_modulus::<Fr>(&calldata[at..at + 32]);
        calldata[at..at + 32].copy_from_slice(&word);
        let receipt = chain.raw(ALICE, chain.rollup, calldata, 1);
        assert_eq!(receipt.error.unwrap().name(), "KeyInvalid");
        let mut calldata = deposit_eth(NO_KEY, BOB).calldata();
        let word = plus_modulus::<Fr>(&[0; 32]);
        calldata[at..at + 32].copy_from_slice(&word);
        let receipt = chain.raw(ALICE, chain.rollup, calldata, 1);
        assert_eq!(receipt.error.unwrap().name(), "KeyInvalid");
    }
    assert_error(
        &chain.call(ALICE, &deposit_eth(BASE8, [0; 20]), 1),
        "AddressZero()",
    );
    assert_eq!(chain.number("queued()"), 1);
}

#[test]
fn deposits_are_queued_with_their_fields() {
    let mut chain = Chain::accepting(SLOTS);
    let (token, id) = chain.token(ERC20);
    let accounts = 1u64 << 33;
    let calls = [
        (ALICE, deposit_eth(BASE8, BOB), 5u128),
        (BOB, deposit_eth(NO_KEY, ALICE), 10u128.pow(20)),
        (
            ALICE,
            Call::TopUpEth {
                account: accounts - 1,
                ax: -ONE,
            },
            7,
        ),
        (
            BOB,
            Call::TopUpEth {
                account: 0,
                ax: ZERO,
            },
            8,
        ),
        (
            ALICE,
            Call::DepositErc20 {
                token: id,
                amount: 9,
                ax: BASE8.0,
                ay: BASE8.1,
                l1_owner: BOB,
            },
            0,
        ),
        (
            ALICE,
            Call::TopUpErc20 {
                token: id,
                amount: 11,
                account: 12,
                ax: ONE,
            },
            0,
        ),
    ];
    let mut hash = [0; 32];
    assert_eq!(chain.queue_hash(0), hash);
    for (index, (from, call, value)) in calls.into_iter().enumerate() {
        chain.advance(100);
        let timestamp = chain.now();
        let receipt = chain.ok(from, &call, value);
        let entry = |kind, token, account, owner, amount, (ax, ay): Point| Entry {
            kind,
            token,
            account,
            owner,
            amount,
            ax,
            ay,
            timestamp,
        };
        let expected = match call {
            Call::DepositEth { ax, ay, l1_owner } => {
                entry(EntryKind::Create, 0, 0, l1_owner, value, (ax, ay))
            }
            Call::DepositErc20 {
                token,
                amount,
                ax,
                ay,
                l1_owner,
            } => entry(EntryKind::Create, token, 0, l1_owner, amount, (ax, ay)),
            Call::TopUpEth { account, ax } => {
                entry(EntryKind::TopUp, 0, account, from, value, (ax, ZERO))
            }
            Call::TopUpErc20 {
                token,
                amount,
                account,
                ax,
            } => entry(EntryKind::TopUp, token, account, from, amount, (ax, ZERO)),
            _ => unreachable!(),
        };
        let index = index as u64;
        assert_eq!(receipt.output, word_from_u128(index.into()));
        assert_eq!(
            chain.events(&receipt),
            [Event::EntryQueued {
                index,
                entry: expected
            }]
        );
        hash = expected.next_hash(&hash);
        assert_eq!(chain.queue_hash(index + 1), hash);
        assert_eq!(chain.number("queued()"), index + 1);
        assert_eq!(Entry::decode(&expected.encode()), Some(expected));
    }
    assert_eq!(chain.balance(token, chain.rollup), 20);
    assert_eq!(chain.queue_hash(7), [0; 32]);
}

#[test]
fn entries_are_115_bytes() {
    let entry = Entry {
        kind: EntryKind::ExitByKey,
        token: 0x0102_0304,
        account: 0x05_0607_0809,
        owner: [0x0a; 20],
        amount: 0x0b0b_0b0b_0b0b_0b0b_0b0b_0b0b_0b0b_0b0b,
        ax: Fr::from(12u64),
        ay: Fr::from(13u64),
        timestamp: 0x0e_0f10_1112,
    };
    let zeros = "00".repeat(31);
    let expected = format!(
        "04010203040506070809{}{}{zeros}0c{zeros}0d0e0f101112",
        "0a".repeat(20),
        "0b".repeat(16)
    );
    assert_eq!(hex::encode(entry.encode()), expected);
    let mut bytes = entry.encode();
    for kind in [0, 5, 255] {
        bytes[0] = kind;
        assert_eq!(Entry::decode(&bytes), None);
    }
    for at in [46, 78] {
        let mut bytes = entry.encode();
        bytes[at..at + 32].fill(0xff);
        assert_eq!(Entry::decode(&bytes), None);
    }
    assert_eq!(bytes.len(), ENTRY_BYTES);
}

#[test]
fn accounts_and_keys_of_top_ups_are_in_range() {
    let mut chain = Chain::accepting(SLOTS);
    let accounts = 1u64 << 33;
    for account in [accounts, (1 << 40) - 1] {
        let call = Call::TopUpEth { account, ax: ONE };
        let error = format!("AccountInvalid({account:#x})");
        assert_error(&chain.call(ALICE, &call, 1), &error);
    }
    // uint40: Solidity's decoder refuses a longer value without data.
    let mut calldata = Call::TopUpEth {
        account: 0,
        ax: ONE,
    }
    .calldata();
    calldata[4 + 31 - 5] = 1;
    let receipt = chain.raw(ALICE, chain.rollup, calldata.clone(), 1);
    assert!(!receipt.success && receipt.output.is_empty());
    calldata[4 + 31 - 5] = 0;
    calldata[36..].copy_from_slice(&plus_modulus::<Fr>(&[0; 32]));
    let receipt = chain.raw(ALICE, chain.rollup, calldata, 1);
    assert_eq!(receipt.error.unwrap().name(), "KeyInvalid");
    // In a smaller tree the bound is lower.
    for depth in [1, 5] {
        chain.config.depth = depth;
        let code = chain.config.creation_code();
        chain.rollup = chain.evm.deploy(SENDER, code).unwrap().address;
        let accounts = 8u64.pow(depth);
        for (account, fits) in [(accounts - 1, true), (accounts, false)] {
            let top_up = Call::TopUpEth { account, ax: ONE }.calldata();
            let exit = Call::RequestExit { account, token: 0 }.calldata();
            for (calldata, value) in [(top_up, 1), (exit, 0)] {
                let rollup = chain.rollup;
                let receipt = chain.evm.transact(ALICE, rollup, calldata, value).unwrap();
                assert_eq!(receipt.success, fits, "{depth}, {account}");
            }
        }
    }
}

fn deposit_token(token: u32, amount: u128) -> Call {
    Call::DepositErc20 {
        token,
        amount,
        ax: ZERO,
        ay: ZERO,
        l1_owner: BOB,
    }
}

#[test]
fn amounts_are_above_zero_and_below_2_128() {
    let mut chain = Chain::accepting(SLOTS);
    let error = "AmountInvalid(0x0)";
    let top_up = Call::TopUpEth {
        account: 1,
        ax: ONE,
    };
    assert_error(&chain.call(ALICE, &deposit_eth(NO_KEY, BOB), 0), error);
    assert_error(&chain.call(ALICE, &top_up, 0), error);

    // A token with a supply of 2^256 - 1.
    let mut creation = crate::common::rollup::code(ERC20);
    creation.extend([0xff; 32]);
    let token = chain.evm.deploy(ALICE, creation).unwrap().address;
    chain.ok(ALICE, &Call::RegisterToken { token }, 0);
    assert_error(&chain.call(ALICE, &deposit_token(1, 0), 0), error);
    let deposit = |amount: Word| {
        let mut calldata = deposit_token(1, 1).calldata();
        calldata[36..68].copy_from_slice(&amount);
        calldata
    };
    let mut above = [0; 32];
    above[15] = 1;
    for amount in [above, [0xff; 32]] {
        let receipt = chain.raw(ALICE, chain.rollup, deposit(amount), 0);
        assert_error(
            &receipt,
            &format!("AmountInvalid({})", hexadecimal(&amount)),
        );
    }
    chain.ok(ALICE, &deposit_token(1, u128::MAX), 0);
    assert_eq!(chain.queue[0].amount, u128::MAX);
    assert_eq!(chain.balance(token, chain.rollup), u128::MAX);
}

#[test]
fn tokens_are_registered_once_and_have_code() {
    let mut chain = Chain::accepting(SLOTS);
    let (token, id) = chain.token(ERC20);
    let (other, second) = chain.token(FEE);
    assert_eq!((id, second), (1, 2));
    assert_eq!(chain.number("tokenCount()"), 3);
    let rollup = chain.rollup;
    for (id, token) in [(0, [0; 20]), (1, token), (2, other), (3, [0; 20])] {
        assert_eq!(
            chain.view_of(rollup, token_address_call(id)),
            word_from_address(&token)
        );
    }
    for (token, id) in [(token, 1), (other, 2), (ALICE, 0)] {
        assert_eq!(
            chain.view_of(rollup, token_id_call(&token)),
            word_from_u128(id)
        );
    }
    let address = hexadecimal(&token);
    assert_error(
        &chain.call(BOB, &Call::RegisterToken { token }, 0),
        &format!("TokenRegisteredBefore({address}, 0x1)"),
    );
    for token in [ALICE, [0; 20]] {
        let address = hexadecimal(&token);
        assert_error(
            &chain.call(BOB, &Call::RegisterToken { token }, 0),
            &format!("TokenWithoutCode({address})"),
        );
    }
    // ETH is no ERC-20.
    for token in [0, 3, u32::MAX] {
        let error = format!("TokenUnknown({token:#x})");
        assert_error(&chain.call(ALICE, &deposit_token(token, 1), 0), &error);
    }
    // Tokens come without ether.
    let receipt = chain.call(ALICE, &deposit_token(1, 1), 1);
    assert!(!receipt.success && receipt.output.is_empty());
    // The rollup as a token: it has code, and no function of a token.
    let token = chain.rollup;
    chain.ok(BOB, &Call::RegisterToken { token }, 0);
    assert!(!chain.call(ALICE, &deposit_token(3, 1), 0).success);
}

#[test]
fn what_arrives_is_deposited() {
    let mut chain = Chain::accepting(SLOTS);
    for (code, sent, arrives) in [
        (ERC20, 1000, 1000),
        (NO_RETURN, 1000, 1000),
        (FEE, 1000, 900),
        (FEE, 19, 18),
    ] {
        let (token, id) = chain.token(code);
        chain.ok(ALICE, &deposit_token(id, sent), 0);
        let top_up = Call::TopUpErc20 {
            token: id,
            amount: sent,
            account: 3,
            ax: ONE,
        };
        chain.ok(ALICE, &top_up, 0);
        for entry in &chain.queue[chain.queue.len() - 2..] {
            assert_eq!((entry.token, entry.amount), (id, arrives));
        }
        assert_eq!(chain.balance(token, chain.rollup), 2 * arrives);
    }
}

#[test]
fn tokens_that_do_not_pay_deposit_nothing() {
    let mut chain = Chain::accepting(SLOTS);
    // It moves the money and answers false.
    let (token, id) = chain.token(FALSE);
    let error = format!("TokenCallFailed({})", hexadecimal(&token));
    assert_error(&chain.call(ALICE, &deposit_token(id, 10), 0), &error);
    // More than there is: the token reverts.
    let (token, id) = chain.token(ERC20);
    let error = format!("TokenCallFailed({})", hexadecimal(&token));
    assert_error(
        &chain.call(ALICE, &deposit_token(id, 10u128.pow(31)), 0),
        &error,
    );
    // What is no token: it answers 1 to everything.
    let token = chain.config.verifier;
    chain.ok(BOB, &Call::RegisterToken { token }, 0);
    assert_error(
        &chain.call(ALICE, &deposit_token(3, 1), 0),
        "AmountInvalid(0x0)",
    );
    // From the rollup to itself nothing arrives.
    assert!(chain.queue.is_empty());
}

/// What became of the call that the re-entering token made.
fn reentry(chain: &mut Chain, token: Address) -> (bool, Vec<u8>) {
    let word = |chain: &mut Chain, signature| chain.view_of(token, encode_call(signature, &[]));
    assert_eq!(word(chain, "called()"), word_from_u128(1));
    let succeeded = word(chain, "succeeded()") == word_from_u128(1);
    let result = chain.evm.view(token, encode_call("result()", &[])).unwrap();
    let length = result[63] as usize;
    (succeeded, result[64..64 + length].to_vec())
}

fn arm(chain: &mut Chain, token: Address, calldata: &[u8], value: u128) {
    let mut arm = encode_call(
        "arm(address,uint256,bytes)",
        &[
            word_from_address(&chain.rollup),
            word_from_u128(value),
            word_from_u128(96),
            word_from_u128(calldata.len() as u128),
        ],
    );
    arm.extend(calldata);
    arm.resize(arm.len().next_multiple_of(32) + 4, 0);
    assert!(chain.raw(ALICE, token, arm, 0).success);
}

/// A deposit is what the balance grew by: a deposit within a deposit would be counted twice.
#[test]
fn deposits_cannot_be_reentered() {
    let mut chain = Chain::accepting(SLOTS);
    let (token, id) = chain.token(REENTERER);
    let (_, honest) = chain.token(ERC20);
    let top_up = |token| Call::TopUpErc20 {
        token,
        amount: 5,
        account: 1,
        ax: ONE,
    };
    let withdraw = Call::Withdraw {
        token: id,
        owner: ALICE,
    };
    for inner in [
        deposit_token(id, 5),
        deposit_token(honest, 5),
        top_up(id),
        withdraw,
    ] {
        for outer in [deposit_token(id, 100), top_up(id)] {
            let queued = chain.queue.len();
            arm(&mut chain, token, &inner.calldata(), 0);
            chain.ok(ALICE, &outer, 0);
            let (succeeded, result) = reentry(&mut chain, token);
            assert!(!succeeded);
            assert_eq!(result, selector("Reentered()"));
            assert_eq!(chain.queue.len(), queued + 1);
        }
    }
    // What moves no token may be called; it comes before the deposit.
    let queued = chain.queue.len();
    chain.evm.fund(token, 1000);
    arm(
        &mut chain,
        token,
        &deposit_eth(NO_KEY, BOB).calldata(),
        1000,
    );
    chain.ok(ALICE, &deposit_token(id, 100), 0);
    assert!(reentry(&mut chain, token).0);
    let tail = &chain.queue[queued..];
    assert_eq!(tail.len(), 2);
    assert_eq!((tail[0].token, tail[0].amount), (0, 1000));
    assert_eq!((tail[1].token, tail[1].amount), (id, 100));
    let mut hash = [0; 32];
    for entry in &chain.queue {
        hash = entry.next_hash(&hash);
    }
    assert_eq!(chain.queue_hash(chain.queue.len() as u64), hash);
}

/// Execution and whole transaction (Osaka). The bar for a deposit of ether is 73,500.
#[test]
fn gas_of_deposits_is_pinned() {
    let mut chain = Chain::accepting(SLOTS);
    let (_, id) = chain.token(ERC20);
    let gas = |receipt: &Receipt| (receipt.gas_execution, receipt.gas_used);
    chain.deposit(BOB, 1);
    chain.ok(ALICE, &deposit_token(id, 1), 0);
    let erc20 = |(ax, ay): Point| Call::DepositErc20 {
        token: id,
        amount: 10u128.pow(18),
        ax,
        ay,
        l1_owner: BOB,
    };
    let ether = 10u128.pow(18);
    let mut measured = Vec::new();
    for (name, call, value) in [
        ("depositETH", deposit_eth(BASE8, BOB), ether),
        ("depositETH, no key", deposit_eth(NO_KEY, BOB), ether),
        (
            "topUpETH",
            Call::TopUpEth {
                account: 1 << 32,
                ax: BASE8.0,
            },
            ether,
        ),
        ("depositERC20", erc20(BASE8), 0),
        (
            "topUpERC20",
            Call::TopUpErc20 {
                token: id,
                amount: ether,
                account: 1 << 32,
                ax: BASE8.0,
            },
            0,
        ),
        (
            "requestExit",
            Call::RequestExit {
                account: 1 << 32,
                token: id,
            },
            0,
        ),
    ] {
        let receipt = chain.ok(ALICE, &call, value);
        println!("{name}: {:?}", gas(&receipt));
        measured.push(gas(&receipt));
    }
    let token = chain.deploy(ERC20, 1);
    let receipt = chain.ok(ALICE, &Call::RegisterToken { token }, 0);
    println!("registerToken: {:?}", gas(&receipt));
    measured.push(gas(&receipt));
    assert_eq!(
        measured,
        [
            (35_102, 57_558),
            (34_786, 56_474),
            (34_657, 56_373),
            (52_831, 75_627),
            (52_328, 74_384),
            (35_019, 56_363),
            (53_993, 75_425)
        ]
    );
}
