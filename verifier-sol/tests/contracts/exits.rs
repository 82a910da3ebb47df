//! Ways out of `Rollup.sol` in the embedded EVM: withdrawals, exit requests, freezing, escaping, reclaiming;
//! whatever could be paid twice or to the wrong one; gas.

use crate::common::attacks::plus_modulus;
use crate::common::chain::SENDER;
use crate::common::mirror::{Data, exit_inputs};
use crate::common::rollup::{
    ALICE, BOB, Chain, SLOTS, accept_all, assert_error, code, hexadecimal,
};
use crate::common::{prove, setup};
use ark_bn254::{Bn254, Fr};
use ark_groth16::Proof;
use zkroll_verifier_sol::abi::{
    Address, encode_call, fr_from_word, selector, word_from_address, word_from_field,
    word_from_u128,
};
use zkroll_verifier_sol::calldata::CalldataError;
use zkroll_verifier_sol::evm::Receipt;
use zkroll_verifier_sol::fixed::creation_code;
use zkroll_verifier_sol::rollup::{
    Call, EXIT_DEADLINE, Entry, EntryKind, Event, ExitProof, MAX_BATCH_AGE,
};

const ERC20: &str = include_str!("../../contracts/bin/Erc20.hex");
const NO_RETURN: &str = include_str!("../../contracts/bin/NoReturnToken.hex");
const FEE: &str = include_str!("../../contracts/bin/FeeToken.hex");
const FALSE: &str = include_str!("../../contracts/bin/FalseToken.hex");
const REENTERER: &str = include_str!("../../contracts/bin/Reenterer.hex");
const RETURN_FALSE: &str = include_str!("../../contracts/bin/ReturnFalse.hex");

/// Settles a batch that lets `amount` of a token go to `owner`, consuming no entries.
fn owe(chain: &mut Chain, token: u32, owner: Address, amount: u64) {
    let data = Data {
        withdrawals: vec![(owner, token, amount)],
        ..Data::default()
    };
    let call = chain.batch(&data, amount);
    assert!(chain.submit(call.calldata()).success);
}

fn withdraw(token: u32, owner: Address) -> Call {
    Call::Withdraw { token, owner }
}

fn nothing_owed(token: u32, owner: Address) -> String {
    format!("NothingOwed({token:#x}, {})", hexadecimal(&owner))
}

#[test]
fn ether_is_withdrawn_once() {
    let mut chain = Chain::accepting(SLOTS);
    let carol = [0xca; 20];
    chain.deposit(BOB, 5000);
    let error = nothing_owed(0, carol);
    assert_error(&chain.call(ALICE, &withdraw(0, carol), 0), &error);
    owe(&mut chain, 0, carol, 3000);
    owe(&mut chain, 0, carol, 30);
    // Anyone may call; the owner is paid, and nobody else.
    assert_error(
        &chain.call(ALICE, &withdraw(0, ALICE), 0),
        &nothing_owed(0, ALICE),
    );
    assert_error(
        &chain.call(ALICE, &withdraw(1, carol), 0),
        &nothing_owed(1, carol),
    );
    let receipt = chain.ok(ALICE, &withdraw(0, carol), 0);
    assert_eq!(
        chain.events(&receipt),
        [Event::Withdrawn {
            token: 0,
            owner: carol,
            amount: word_from_u128(3030)
        }]
    );
    assert_eq!(chain.evm.balance(&carol), 3030);
    assert_eq!(chain.evm.balance(&chain.rollup), 5000 - 3030);
    assert_eq!(chain.owed(0, carol), 0);
    assert_error(&chain.call(ALICE, &withdraw(0, carol), 0), &error);
    // Not more than there is.
    owe(&mut chain, 0, carol, 1971);
    let error = format!("EtherRefused({})", hexadecimal(&carol));
    assert_error(&chain.call(ALICE, &withdraw(0, carol), 0), &error);
    assert_eq!(chain.owed(0, carol), 1971);
}

