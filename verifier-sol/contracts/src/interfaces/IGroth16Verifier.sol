// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Groth16 verifier of a key with three public inputs
/// @notice Both of this project's verifiers implement it: the Solidity source that is generated from a
///         key (../../templates/Groth16Verifier.sol) and the fixed runtime with an appended key
///         (../FixedVerifier.yul).
interface IGroth16Verifier {
    /// @notice The selector is neither verifyProof's nor verifyBatch's.
    error SelectorInvalid();

    /// @notice The calldata is longer than the arguments, or (fixed runtime only) shorter. The
    ///         Solidity form refuses short calldata in its ABI decoder, without data.
    error CalldataLengthInvalid();

    /// @notice A batch does not start right behind the selector and its offset, which is 0x20.
    error CalldataNotCanonical();

    /// @notice A batch has no proof, or more than 256.
    error ProofCountInvalid();

    /// @notice A proof coordinate is not below the base field's modulus q.
    error CoordinateNotInField();

    /// @notice A public input is not below the scalar field's order r.
    error InputNotInField();

    /// @notice A proof point is off the curve or B outside the subgroup of order r (or the caller
    ///         left too little gas for the precompiles).
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

    /// @notice Checks proofs together: the equation above for each of them, all weighted with 128 bits of a
    ///         hash of the key and of everything in the call (../FixedVerifier.yul says which). A false
    ///         proof passes with probability 2⁻¹²⁸.
    /// @param proofs 1 to 256 times A.x, A.y, B.x₁, B.x₀, B.y₁, B.y₀, C.x, C.y and the three public inputs;
    ///        only the canonical encoding of the call is accepted
    /// @return true; if a proof does not verify, the call reverts, and does not say which it was
    function verifyBatch(uint256[11][] calldata proofs) external view returns (bool);
}
