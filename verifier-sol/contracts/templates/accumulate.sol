
    /// @dev sum[0..2] ← sum[0..2] + x·(px, py). The key's points are valid, so that the precompiles
    ///      fail only for want of gas.
    function _addMultiple(uint256[5] memory sum, uint256 px, uint256 py, uint256 x) private view {
        if (x >= R) revert InputNotInField();
        (sum[2], sum[3], sum[4]) = (px, py, x);
        bool ok;
        // sum[2..4] = ecMul(sum[2..4], sum[4]); sum[0..2] = ecAdd(sum[0..2], sum[2..4])
        assembly ("memory-safe") {
            ok := staticcall(gas(), 0x07, add(sum, 0x40), 0x60, add(sum, 0x40), 0x40)
            if ok { ok := staticcall(gas(), 0x06, sum, 0x80, sum, 0x40) }
        }
        require(ok);
    }
