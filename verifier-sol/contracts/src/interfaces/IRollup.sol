// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// @title zkroll rollup, version 2
/// @notice Holds the state root of an account tree and the money behind it. A batch of signed operations and of
///         entries of the queue advances the root for each Groth16 proof. Words, commitment and challenge are
///         those of docs/protocol.md, sections 6 to 9.
///
///         Rebuilding the state: start from the genesis accounts and, for every `BatchSettled` in order, decode
///         the calldata of the call that emitted it, and the blob of its transaction if it was `submitBatchBlob`. A
///         call emits as many events as it has batches, in their order. Apply the entries that it shows (each with its
///         result), then the operations, then add each token's fees to its fee slot's account; the root must
///         equal `postStateRoot`. `EntryQueued` has the fields of each entry that waits.
///
///         Anyone may submit: a batch is accepted because of its proof, not its sender. There is no owner, no
///         administrator and no upgrade. An operator auction is not part of it.
interface IRollup {
    /// @notice Batches of one form: their proofs' verifier, and how many slots each of them has.
    /// @param verifier verifier of the key for batches of this shape
    /// @param l1Slots L1 slots L, at least 1
    /// @param feeSlots fee slots F
    /// @param withdrawalSlots withdrawal slots W
    /// @param creationSlots creation slots E
    /// @param operationSlots operation slots N; at most 8192 of batches in blobs
    struct Circuit {
        address verifier;
        uint32 l1Slots;
        uint32 feeSlots;
        uint32 withdrawalSlots;
        uint32 creationSlots;
        uint32 operationSlots;
    }

    // Construction

    /// @notice A verifier's address has no code.
    error VerifierWithoutCode(address verifier);

    /// @notice An operation's account index has 33 bits, so the 8-ary tree has 1 to 11 levels.
    error DepthInvalid(uint32 depth);

    /// @notice A rollup without L1 slots could not consume its queue.
    error NoL1Slots();

    // Batches

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

    /// @notice `data` does not have exactly the bytes that its counts call for.
    error DataLengthInvalid(uint256 expected, uint256 actual);

    /// @notice The call has more or fewer bytes than its arguments in their canonical encoding.
    error CalldataLengthInvalid(uint256 expected, uint256 actual);

    /// @notice `data` does not stand behind the head, or its padding is not zero.
    error CalldataNotCanonical();

    /// @notice A batch shows more than it has slots for.
    error TooManySlots(uint256 shown, uint256 slots);

    /// @notice The batch consumes entries up to `consumed`, but no more than `queued` were queued.
    error QueueTooShort(uint256 consumed, uint256 queued);

    /// @notice The entries that the batch shows are not the next ones of the queue, in order.
    error QueueMismatch(bytes32 expected, bytes32 actual);

    /// @notice An L1 slot's result is no account of the tree (type 1), or neither 0 nor 1 (type 2).
    error ResultInvalid(uint256 index, uint256 result);

    /// @notice A fee slot is neither all zero nor marked used by a first byte of 1.
    error FeeSlotInvalid(uint256 index, uint256 word);

    /// @notice A verifier returned without confirming the proof.
    error VerifierRejected();

    /// @notice The call has no batch.
    error NoBatches();

    // Blobs

    /// @notice This contract takes no batches from blobs.
    error NoBlobCircuit();

    /// @notice As many slices must come as batches.
    error SliceCountInvalid(uint256 batches, uint256 slices);

    /// @notice The batches' operations take `words` words, and a blob has 4096.
    error BlobTooSmall(uint256 words);

    /// @notice The transaction has no blob.
    error BlobMissing();

    /// @notice The transaction has a second blob, which no batch reads.
    error BlobExtra();

    /// @notice C₁ is not below the scalar field's order r.
    error BlobCommitmentNotInField(uint256 commitment);

    /// @notice A slice's value is not below q.
    error BlobValueNotInField(uint256 value);

    /// @notice The blob is not worth what the slices add up to, or its opening is not the blob's.
    error BlobInvalid(bytes32 versionedHash);

    // Queue

