// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {State} from "./State.sol";
import {Tokens} from "./Tokens.sol";
import {IRollup} from "./interfaces/IRollup.sol";
import {BabyJubjub} from "./libraries/BabyJubjub.sol";
import {PublicData} from "./libraries/PublicData.sol";
import {Queue} from "./libraries/Queue.sol";

/// @title Money on its way into the rollup
/// @dev   Whatever is queued here a batch must be able to consume: an entry that no proof can be made for would
///        block the queue, and after the deadline freeze the contract.
abstract contract Deposits is State, Tokens {
    /// @inheritdoc IRollup
    function depositETH(uint256 ax, uint256 ay, address l1Owner) external payable returns (uint64 index) {
        return _create(ETH, msg.value, ax, ay, l1Owner);
    }

    /// @inheritdoc IRollup
    function depositERC20(uint32 token, uint256 amount, uint256 ax, uint256 ay, address l1Owner)
        external
        locked
        returns (uint64 index)
    {
        return _create(token, _pull(token, amount), ax, ay, l1Owner);
    }

    /// @inheritdoc IRollup
    function topUpETH(uint40 account, uint256 ax) external payable returns (uint64 index) {
        return _topUp(ETH, msg.value, account, ax);
    }

    /// @inheritdoc IRollup
    function topUpERC20(uint32 token, uint256 amount, uint40 account, uint256 ax)
        external
        locked
        returns (uint64 index)
    {
        return _topUp(token, _pull(token, amount), account, ax);
    }

    /// @dev An l1Owner is demanded even where there is a key: once the contract is frozen, the deposit is owed to
    ///      it, and 0 could not be paid.
    function _create(uint32 token, uint256 received, uint256 ax, uint256 ay, address l1Owner) private returns (uint64) {
        if (l1Owner == address(0)) revert AddressZero();
        if ((ax | ay) != 0 && !BabyJubjub.isKey(ax, ay)) revert KeyInvalid(ax, ay);
        return _append(Queue.CREATE, token, 0, l1Owner, _amount(received), ax, ay);
    }

    function _topUp(uint32 token, uint256 received, uint40 account, uint256 ax) private returns (uint64) {
        _requireAccount(account);
        if (ax >= PublicData.R) revert KeyInvalid(ax, 0);
        return _append(Queue.TOP_UP, token, account, msg.sender, _amount(received), ax, 0);
    }

    function _amount(uint256 received) private pure returns (uint128) {
        if (received == 0 || received > type(uint128).max) revert AmountInvalid(received);
        return uint128(received);
    }
}
