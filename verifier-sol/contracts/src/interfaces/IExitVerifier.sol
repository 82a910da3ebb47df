// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Groth16 verifier of the exit circuit's key, which has five public inputs
/// @notice Same two implementations, same equation and same errors as IGroth16Verifier.
interface IExitVerifier {
    /// @notice Checks a proof; see IGroth16Verifier.verifyProof.
    /// @param input x₁ … x₅ of docs/protocol.md, section 9
    /// @return true; a proof that does not verify reverts
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c,
        uint256[5] calldata input
    ) external view returns (bool);
}
