// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../interfaces/IRollup.sol";

/// @title Amounts of operations: exponent 5 | mantissa 35 bits (docs/protocol.md, section 4)
library Amount {
    /// @notice mantissa · 10^exponent of a 40-bit encoding, below 2¹²⁸.
    function decode(uint256 encoded) internal pure returns (uint256 amount) {
        unchecked {
            // Below 2³⁵ · 10³¹ < 2¹³⁸.
            amount = (encoded & 0x7_ffff_ffff) * 10 ** (encoded >> 35);
        }
        if (amount >> 128 != 0) revert IRollup.AmountInvalid(amount);
    }
}
