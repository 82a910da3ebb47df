// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "./State.sol";
import {Tokens} from "./Tokens.sol";
import {IExitVerifier} from "./interfaces/IExitVerifier.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {Bitmap} from "./libraries/Bitmap.sol";
import {Proof} from "./libraries/Proof.sol";
import {PublicData} from "./libraries/PublicData.sol";
import {Queue} from "./libraries/Queue.sol";

/// @title Ways out that need no operator's consent
/// @notice While batches are settled: an exit is queued, and batches must consume the queue in order. When they
///         no longer do, for `EXIT_DEADLINE`: anyone freezes the contract for good; each account of the last
///         proven state is paid on a proof (`escape`), each deposit that was not consumed on its bytes
///         (`reclaim`).
/// @dev    The sum of what is owed then is no more than what came in: the state holds the deposits that were
///         consumed less the withdrawals that are owed already, and the queue holds the rest.
abstract contract Exits is State, Tokens {
    using Bitmap for mapping(uint256 => uint256);

    /// @notice An entry that has waited for longer than this lets anyone freeze the contract.
    uint256 public constant EXIT_DEADLINE = 7 days;

    /// @inheritdoc IRollup
    address public immutable exitVerifier;

    mapping(uint256 => uint256) private _escaped;
    mapping(uint256 => uint256) private _reclaimed;

    /// @inheritdoc IRollup
    function requestExit(uint40 account, uint32 token) external returns (uint64 index) {
        _requireAccount(account);
        return _append(Queue.EXIT, token, account, msg.sender, 0, 0, 0);
    }

    /// @inheritdoc IRollup
    /// @dev ax ≠ 0: the proof for x₅ = 0 says that under some root, which here may be of a tree that the prover
    ///      made up, the account's l1_owner is the address. Queued as an exit by key 0, it would empty any
    ///      account that has no key.
    function requestExitByKey(
        uint256 root,
        uint32 token,
        uint40 account,
        uint128 balance,
        address recipient,
        uint256 ax,
        uint256[8] calldata proof
    ) external returns (uint64 index) {
        if (ax == 0) revert KeyInvalid(0, 0);
        if (root >= PublicData.R) revert StateRootNotInField(root);
        _requireExitProof(root, token, account, balance, recipient, ax, proof);
        return _append(Queue.EXIT_BY_KEY, token, account, recipient, 0, ax, 0);
    }

    /// @inheritdoc IRollup
    function freeze(bytes calldata entry) external {
        Tip memory tip = _tip;
        if (tip.frozen) revert IsFrozen();
        Queue.Entry memory head = _entry(tip, tip.consumed, entry);
        uint256 allowed = head.timestamp + EXIT_DEADLINE;
        if (block.timestamp <= allowed) revert FreezeTooEarly(head.timestamp, allowed);
        _tip.frozen = true;
        emit Frozen(tip.consumed);
    }

    /// @inheritdoc IRollup
    function escape(
        uint32 token,
        uint40 account,
        uint128 balance,
        address recipient,
        uint256 ax,
        uint256[8] calldata proof
    ) external {
        if (!_tip.frozen) revert NotFrozen();
        _requireExitProof(stateRoot, token, account, balance, recipient, ax, proof);
        if (!_escaped.set(account)) revert EscapedBefore(account);
        _owe(token, recipient, balance);
        emit Escaped(account, token, recipient, balance);
    }

    /// @inheritdoc IRollup
    function reclaim(uint64 index, bytes calldata entry) external {
        Tip memory tip = _tip;
        if (!tip.frozen) revert NotFrozen();
        Queue.Entry memory deposit = _entry(tip, index, entry);
        if (deposit.kind > Queue.TOP_UP) revert NotADeposit(index);
        if (!_reclaimed.set(index)) revert ReclaimedBefore(index);
        _owe(deposit.token, deposit.owner, deposit.amount);
        emit Reclaimed(index, deposit.token, deposit.owner, deposit.amount);
    }

    /// @dev The entry at `index`, if it waits in the queue and these are its bytes.
    function _entry(Tip memory tip, uint64 index, bytes calldata entry) private view returns (Queue.Entry memory) {
        if (index < tip.consumed || index >= tip.queued) revert NotInQueue(index, tip.consumed, tip.queued);
        if (Queue.link(queueHash[index], entry) != queueHash[index + 1]) revert EntryInvalid(index);
        return Queue.decode(entry);
    }

    /// @dev Reverts unless the proof holds for x₁ … x₅ (docs/protocol.md, section 9).
    ///
    ///      recipient ≠ 0: with ax = 0 the proof says that the recipient is the account's l1_owner, and 0 stands
    ///      for none. Anyone could prove that of all accounts without an l1_owner, and burn them.
    ///      account < 8^depth: it is the key of `_escaped`, so that one leaf must have one number only.
    function _requireExitProof(
        uint256 root,
        uint32 token,
        uint40 account,
        uint128 balance,
        address recipient,
        uint256 ax,
        uint256[8] calldata proof
    ) private view {
        if (recipient == address(0)) revert AddressZero();
        if (ax >= PublicData.R) revert KeyInvalid(ax, 0);
        _requireAccount(account);
        uint256[5] memory input =
            [root, _domain(), uint256(token) << 168 | uint256(account) << 128 | balance, uint160(recipient), ax];
        (uint256[2] calldata a, uint256[2][2] calldata b, uint256[2] calldata c) = Proof.split(proof);
        if (!IExitVerifier(exitVerifier).verifyProof(a, b, c, input)) revert VerifierRejected();
    }
}
