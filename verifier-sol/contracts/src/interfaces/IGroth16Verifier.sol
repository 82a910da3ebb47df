// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Groth16 verifier of a key with three public inputs
/// @notice Both of this project's verifiers implement it: the Solidity source that is generated from a
///         key (../../templates/Groth16Verifier.sol) and the fixed runtime with an appended key
///         (../FixedVerifier.yul).
interface IGroth16Verifier {
    /// @notice The selector is not verifyProof's.
    error SelectorInvalid();

    /// @notice The calldata is longer than the arguments, or (fixed runtime only) shorter. The
    ///         Solidity form refuses short calldata in its ABI decoder, without data.
    error CalldataLengthInvalid();

    /// @notice A proof coordinate is not below the base field's modulus q.
    error CoordinateNotInField();

    /// @notice A public input is not below the scalar field's order r.
    error InputNotInField();

    /// @notice A proof point is off the curve or B outside the subgroup of order r (or the caller
    ///         left too little gas for the pairing).
    error PointInvalid();

    /// @notice The pairing equation does not hold.
    error ProofInvalid();

    /// @notice Checks e(A, B) = e(α, β) · e(IC₀ + Σ xᵢ·ICᵢ, γ) · e(C, δ).
    /// @param a A.x, A.y
    /// @param b [[B.x₁, B.x₀], [B.y₁, B.y₀]], the imaginary part first (EIP-197)
    /// @param c C.x, C.y
    /// @param input the public inputs, without the leading 1
    /// @return true; a proof that does not verify reverts
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[3] calldata input
    ) external view returns (bool);
}
