// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A token that moves money and then answers false: the rollup must not believe the money
/// @notice While `honest` is set it answers true, so that it can be deposited and refuse its withdrawal.
contract FalseToken {
    mapping(address => uint256) public balanceOf;
    bool public honest;

    constructor(uint256 supply) {
        balanceOf[msg.sender] = supply;
    }

    function setHonest(bool honest_) external {
        honest = honest_;
    }

    function transfer(address to, uint256 value) external returns (bool) {
        return _move(msg.sender, to, value);
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        return _move(from, to, value);
    }

    function _move(address from, address to, uint256 value) private returns (bool) {
        balanceOf[from] -= value;
        balanceOf[to] += value;
        return honest;
    }
}
