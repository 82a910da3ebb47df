// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title zkroll rollup, version 1
/// @notice Holds the state root of an account tree and advances it by one batch of signed transfers
///         for each Groth16 proof. Word layout, commitment and challenge are those of docs/protocol.md,
///         sections 6 and 7.
///
///         Rebuilding the state: start from the genesis accounts and, for every `BatchSettled` in
///         order, decode the calldata of the `submitBatch` call that emitted it; `data` holds the fee
///         slots (10 bytes each: used 8 | token 32 | account 40) and then two transfers in every 31
///         bytes (kind 2 | from 33 | to 33 | amount 40 | fee 16, each). Apply the transfers in order,
///         then add each token's fees to its fee slot's account; the root must equal `postStateRoot`.
///
///         Anyone may submit: a batch is accepted because of its proof, not its sender. Deposits,
///         withdrawals, an operator auction and upgrades are not part of version 1.
interface IRollup {
    /// @notice The verifier's address has no code.
    error VerifierWithoutCode(address verifier);

    /// @notice A transfer's account index has 33 bits, so the 8-ary tree has 1 to 11 levels.
    error DepthInvalid(uint32 depth);

    /// @notice The chain id does not fit the 64 bits of the header word.
    error ChainIdTooLarge(uint256 chainId);

    /// @notice A state root is not below the scalar field's order r.
    error StateRootNotInField(uint256 root);

    /// @notice The commitment is not below the scalar field's order r.
    error CommitmentNotInField(uint256 commitment);

    /// @notice The batch is older than the last one that was settled.
    error TimestampBeforePrevious(uint40 timestamp, uint40 previous);

    /// @notice The batch is newer than the block.
    error TimestampInFuture(uint40 timestamp, uint256 blockTimestamp);

    /// @notice The batch is older than `MAX_BATCH_AGE`; `oldest` is the least timestamp allowed.
    error TimestampTooOld(uint40 timestamp, uint256 oldest);

    /// @notice `data` does not have exactly 10 bytes per fee slot and 31 per pair of transfer slots.
    error DataLengthInvalid(uint256 expected, uint256 actual);

    /// @notice The call has bytes besides its arguments in their canonical encoding.
    error CalldataLengthInvalid(uint256 expected, uint256 actual);

    /// @notice A fee slot is neither all zero nor marked used by a first byte of 1.
    error FeeSlotInvalid(uint256 index, uint256 word);

    /// @notice The verifier returned without confirming the proof.
    error VerifierRejected();

    /// @notice A batch was settled and the state root replaced.
    /// @param batchNumber 1 for the first batch
    /// @param preStateRoot the root that the batch was proven against
    /// @param postStateRoot the root from now on
    /// @param timestamp the batch's own time, against which `valid_until` of its transfers was proven
    /// @param commitment C, the Poseidon commitment to the batch's words
    event BatchSettled(
        uint64 indexed batchNumber,
        uint256 preStateRoot,
        uint256 postStateRoot,
        uint40 timestamp,
        uint256 commitment
    );

    /// @notice Settles the next batch. All or nothing: every refusal reverts with an error of this
    ///         interface or of the verifier's.
    /// @param timestamp not before the last batch's, not after the block's, at most `MAX_BATCH_AGE` old
    /// @param postStateRoot the state root after the batch, below r
    /// @param commitment C of docs/protocol.md section 6, below r
    /// @param proof A.x, A.y, B.x₁, B.x₀, B.y₁, B.y₀, C.x, C.y (EIP-197: imaginary part first)
    /// @param data fee slots and transfers, see above
    function submitBatch(
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        uint256[8] calldata proof,
        bytes calldata data
    ) external;

    /// @notice ρ and y that `submitBatch` would hand to the verifier now, for the next batch number
    ///         and the current state root. Does not look at the clock.
    /// @return rho keccak256(T ‖ C ‖ d) mod r
    /// @return y Σ dᵢ·ρⁱ mod r
    function challenge(uint40 timestamp, uint256 postStateRoot, uint256 commitment, bytes calldata data)
        external
        view
        returns (uint256 rho, uint256 y);

    /// @notice The root after the last settled batch.
    function stateRoot() external view returns (uint256);

    /// @notice The number of the last settled batch, 0 if there is none.
    function batchNumber() external view returns (uint64);

    /// @notice The timestamp of the last settled batch, 0 if there is none.
    function lastTimestamp() external view returns (uint40);

    /// @notice The contract that checks the proofs; it cannot be replaced.
    function verifier() external view returns (address);

    /// @notice Levels of the 8-ary account tree.
    function depth() external view returns (uint32);

    /// @notice Transfer slots of every batch.
    function transferSlots() external view returns (uint32);

    /// @notice Fee slots of every batch.
    function feeSlots() external view returns (uint32);
}
