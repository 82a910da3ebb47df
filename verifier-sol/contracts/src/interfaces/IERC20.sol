// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title What the rollup uses of a token (ERC-20)
/// @notice `transfer` and `transferFrom` are called in assembly, because many tokens return nothing.
interface IERC20 {
    /// @notice The holdings of an address.
    function balanceOf(address owner) external view returns (uint256);

    /// @notice Moves the caller's tokens.
    function transfer(address to, uint256 value) external returns (bool);

    /// @notice Moves the tokens of somebody who allowed it.
    function transferFrom(address from, address to, uint256 value) external returns (bool);
}