#[test]
fn tokens_are_withdrawn_once() {
    let mut chain = Chain::accepting(SLOTS);
    for (code, arrives) in [(ERC20, 700), (NO_RETURN, 700), (FEE, 630)] {
        let (token, id) = chain.token(code);
        let deposit = Call::DepositErc20 {
            token: id,
            amount: 1000,
            ax: Fr::from(0u64),
            ay: Fr::from(0u64),
            l1_owner: BOB,
        };
        chain.ok(ALICE, &deposit, 0);
        let held = chain.balance(token, chain.rollup);
        owe(&mut chain, id, BOB, 700);
        chain.ok(ALICE, &withdraw(id, BOB), 0);
        assert_eq!(chain.balance(token, BOB), arrives);
        assert_eq!(chain.balance(token, chain.rollup), held - 700);
        let error = nothing_owed(id, BOB);
        assert_error(&chain.call(ALICE, &withdraw(id, BOB), 0), &error);
        // More than the contract holds: another token's balance does not pay for it.
        owe(&mut chain, id, BOB, 701);
        let error = format!("TokenCallFailed({})", hexadecimal(&token));
        assert_error(&chain.call(ALICE, &withdraw(id, BOB), 0), &error);
        assert_eq!(chain.owed(id, BOB), 701);
    }
    owe(&mut chain, 9, BOB, 1);
    assert_error(
        &chain.call(ALICE, &withdraw(9, BOB), 0),
        "TokenUnknown(0x9)",
    );
}

#[test]
fn what_is_refused_stays_owed() {
    let mut chain = Chain::accepting(SLOTS);
    let honest = |chain: &mut Chain, token, honest| {
        let call = encode_call("setHonest(bool)", &[word_from_u128(honest)]);
        assert!(chain.raw(ALICE, token, call, 0).success);
    };
    let (token, id) = chain.token(FALSE);
    honest(&mut chain, token, 1);
    let deposit = Call::TopUpErc20 {
        token: id,
        amount: 1000,
        account: 1,
        ax: Fr::from(1u64),
    };
    chain.ok(ALICE, &deposit, 0);
    owe(&mut chain, id, BOB, 10);
    honest(&mut chain, token, 0);
    let error = format!("TokenCallFailed({})", hexadecimal(&token));
    assert_error(&chain.call(ALICE, &withdraw(id, BOB), 0), &error);
    assert_eq!(chain.owed(id, BOB), 10);
    honest(&mut chain, token, 1);
    chain.ok(ALICE, &withdraw(id, BOB), 0);

    let receiver = chain.deploy(REENTERER, 0);
    chain.deposit(BOB, 100);
    owe(&mut chain, 0, receiver, 60);
    let refuse = |chain: &mut Chain, refusing| {
        let call = encode_call("setRefusing(bool)", &[word_from_u128(refusing)]);
        assert!(chain.raw(ALICE, receiver, call, 0).success);
    };
    refuse(&mut chain, 1);
    let error = format!("EtherRefused({})", hexadecimal(&receiver));
    assert_error(&chain.call(ALICE, &withdraw(0, receiver), 0), &error);
    assert_eq!(chain.owed(0, receiver), 60);
    refuse(&mut chain, 0);
    chain.ok(ALICE, &withdraw(0, receiver), 0);
    assert_eq!(chain.evm.balance(&receiver), 60);
}

fn arm(chain: &mut Chain, reenterer: Address, calldata: &[u8]) {
    let mut arm = encode_call(
        "arm(address,uint256,bytes)",
        &[
            word_from_address(&chain.rollup),
            word_from_u128(0),
            word_from_u128(96),
            word_from_u128(calldata.len() as u128),
        ],
    );
    arm.extend(calldata);
    arm.resize(arm.len().next_multiple_of(32) + 4, 0);
    assert!(chain.raw(ALICE, reenterer, arm, 0).success);
}

fn assert_reentry_refused(chain: &mut Chain, reenterer: Address) {
    let called = chain.view_of(reenterer, encode_call("called()", &[]));
    let succeeded = chain.view_of(reenterer, encode_call("succeeded()", &[]));
    assert_eq!((called[31], succeeded[31]), (1, 0));
    let result = chain
        .evm
        .view(reenterer, encode_call("result()", &[]))
        .unwrap();
    assert_eq!(result[64..68], selector("Reentered()"));
}

