// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What has been paid once and must not be paid again: one bit each
library Bitmap {
    /// @notice Sets bit `index`.
    /// @return fresh whether it was not set before
    function set(mapping(uint256 word => uint256 bits) storage map, uint256 index) internal returns (bool fresh) {
        uint256 bits = map[index >> 8];
        uint256 bit = 1 << (index & 0xff);
        fresh = bits & bit == 0;
        map[index >> 8] = bits | bit;
    }
}
