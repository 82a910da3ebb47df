// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {State} from "./State.sol";
import {Tokens} from "./Tokens.sol";
import {Amount} from "./libraries/Amount.sol";
import {Proof} from "./libraries/Proof.sol";
import {PublicData} from "./libraries/PublicData.sol";
import {Queue} from "./libraries/Queue.sol";

/// @title What settling a batch does, whatever form its data have and however many come in one call
/// @dev   A `Course` is the state on the way: each batch continues the one before, and only the last state is
///        stored.
abstract contract Settlement is State, Tokens {
    /// @notice A batch must be settled within this time of its own timestamp, so that an operator
    ///         cannot keep an expired operation alive by proving against an old clock.
    uint256 public constant MAX_BATCH_AGE = 2 hours;

    struct Course {
        Tip tip;
        uint256 root;
        // Batches to come, the next one included.
        uint256 left;
        // Calldata offsets: of the next batch's data, and of the end of all.
        uint256 next;
        uint256 end;
    }

    /// @dev The course of so many batches from the contract's state over `data`.
    function _begin(uint256 batches, bytes calldata data) internal view returns (Course memory course) {
        course.tip = _tip;
        course.root = stateRoot;
        uint256 source;
        // Equals: source is the calldata offset of data[0]
        assembly ("memory-safe") {
            source := data.offset
        }
        course.left = batches;
        course.next = source;
        unchecked {
            // Calldata offsets.
            course.end = source + data.length;
        }
    }

    /// @dev Checks the next batch but for its proof, and moves the course on.
    function _advance(
        Course memory course,
        PublicData.Shape memory shape,
        PublicData.Claim memory claim,
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment
    ) internal returns (uint256 rho, uint256 y, PublicData.Shown memory shown) {
        Tip memory tip = course.tip;
        if (tip.frozen) revert IsFrozen();
        if (timestamp < tip.timestamp) revert TimestampBeforePrevious(timestamp, tip.timestamp);
        if (timestamp > block.timestamp) revert TimestampInFuture(timestamp, block.timestamp);
        unchecked {
            // timestamp ≤ block.timestamp
            if (block.timestamp - timestamp > MAX_BATCH_AGE) {
                revert TimestampTooOld(timestamp, block.timestamp - MAX_BATCH_AGE);
            }
        }
        (rho, y, shown) = _challenge(course, shape, claim, timestamp, postStateRoot, commitment);

        uint64 number = tip.nextBatchNumber;
        uint256 preStateRoot = course.root;
        tip.nextBatchNumber = number + 1;
        tip.timestamp = timestamp;
        // shown.l1 is a count of 16 bits.
        tip.consumed += uint64(shown.l1);
        course.root = postStateRoot;
        --course.left;
        course.next = shown.end;
        emit BatchSettled(number, preStateRoot, postStateRoot, timestamp, commitment, tip.consumed);
    }

    /// @dev Makes the course's state the contract's.
    function _finish(Course memory course) internal {
        _tip = course.tip;
        stateRoot = course.root;
    }

    /// @dev Builds T, C, K and the words shown (docs/protocol.md, section 7) and evaluates them.
    function _challenge(
        Course memory course,
        PublicData.Shape memory shape,
        PublicData.Claim memory claim,
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment
    ) internal view returns (uint256 rho, uint256 y, PublicData.Shown memory shown) {
        if (postStateRoot >= PublicData.R) revert StateRootNotInField(postStateRoot);
        if (commitment >= PublicData.R) revert CommitmentNotInField(commitment);

        Tip memory tip = course.tip;
        shown = PublicData.measure(course.next, course.end, course.left == 1, shape);
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
        words[7] = course.root;
        words[8] = postStateRoot;
        words[9] = tip.consumed;
        words[10] = consumedAfter;

        bytes32 before = shown.l1 == 0 ? bytes32(0) : queueHash[tip.consumed];
        bytes32 afterwards = PublicData.unpack(words, shown, shape, claim, before);
        if (shown.l1 != 0) {
            bytes32 expected = queueHash[uint64(consumedAfter)];
            if (afterwards != expected) revert QueueMismatch(expected, afterwards);
        }
        (rho, y) = PublicData.evaluate(words, shown, shape);
    }

    /// @dev Owes what the batch let go: withdrawals, the balances of exits, deposits that found no account.
    ///      The words that were proven say the same; it is read from the calldata again to keep them small.
    function _credit(PublicData.Shown memory shown) internal {
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
    function _requireProof(address verifier, uint256[8] calldata proof, uint256 commitment, uint256 rho, uint256 y)
        internal
        view
    {
        (uint256[2] calldata a, uint256[2][2] calldata b, uint256[2] calldata c) = Proof.split(proof);
        if (!IGroth16Verifier(verifier).verifyProof(a, b, c, [commitment, rho, y])) revert VerifierRejected();
    }

    /// @dev Reverts with the verifier's error unless all proofs hold, each followed by its C, ρ and y. One alone
    ///      takes 13,000 gas less by itself.
    function _requireProofs(address verifier, uint256[11][] memory proofs) internal view {
        bool holds;
        if (proofs.length == 1) {
            uint256[11] memory p = proofs[0];
            holds = IGroth16Verifier(verifier)
                .verifyProof([p[0], p[1]], [[p[2], p[3]], [p[4], p[5]]], [p[6], p[7]], [p[8], p[9], p[10]]);
        } else {
            holds = IGroth16Verifier(verifier).verifyBatch(proofs);
        }
        if (!holds) revert VerifierRejected();
    }
}