#[test]
fn withdrawals_cannot_be_reentered() {
    let mut chain = Chain::accepting(SLOTS);
    let (token, id) = chain.token(REENTERER);
    let top_up = |amount| Call::TopUpErc20 {
        token: id,
        amount,
        account: 1,
        ax: Fr::from(1u64),
    };
    chain.ok(ALICE, &top_up(1000), 0);
    chain.deposit(BOB, 1000);
    for inner in [withdraw(0, token), withdraw(id, token), top_up(1)] {
        owe(&mut chain, 0, token, 10);
        owe(&mut chain, id, token, 10);
        for outer in [withdraw(0, token), withdraw(id, token)] {
            arm(&mut chain, token, &inner.calldata());
            chain.ok(BOB, &outer, 0);
            assert_reentry_refused(&mut chain, token);
        }
    }
    assert_eq!(chain.evm.balance(&token), 30);
    assert_eq!(chain.balance(token, token), 30);
}

#[test]
fn exits_are_queued_for_the_caller() {
    let mut chain = Chain::accepting(SLOTS);
    let account = (1u64 << 33) - 1;
    let receipt = chain.ok(BOB, &Call::RequestExit { account, token: 7 }, 0);
    let entry = Entry {
        kind: EntryKind::Exit,
        token: 7,
        account,
        owner: BOB,
        amount: 0,
        ax: Fr::from(0u64),
        ay: Fr::from(0u64),
        timestamp: chain.now(),
    };
    assert_eq!(
        chain.events(&receipt),
        [Event::EntryQueued { index: 0, entry }]
    );
    assert_eq!(chain.queue_hash(1), entry.next_hash(&[0; 32]));
    let call = Call::RequestExit {
        account: account + 1,
        token: 0,
    };
    assert_error(&chain.call(BOB, &call, 0), "AccountInvalid(0x200000000)");
    // Entries of exits come without ether.
    let call = Call::RequestExit { account, token: 0 };
    let receipt = chain.call(BOB, &call, 1);
    assert!(!receipt.success && receipt.output.is_empty());
}

fn exit(ax: u64) -> ExitProof {
    ExitProof {
        token: 3,
        account: 0x1_2345_6789,
        balance: 10u128.pow(30),
        recipient: BOB,
        ax: Fr::from(ax),
        proof: Proof::<Bn254>::default(),
    }
}

/// The exit with each field changed. The first ones need no tokens but another proof.
fn changed(exit: &ExitProof) -> Vec<ExitProof> {
    let one = Fr::from(1u64);
    let mut other = vec![exit.clone(); 5];
    other[0].token += 1;
    other[1].account += 1;
    other[2].balance += 1;
    other[3].recipient = ALICE;
    other[4].ax += one;
    other
}

#[test]
fn exits_by_key_need_a_proof() {
    let pk = setup(5, 4);
    let mut chain = Chain::new(accept_all(), creation_code(&pk.vk).unwrap(), SLOTS);
    // Any root: what the proof says of a tree is not used.
    for (index, root) in [Fr::from(4711u64), -Fr::from(1u64), Fr::from(0u64)]
        .into_iter()
        .enumerate()
    {
        let mut exit = exit(77);
        chain.prove_exit(&mut exit, root, &pk);
        for exit in changed(&exit) {
            let call = Call::RequestExitByKey { root, exit };
            assert_error(&chain.call(ALICE, &call, 0), "ProofInvalid()");
        }
        let call = Call::RequestExitByKey {
            root: root + Fr::from(1u64),
            exit: exit.clone(),
        };
        assert_error(&chain.call(ALICE, &call, 0), "ProofInvalid()");

        let receipt = chain.ok(
            ALICE,
            &Call::RequestExitByKey {
                root,
                exit: exit.clone(),
            },
            0,
        );
        let entry = Entry {
            kind: EntryKind::ExitByKey,
            token: exit.token,
            account: exit.account,
            owner: BOB,
            amount: 0,
            ax: exit.ax,
            ay: Fr::from(0u64),
            timestamp: chain.now(),
        };
        let index = index as u64;
        assert_eq!(
            chain.events(&receipt),
            [Event::EntryQueued { index, entry }]
        );
        assert_eq!(receipt.output, word_from_u128(index.into()));
    }
    // A proof for another chain.
    let root = Fr::from(1u64);
    let mut exit = exit(77);
    let chain_id = chain.evm.config().chain_id + 1;
    let inputs = exit_inputs(root, chain_id, &chain.rollup, &exit);
    exit.proof = prove(&pk, &inputs, 1);
    let call = Call::RequestExitByKey {
        root,
        exit: exit.clone(),
    };
    assert_error(&chain.call(ALICE, &call, 0), "ProofInvalid()");
    // A proof for another contract under the same verifier.
    chain.prove_exit(&mut exit, root, &pk);
    let code = chain.config.creation_code();
    chain.rollup = chain.evm.deploy(SENDER, code).unwrap().address;
    let call = Call::RequestExitByKey { root, exit };
    assert_error(&chain.call(ALICE, &call, 0), "ProofInvalid()");
}

