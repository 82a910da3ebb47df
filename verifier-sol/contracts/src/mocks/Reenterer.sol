// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title A token, and a receiver of ether, that makes a call of its maker's choice while it is being moved or paid
/// @notice Everybody may take from everybody. The call is made once; what came of it can be read afterwards.
contract Reenterer {
    mapping(address => uint256) public balanceOf;

    address private _target;
    uint256 private _value;
    bytes private _call;

    bool public called;
    bool public succeeded;
    bytes public result;

    /// @notice Whether ether is refused.
    bool public refusing;

    constructor(uint256 supply) payable {
        balanceOf[msg.sender] = supply;
    }

    /// @notice Sets the call to make next, with `value` of the ether here.
    function arm(address target, uint256 value, bytes calldata call_) external {
        (_target, _value, _call, called) = (target, value, call_, false);
    }

    function setRefusing(bool refusing_) external {
        refusing = refusing_;
    }

    /// @notice Makes a call from here, now.
    function forward(address target, uint256 value, bytes calldata call_) external payable {
        (bool success, bytes memory output) = target.call{value: value}(call_);
        if (!success) {
            assembly ("memory-safe") {
                revert(add(output, 0x20), mload(output))
            }
        }
    }

    // solhint-disable-next-line no-complex-fallback
    receive() external payable {
        // solhint-disable-next-line reason-string, gas-custom-errors
        if (refusing) revert();
        _reenter();
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
        _reenter();
        return true;
    }

    function _reenter() private {
        address target = _target;
        if (target == address(0)) return;
        _target = address(0);
        called = true;
        (succeeded, result) = target.call{value: _value}(_call);
    }
}
