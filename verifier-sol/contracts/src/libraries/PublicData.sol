// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../interfaces/IRollup.sol";

/// @title The public words of a batch, and the polynomial that stands for them in the proof
/// @notice ρ = keccak256(T ‖ C ‖ d₀ ‖ … ‖ d₍m₋₁₎) mod r,  y = Σ dᵢ·ρⁱ mod r  (docs/protocol.md, section 6).
///
///         One array `words` holds T, C, d₀, …, d₍m₋₁₎, so that it is hashed where it lies.
///         Invariant: the functions write canonical words only, because narrow ones are cut from bytes;
///         full-width words are checked by whoever writes them.
///         Mirror in Rust: ../../../tests/common/mirror.rs; tests/rollup.rs compares the two.
library PublicData {
    /// @notice Order r of the scalar field of BN254.
    uint256 internal constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice T, the domain tag of the challenge.
    uint256 internal constant RHO_TAG = uint256(keccak256("zkroll/rho/v1"));

    /// @notice T and C stand before d₀.
    uint256 internal constant PREFIX = 2;

    /// @notice d₀ … d₈.
    uint256 internal constant HEADER = 9;

    /// @notice Bytes of a fee slot: used 8 | token 32 | account 40.
    uint256 internal constant FEE_SLOT_BYTES = 10;

    /// @notice Bytes of a pair of transfers, 124 bits each.
    uint256 internal constant TRANSFER_PAIR_BYTES = 31;

    /// @notice Cuts `data` into the words that follow the header: `feeSlots` of 10 bytes, then the rest
    ///         of `words` of 31 bytes. An unused transfer slot, the missing last one when their number
    ///         is odd included, must be zero bits: the circuit forces that.
    /// @dev    The caller has checked that `data` has exactly the bytes that fill `words`. A load may
    ///         read past the word's bytes; the shift drops what it read there.
    function unpack(uint256[] memory words, bytes calldata data, uint256 feeSlots) internal pure {
        // Equals:
        //   for (uint256 i = 0; i < feeSlots; ++i) {
        //       uint256 word = uint80(bytes10(data[10 * i:]));
        //       if (word != 0 && word >> 72 != 1) revert FeeSlotInvalid(i, word);
        //       words[PREFIX + HEADER + i] = word;
        //   }
        //   for (uint256 i = PREFIX + HEADER + feeSlots; i < words.length; ++i) {
        //       words[i] = uint248(bytes31(data[10 * feeSlots + 31 * (i - PREFIX - HEADER - feeSlots):]));
        //   }
        uint256 wrongSlot = type(uint256).max;
        assembly ("memory-safe") {
            let source := data.offset
            let target := add(words, 0x180) // the length, PREFIX and HEADER words
            let end := add(add(words, 0x20), shl(5, mload(words)))
            for { let i := 0 } lt(i, feeSlots) { i := add(i, 1) } {
                let word := shr(176, calldataload(source))
                if iszero(or(iszero(word), eq(shr(72, word), 1))) {
                    wrongSlot := i
                    break
                }
                mstore(target, word)
                target := add(target, 0x20)
                source := add(source, 10)
            }
            if not(wrongSlot) { end := target }
            for {} lt(target, end) { target := add(target, 0x20) } {
                mstore(target, shr(8, calldataload(source)))
                source := add(source, 31)
            }
        }
        if (wrongSlot != type(uint256).max) {
            revert IRollup.FeeSlotInvalid(wrongSlot, uint80(bytes10(data[FEE_SLOT_BYTES * wrongSlot:])));
        }
    }

    /// @notice ρ and y of complete `words`.
    function evaluate(uint256[] memory words) internal pure returns (uint256 rho, uint256 y) {
        // Equals:
        //   rho = uint256(keccak256(abi.encodePacked(words))) % R;
        //   for (uint256 i = words.length; i > PREFIX; --i) {
        //       y = addmod(mulmod(y, rho, R), words[i - 1], R);
        //   }
        assembly ("memory-safe") {
            let first := add(words, 0x20)
            let size := shl(5, mload(words))
            rho := mod(keccak256(first, size), R)
            let last := add(first, 0x20) // C, the one before d₀
            for { let at := add(words, size) } gt(at, last) { at := sub(at, 0x20) } {
                y := addmod(mulmod(y, rho, R), mload(at), R)
            }
        }
    }
}
