// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IGroth16Verifier} from "./interfaces/IGroth16Verifier.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {PublicData} from "./libraries/PublicData.sol";

/// @title zkroll rollup, version 1
/// @dev   A batch is proven for the public inputs (C, ρ, y). This contract writes every word that it
///        knows itself (version, chain id, its own address, batch number, shape, pre-state root), cuts
///        the operator's words from bytes, and computes ρ and y, so that a proof holds for exactly one
///        chain, contract, batch and state.
///
///        Cost: the proof's 200,900 gas, about 19,500 fixed (of it 15,000 for storage, the event and the
///        call), and for each pair of transfers about 180 besides the calldata's own 500.
///
///        Does not: hold funds, know tokens, queue deposits or pay withdrawals.
contract Rollup is IRollup {
    /// @notice A batch must be settled within this time of its own timestamp, so that an operator
    ///         cannot keep an expired transfer alive by proving against an old clock.
    uint256 public constant MAX_BATCH_AGE = 2 hours;

    /// @notice Format version of the words, the top field of d₀.
    uint256 public constant VERSION = 1;

    uint32 private constant MAX_DEPTH = 11;

    /// @dev Selector, twelve head words (proof included) and the length of `data`.
    uint256 private constant CALLDATA_HEAD = 4 + 13 * 32;

    /// @inheritdoc IRollup
    address public immutable verifier;
    /// @inheritdoc IRollup
    uint32 public immutable depth;
    /// @inheritdoc IRollup
    uint32 public immutable transferSlots;
    /// @inheritdoc IRollup
    uint32 public immutable feeSlots;

    /// @dev One storage word. The number is that of the next batch: never zero, so no batch pays for
    ///      a storage word that was empty.
    struct Tip {
        uint64 nextBatchNumber;
        uint40 timestamp;
    }

    Tip private _tip;

    /// @inheritdoc IRollup
    uint256 public stateRoot;

    /// @param verifier_ verifier of the key for batches of this shape
    /// @param genesisRoot root of the initial account tree
    /// @param depth_ levels of the 8-ary tree, 1 to 11
    /// @param transferSlots_ transfer slots N of every batch
    /// @param feeSlots_ fee slots F of every batch
    constructor(address verifier_, uint256 genesisRoot, uint32 depth_, uint32 transferSlots_, uint32 feeSlots_) {
        if (verifier_.code.length == 0) revert VerifierWithoutCode(verifier_);
        if (genesisRoot >= PublicData.R) revert StateRootNotInField(genesisRoot);
        if (depth_ == 0 || depth_ > MAX_DEPTH) revert DepthInvalid(depth_);
        verifier = verifier_;
        depth = depth_;
        transferSlots = transferSlots_;
        feeSlots = feeSlots_;
        _tip.nextBatchNumber = 1;
        stateRoot = genesisRoot;
    }

    /// @inheritdoc IRollup
    /// @dev Reentrancy: the only outside call is the STATICCALL to the immutable verifier, which
    ///      cannot change state here or anywhere; it is one of the checks, and effects follow it.
    function submitBatch(
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        uint256[8] calldata proof,
        bytes calldata data
    ) external {
        uint256 expected = CALLDATA_HEAD + ((data.length + 31) & ~uint256(31));
        if (msg.data.length != expected) revert CalldataLengthInvalid(expected, msg.data.length);

        Tip memory tip = _tip;
        if (timestamp < tip.timestamp) revert TimestampBeforePrevious(timestamp, tip.timestamp);
        if (timestamp > block.timestamp) revert TimestampInFuture(timestamp, block.timestamp);
        unchecked {
            // timestamp ≤ block.timestamp
            if (block.timestamp - timestamp > MAX_BATCH_AGE) {
                revert TimestampTooOld(timestamp, block.timestamp - MAX_BATCH_AGE);
            }
        }

        uint256 preStateRoot = stateRoot;
        (uint256 rho, uint256 y) =
            _challenge(timestamp, tip.nextBatchNumber, preStateRoot, postStateRoot, commitment, data);
        _requireProof(proof, commitment, rho, y);

        stateRoot = postStateRoot;
        _tip = Tip({nextBatchNumber: tip.nextBatchNumber + 1, timestamp: timestamp});
        emit BatchSettled(tip.nextBatchNumber, preStateRoot, postStateRoot, timestamp, commitment);
    }

    /// @inheritdoc IRollup
    function challenge(uint40 timestamp, uint256 postStateRoot, uint256 commitment, bytes calldata data)
        external
        view
        returns (uint256 rho, uint256 y)
    {
        return _challenge(timestamp, _tip.nextBatchNumber, stateRoot, postStateRoot, commitment, data);
    }

    /// @inheritdoc IRollup
    function batchNumber() external view returns (uint64) {
        return _tip.nextBatchNumber - 1;
    }

    /// @inheritdoc IRollup
    function lastTimestamp() external view returns (uint40) {
        return _tip.timestamp;
    }

    /// @dev Builds T, C, d₀ … d₍m₋₁₎ (docs/protocol.md, section 6) and evaluates them. Words that are
    ///      not written stay zero: d₆, d₇ (L1 queue) and d₈ (withdrawals) of version 1.
    function _challenge(
        uint40 timestamp,
        uint64 number,
        uint256 preStateRoot,
        uint256 postStateRoot,
        uint256 commitment,
        bytes calldata data
    ) private view returns (uint256 rho, uint256 y) {
        if (block.chainid > type(uint64).max) revert ChainIdTooLarge(block.chainid);
        if (postStateRoot >= PublicData.R) revert StateRootNotInField(postStateRoot);
        if (commitment >= PublicData.R) revert CommitmentNotInField(commitment);

        uint256 fees = feeSlots;
        uint256 pairs = (uint256(transferSlots) + 1) / 2;
        uint256 expected = fees * PublicData.FEE_SLOT_BYTES + pairs * PublicData.TRANSFER_PAIR_BYTES;
        if (data.length != expected) revert DataLengthInvalid(expected, data.length);

        uint256[] memory words = new uint256[](PublicData.PREFIX + PublicData.HEADER + fees + pairs);
        words[0] = PublicData.RHO_TAG;
        words[1] = commitment;
        words[2] = VERSION << 224 | block.chainid << 160 | uint160(address(this));
        words[3] = timestamp;
        words[4] = number;
        words[5] = uint256(depth) << 96 | fees << 64 | transferSlots;
        words[6] = preStateRoot;
        words[7] = postStateRoot;
        PublicData.unpack(words, data, fees);
        return PublicData.evaluate(words);
    }

    /// @dev Reverts with the verifier's error unless the proof holds for (C, ρ, y).
    function _requireProof(uint256[8] calldata proof, uint256 commitment, uint256 rho, uint256 y) private view {
        uint256[2] calldata a;
        uint256[2][2] calldata b;
        uint256[2] calldata c;
        // Equals: a = proof[0:2]; b = [proof[2:4], proof[4:6]]; c = proof[6:8];
        assembly ("memory-safe") {
            a := proof
            b := add(proof, 0x40)
            c := add(proof, 0xc0)
        }
        if (!IGroth16Verifier(verifier).verifyProof(a, b, c, [commitment, rho, y])) revert VerifierRejected();
    }
}