/// With x₅ = 0 a proof says that the recipient is the l1_owner of an account in a tree that the prover may have
/// made up; as an exit by the key 0 it would take the balance of any account without a key.
#[test]
fn exits_by_key_need_a_key_and_a_recipient() {
    let mut chain = Chain::accepting(SLOTS);
    let root = Fr::from(1u64);
    let request = |exit: ExitProof| Call::RequestExitByKey { root, exit };
    assert_error(
        &chain.call(ALICE, &request(exit(0)), 0),
        "KeyInvalid(0x0, 0x0)",
    );
    let mut nobody = exit(1);
    nobody.recipient = [0; 20];
    assert_error(&chain.call(ALICE, &request(nobody), 0), "AddressZero()");
    let mut outside = exit(1);
    outside.account = 1 << 33;
    assert_error(
        &chain.call(ALICE, &request(outside), 0),
        "AccountInvalid(0x200000000)",
    );
    let calldata = request(exit(1)).calldata();
    for (word, error) in [(0, "StateRootNotInField"), (5, "KeyInvalid")] {
        let mut calldata = calldata.clone();
        let at = 4 + 32 * word;
        let large = plus_modulus::<Fr>(&calldata[at..at + 32]);
        calldata[at..at + 32].copy_from_slice(&large);
        let receipt = chain.raw(ALICE, chain.rollup, calldata, 0);
        assert_eq!(receipt.error.unwrap().name(), error);
    }
    let mut chain = Chain::new(accept_all(), code(RETURN_FALSE), SLOTS);
    assert_error(
        &chain.call(ALICE, &request(exit(1)), 0),
        "VerifierRejected()",
    );
    assert!(chain.queue.is_empty());
}

fn freeze(entry: &Entry) -> Call {
    Call::Freeze {
        entry: entry.encode(),
    }
}

/// A chain that is frozen with these entries in its queue: a consumed deposit, then deposits of 20 and 300 wei
/// and an exit.
fn frozen(mut chain: Chain) -> Chain {
    chain.deposit(BOB, 1);
    let data = chain.random_data([1, 0, 0, 0], 1);
    let call = chain.batch(&data, 1);
    assert!(chain.submit(call.calldata()).success);
    chain.deposit(BOB, 20);
    let top_up = Call::TopUpEth {
        account: 1,
        ax: Fr::from(1u64),
    };
    chain.ok(ALICE, &top_up, 300);
    let request = Call::RequestExit {
        account: 1,
        token: 0,
    };
    chain.ok(ALICE, &request, 0);
    chain.advance(EXIT_DEADLINE + 1);
    let head = chain.queue[1];
    let receipt = chain.ok(BOB, &freeze(&head), 0);
    assert_eq!(chain.events(&receipt), [Event::Frozen { index: 1 }]);
    assert_eq!(chain.number("frozen()"), 1);
    chain
}