    /// @notice Not a public key: off the curve, of low order, a coordinate not below r; or 0 where there must be one.
    error KeyInvalid(uint256 ax, uint256 ay);

    /// @notice The account is not in a tree of this depth.
    error AccountInvalid(uint40 account);

    /// @notice An amount must be above 0 and below 2¹²⁸.
    error AmountInvalid(uint256 amount);

    /// @notice Nobody could be paid at the address 0.
    error AddressZero();

    // Tokens

    /// @notice Nothing is registered under the id; or it is 0, ETH, where an ERC-20 is asked for.
    error TokenUnknown(uint32 token);

    /// @notice A token's address has no code.
    error TokenWithoutCode(address token);

    /// @notice The token has an id already.
    error TokenRegisteredBefore(address token, uint32 id);

    /// @notice A token reverted, returned something else than true, or is gone.
    error TokenCallFailed(address token);

    /// @notice The recipient of ether reverted.
    error EtherRefused(address recipient);

    /// @notice A call came in while tokens or ether were being moved.
    error Reentered();

    /// @notice The owner has nothing to withdraw of the token.
    error NothingOwed(uint32 token, address owner);

    // Frozen

    /// @notice The contract is frozen: no batches, deposits and exit requests any more.
    error IsFrozen();

    /// @notice The contract is not frozen: exits are queued with requestExit.
    error NotFrozen();

    /// @notice The oldest entry may wait until `allowed`.
    error FreezeTooEarly(uint40 queuedAt, uint256 allowed);

    /// @notice The entry was consumed by a batch, or never queued.
    error NotInQueue(uint64 index, uint64 consumed, uint64 queued);

    /// @notice The bytes are not those of the entry.
    error EntryInvalid(uint64 index);

    /// @notice The entry is an exit: no money came with it.
    error NotADeposit(uint64 index);

    /// @notice The account was paid already.
    error EscapedBefore(uint40 account);

    /// @notice The deposit was given back already.
    error ReclaimedBefore(uint64 index);

    /// @notice A batch was settled and the state root replaced.
    /// @param batchNumber 1 for the first batch
    /// @param preStateRoot the root that the batch was proven against
    /// @param postStateRoot the root from now on
    /// @param timestamp the batch's own time, against which `valid_until` of its operations was proven
    /// @param commitment C, the Poseidon commitment to the batch's words
    /// @param consumed number of entries of the queue that are consumed from now on
    event BatchSettled(
        uint64 indexed batchNumber,
        uint256 preStateRoot,
        uint256 postStateRoot,
        uint40 timestamp,
        uint256 commitment,
        uint64 consumed
    );

    /// @notice An entry was queued: all of its fields (docs/protocol.md, section 6).
    /// @param index 0 for the first entry
    /// @param kind 1 deposit that creates, 2 deposit to an account, 3 exit by `l1_owner`, 4 exit by key
    /// @param owner the entry's address
    event EntryQueued(
        uint64 indexed index,
        uint8 kind,
        uint32 token,
        uint40 account,
        address indexed owner,
        uint128 amount,
        uint256 ax,
        uint256 ay,
        uint40 timestamp
    );

    /// @notice An ERC-20 has an id from now on.
    event TokenRegistered(uint32 indexed id, address indexed token);

    /// @notice What was owed was paid.
    event Withdrawn(uint32 indexed token, address indexed owner, uint256 amount);

    /// @notice The contract froze, because this entry waited for too long.
    event Frozen(uint64 index);

    /// @notice An account of the last state was paid, to be withdrawn by `recipient`.
    event Escaped(uint40 indexed account, uint32 token, address indexed recipient, uint128 balance);

    /// @notice A deposit that was not consumed was given back, to be withdrawn by `owner`.
    event Reclaimed(uint64 indexed index, uint32 token, address indexed owner, uint128 amount);

