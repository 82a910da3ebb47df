// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title Where an optimistic rollup would post its batches: the smallest, to measure what the posting costs
/// @notice Not a rollup: it checks nothing and holds nothing. It chains the hash of what is posted, which is the least
///         that a fraud proof needs to refer to.
contract DataInbox {
    event Posted(uint256 indexed number, bytes32 dataHash);

    error BlobMissing();

    /// @notice Batches posted.
    uint256 public count;
    /// @notice The hash of all of them: keccak256(head before ‖ hash of the data).
    bytes32 public head;

    /// @notice Posts a batch in calldata.
    function post(bytes calldata data) external {
        _append(keccak256(data));
    }

    /// @notice Posts the batch in the transaction's first blob.
    function postBlob() external {
        bytes32 hash = blobhash(0);
        if (hash == 0) revert BlobMissing();
        _append(hash);
    }

    function _append(bytes32 dataHash) private {
        head = keccak256(abi.encodePacked(head, dataHash));
        emit Posted(++count, dataHash);
    }
}