#[test]
fn only_an_overdue_head_freezes() {
    let mut chain = Chain::accepting(SLOTS);
    let first = chain.deposit(BOB, 1);
    chain.advance(10);
    let second = chain.deposit(BOB, 2);
    let allowed = first.timestamp + EXIT_DEADLINE;
    let early = format!("FreezeTooEarly({:#x}, {allowed:#x})", first.timestamp);
    assert_error(&chain.call(ALICE, &freeze(&first), 0), &early);
    chain.evm.set_block_time(allowed);
    assert_error(&chain.call(ALICE, &freeze(&first), 0), &early);
    chain.advance(1);
    // Another entry, or the head with an older time.
    let mut older = first;
    older.timestamp -= 1;
    for entry in [second, older] {
        assert_error(&chain.call(ALICE, &freeze(&entry), 0), "EntryInvalid(0x0)");
    }
    // Bytes of another length.
    for length in [0, 114, 116] {
        let mut bytes = first.encode().to_vec();
        bytes.resize(length, 0);
        let mut calldata = encode_call(
            "freeze(bytes)",
            &[word_from_u128(32), word_from_u128(length as u128)],
        );
        calldata.extend(bytes);
        calldata.resize(4 + 6 * 32, 0);
        let receipt = chain.raw(ALICE, chain.rollup, calldata, 0);
        assert_error(&receipt, "EntryInvalid(0x0)");
    }
    // A batch may still consume the head: then the next one counts.
    let data = chain.random_data([1, 0, 0, 0], 1);
    let call = chain.batch(&data, 1);
    assert!(chain.submit(call.calldata()).success);
    assert_error(&chain.call(ALICE, &freeze(&first), 0), "EntryInvalid(0x1)");
    let allowed = second.timestamp + EXIT_DEADLINE;
    let early = format!("FreezeTooEarly({:#x}, {allowed:#x})", second.timestamp);
    assert_error(&chain.call(ALICE, &freeze(&second), 0), &early);
    let data = chain.random_data([1, 0, 0, 0], 2);
    let call = chain.batch(&data, 2);
    assert!(chain.submit(call.calldata()).success);
    chain.advance(100 * EXIT_DEADLINE);
    for entry in [first, second] {
        assert_error(
            &chain.call(ALICE, &freeze(&entry), 0),
            "NotInQueue(0x2, 0x2, 0x2)",
        );
    }
    assert_eq!(chain.number("frozen()"), 0);
}

#[test]
fn a_frozen_contract_only_pays() {
    let mut chain = Chain::accepting(SLOTS);
    chain.token(ERC20);
    chain.deposit(BOB, 5000);
    let data = chain.random_data([1, 0, 0, 0], 1);
    let call = chain.batch(&data, 1);
    assert!(chain.submit(call.calldata()).success);
    owe(&mut chain, 0, BOB, 3000);
    let head = chain.deposit(BOB, 5);
    chain.advance(EXIT_DEADLINE + 1);
    let batch = {
        let data = chain.random_data([1, 1, 0, 1], 1);
        chain.batch(&data, 1)
    };
    chain.ok(ALICE, &freeze(&head), 0);
    assert_error(&chain.call(ALICE, &freeze(&head), 0), "IsFrozen()");
    assert_error(&chain.submit(batch.calldata()), "IsFrozen()");
    let (zero, one) = (Fr::from(0u64), Fr::from(1u64));
    for (call, value) in [
        (
            Call::DepositEth {
                ax: zero,
                ay: zero,
                l1_owner: BOB,
            },
            1,
        ),
        (
            Call::DepositErc20 {
                token: 1,
                amount: 1,
                ax: zero,
                ay: zero,
                l1_owner: BOB,
            },
            0,
        ),
        (
            Call::TopUpEth {
                account: 1,
                ax: one,
            },
            1,
        ),
        (
            Call::TopUpErc20 {
                token: 1,
                amount: 1,
                account: 1,
                ax: one,
            },
            0,
        ),
        (
            Call::RequestExit {
                account: 1,
                token: 0,
            },
            0,
        ),
        (
            Call::RequestExitByKey {
                root: one,
                exit: exit(1),
            },
            0,
        ),
    ] {
        assert_error(&chain.call(ALICE, &call, value), "IsFrozen()");
    }
    let before = chain.evm.balance(&BOB);
    chain.ok(ALICE, &withdraw(0, BOB), 0);
    assert_eq!(chain.evm.balance(&BOB), before + 3000);
}