    /// @notice Settles the next batch. All or nothing: every refusal reverts with an error of this
    ///         interface or of the verifier's.
    /// @param timestamp not before the last batch's, not after the block's, at most `MAX_BATCH_AGE` old
    /// @param postStateRoot the state root after the batch, below r
    /// @param commitment C of docs/protocol.md section 7, below r
    /// @param proof A.x, A.y, B.x₁, B.x₀, B.y₁, B.y₀, C.x, C.y (EIP-197: imaginary part first)
    /// @param data counts l, w, e, t of 2 bytes; l entries of 115 bytes with results of 16; fee slots of 10;
    ///        w withdrawals of 29; e keys of 64; t pairs of operations of 31
    function submitBatch(
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        uint256[8] calldata proof,
        bytes calldata data
    ) external;

    /// @notice Settles the next batches, each on top of the one before, with one check of all proofs. All or nothing.
    /// @param batches for each the timestamp, the state root after it, C and the proof, as in `submitBatch`
    /// @param data what the batches show, one after the other, as in `submitBatch`
    function submitBatches(uint256[11][] calldata batches, bytes calldata data) external;

    /// @notice Settles the next batches, whose operations are in the transaction's only blob: those of batch j are
    ///         the coefficients from j·⌈N/2⌉ on of the polynomial that the blob has the values of, 31 bytes each.
    /// @param batches as in `submitBatches`
    /// @param slices for each batch C₁, below r, and what its words are worth at z, below q
    /// @param kzg the blob's commitment and the proof of its opening at z, 48 bytes each
    /// @param data as in `submitBatches`, with t = 0 in every batch
    function submitBatchBlob(
        uint256[11][] calldata batches,
        uint256[2][] calldata slices,
        bytes32[3] calldata kzg,
        bytes calldata data
    ) external;

    /// @notice ρ and y that `submitBatch` would hand to the verifier now, for the next batch number, the
    ///         current state root and the present queue. Checks `data` as `submitBatch` does. Does not look at
    ///         the clock, nor at whether the contract is frozen.
    /// @return rho keccak256(T ‖ C ‖ K ‖ words shown) mod r
    /// @return y Σ dᵢ·ρⁱ mod r
    function challenge(uint40 timestamp, uint256 postStateRoot, uint256 commitment, bytes calldata data)
        external
        view
        returns (uint256 rho, uint256 y);

    /// @notice The same for a batch whose operations are in a blob.
    /// @param claim C₁, z and what the batch's words are worth there
    function challengeBlob(
        uint40 timestamp,
        uint256 postStateRoot,
        uint256 commitment,
        uint256[3] calldata claim,
        bytes calldata data
    ) external view returns (uint256 rho, uint256 y);

    /// @notice Deposits the ether sent into a new account. The batch that consumes the deposit says which.
    /// @param ax abscissa of the account's public key, or 0 with `ay` = 0 for an account without one
    /// @param ay its ordinate
    /// @param l1Owner address that may take the account out through requestExit, and to which the deposit is
    ///        owed if the contract freezes before it is consumed; not 0
    /// @return index the entry's place in the queue
    function depositETH(uint256 ax, uint256 ay, address l1Owner) external payable returns (uint64 index);

    /// @notice Deposits an ERC-20 into a new account; see depositETH. The caller has allowed this contract to
    ///         take `amount`. What arrives is deposited: less than `amount` in a token with a fee.
    function depositERC20(uint32 token, uint256 amount, uint256 ax, uint256 ay, address l1Owner)
        external
        returns (uint64 index);

    /// @notice Deposits the ether sent to an account. If it turns out not to be one for ether of the owner of
    ///         `ax`, or not to hold that much, the caller is owed the ether.
    /// @param ax abscissa of the account's public key; 0 matches any account without a key, so that the index
    ///        alone says whose it is
    /// @return index the entry's place in the queue
    function topUpETH(uint40 account, uint256 ax) external payable returns (uint64 index);

    /// @notice Deposits an ERC-20 to an account; see topUpETH and depositERC20.
    function topUpERC20(uint32 token, uint256 amount, uint40 account, uint256 ax) external returns (uint64 index);

    /// @notice Asks for the whole balance of an account whose `l1_owner` is the caller. The batch that consumes
    ///         the entry pays what there is then; nothing if the account is another's or has another token.
    function requestExit(uint40 account, uint32 token) external returns (uint64 index);

