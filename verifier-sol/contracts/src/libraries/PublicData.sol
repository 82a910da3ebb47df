// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {IRollup} from "../interfaces/IRollup.sol";
import {Queue} from "./Queue.sol";

/// @title The public words of a batch, and the polynomial that stands for them in the proof
/// @notice ρ = keccak256(T ‖ C ‖ K ‖ the words shown) mod r,  y = Σ dᵢ·ρⁱ mod r  (docs/protocol.md, section 7).
///
///         One array holds T, C, K and the words shown, so that it is hashed where it lies:
///
///           T, C, K | d₀ … d₇ | 4·l of L1 | F fees | 2·w withdrawals | 2·e creations | t operations
///
///         A batch whose operations are in a blob has, in the place of those words, the five of its claim.
///
///         What is not shown is zero and stands between these parts in d: y skips it with powers of ρ.
///         Invariant: every word is canonical. Narrow ones are cut from bytes, the keys of creations are
///         checked against r, and the L1 slots are those that this contract queued.
///         Mirror in Rust: ../../../tests/common/mirror.rs; tests/contracts/rollup.rs compares the two.
library PublicData {
    /// @notice Order r of the scalar field of BN254.
    uint256 internal constant R = 21888242871839275222246405745257275088548364400416034343698204186575808495617;

    /// @notice T, the domain tag of the challenge.
    uint256 internal constant RHO_TAG = uint256(keccak256("zkroll/rho/v2"));

    /// @notice T, C and K stand before d₀.
    uint256 internal constant PREFIX = 3;

    /// @notice d₀ … d₇.
    uint256 internal constant HEADER = 8;

    /// @notice Bytes of `data` before the first L1 slot: l 2, w 2, e 2, t 2.
    uint256 internal constant COUNT_BYTES = 8;

    /// @notice An entry of the queue and its 16-byte result.
    uint256 internal constant L1_SLOT_BYTES = Queue.ENTRY_BYTES + 16;

    /// @notice used 8 | token 32 | account 40.
    uint256 internal constant FEE_SLOT_BYTES = 10;

    /// @notice address 160 | token 32 | amount 40.
    uint256 internal constant WITHDRAWAL_BYTES = 29;

    /// @notice Ax 256 | Ay 256.
    uint256 internal constant CREATION_BYTES = 64;

    /// @notice Two operations of 124 bits.
    uint256 internal constant OPERATION_PAIR_BYTES = 31;

    /// @notice `Shape.form`: operations in calldata.
    uint256 internal constant CALLDATA = 0;

    /// @notice `Shape.form`: operations in a blob.
    uint256 internal constant BLOB = 1;

    /// @notice How many slots a batch of this contract has: what its circuit was made for.
    struct Shape {
        uint256 form;
        uint256 depth;
        uint256 l1Slots;
        uint256 feeSlots;
        uint256 withdrawalSlots;
        uint256 creationSlots;
        uint256 operationSlots;
    }

    /// @notice What a batch shows: counts, and where in the calldata its parts begin.
    struct Shown {
        uint256 l1;
        uint256 withdrawals;
        uint256 creations;
        uint256 operationPairs;
        uint256 l1At;
        uint256 feesAt;
        uint256 withdrawalsAt;
        uint256 creationsAt;
        uint256 operationsAt;
        uint256 end;
    }

    /// @notice What a batch says of its slice of a blob, as words: C₁, and z and its value in halves of 128 bits.
    struct Claim {
        uint256 commitment;
        uint256 zLow;
        uint256 zHigh;
        uint256 valueLow;
        uint256 valueHigh;
    }

    uint256 private constant CLAIM_WORDS = 5;

    /// @notice Reads the counts of the batch whose data begin at `source`, compares them with the slots that there
    ///         are, and finds the parts, which must end at `limit`, or before if it is not the last batch.
    function measure(uint256 source, uint256 limit, bool last, Shape memory shape)
        internal
        pure
        returns (Shown memory shown)
    {
        unchecked {
            // Counts are below 2¹⁶ and slots below 2³²: no sum overflows. source ≤ limit.
            if (limit - source < COUNT_BYTES) revert IRollup.DataLengthInvalid(COUNT_BYTES, limit - source);
            uint256 counts = word(source);
            shown.l1 = _count(counts, 240, shape.l1Slots);
            shown.withdrawals = _count(counts, 224, shape.withdrawalSlots);
            shown.creations = _count(counts, 208, shape.creationSlots);
            shown.operationPairs = _count(counts, 192, shape.form == BLOB ? 0 : (shape.operationSlots + 1) / 2);

            shown.l1At = source + COUNT_BYTES;
            shown.feesAt = shown.l1At + shown.l1 * L1_SLOT_BYTES;
            shown.withdrawalsAt = shown.feesAt + shape.feeSlots * FEE_SLOT_BYTES;
            shown.creationsAt = shown.withdrawalsAt + shown.withdrawals * WITHDRAWAL_BYTES;
            shown.operationsAt = shown.creationsAt + shown.creations * CREATION_BYTES;
            shown.end = shown.operationsAt + shown.operationPairs * OPERATION_PAIR_BYTES;
            if (last ? shown.end != limit : shown.end > limit) {
                revert IRollup.DataLengthInvalid(shown.end - source, limit - source);
            }
        }
    }

    function _count(uint256 counts, uint256 shift, uint256 slots) private pure returns (uint256 count) {
        count = (counts >> shift) & 0xffff;
        if (count > slots) revert IRollup.TooManySlots(count, slots);
    }

    /// @notice An array for T, C, K and the words that are shown. It is not zeroed: whoever allocates it writes the
    ///         first `PREFIX + HEADER` words, and `unpack` all others.
    function allocate(Shown memory shown, Shape memory shape) internal pure returns (uint256[] memory words) {
        uint256 length;
        unchecked {
            length = PREFIX + HEADER + 4 * shown.l1 + shape.feeSlots + 2 * shown.withdrawals + 2 * shown.creations
                + _tail(shown, shape);
        }
        // Equals: words = new uint256[](length);  but for the zeros
        assembly ("memory-safe") {
            words := mload(0x40)
            mstore(words, length)
            mstore(0x40, add(words, shl(5, add(length, 1))))
        }
    }

    /// @dev Words behind the creations: those of operations, or of the claim.
    function _tail(Shown memory shown, Shape memory shape) private pure returns (uint256) {
        return shape.form == BLOB ? CLAIM_WORDS : shown.operationPairs;
    }

    /// @notice K = l 32 | w 32 | e 32 | t 32.
    function countWord(Shown memory shown) internal pure returns (uint256) {
        return shown.l1 << 96 | shown.withdrawals << 64 | shown.creations << 32 | shown.operationPairs;
    }

    /// @notice d₃ = form 8 | depth 32 | E 32 | W 32 | F 32 | L 32 | N 32.
    function shapeWord(Shape memory shape) internal pure returns (uint256) {
        return shape.form << 192 | shape.depth << 160 | shape.creationSlots << 128 | shape.withdrawalSlots << 96
            | shape.feeSlots << 64 | shape.l1Slots << 32 | shape.operationSlots;
    }

    /// @notice Writes all words behind the header.
    /// @param claim read only if the operations are in a blob
    /// @param queueHash the queue's hash before the first entry shown
    /// @return the queue's hash after the last one; the caller compares it with what it stored
    function unpack(
        uint256[] memory words,
        Shown memory shown,
        Shape memory shape,
        Claim memory claim,
        bytes32 queueHash
    ) internal pure returns (bytes32) {
        uint256 target;
        // Equals: target is the memory offset of words[PREFIX + HEADER]
        assembly ("memory-safe") {
            target := add(words, 0x180)
        }
        unchecked {
            // Memory and calldata offsets, and products of counts.
            queueHash = _unpackL1(target, shown, shape.depth, queueHash);
            target += shown.l1 * 0x80;
            _unpackFees(target, shown.feesAt, shape.feeSlots);
            target += shape.feeSlots * 0x20;
            _unpackWithdrawals(target, shown);
            target += shown.withdrawals * 0x40;
            _unpackCreations(target, shown);
            target += shown.creations * 0x40;
        }
        if (shape.form == BLOB) _unpackClaim(target, claim);
        else _unpackOperations(target, shown.operationsAt, shown.operationPairs);
        return queueHash;
    }

    /// @dev C₁, z and the value. All below r: the contract split the latter two itself.
    function _unpackClaim(uint256 target, Claim memory claim) private pure {
        if (claim.commitment >= R) revert IRollup.BlobCommitmentNotInField(claim.commitment);
        unchecked {
            _store(target, claim.commitment);
            _store(target + 0x20, claim.zLow);
            _store(target + 0x40, claim.zHigh);
            _store(target + 0x60, claim.valueLow);
            _store(target + 0x80, claim.valueHigh);
        }
    }

    /// @dev `type 8 | token 32 | account 40 | address 160`, `amount 128 | result 40`, Ax, Ay, and the hash.
    ///      Amount and result:
    ///        type 1: the entry's, the new account's index;  type 2: the entry's, 1 or 0;  else: what was paid, 0.
    function _unpackL1(uint256 target, Shown memory shown, uint256 depth, bytes32 queueHash)
        private
        pure
        returns (bytes32)
    {
        unchecked {
            uint256 source = shown.l1At;
            for (uint256 i = 0; i < shown.l1; ++i) {
                queueHash = _link(queueHash, source);
                uint256 first = word(source) >> 16;
                uint256 kind = first >> 232;
                uint256 amount = word(source + 30) >> 128;
                uint256 result = word(source + Queue.ENTRY_BYTES) >> 128;
                if (kind > Queue.TOP_UP) {
                    (amount, result) = (result, 0);
                } else if (kind == Queue.TOP_UP ? result > 1 : result >> (3 * depth) != 0) {
                    revert IRollup.ResultInvalid(i, result);
                }
                _store(target, first);
                _store(target + 0x20, amount << 40 | result);
                _store(target + 0x40, word(source + 46));
                _store(target + 0x60, word(source + 78));
                target += 0x80;
                source += L1_SLOT_BYTES;
            }
            return queueHash;
        }
    }

    /// @dev A used slot begins with 1, an unused one is all zero.
    function _unpackFees(uint256 target, uint256 source, uint256 count) private pure {
        unchecked {
            for (uint256 i = 0; i < count; ++i) {
                uint256 slot = word(source) >> 176;
                if (slot != 0 && slot >> 72 != 1) revert IRollup.FeeSlotInvalid(i, slot);
                _store(target, slot);
                target += 0x20;
                source += FEE_SLOT_BYTES;
            }
        }
    }

    /// @dev `address 160`, `used 8 (= 1) | token 32 | amount 40`.
    function _unpackWithdrawals(uint256 target, Shown memory shown) private pure {
        unchecked {
            uint256 source = shown.withdrawalsAt;
            for (uint256 i = 0; i < shown.withdrawals; ++i) {
                uint256 slot = word(source) >> 24;
                _store(target, slot >> 72);
                _store(target + 0x20, 1 << 72 | slot & 0xff_ffff_ffff_ffff_ffff);
                target += 0x40;
                source += WITHDRAWAL_BYTES;
            }
        }
    }

    /// @dev Ax, Ay. Below r: C commits to them modulo r, and a node that rebuilds the state must find the key
    ///      that the circuit had.
    function _unpackCreations(uint256 target, Shown memory shown) private pure {
        unchecked {
            uint256 source = shown.creationsAt;
            for (uint256 i = 0; i < shown.creations; ++i) {
                uint256 ax = word(source);
                uint256 ay = word(source + 0x20);
                if (ax >= R || ay >= R) revert IRollup.KeyInvalid(ax, ay);
                _store(target, ax);
                _store(target + 0x20, ay);
                target += 0x40;
                source += CREATION_BYTES;
            }
        }
    }

    /// @dev Pairs of operations. An unused one must be zero bits, the missing last one when their number is odd
    ///      included: the circuit forces that. A load may read past the word's bytes; the shift drops what it
    ///      read there. Thirty-two at a time: 32 gas a word, and 74 one by one.
    function _unpackOperations(uint256 target, uint256 source, uint256 count) private pure {
        // Equals:
        //   for (uint256 i = 0; i < count; ++i) words[… + i] = uint248(bytes31(data[… + 31 * i:]));
        assembly ("memory-safe") {
            let end := add(target, shl(5, count))
            for { let odd := add(target, shl(5, and(count, 31))) } lt(target, odd) { target := add(target, 0x20) } {
                mstore(target, shr(8, calldataload(source)))
                source := add(source, 31)
            }
            for {} lt(target, end) { target := add(target, 0x400) } {
                mstore(target, shr(8, calldataload(source)))
                mstore(add(target, 0x20), shr(8, calldataload(add(source, 31))))
                mstore(add(target, 0x40), shr(8, calldataload(add(source, 62))))
                mstore(add(target, 0x60), shr(8, calldataload(add(source, 93))))
                mstore(add(target, 0x80), shr(8, calldataload(add(source, 124))))
                mstore(add(target, 0xa0), shr(8, calldataload(add(source, 155))))
                mstore(add(target, 0xc0), shr(8, calldataload(add(source, 186))))
                mstore(add(target, 0xe0), shr(8, calldataload(add(source, 217))))
                mstore(add(target, 0x100), shr(8, calldataload(add(source, 248))))
                mstore(add(target, 0x120), shr(8, calldataload(add(source, 279))))
                mstore(add(target, 0x140), shr(8, calldataload(add(source, 310))))
                mstore(add(target, 0x160), shr(8, calldataload(add(source, 341))))
                mstore(add(target, 0x180), shr(8, calldataload(add(source, 372))))
                mstore(add(target, 0x1a0), shr(8, calldataload(add(source, 403))))
                mstore(add(target, 0x1c0), shr(8, calldataload(add(source, 434))))
                mstore(add(target, 0x1e0), shr(8, calldataload(add(source, 465))))
                mstore(add(target, 0x200), shr(8, calldataload(add(source, 496))))
                mstore(add(target, 0x220), shr(8, calldataload(add(source, 527))))
                mstore(add(target, 0x240), shr(8, calldataload(add(source, 558))))
                mstore(add(target, 0x260), shr(8, calldataload(add(source, 589))))
                mstore(add(target, 0x280), shr(8, calldataload(add(source, 620))))
                mstore(add(target, 0x2a0), shr(8, calldataload(add(source, 651))))
                mstore(add(target, 0x2c0), shr(8, calldataload(add(source, 682))))
                mstore(add(target, 0x2e0), shr(8, calldataload(add(source, 713))))
                mstore(add(target, 0x300), shr(8, calldataload(add(source, 744))))
                mstore(add(target, 0x320), shr(8, calldataload(add(source, 775))))
                mstore(add(target, 0x340), shr(8, calldataload(add(source, 806))))
                mstore(add(target, 0x360), shr(8, calldataload(add(source, 837))))
                mstore(add(target, 0x380), shr(8, calldataload(add(source, 868))))
                mstore(add(target, 0x3a0), shr(8, calldataload(add(source, 899))))
                mstore(add(target, 0x3c0), shr(8, calldataload(add(source, 930))))
                mstore(add(target, 0x3e0), shr(8, calldataload(add(source, 961))))
                source := add(source, 992)
            }
        }
    }

    /// @notice ρ and y of complete `words`.
    function evaluate(uint256[] memory words, Shown memory shown, Shape memory shape)
        internal
        pure
        returns (uint256 rho, uint256 y)
    {
        unchecked {
            // Memory offsets, and slots less counts that are no more than they.
            uint256 first;
            uint256 end;
            // Equals: rho = uint256(keccak256(abi.encodePacked(words))) % R;
            assembly ("memory-safe") {
                first := add(words, 0x20)
                end := add(first, shl(5, mload(words)))
                rho := mod(keccak256(first, sub(end, first)), R)
            }
            // From the last word to the first.
            uint256 start = end - _tail(shown, shape) * 0x20;
            y = _longHorner(0, rho, start, end);

            y = mulmod(y, _power(rho, 2 * (shape.creationSlots - shown.creations)), R);
            end = start;
            start -= shown.creations * 0x40;
            y = _horner(y, rho, start, end);

            y = mulmod(y, _power(rho, 2 * (shape.withdrawalSlots - shown.withdrawals)), R);
            end = start;
            start -= shape.feeSlots * 0x20 + shown.withdrawals * 0x40;
            y = _horner(y, rho, start, end);

            y = mulmod(y, _power(rho, 4 * (shape.l1Slots - shown.l1)), R);
            y = _horner(y, rho, first + PREFIX * 0x20, start) % R;
        }
    }

    /// @dev y·ρⁿ + Σ wᵢ·ρⁱ for the n words of memory in [from, to), congruent modulo r and below 2r: a word is
    ///      below r and the product reduced, so their plain sum does not overflow and the next product takes it.
    ///      Eight at a time: 38 gas a word, and 77 one by one.
    function _horner(uint256 y, uint256 rho, uint256 from, uint256 to) private pure returns (uint256) {
        // Equals: for (uint256 at = to; at > from; at -= 32) y = mulmod(y, rho, R) + the word of memory at - 32;
        assembly ("memory-safe") {
            for { let odd := sub(to, and(sub(to, from), 0xff)) } gt(to, odd) {} {
                to := sub(to, 0x20)
                y := add(mload(to), mulmod(rho, y, R))
            }
            // Memory offsets are small; `place` may go below 0.
            for { let place := sub(to, 0x100) } iszero(slt(place, from)) { place := sub(place, 0x100) } {
                y := add(mload(add(place, 0xe0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0xc0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0xa0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x80)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x60)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x40)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x20)), mulmod(rho, y, R))
                y := add(mload(place), mulmod(rho, y, R))
            }
        }
        return y;
    }

    /// @dev `_horner` for many words. Thirty-two at a time: 33 gas a word.
    function _longHorner(uint256 y, uint256 rho, uint256 from, uint256 to) private pure returns (uint256) {
        uint256 odd = to - ((to - from) & 0x3ff);
        y = _horner(y, rho, odd, to);
        // Equals: return _horner(y, rho, from, odd);
        assembly ("memory-safe") {
            // Memory offsets are small; `place` may go below 0.
            for { let place := sub(odd, 0x400) } iszero(slt(place, from)) { place := sub(place, 0x400) } {
                y := add(mload(add(place, 0x3e0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x3c0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x3a0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x380)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x360)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x340)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x320)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x300)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x2e0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x2c0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x2a0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x280)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x260)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x240)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x220)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x200)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x1e0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x1c0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x1a0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x180)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x160)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x140)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x120)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x100)), mulmod(rho, y, R))
                y := add(mload(add(place, 0xe0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0xc0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0xa0)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x80)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x60)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x40)), mulmod(rho, y, R))
                y := add(mload(add(place, 0x20)), mulmod(rho, y, R))
                y := add(mload(place), mulmod(rho, y, R))
            }
        }
        return y;
    }

    /// @dev baseⁿ mod r by squaring.
    function _power(uint256 base, uint256 n) private pure returns (uint256 result) {
        result = 1;
        for (; n != 0; n >>= 1) {
            if (n & 1 != 0) result = mulmod(result, base, R);
            base = mulmod(base, base, R);
        }
    }

    /// @notice 32 bytes of calldata, zeros behind its end.
    function word(uint256 source) internal pure returns (uint256 value) {
        assembly ("memory-safe") {
            value := calldataload(source)
        }
    }

    /// @dev Only for offsets within `words`.
    function _store(uint256 target, uint256 value) private pure {
        assembly ("memory-safe") {
            mstore(target, value)
        }
    }

    /// @dev keccak256(previous ‖ the 115 bytes of calldata at `source`), made in memory that is not allocated.
    function _link(bytes32 previous, uint256 source) private pure returns (bytes32 next) {
        // Equals: next = Queue.link(previous, msg.data[source:source + Queue.ENTRY_BYTES]);
        uint256 size = Queue.ENTRY_BYTES;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, previous)
            calldatacopy(add(free, 0x20), source, size)
            next := keccak256(free, add(0x20, size))
        }
    }
}