#[test]
fn accounts_escape_once_from_a_frozen_contract() {
    let pk = setup(5, 4);
    let chain = Chain::new(accept_all(), creation_code(&pk.vk).unwrap(), SLOTS);
    let mut chain = frozen(chain);
    let root = fr_from_word(&chain.view("stateRoot()")).unwrap();
    for ax in [0, 77] {
        let mut exit = exit(ax);
        exit.token = 0;
        exit.account += ax;
        exit.balance = 100 + u128::from(ax);
        // Against an earlier root, which the escape does not name.
        let mut old = exit.clone();
        let genesis = chain.config.genesis_root;
        chain.prove_exit(&mut old, genesis, &pk);
        assert_error(&chain.call(ALICE, &Call::Escape(old), 0), "ProofInvalid()");
        chain.prove_exit(&mut exit, root, &pk);
        for other in changed(&exit) {
            let receipt = chain.call(ALICE, &Call::Escape(other), 0);
            assert_error(&receipt, "ProofInvalid()");
        }
        let before = chain.owed(0, BOB);
        let receipt = chain.ok(ALICE, &Call::Escape(exit.clone()), 0);
        assert_eq!(
            chain.events(&receipt),
            [Event::Escaped {
                account: exit.account,
                token: 0,
                recipient: BOB,
                balance: exit.balance
            }]
        );
        assert_eq!(chain.owed(0, BOB), before + exit.balance);
        // Again, and with another proof to somebody else.
        let error = format!("EscapedBefore({:#x})", exit.account);
        assert_error(&chain.call(ALICE, &Call::Escape(exit.clone()), 0), &error);
        exit.recipient = ALICE;
        chain.prove_exit(&mut exit, root, &pk);
        assert_error(&chain.call(ALICE, &Call::Escape(exit), 0), &error);
    }
}

#[test]
fn escapes_need_a_frozen_contract_and_a_recipient() {
    let mut chain = Chain::accepting(SLOTS);
    assert_error(&chain.call(ALICE, &Call::Escape(exit(0)), 0), "NotFrozen()");
    let mut chain = frozen(chain);
    for ax in [0, 1] {
        let mut nobody = exit(ax);
        nobody.recipient = [0; 20];
        assert_error(
            &chain.call(ALICE, &Call::Escape(nobody), 0),
            "AddressZero()",
        );
    }
    for account in [1 << 33, (1 << 40) - 1] {
        let mut outside = exit(0);
        outside.account = account;
        let error = format!("AccountInvalid({account:#x})");
        assert_error(&chain.call(ALICE, &Call::Escape(outside), 0), &error);
    }
    let mut calldata = Call::Escape(exit(0)).calldata();
    let at = 4 + 4 * 32;
    calldata[at..at + 32].copy_from_slice(&plus_modulus::<Fr>(&[0; 32]));
    let receipt = chain.raw(ALICE, chain.rollup, calldata, 0);
    assert_eq!(receipt.error.unwrap().name(), "KeyInvalid");
    // Every account has its own bit.
    for account in [0, 1, 255, 256, (1 << 33) - 1] {
        let mut exit = exit(0);
        exit.account = account;
        exit.balance = 0;
        chain.ok(ALICE, &Call::Escape(exit.clone()), 0);
        let error = format!("EscapedBefore({account:#x})");
        assert_error(&chain.call(ALICE, &Call::Escape(exit), 0), &error);
    }
    assert_eq!(chain.owed(3, BOB), 0);
    let mut chain = frozen(Chain::new(accept_all(), code(RETURN_FALSE), SLOTS));
    assert_error(
        &chain.call(ALICE, &Call::Escape(exit(0)), 0),
        "VerifierRejected()",
    );
}

