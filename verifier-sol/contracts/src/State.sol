// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "./interfaces/IRollup.sol";
import {Queue} from "./libraries/Queue.sol";

/// @title What the rollup remembers: the last batch, the account tree's root, the queue
abstract contract State is IRollup {
    /// @notice Format version of the words, the top field of d₀ and x₂.
    uint256 public constant VERSION = 2;

    /// @inheritdoc IRollup
    uint32 public immutable depth;

    /// @dev One storage word, so that a batch and a deposit write one word each besides a root or a hash. The
    ///      number is that of the next batch: never zero, so nobody pays for a word that was empty.
    struct Tip {
        uint64 nextBatchNumber;
        uint40 timestamp;
        uint64 consumed;
        uint64 queued;
        bool frozen;
    }

    Tip internal _tip;

    /// @inheritdoc IRollup
    uint256 public stateRoot;

    /// @inheritdoc IRollup
    mapping(uint64 index => bytes32) public queueHash;

    /// @inheritdoc IRollup
    function batchNumber() external view returns (uint64) {
        return _tip.nextBatchNumber - 1;
    }

    /// @inheritdoc IRollup
    function lastTimestamp() external view returns (uint40) {
        return _tip.timestamp;
    }

    /// @inheritdoc IRollup
    function consumed() external view returns (uint64) {
        return _tip.consumed;
    }

    /// @inheritdoc IRollup
    function queued() external view returns (uint64) {
        return _tip.queued;
    }

    /// @inheritdoc IRollup
    function frozen() external view returns (bool) {
        return _tip.frozen;
    }

    /// @dev version 8 | chain id 64 | contract 160: what a proof or a signature made for this contract has in
    ///      it, and one made for another chain or contract has not.
    function _domain() internal view returns (uint256) {
        if (block.chainid > type(uint64).max) revert ChainIdTooLarge(block.chainid);
        return VERSION << 224 | block.chainid << 160 | uint160(address(this));
    }

    /// @dev An account must be in the tree: the circuit has no word for a larger one, so an entry that named
    ///      one could never be consumed, and would freeze the contract.
    function _requireAccount(uint40 account) internal view {
        if (account >> (3 * depth) != 0) revert AccountInvalid(account);
    }

    /// @dev Appends an entry with the block's time. Its fields must be ones that the circuit can consume.
    function _append(uint8 kind, uint32 token, uint40 account, address owner, uint128 amount, uint256 ax, uint256 ay)
        internal
        returns (uint64 index)
    {
        if (_tip.frozen) revert IsFrozen();
        index = _tip.queued;
        Queue.Entry memory entry = Queue.Entry(kind, token, account, owner, amount, ax, ay, uint40(block.timestamp));
        queueHash[index + 1] = Queue.link(queueHash[index], entry);
        _tip.queued = index + 1;
        emit EntryQueued(index, kind, token, account, owner, amount, ax, ay, entry.timestamp);
    }
}
