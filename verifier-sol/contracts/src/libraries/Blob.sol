// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../interfaces/IRollup.sol";
import {PublicData} from "./PublicData.sol";

/// @title A transaction's blob, and what its polynomial is worth at a point
/// @notice z = keccak256(T ‖ versioned hash ‖ d₀ ‖ C₁ of every batch) mod q  (docs/protocol.md, section 7).
///
///         The versioned hash fixes the polynomial p of degree below 4096 and each C₁ the words of a batch, before z
///         exists; the precompile of EIP-4844 says p(z), each proof what its batch's words are worth there. Batch
///         j has the n coefficients from j·n on, so p(z) = Σ vⱼ·z^(j·n). What is in the blob behind the last
///         batch's words is zero, because the sum is right without it.
library Blob {
    /// @notice Order q of BLS12-381's groups, in whose field the polynomial is.
    uint256 internal constant Q = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001;

    /// @notice T, the domain tag of the point.
    uint256 internal constant POINT_TAG = uint256(keccak256("zkroll/z/v2"));

    /// @notice Coefficients of a blob's polynomial.
    uint256 internal constant FIELD_ELEMENTS = 4096;

    /// @dev The precompile costs 50,000. A refusal burns all that it is given; twice its price leaves room for a
    ///      repricing and bounds the loss.
    uint256 private constant EVALUATION_GAS = 100_000;

    /// @notice The versioned hash of the transaction's only blob. One that no batch reads would be paid for in
    ///         vain, and be taken for part of the rollup's data.
    function versionedHash() internal view returns (bytes32 hash) {
        hash = blobhash(0);
        if (hash == 0) revert IRollup.BlobMissing();
        if (blobhash(1) != 0) revert IRollup.BlobExtra();
    }

    /// @notice z for the batches with the C₁ of `slices`, in order.
    function point(bytes32 hash, uint256 domain, uint256[2][] calldata slices) internal pure returns (uint256) {
        uint256[] memory words = new uint256[](3 + slices.length);
        words[0] = POINT_TAG;
        words[1] = uint256(hash);
        words[2] = domain;
        for (uint256 i = 0; i < slices.length; ++i) {
            words[3 + i] = slices[i][0];
        }
        return uint256(keccak256(abi.encodePacked(words))) % Q;
    }

    /// @notice Σ vⱼ·z^(j·n) of the values of `slices`, each below q.
    function combine(uint256[2][] calldata slices, uint256 words, uint256 z) internal pure returns (uint256 sum) {
        uint256 step = 1;
        for (uint256 base = z; words != 0; words >>= 1) {
            if (words & 1 != 0) step = mulmod(step, base, Q);
            base = mulmod(base, base, Q);
        }
        for (uint256 i = slices.length; i != 0; --i) {
            uint256 value = slices[i - 1][1];
            if (value >= Q) revert IRollup.BlobValueNotInField(value);
            sum = addmod(mulmod(sum, step, Q), value, Q);
        }
    }

    /// @notice Reverts unless the blob is worth `value` at z.
    /// @param kzg commitment 48 ‖ opening proof 48
    function requireValue(bytes32 hash, uint256 z, uint256 value, bytes32[3] calldata kzg) internal view {
        (bool ok, bytes memory result) =
            address(0x0a).staticcall{gas: EVALUATION_GAS}(abi.encodePacked(hash, z, value, kzg));
        // A chain without the precompile answers with success and nothing.
        if (!ok || result.length != 64) revert IRollup.BlobInvalid(hash);
        (uint256 elements, uint256 modulus) = abi.decode(result, (uint256, uint256));
        if (elements != FIELD_ELEMENTS || modulus != Q) revert IRollup.BlobInvalid(hash);
    }

    /// @notice The words of a claim.
    function claim(uint256 commitment, uint256 z, uint256 value) internal pure returns (PublicData.Claim memory) {
        return PublicData.Claim({
            commitment: commitment,
            zLow: z & type(uint128).max,
            zHigh: z >> 128,
            valueLow: value & type(uint128).max,
            valueHigh: value >> 128
        });
    }
}
