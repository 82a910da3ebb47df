// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Deposits} from "./Deposits.sol";
import {Exits} from "./Exits.sol";
import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Amount} from "./libraries/Amount.sol";
import {Proof} from "./libraries/Proof.sol";
import {PublicData} from "./libraries/PublicData.sol";
import {Queue} from "./libraries/Queue.sol";

/// @title zkroll rollup, version 2
/// @dev   A batch is proven for the public inputs (C, ρ, y). This contract writes every word that it
///        knows itself (version, chain id, its own address, batch number, shape, pre-state root, the queue's
///        entries), cuts the operator's words from bytes, and computes ρ and y, so that a proof holds for
///        exactly one chain, contract, batch, state and part of the queue.
///
///        Where things are: batches here, deposits in Deposits.sol, exits and the way out of a frozen contract
///        in Exits.sol, tokens and payments in Tokens.sol, storage and the queue's tail in State.sol.
///
///        Nobody owns the contract: it has no administrator, no upgrade, no pause and no fee, and its verifiers
///        and shape cannot be replaced. Ether comes in by depositETH and topUpETH only.
///
///        Cost (execution gas, Osaka; tests/rollup.rs): a batch that shows nothing 226,800, of it 202,100 for the
///        verifier; an operation 38, a creation 230, an entry of the queue 770 and 4,700 for the first one, a
///        withdrawal 22,700 to an owner who was owed nothing. The calldata is paid for besides.
///
///        Does not: take batches from blobs, auction the right to operate, know NFTs.
contract Rollup is Deposits, Exits {
    /// @notice A batch must be settled within this time of its own timestamp, so that an operator
    ///         cannot keep an expired operation alive by proving against an old clock.
    uint256 public constant MAX_BATCH_AGE = 2 hours;

    uint32 private constant MAX_DEPTH = 11;

    /// @dev Selector, twelve head words (proof included) and the length of `data`.
    uint256 private constant CALLDATA_HEAD = 4 + 13 * 32;

    /// @inheritdoc IRollup
    address public immutable verifier;
    /// @inheritdoc IRollup
    uint32 public immutable l1Slots;
    /// @inheritdoc IRollup
    uint32 public immutable feeSlots;
    /// @inheritdoc IRollup
    uint32 public immutable withdrawalSlots;
    /// @inheritdoc IRollup
    uint32 public immutable creationSlots;
    /// @inheritdoc IRollup
    uint32 public immutable operationSlots;

    /// @param verifier_ verifier of the key for batches of this shape
    /// @param exitVerifier_ verifier of the exit circuit's key for this depth
    /// @param genesisRoot root of the initial account tree. Nothing stands behind balances in it: whoever puts
    ///        any there can withdraw what others deposit. Users check that it is that of an empty tree, or of
    ///        accounts without balance.
    /// @param depth_ levels of the 8-ary tree, 1 to 11. Every deposit may fill an account for good, and an entry
    ///        for which no account is free can never be consumed: less than 10 is for tests.
    /// @param l1Slots_ L1 slots L of every batch, at least 1
    /// @param feeSlots_ fee slots F of every batch
    /// @param withdrawalSlots_ withdrawal slots W of every batch
    /// @param creationSlots_ creation slots E of every batch
    /// @param operationSlots_ operation slots N of every batch
    constructor(
        address verifier_,
        address exitVerifier_,
        uint256 genesisRoot,
        uint32 depth_,
        uint32 l1Slots_,
        uint32 feeSlots_,
        uint32 withdrawalSlots_,
        uint32 creationSlots_,
        uint32 operationSlots_
    ) {
        if (verifier_.code.length == 0) revert VerifierWithoutCode(verifier_);
        if (exitVerifier_.code.length == 0) revert VerifierWithoutCode(exitVerifier_);
        if (genesisRoot >= PublicData.R) revert StateRootNotInField(genesisRoot);
        if (depth_ == 0 || depth_ > MAX_DEPTH) revert DepthInvalid(depth_);
        // The first entry could not be consumed, and anyone can queue one.
        if (l1Slots_ == 0) revert NoL1Slots();
        verifier = verifier_;
        exitVerifier = exitVerifier_;
        depth = depth_;
        l1Slots = l1Slots_;
        feeSlots = feeSlots_;
        withdrawalSlots = withdrawalSlots_;
        creationSlots = creationSlots_;
        operationSlots = operationSlots_;
        _tip.nextBatchNumber = 1;
        stateRoot = genesisRoot;
    }

    /// @inheritdoc IRollup
    function submitBatch(
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        uint256[8] calldata proof,
        bytes calldata data
    ) external {
        _requireCanonicalCalldata(data);
        _settle(timestamp, postStateRoot, commitment, proof, data);
    }

    /// @inheritdoc IRollup
    function challenge(uint40 timestamp, uint256 postStateRoot, uint256 commitment, bytes calldata data)
        external
        view
        returns (uint256 rho, uint256 y)
    {
        (rho, y,) = _challenge(_tip, stateRoot, timestamp, postStateRoot, commitment, data);
    }

    /// @dev Reentrancy: the only outside call is the STATICCALL to the immutable verifier, which cannot change
    ///      state here or anywhere; it is one of the checks, and effects follow it. Payments are pulled later.
    function _settle(
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        uint256[8] calldata proof,
        bytes calldata data
    ) internal {
        Tip memory tip = _tip;
        if (tip.frozen) revert IsFrozen();
        if (timestamp < tip.timestamp) revert TimestampBeforePrevious(timestamp, tip.timestamp);
        if (timestamp > block.timestamp) revert TimestampInFuture(timestamp, block.timestamp);
        unchecked {
            // timestamp ≤ block.timestamp
            if (block.timestamp - timestamp > MAX_BATCH_AGE) {
                revert TimestampTooOld(timestamp, block.timestamp - MAX_BATCH_AGE);
            }
        }

        uint256 preStateRoot = stateRoot;
        (uint256 rho, uint256 y, PublicData.Shown memory shown) =
            _challenge(tip, preStateRoot, timestamp, postStateRoot, commitment, data);
        _requireProof(proof, commitment, rho, y);

        uint64 number = tip.nextBatchNumber;
        tip.nextBatchNumber = number + 1;
        tip.timestamp = timestamp;
        // shown.l1 is a count of 16 bits.
        tip.consumed += uint64(shown.l1);
        _tip = tip;
        stateRoot = postStateRoot;
        _credit(shown);
        emit BatchSettled(number, preStateRoot, postStateRoot, timestamp, commitment, tip.consumed);
    }

    /// @dev Builds T, C, K and the words shown (docs/protocol.md, section 7) and evaluates them.
    function _challenge(
        Tip memory tip,
        uint256 preStateRoot,
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        bytes calldata data
    ) private view returns (uint256 rho, uint256 y, PublicData.Shown memory shown) {
        if (postStateRoot >= PublicData.R) revert StateRootNotInField(postStateRoot);
        if (commitment >= PublicData.R) revert CommitmentNotInField(commitment);

        PublicData.Shape memory shape = PublicData.Shape({
            depth: depth,
            l1Slots: l1Slots,
            feeSlots: feeSlots,
            withdrawalSlots: withdrawalSlots,
            creationSlots: creationSlots,
            operationSlots: operationSlots
        });
        shown = PublicData.measure(data, shape);
        uint256 consumedAfter = tip.consumed + shown.l1;
        if (consumedAfter > tip.queued) revert QueueTooShort(consumedAfter, tip.queued);

        uint256[] memory words = PublicData.allocate(shown, shape);
        words[0] = PublicData.RHO_TAG;
        words[1] = commitment;
        words[2] = PublicData.countWord(shown);
        words[3] = _domain();
        words[4] = timestamp;
        words[5] = tip.nextBatchNumber;
        words[6] = PublicData.shapeWord(shape);
        words[7] = preStateRoot;
        words[8] = postStateRoot;
        words[9] = tip.consumed;
        words[10] = consumedAfter;

        bytes32 before = shown.l1 == 0 ? bytes32(0) : queueHash[tip.consumed];
        bytes32 afterwards = PublicData.unpack(words, shown, shape, before);
        if (shown.l1 != 0) {
            bytes32 expected = queueHash[uint64(consumedAfter)];
            if (afterwards != expected) revert QueueMismatch(expected, afterwards);
        }
        (rho, y) = PublicData.evaluate(words, shown, shape);
    }

    /// @dev Owes what the batch let go: withdrawals, the balances of exits, deposits that found no account.
    ///      The words that were proven say the same; it is read from the calldata again to keep them small.
    function _credit(PublicData.Shown memory shown) private {
        unchecked {
            // Calldata offsets.
            uint256 source = shown.l1At;
            for (uint256 i = 0; i < shown.l1; ++i) {
                uint256 first = PublicData.word(source);
                uint256 kind = first >> 248;
                uint256 amount = PublicData.word(source + Queue.ENTRY_BYTES) >> 128;
                if (kind == Queue.CREATE || (kind == Queue.TOP_UP && amount == 1)) {
                    amount = 0;
                } else if (kind == Queue.TOP_UP) {
                    amount = PublicData.word(source + 30) >> 128;
                }
                _owe(uint32(first >> 216), address(uint160(first >> 16)), amount);
                source += PublicData.L1_SLOT_BYTES;
            }
            source = shown.withdrawalsAt;
            for (uint256 i = 0; i < shown.withdrawals; ++i) {
                uint256 slot = PublicData.word(source);
                _owe(uint32(slot >> 64), address(uint160(slot >> 96)), Amount.decode((slot >> 24) & 0xff_ffff_ffff));
                source += PublicData.WITHDRAWAL_BYTES;
            }
        }
    }

    /// @dev Reverts with the verifier's error unless the proof holds for (C, ρ, y).
    function _requireProof(uint256[8] calldata proof, uint256 commitment, uint256 rho, uint256 y) private view {
        (uint256[2] calldata a, uint256[2][2] calldata b, uint256[2] calldata c) = Proof.split(proof);
        if (!IGroth16Verifier(verifier).verifyProof(a, b, c, [commitment, rho, y])) revert VerifierRejected();
    }

    /// @dev One form of the call only, so that whoever reads a batch from L1 needs no general decoder, and
    ///      nobody can settle one that such a reader does not understand.
    function _requireCanonicalCalldata(bytes calldata data) private pure {
        unchecked {
            uint256 expected = CALLDATA_HEAD + ((data.length + 31) & ~uint256(31));
            if (msg.data.length != expected) revert CalldataLengthInvalid(expected, msg.data.length);
            uint256 source;
            // Equals: source is the calldata offset of data[0]
            assembly ("memory-safe") {
                source := data.offset
            }
            // The last word of the padding begins with data.length mod 32 bytes of data.
            uint256 rest = data.length % 32;
            if (source != CALLDATA_HEAD || (rest != 0 && PublicData.word(expected - 32) << (8 * rest) != 0)) {
                revert CalldataNotCanonical();
            }
        }
    }
}