    /// @notice Asks for the whole balance of an account for its key's signer; anyone may bring the proof. It stays
    ///         good: whoever has seen it may ask again, for the same recipient, if the account is filled again.
    /// @param root any root below r: the proof is taken as one of the signature only
    /// @param recipient who is paid, as signed; not 0
    /// @param ax abscissa of the key that signed; not 0
    /// @param proof exit proof for (root, domain, token | account | balance, recipient, ax)
    function requestExitByKey(
        uint256 root,
        uint32 token,
        uint40 account,
        uint128 balance,
        address recipient,
        uint256 ax,
        uint256[8] calldata proof
    ) external returns (uint64 index);

    /// @notice Pays all that `owner` is owed of a token, to `owner`. Anyone may call; works when frozen.
    function withdraw(uint32 token, address owner) external;

    /// @notice Gives an ERC-20 the next id. Anyone may: a token harms those only who hold it.
    function registerToken(address token) external returns (uint32 id);

    /// @notice Freezes the contract for good, if the oldest entry waits for longer than `EXIT_DEADLINE`.
    /// @param entry that entry's 115 bytes
    function freeze(bytes calldata entry) external;

    /// @notice Owes the balance of an account in the last state to `recipient`, once for each account. Only when
    ///         frozen.
    /// @param recipient the account's `l1_owner` if ax is 0, else who its key signed for; not 0
    /// @param ax 0, or the abscissa of the account's key
    /// @param proof exit proof for (stateRoot, domain, token | account | balance, recipient, ax)
    function escape(
        uint32 token,
        uint40 account,
        uint128 balance,
        address recipient,
        uint256 ax,
        uint256[8] calldata proof
    ) external;

    /// @notice Owes a deposit that no batch consumed to its entry's address, once. Only when frozen.
    /// @param index the entry's place in the queue
    /// @param entry its 115 bytes
    function reclaim(uint64 index, bytes calldata entry) external;

    /// @notice The root after the last settled batch.
    function stateRoot() external view returns (uint256);

    /// @notice The number of the last settled batch, 0 if there is none.
    function batchNumber() external view returns (uint64);

    /// @notice The timestamp of the last settled batch, 0 if there is none.
    function lastTimestamp() external view returns (uint40);

    /// @notice Number of entries that batches have consumed.
    function consumed() external view returns (uint64);

    /// @notice Number of entries that were queued.
    function queued() external view returns (uint64);

    /// @notice hᵢ: the queue's hash after its first `index` entries.
    function queueHash(uint64 index) external view returns (bytes32);

    /// @notice Whether the contract is frozen.
    function frozen() external view returns (bool);

    /// @notice What `owner` can withdraw of a token.
    function owed(uint32 token, address owner) external view returns (uint256);

    /// @notice The ERC-20 with this id; 0 for ETH and for ids that are not taken.
    function tokenAddress(uint32 token) external view returns (address);

    /// @notice The id of an ERC-20; 0 if it has none.
    function tokenId(address token) external view returns (uint32);

    /// @notice Number of tokens with an id, ETH included.
    function tokenCount() external view returns (uint32);

    /// @notice The contract that checks proofs of batches in calldata; it cannot be replaced.
    function verifier() external view returns (address);

    /// @notice The contract that checks exit proofs; it cannot be replaced.
    function exitVerifier() external view returns (address);

    /// @notice Levels of the 8-ary account tree.
    function depth() external view returns (uint32);

    /// @notice The circuit of batches whose operations are in a blob; a verifier of 0 if there is none.
    function blobCircuit() external view returns (Circuit memory);

    /// @notice L1 slots of every batch in calldata.
    function l1Slots() external view returns (uint32);

    /// @notice Fee slots of every batch in calldata.
    function feeSlots() external view returns (uint32);

    /// @notice Withdrawal slots of every batch in calldata.
    function withdrawalSlots() external view returns (uint32);

    /// @notice Creation slots of every batch in calldata.
    function creationSlots() external view returns (uint32);

    /// @notice Operation slots of every batch in calldata.
    function operationSlots() external view returns (uint32);
}
