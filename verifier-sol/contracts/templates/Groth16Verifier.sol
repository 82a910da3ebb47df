// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;
{{warning}}
/// @title Groth16 verifier over BN254 for one key with {{input_count}} public input(s)
/// @notice Reverts on everything that is not a valid proof; never returns false.
///
///             e(A, B) · e(C, −δ) · e(α, −β) · e(L, −γ) = 1,   L = IC₀ + Σ xᵢ·ICᵢ
///
///         (Groth 2016, section 3.2; β, γ and δ are negated in the constants, so that no proof point
///         has to be.) Precompiles: EIP-196 (0x06 addition, 0x07 multiplication) and EIP-197 (0x08
///         pairing). A G2 coordinate is x₁·i + x₀, and x₁ comes first everywhere.
/// @custom:verifying-key keccak256 {{key_hash}}
contract {{name}} {
    /// @notice The selector is not verifyProof's.
    error SelectorInvalid();

    /// @notice The calldata is longer than the arguments. (Shorter calldata is refused by the ABI
    ///         decoder, without data.)
    error CalldataLengthInvalid();

    /// @notice A proof coordinate is not below q.
    error CoordinateNotInField();

    /// @notice A public input is not below r.
    error InputNotInField();

    /// @notice A proof point is off the curve or B outside the subgroup of order r (or too little gas
    ///         was left for the pairing).
    error PointInvalid();

    /// @notice The pairing equation does not hold.
    error ProofInvalid();
{{development_constant}}
    // Order of the scalar field and modulus of the base field.
    uint256 private constant R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;
    uint256 private constant Q = 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47;

    // The verifying key.
{{key_constants}}
    // Selector, eight proof words, inputs.
    uint256 private constant CALLDATA_LENGTH = 4 + 32 * (8 + {{input_count}});

    // Twice the price of a pairing of four pairs (181,000): room for a repricing, and a bound on what an
    // invalid point burns.
    uint256 private constant PAIRING_GAS = 362000;

    fallback() external {
        revert SelectorInvalid();
    }

    /// @notice Checks a proof.
    /// @param a A.x, A.y
    /// @param b [[B.x₁, B.x₀], [B.y₁, B.y₀]]
    /// @param c C.x, C.y
{{input_doc}}    /// @return true; a proof that does not verify reverts
    function verifyProof(
        uint256[2] calldata a,
        uint256[2][2] calldata b,
        uint256[2] calldata c{{input_parameter}}
    ) external view returns (bool) {
        if (msg.data.length != CALLDATA_LENGTH) revert CalldataLengthInvalid();

        // The precompiles refuse such a coordinate as well, but at the price of all their gas.
        if (
            a[0] >= Q || a[1] >= Q || b[0][0] >= Q || b[0][1] >= Q || b[1][0] >= Q || b[1][1] >= Q || c[0] >= Q
                || c[1] >= Q
        ) revert CoordinateNotInField();

        // L in sum[0..2], a point and its factor in sum[2..5].
        uint256[5] memory sum;
        (sum[0], sum[1]) = (IC0_X, IC0_Y);
{{accumulation}}
        uint256[24] memory pairs;
        (pairs[0], pairs[1]) = (a[0], a[1]);
        (pairs[2], pairs[3], pairs[4], pairs[5]) = (b[0][0], b[0][1], b[1][0], b[1][1]);
        (pairs[6], pairs[7]) = (c[0], c[1]);
        (pairs[8], pairs[9], pairs[10], pairs[11]) = (NEG_DELTA_X1, NEG_DELTA_X0, NEG_DELTA_Y1, NEG_DELTA_Y0);
        (pairs[12], pairs[13]) = (ALPHA_X, ALPHA_Y);
        (pairs[14], pairs[15], pairs[16], pairs[17]) = (NEG_BETA_X1, NEG_BETA_X0, NEG_BETA_Y1, NEG_BETA_Y0);
        (pairs[18], pairs[19]) = (sum[0], sum[1]);
        (pairs[20], pairs[21], pairs[22], pairs[23]) = (NEG_GAMMA_X1, NEG_GAMMA_X0, NEG_GAMMA_Y1, NEG_GAMMA_Y0);

        bool valid;
        uint256 product;
        // (valid, product) = ecPairing(pairs), product = 1 iff the product of the pairings is 1
        assembly ("memory-safe") {
            valid := staticcall(PAIRING_GAS, 0x08, pairs, 0x300, 0x00, 0x20)
            product := mload(0x00)
        }
        if (!valid) revert PointInvalid();
        if (product != 1) revert ProofInvalid();
        return true;
    }
{{accumulation_function}}}
