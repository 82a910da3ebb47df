// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "./interfaces/IERC20.sol";
import {IRollup} from "./interfaces/IRollup.sol";

/// @title The tokens that the rollup knows, what it owes, and how they move
/// @dev   All outside calls to code that is not the deployer's choice are here, and all of them are made under
///        one lock: a token may call back while it moves, and a deposit is what the contract's balance grew by,
///        so a second deposit or a withdrawal in between would be counted wrongly. The functions that make no
///        such call take no lock: they read all of their state themselves, and a call of theirs from within a
///        token's call is the same as one before it.
///
///        A token may cheat whoever holds it (rebase, pause, blacklist, take its tokens back); it cannot touch
///        other tokens, because each has its own `owed` and its own balance.
abstract contract Tokens is IRollup {
    uint32 internal constant ETH = 0;

    /// @inheritdoc IRollup
    mapping(uint32 token => address) public tokenAddress;
    /// @inheritdoc IRollup
    mapping(address => uint32 token) public tokenId;
    /// @inheritdoc IRollup
    uint32 public tokenCount = 1;

    /// @inheritdoc IRollup
    mapping(uint32 token => mapping(address owner => uint256)) public owed;

    bool private transient _locked;

    modifier locked() {
        if (_locked) revert Reentered();
        _locked = true;
        _;
        _locked = false;
    }

    /// @inheritdoc IRollup
    function registerToken(address token) external returns (uint32 id) {
        if (token.code.length == 0) revert TokenWithoutCode(token);
        if (tokenId[token] != 0) revert TokenRegisteredBefore(token, tokenId[token]);
        id = tokenCount;
        tokenCount = id + 1;
        tokenAddress[id] = token;
        tokenId[token] = id;
        emit TokenRegistered(id, token);
    }

    /// @inheritdoc IRollup
    function withdraw(uint32 token, address owner) external locked {
        uint256 amount = owed[token][owner];
        if (amount == 0) revert NothingOwed(token, owner);
        owed[token][owner] = 0;
        emit Withdrawn(token, owner, amount);

        if (token == ETH) {
            bool success;
            // Equals: (success, ) = owner.call{value: amount}("");  without copying what it returns
            assembly ("memory-safe") {
                success := call(gas(), owner, amount, 0, 0, 0, 0)
            }
            if (!success) revert EtherRefused(owner);
        } else {
            _callToken(_tokenAt(token), abi.encodeCall(IERC20.transfer, (owner, amount)));
        }
    }

    /// @dev Takes `amount` of an ERC-20 from the caller. Under the lock.
    /// @return received what the contract's balance grew by: less than `amount` in a token with a fee
    function _pull(uint32 token, uint256 amount) internal returns (uint256 received) {
        address erc20 = _tokenAt(token);
        uint256 before = IERC20(erc20).balanceOf(address(this));
        _callToken(erc20, abi.encodeCall(IERC20.transferFrom, (msg.sender, address(this), amount)));
        uint256 balance = IERC20(erc20).balanceOf(address(this));
        return balance > before ? balance - before : 0;
    }

    /// @dev Remembers a debt; `withdraw` pays it. (Each amount is below 2¹²⁸: their sum does not overflow.)
    function _owe(uint32 token, address owner, uint256 amount) internal {
        if (amount != 0) owed[token][owner] += amount;
    }

    function _tokenAt(uint32 token) private view returns (address erc20) {
        erc20 = tokenAddress[token];
        if (erc20 == address(0)) revert TokenUnknown(token);
    }

    /// @dev Calls a token. It must have returned true, or have code and returned nothing.
    function _callToken(address erc20, bytes memory call_) private {
        bool success;
        // Equals:
        //   (bool returned, bytes memory result) = erc20.call(call_);
        //   success = returned
        //       && (result.length == 0 ? erc20.code.length > 0 : result.length >= 32 && uint256(bytes32(result)) == 1);
        // but copies one word of the result, however long it is.
        assembly ("memory-safe") {
            success := call(gas(), erc20, 0, add(call_, 0x20), mload(call_), 0, 0x20)
            switch returndatasize()
            case 0 { success := and(success, gt(extcodesize(erc20), 0)) }
            default { success := and(success, and(gt(returndatasize(), 0x1f), eq(mload(0), 1))) }
        }
        if (!success) revert TokenCallFailed(erc20);
    }
}