#[test]
fn deposits_that_were_not_consumed_are_reclaimed_once() {
    let mut chain = Chain::accepting(SLOTS);
    let reclaim = |index: usize, entry: &Entry| Call::Reclaim {
        index: index as u64,
        entry: entry.encode(),
    };
    let early = chain.deposit(BOB, 10);
    assert_error(&chain.call(BOB, &reclaim(0, &early), 0), "NotFrozen()");
    let mut chain = frozen(Chain::accepting(SLOTS));
    let queue = chain.queue.clone();
    assert_error(
        &chain.call(BOB, &reclaim(0, &queue[0]), 0),
        "NotInQueue(0x0, 0x1, 0x4)",
    );
    for index in [4, usize::MAX] {
        let error = format!("NotInQueue({index:#x}, 0x1, 0x4)");
        assert_error(&chain.call(BOB, &reclaim(index, &queue[3]), 0), &error);
    }
    assert_error(
        &chain.call(BOB, &reclaim(3, &queue[3]), 0),
        "NotADeposit(0x3)",
    );
    let mut forged = queue[1];
    forged.amount += 1;
    assert_error(
        &chain.call(BOB, &reclaim(1, &forged), 0),
        "EntryInvalid(0x1)",
    );
    assert_error(
        &chain.call(BOB, &reclaim(2, &queue[1]), 0),
        "EntryInvalid(0x2)",
    );
    for (index, owner, amount) in [(1, BOB, 20), (2, ALICE, 300)] {
        let receipt = chain.ok(SENDER, &reclaim(index, &queue[index]), 0);
        assert_eq!(
            chain.events(&receipt),
            [Event::Reclaimed {
                index: index as u64,
                token: 0,
                owner,
                amount
            }]
        );
        assert_eq!(chain.owed(0, owner), amount);
        let error = format!("ReclaimedBefore({index:#x})");
        assert_error(&chain.call(BOB, &reclaim(index, &queue[index]), 0), &error);
        chain.ok(ALICE, &withdraw(0, owner), 0);
        assert_error(&chain.call(BOB, &reclaim(index, &queue[index]), 0), &error);
    }
    assert_eq!(chain.evm.balance(&chain.rollup), 1);
}

/// Deposits, a refund, withdrawals, an exit, a freeze: each wei that came in goes out once.
#[test]
fn what_came_in_goes_out() {
    let mut chain = Chain::accepting(SLOTS);
    let carol = [0xca; 20];
    let ax = Fr::from(5u64);
    // Accounts 1 and 2 of 1000 and 2000; a deposit to an account that is not there; an exit of account 1.
    chain.deposit(BOB, 1000);
    chain.deposit(carol, 2000);
    chain.ok(ALICE, &Call::TopUpEth { account: 9, ax }, 300);
    let request = Call::RequestExit {
        account: 1,
        token: 0,
    };
    chain.ok(BOB, &request, 0);
    let queue = chain.queue.clone();
    let mut data = Data::default();
    for (entry, result) in queue.iter().zip([1, 2, 0, 1000]) {
        data.entry(entry, result);
    }
    data.withdrawals = vec![(carol, 0, 700), (ALICE, 0, 1)];
    let call = chain.batch(&data, 1);
    assert!(chain.submit(call.calldata()).success);

    let head = chain.deposit(ALICE, 44);
    chain.advance(EXIT_DEADLINE + 1);
    chain.ok(ALICE, &freeze(&head), 0);
    let escape = ExitProof {
        token: 0,
        account: 2,
        balance: 2000 - 701,
        recipient: carol,
        ..exit(0)
    };
    chain.ok(ALICE, &Call::Escape(escape), 0);
    let reclaim = Call::Reclaim {
        index: 4,
        entry: head.encode(),
    };
    chain.ok(BOB, &reclaim, 0);
    for (owner, amount) in [(ALICE, 300 + 1 + 44), (BOB, 1000), (carol, 1999)] {
        assert_eq!(chain.owed(0, owner), amount);
        chain.ok(SENDER, &withdraw(0, owner), 0);
    }
    assert_eq!(chain.evm.balance(&chain.rollup), 0);
}

/// A batch cannot be older than hours: an exit that waits for days has had its chance in all of them.
#[test]
fn the_deadline_is_longer_than_a_batch_may_wait() {
    const { assert!(EXIT_DEADLINE > 10 * MAX_BATCH_AGE) }
}

