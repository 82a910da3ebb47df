// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Which pairs of words are public keys
/// @notice Baby Jubjub is a·x² + y² = 1 + d·x²·y² with a = 168700, d = 168696 over the scalar field of BN254;
///         a is a square and d is none, so the addition law is complete. Its group has order 8·l.
library BabyJubjub {
    uint256 private constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;
    uint256 private constant A = 168700;
    uint256 private constant D = 168696;

    /// @notice Whether (x, y) is on the curve, both below r, and 8·(x, y) is not the identity. For the eight
    ///         points that this excludes anybody can make a signature of any message.
    /// @dev    On the curve, 8·P = O iff x·y = 0 or a·x² = y²:
    ///           x = 0 leaves y = ±1, the points of order 1 and 2;
    ///           y = 0 leaves x = ±1/√a, the points whose double is (0, −1): order 4;
    ///           y(2P) = (y² − a·x²) / (2 − a·x² − y²), so a·x² = y² are those whose double has y = 0: order 8.
    ///         tests/contracts/deposits.rs lists all eight with arkworks' group law.
    function isKey(uint256 x, uint256 y) internal pure returns (bool) {
        if (x >= R || y >= R || mulmod(x, y, R) == 0) return false;
        uint256 xx = mulmod(x, x, R);
        uint256 yy = mulmod(y, y, R);
        uint256 axx = mulmod(A, xx, R);
        if (axx == yy) return false;
        return addmod(axx, yy, R) == addmod(1, mulmod(D, mulmod(xx, yy, R), R), R);
    }
}
