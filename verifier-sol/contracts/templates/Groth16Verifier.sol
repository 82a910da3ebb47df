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
    /// @notice The selector is neither verifyProof's nor verifyBatch's.
    error SelectorInvalid();

    /// @notice The calldata is longer than the arguments. (Shorter calldata is refused by the ABI
    ///         decoder, without data.)
    error CalldataLengthInvalid();

    /// @notice A batch does not start right behind the selector and its offset.
    error CalldataNotCanonical();

    /// @notice A batch has no proof, or more than 256.
    error ProofCountInvalid();

    /// @notice A proof coordinate is not below q.
    error CoordinateNotInField();

    /// @notice A public input is not below r.
    error InputNotInField();

    /// @notice A proof point is off the curve or B outside the subgroup of order r (or too little gas
    ///         was left for the precompiles).
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

    // What separates the coefficients of a batch from other hashes, and from those of another key.
    bytes32 private constant BATCH_TAG = "zkroll verifyBatch";
    bytes32 private constant KEY_HASH = {{key_hash}};

    uint256 private constant MAX_PROOFS = 256;

    // Twice the price of a pairing of four pairs (181,000): room for a repricing, and a bound on what an
    // invalid point burns.
    uint256 private constant PAIRING_GAS = 362000;

    // In a batch, twice the price of each call likewise: 45,000 and 34,000 a pair, 6,000, 150.
    uint256 private constant PAIRINGS_GAS = 90000;
    uint256 private constant PAIR_GAS = 68000;
    uint256 private constant MULTIPLICATION_GAS = 12000;
    uint256 private constant ADDITION_GAS = 300;

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

    /// @notice Checks proofs together, in one pairing equation:
    ///
    ///             Π e(cᵢ·Aᵢ, Bᵢ) · e(Σ cᵢ·Cᵢ, −δ) · e((Σ cᵢ)·α, −β) · e(Σ cᵢ·Lᵢ, −γ) = 1
    ///
    ///         (the small exponents test of Bellare, Garay and Rabin 1998). The coefficients cᵢ are
    ///         128 bits of a hash of the key and of everything in the call, so that nobody can choose
    ///         a proof knowing its weight; c₀ = 1. A false proof passes with probability 2⁻¹²⁸.
    /// @param proofs 1 to 256 times A.x, A.y, B.x₁, B.x₀, B.y₁, B.y₀, C.x, C.y and the public inputs,
    ///        without the leading 1; the calldata must be in the canonical encoding
    /// @return true; if a proof does not verify, the call reverts
    function verifyBatch(uint256[{{batch_words}}][] calldata proofs) external view returns (bool) {
        uint256 count = proofs.length;
        if (abi.decode(msg.data[4:36], (uint256)) != 32) revert CalldataNotCanonical();
        if (count == 0 || count > MAX_PROOFS) revert ProofCountInvalid();
        if (msg.data.length != 68 + 32 * {{batch_words}} * count) revert CalldataLengthInvalid();
        for (uint256 i = 0; i < count; ++i) {
            uint256[{{batch_words}}] calldata proof = proofs[i];
            if (
                proof[0] >= Q || proof[1] >= Q || proof[2] >= Q || proof[3] >= Q || proof[4] >= Q || proof[5] >= Q
                    || proof[6] >= Q || proof[7] >= Q
            ) revert CoordinateNotInField();
{{batch_input_checks}}        }

        bytes32 seed = keccak256(bytes.concat(BATCH_TAG, KEY_HASH, msg.data[36:]));
        uint256[] memory pairs = new uint256[](6 * (count + 3));
{{batch_inputs}}        uint256 sum;
        uint256 x;
        uint256 y;

        // A and B of each proof, and the sums of the coefficients, of the C and of each input.
        for (uint256 i = 0; i < count; ++i) {
            uint256[{{batch_words}}] calldata proof = proofs[i];
            uint256 coefficient = _coefficient(seed, i);
            sum += coefficient;
            (uint256 ax, uint256 ay) = _multiple(proof[0], proof[1], coefficient);
            _setPair(pairs, i, ax, ay, [proof[2], proof[3], proof[4], proof[5]]);
            (x, y) = _plusMultiple(x, y, proof[6], proof[7], coefficient);
{{batch_input_sums}}        }
        _setPair(pairs, count, x, y, [NEG_DELTA_X1, NEG_DELTA_X0, NEG_DELTA_Y1, NEG_DELTA_Y0]);

        (x, y) = _multiple(ALPHA_X, ALPHA_Y, sum);
        _setPair(pairs, count + 1, x, y, [NEG_BETA_X1, NEG_BETA_X0, NEG_BETA_Y1, NEG_BETA_Y0]);

        // The sum of the L.
        (x, y) = _multiple(IC0_X, IC0_Y, sum);
{{batch_accumulation}}        _setPair(pairs, count + 2, x, y, [NEG_GAMMA_X1, NEG_GAMMA_X0, NEG_GAMMA_Y1, NEG_GAMMA_Y0]);

        bool valid;
        uint256 product;
        uint256 allowance = PAIRINGS_GAS + PAIR_GAS * (count + 3);
        // (valid, product) = ecPairing(pairs), product = 1 iff the product of the pairings is 1
        assembly ("memory-safe") {
            valid := staticcall(allowance, 0x08, add(pairs, 0x20), mul(mload(pairs), 0x20), 0x00, 0x20)
            product := mload(0x00)
        }
        if (!valid) revert PointInvalid();
        if (product != 1) revert ProofInvalid();
        return true;
    }

    /// @dev c₀ = 1, cᵢ = the high 128 bits of keccak256(seed, i). The seed is the hash of a tag, the key, the
    ///      number of proofs, all proofs and all inputs.
    function _coefficient(bytes32 seed, uint256 i) private pure returns (uint256) {
        return i == 0 ? 1 : uint256(keccak256(abi.encode(seed, i))) >> 128;
    }

    /// @dev Writes pair number `index`, which is below pairs.length / 6.
    function _setPair(uint256[] memory pairs, uint256 index, uint256 x, uint256 y, uint256[4] memory g2)
        private
        pure
    {
        // pairs[6·index .. 6·index + 6] = (x, y, g2[0], g2[1], g2[2], g2[3])
        assembly ("memory-safe") {
            let pair := add(add(pairs, 0x20), mul(index, 0xc0))
            mstore(pair, x)
            mstore(add(pair, 0x20), y)
            mcopy(add(pair, 0x40), g2, 0x80)
        }
    }

    /// @dev k·(x, y) = ecMul(x, y, k)
    function _multiple(uint256 x, uint256 y, uint256 k) private view returns (uint256, uint256) {
        if (k == 1) return (x, y);
        uint256[3] memory words = [x, y, k];
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(MULTIPLICATION_GAS, 0x07, words, 0x60, words, 0x40)
        }
        if (!ok) revert PointInvalid();
        return (words[0], words[1]);
    }

    /// @dev (sumX, sumY) + k·(x, y), the sum by ecAdd
    function _plusMultiple(uint256 sumX, uint256 sumY, uint256 x, uint256 y, uint256 k)
        private
        view
        returns (uint256, uint256)
    {
        (x, y) = _multiple(x, y, k);
        uint256[4] memory words = [sumX, sumY, x, y];
        bool ok;
        assembly ("memory-safe") {
            ok := staticcall(ADDITION_GAS, 0x06, words, 0x80, words, 0x40)
        }
        if (!ok) revert PointInvalid();
        return (words[0], words[1]);
    }
{{accumulation_function}}}