#[test]
fn calls_are_read_back() {
    let mut calls: Vec<Call> = vec![
        Call::DepositEth {
            ax: Fr::from(1u64),
            ay: Fr::from(2u64),
            l1_owner: BOB,
        },
        Call::DepositErc20 {
            token: 1,
            amount: 2,
            ax: Fr::from(3u64),
            ay: Fr::from(4u64),
            l1_owner: BOB,
        },
        Call::TopUpEth {
            account: 1,
            ax: Fr::from(2u64),
        },
        Call::TopUpErc20 {
            token: 1,
            amount: 2,
            account: 3,
            ax: Fr::from(4u64),
        },
        Call::RequestExit {
            account: 1,
            token: 2,
        },
        withdraw(1, BOB),
        Call::RegisterToken { token: ALICE },
        Call::Freeze { entry: [1; 115] },
        Call::Reclaim {
            index: 1,
            entry: [2; 115],
        },
        Call::Escape(exit(3)),
    ];
    calls.push(Call::RequestExitByKey {
        root: Fr::from(1u64),
        exit: exit(2),
    });
    for call in calls {
        let calldata = call.calldata();
        assert_eq!(Call::decode(&calldata).as_ref(), Ok(&call));
        for length in 0..calldata.len() {
            assert!(Call::decode(&calldata[..length]).is_err());
        }
        let longer = [calldata.clone(), vec![0; 32]].concat();
        assert!(matches!(
            Call::decode(&longer),
            Err(CalldataError::Length { .. })
        ));
        for byte in 0..calldata.len() {
            let mut other = calldata.clone();
            other[byte] ^= 1;
            if let Ok(decoded) = Call::decode(&other) {
                assert_eq!(decoded.calldata(), other, "{call:?}, byte {byte}");
            }
        }
    }
}

/// Execution and whole transaction (Osaka). The bar for a withdrawal is 79,000.
#[test]
fn gas_of_exits_is_pinned() {
    let pk = setup(5, 4);
    let mut chain = Chain::new(accept_all(), creation_code(&pk.vk).unwrap(), SLOTS);
    let gas = |name: &str, receipt: &Receipt| {
        let gas = (receipt.gas_execution, receipt.gas_used);
        println!("{name}: {gas:?}");
        gas
    };
    let mut measured = Vec::new();
    let (_, id) = chain.token(ERC20);
    let deposit = Call::TopUpErc20 {
        token: id,
        amount: 10u128.pow(18),
        account: 0,
        ax: Fr::from(1u64),
    };
    chain.ok(ALICE, &deposit, 0);
    chain.deposit(BOB, 10u128.pow(18));
    for (name, token, owner) in [
        ("withdraw ETH, new account", 0, [0x11; 20]),
        ("withdraw ETH", 0, BOB),
        ("withdraw ERC-20, new holder", id, [0x22; 20]),
        ("withdraw ERC-20", id, [0x22; 20]),
    ] {
        owe(&mut chain, token, owner, 1 << 30);
        let receipt = chain.ok(ALICE, &withdraw(token, owner), 0);
        measured.push(gas(name, &receipt));
    }
    let root = Fr::from(4711u64);
    let mut request = exit(77);
    chain.prove_exit(&mut request, root, &pk);
    let call = Call::RequestExitByKey {
        root,
        exit: request,
    };
    measured.push(gas("requestExitByKey", &chain.ok(ALICE, &call, 0)));
    chain.advance(EXIT_DEADLINE + 1);
    let head = chain.queue[0];
    measured.push(gas("freeze", &chain.ok(ALICE, &freeze(&head), 0)));
    let root = fr_from_word(&chain.view("stateRoot()")).unwrap();
    assert_eq!(chain.view("stateRoot()"), word_from_field(&root));
    let mut escape = exit(0);
    chain.prove_exit(&mut escape, root, &pk);
    measured.push(gas("escape", &chain.ok(ALICE, &Call::Escape(escape), 0)));
    let reclaim = Call::Reclaim {
        index: 1,
        entry: chain.queue[1].encode(),
    };
    measured.push(gas("reclaim", &chain.ok(ALICE, &reclaim, 0)));
    assert_eq!(
        measured,
        [
            (42_682, 59_442),
            (17_682, 34_442),
            (41_065, 57_837),
            (23_965, 40_737),
            (252_739, 279_123),
            (13_777, 36_029),
            (269_607, 295_827),
            (56_427, 78_795)
        ]
    );
}
