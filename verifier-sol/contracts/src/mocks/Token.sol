// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title The smallest ERC-20, to measure what one transfer costs on L1
/// @notice Not for use: there is no allowance, and the deployer holds the whole supply.
contract Token {
    event Transfer(address indexed from, address indexed to, uint256 value);

    error BalanceTooSmall(uint256 balance, uint256 value);

    mapping(address => uint256) public balanceOf;
    uint256 public immutable totalSupply;

    constructor(uint256 supply) {
        totalSupply = supply;
        balanceOf[msg.sender] = supply;
        emit Transfer(address(0), msg.sender, supply);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        uint256 balance = balanceOf[msg.sender];
        if (balance < value) revert BalanceTooSmall(balance, value);
        unchecked {
            balanceOf[msg.sender] = balance - value;
            // The balances add up to the supply.
            balanceOf[to] += value;
        }
        emit Transfer(msg.sender, to, value);
        return true;
    }
}
