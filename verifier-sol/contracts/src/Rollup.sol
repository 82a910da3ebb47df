// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {Deposits} from "./Deposits.sol";
import {Exits} from "./Exits.sol";
import {Settlement} from "./Settlement.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Blob} from "./libraries/Blob.sol";
import {PublicData} from "./libraries/PublicData.sol";

/// @title zkroll rollup, version 2
/// @dev   A batch is proven for the public inputs (C, ρ, y). This contract writes every word that it
///        knows itself (version, chain id, its own address, batch number, shape, pre-state root, the queue's
///        entries), cuts the operator's words from bytes, and computes ρ and y, so that a proof holds for
///        exactly one chain, contract, batch, state and part of the queue. Of operations in a blob it writes
///        what the blob's polynomial is worth at a point that it draws itself.
///
///        Where things are: the calls that settle batches here, what they do in Settlement.sol, deposits in
///        Deposits.sol, exits and the way out of a frozen contract in Exits.sol, tokens and payments in
///        Tokens.sol, storage and the queue's tail in State.sol.
///
///        Nobody owns the contract: it has no administrator, no upgrade, no pause and no fee, and its verifiers
///        and shapes cannot be replaced. Ether comes in by depositETH and topUpETH only.
///
///        Reentrancy: settling calls the immutable verifiers and a precompile, all by STATICCALL, which can change
///        no state here or anywhere. Payments are pulled later.
///
///        Cost (execution gas, Osaka; tests/contracts/{rollup,batches,blob}.rs): a batch that shows nothing 228,900, of it
///        202,100 for the verifier; an operation 38, a creation 230, an entry of the queue 770 and 4,700 for the
///        first one, a withdrawal 22,700 to an owner who was owed nothing. The calldata is paid for besides. Sixteen
///        batches in one call 75,600 each; one in a blob 291,300 however many operations it has, sixteen
///        that share a blob 80,900 each.
///
///        Does not: auction the right to operate, know NFTs.
contract Rollup is Deposits, Exits, Settlement {
    uint32 private constant MAX_DEPTH = 11;

    /// @dev Two operations to a coefficient.
    uint32 private constant MAX_BLOB_OPERATIONS = uint32(2 * Blob.FIELD_ELEMENTS);

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

    address private immutable _blobVerifier;
    uint32 private immutable _blobL1Slots;
    uint32 private immutable _blobFeeSlots;
    uint32 private immutable _blobWithdrawalSlots;
    uint32 private immutable _blobCreationSlots;
    uint32 private immutable _blobOperationSlots;

    /// @param circuit batches in calldata
    /// @param blobCircuit_ batches whose operations are in a blob, or a verifier of 0 if there are none
    /// @param exitVerifier_ verifier of the exit circuit's key for this depth
    /// @param genesisRoot root of the initial account tree. Nothing stands behind balances in it: whoever puts
    ///        any there can withdraw what others deposit. Users check that it is that of an empty tree, or of
    ///        accounts without balance.
    /// @param depth_ levels of the 8-ary tree, 1 to 11. Every deposit may fill an account for good, and an entry
    ///        for which no account is free can never be consumed: less than 10 is for tests.
    constructor(
        Circuit memory circuit,
        Circuit memory blobCircuit_,
        address exitVerifier_,
        uint256 genesisRoot,
        uint32 depth_
    ) {
        _requireCircuit(circuit);
        if (blobCircuit_.verifier != address(0)) {
            _requireCircuit(blobCircuit_);
            if (blobCircuit_.operationSlots > MAX_BLOB_OPERATIONS) {
                revert TooManySlots(blobCircuit_.operationSlots, MAX_BLOB_OPERATIONS);
            }
        }
        if (exitVerifier_.code.length == 0) revert VerifierWithoutCode(exitVerifier_);
        if (genesisRoot >= PublicData.R) revert StateRootNotInField(genesisRoot);
        if (depth_ == 0 || depth_ > MAX_DEPTH) revert DepthInvalid(depth_);
        verifier = circuit.verifier;
        l1Slots = circuit.l1Slots;
        feeSlots = circuit.feeSlots;
        withdrawalSlots = circuit.withdrawalSlots;
        creationSlots = circuit.creationSlots;
        operationSlots = circuit.operationSlots;
        _blobVerifier = blobCircuit_.verifier;
        _blobL1Slots = blobCircuit_.l1Slots;
        _blobFeeSlots = blobCircuit_.feeSlots;
        _blobWithdrawalSlots = blobCircuit_.withdrawalSlots;
        _blobCreationSlots = blobCircuit_.creationSlots;
        _blobOperationSlots = blobCircuit_.operationSlots;
        exitVerifier = exitVerifier_;
        depth = depth_;
        _tip.nextBatchNumber = 1;
        stateRoot = genesisRoot;
    }

    function _requireCircuit(Circuit memory circuit) private view {
        if (circuit.verifier.code.length == 0) revert VerifierWithoutCode(circuit.verifier);
        // The first entry could not be consumed, and anyone can queue one.
        if (circuit.l1Slots == 0) revert NoL1Slots();
    }

    /// @inheritdoc IRollup
    function blobCircuit() external view returns (Circuit memory) {
        return Circuit({
            verifier: _blobVerifier,
            l1Slots: _blobL1Slots,
            feeSlots: _blobFeeSlots,
            withdrawalSlots: _blobWithdrawalSlots,
            creationSlots: _blobCreationSlots,
            operationSlots: _blobOperationSlots
        });
    }

    /// @inheritdoc IRollup
    function submitBatch(
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        uint256[8] calldata proof,
        bytes calldata data
    ) external {
        _requireCanonicalTail(12, data);
        Course memory course = _begin(1, data);
        (uint256 rho, uint256 y, PublicData.Shown memory shown) =
            _advance(course, _shape(), _noClaim(), timestamp, postStateRoot, commitment);
        _requireProof(verifier, proof, commitment, rho, y);
        _finish(course);
        _credit(shown);
    }

    /// @inheritdoc IRollup
    function submitBatches(uint256[11][] calldata batches, bytes calldata data) external {
        uint256 offset = _requireCanonicalBatches(2, batches);
        _requireCanonicalTail(offset, data);
        PublicData.Claim[] memory claims = new PublicData.Claim[](batches.length);
        _settleAll(verifier, _shape(), batches, claims, data);
    }

    /// @inheritdoc IRollup
    function submitBatchBlob(
        uint256[11][] calldata batches,
        uint256[2][] calldata slices,
        bytes32[3] calldata kzg,
        bytes calldata data
    ) external {
        if (_blobVerifier == address(0)) revert NoBlobCircuit();
        uint256 offset = _requireCanonicalBatches(6, batches);
        offset = _requireCanonicalSlices(offset, slices);
        _requireCanonicalTail(offset, data);
        if (slices.length != batches.length) revert SliceCountInvalid(batches.length, slices.length);
        uint256 words = (uint256(_blobOperationSlots) + 1) / 2;
        if (slices.length * words > Blob.FIELD_ELEMENTS) revert BlobTooSmall(slices.length * words);

        bytes32 hash = Blob.versionedHash();
        uint256 z = Blob.point(hash, _domain(), slices);
        Blob.requireValue(hash, z, Blob.combine(slices, words, z), kzg);
        PublicData.Claim[] memory claims = new PublicData.Claim[](slices.length);
        for (uint256 i = 0; i < slices.length; ++i) {
            claims[i] = Blob.claim(slices[i][0], z, slices[i][1]);
        }
        _settleAll(_blobVerifier, _blobShape(), batches, claims, data);
    }

    /// @inheritdoc IRollup
    function challenge(uint40 timestamp, uint256 postStateRoot, uint256 commitment, bytes calldata data)
        external
        view
        returns (uint256 rho, uint256 y)
    {
        return _view(_shape(), _noClaim(), timestamp, postStateRoot, commitment, data);
    }

    /// @inheritdoc IRollup
    function challengeBlob(
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        uint256[3] calldata claim,
        bytes calldata data
    ) external view returns (uint256 rho, uint256 y) {
        if (_blobVerifier == address(0)) revert NoBlobCircuit();
        return _view(_blobShape(), Blob.claim(claim[0], claim[1], claim[2]), timestamp, postStateRoot, commitment, data);
    }

    function _view(
        PublicData.Shape memory shape,
        PublicData.Claim memory claim,
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        bytes calldata data
    ) private view returns (uint256 rho, uint256 y) {
        (rho, y,) = _challenge(_begin(1, data), shape, claim, timestamp, postStateRoot, commitment);
    }

    /// @dev Settles the batches, each after the one before, whose proofs are checked together.
    function _settleAll(
        address circuitVerifier,
        PublicData.Shape memory shape,
        uint256[11][] calldata batches,
        PublicData.Claim[] memory claims,
        bytes calldata data
    ) private {
        if (batches.length == 0) revert NoBatches();
        Course memory course = _begin(batches.length, data);
        PublicData.Shown[] memory shown = new PublicData.Shown[](batches.length);
        uint256[11][] memory proofs = new uint256[11][](batches.length);
        for (uint256 i = 0; i < batches.length; ++i) {
            (uint256 timestamp, uint256 root, uint256 commitment) = (batches[i][0], batches[i][1], batches[i][2]);
            if (timestamp > type(uint40).max) revert CalldataNotCanonical();
            uint256[11] memory proof = proofs[i];
            for (uint256 word = 0; word < 8; ++word) {
                proof[word] = batches[i][3 + word];
            }
            proof[8] = commitment;
            (proof[9], proof[10], shown[i]) = _advance(course, shape, claims[i], uint40(timestamp), root, commitment);
        }
        _requireProofs(circuitVerifier, proofs);
        _finish(course);
        for (uint256 i = 0; i < batches.length; ++i) {
            _credit(shown[i]);
        }
    }

    function _shape() private view returns (PublicData.Shape memory) {
        return PublicData.Shape({
            form: PublicData.CALLDATA,
            depth: depth,
            l1Slots: l1Slots,
            feeSlots: feeSlots,
            withdrawalSlots: withdrawalSlots,
            creationSlots: creationSlots,
            operationSlots: operationSlots
        });
    }

    function _blobShape() private view returns (PublicData.Shape memory) {
        return PublicData.Shape({
            form: PublicData.BLOB,
            depth: depth,
            l1Slots: _blobL1Slots,
            feeSlots: _blobFeeSlots,
            withdrawalSlots: _blobWithdrawalSlots,
            creationSlots: _blobCreationSlots,
            operationSlots: _blobOperationSlots
        });
    }

    // solhint-disable-next-line no-empty-blocks
    function _noClaim() private pure returns (PublicData.Claim memory claim) {}

    /// @dev The first array must stand behind a head of `words` words.
    /// @return the number of words up to its end
    function _requireCanonicalBatches(uint256 words, uint256[11][] calldata batches) private pure returns (uint256) {
        uint256 source;
        // Equals: source is the calldata offset of batches[0]
        assembly ("memory-safe") {
            source := batches.offset
        }
        return _requireCanonicalArray(words, source) + 11 * batches.length;
    }

    /// @dev The same for the array behind it.
    function _requireCanonicalSlices(uint256 words, uint256[2][] calldata slices) private pure returns (uint256) {
        uint256 source;
        // Equals: source is the calldata offset of slices[0]
        assembly ("memory-safe") {
            source := slices.offset
        }
        return _requireCanonicalArray(words, source) + 2 * slices.length;
    }

    /// @dev An array's length stands behind `words` words and its elements behind that.
    function _requireCanonicalArray(uint256 words, uint256 source) private pure returns (uint256) {
        unchecked {
            // A calldata offset.
            if (source != 4 + 32 * (words + 1)) revert CalldataNotCanonical();
            return words + 1;
        }
    }

    /// @dev One form of the call only, so that whoever reads a batch from L1 needs no general decoder, and
    ///      nobody can settle one that such a reader does not understand: `data` stand behind `words` words and
    ///      their own length, and zeros fill their last word.
    function _requireCanonicalTail(uint256 words, bytes calldata data) private pure {
        unchecked {
            // Calldata offsets.
            uint256 head = 4 + 32 * (words + 1);
            uint256 expected = head + ((data.length + 31) & ~uint256(31));
            if (msg.data.length != expected) revert CalldataLengthInvalid(expected, msg.data.length);
            uint256 source;
            // Equals: source is the calldata offset of data[0]
            assembly ("memory-safe") {
                source := data.offset
            }
            // The last word of the padding begins with data.length mod 32 bytes of data.
            uint256 rest = data.length % 32;
            if (source != head || (rest != 0 && PublicData.word(expected - 32) << (8 * rest) != 0)) {
                revert CalldataNotCanonical();
            }
        }
    }
}
