// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Entries of the L1 queue and their hash (docs/protocol.md, section 6)
/// @notice entry = type 1 | token 4 | account 5 | address 20 | amount 16 | Ax 32 | Ay 32 | timestamp 5,
///         h₀ = 0, hᵢ₊₁ = keccak256(hᵢ ‖ entryᵢ).
///         Mirror in Rust: ../../../src/rollup/queue.rs; tests/contracts/deposits.rs compares the two.
library Queue {
    /// @notice A deposit that creates an account.
    uint8 internal constant CREATE = 1;
    /// @notice A deposit to an account.
    uint8 internal constant TOP_UP = 2;
    /// @notice An exit by an account's `l1_owner`.
    uint8 internal constant EXIT = 3;
    /// @notice An exit by an account's key.
    uint8 internal constant EXIT_BY_KEY = 4;

    /// @notice Bytes of an entry.
    uint256 internal constant ENTRY_BYTES = 115;

    struct Entry {
        uint8 kind;
        uint32 token;
        uint40 account;
        address owner;
        uint128 amount;
        uint256 ax;
        uint256 ay;
        uint40 timestamp;
    }

    /// @notice hᵢ₊₁ from hᵢ and an entry that this contract writes.
    function link(bytes32 previous, Entry memory entry) internal pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                previous,
                entry.kind,
                entry.token,
                entry.account,
                entry.owner,
                entry.amount,
                entry.ax,
                entry.ay,
                entry.timestamp
            )
        );
    }

    /// @notice hᵢ₊₁ from hᵢ and bytes that a caller says are the entry. Bytes of another length than 115 give
    ///         another hash than any that this contract stored.
    function link(bytes32 previous, bytes calldata entry) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(previous, entry));
    }

    /// @notice The fields of an entry whose hash was found to be stored.
    function decode(bytes calldata entry) internal pure returns (Entry memory) {
        return Entry({
            kind: uint8(bytes1(entry)),
            token: uint32(bytes4(entry[1:])),
            account: uint40(bytes5(entry[5:])),
            owner: address(bytes20(entry[10:])),
            amount: uint128(bytes16(entry[30:])),
            ax: uint256(bytes32(entry[46:])),
            ay: uint256(bytes32(entry[78:])),
            timestamp: uint40(bytes5(entry[110:]))
        });
    }
}
