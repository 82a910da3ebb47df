// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A proof of eight words as the three points that a verifier takes
library Proof {
    /// @param proof A.x, A.y, B.x₁, B.x₀, B.y₁, B.y₀, C.x, C.y
    function split(uint256[8] calldata proof)
        internal
        pure
        returns (uint256[2] calldata a, uint256[2][2] calldata b, uint256[2] calldata c)
    {
        // Equals: a = proof[0:2]; b = [proof[2:4], proof[4:6]]; c = proof[6:8];
        assembly ("memory-safe") {
            a := proof
            b := add(proof, 0x40)
            c := add(proof, 0xc0)
        }
    }
}
