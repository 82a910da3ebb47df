// Groth16 verifier over BN254 whose runtime is the same for every key.
//
//   verifyProof   e(A, B) · e(C, −δ) · e(α, −β) · e(L, −γ) = 1,   L = IC₀ + Σ xⱼ·ICⱼ
//   verifyBatch   Π e(cᵢ·Aᵢ, Bᵢ) · e(Σ cᵢ·Cᵢ, −δ) · e((Σ cᵢ)·α, −β) · e(Σ cᵢ·Lᵢ, −γ) = 1
//
// Source: Groth 2016, section 3.2, with β, γ, δ negated in the key, so that no proof point has to be;
// for the batch, the small exponents test of Bellare, Garay and Rabin 1998, section 3.
// Precompiles: EIP-196 (0x06 add, 0x07 mul), EIP-197 (0x08 pairing), prices of EIP-1108.
//
// The key stands behind the runtime in the contract's code (../../src/fixed.rs writes it, a test runs
// the two together):
//
//   length of verifyProof's calldata 4 | selector of verifyProof 4 |
//   −δ₂ 128 | α₁ 64 | −β₂ 128 | IC₀ 64 | IC₁ 64 | … | ICₙ 64 | −γ₂ 128 | selector of verifyBatch 4
//
// Calls: verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[n]), all of it static, so that the
// calldata is selector | A 64 | B 128 | C 64 | x 32·n. With n = 0 the last parameter is absent.
// verifyBatch(uint256[8+n][]), of whose encodings only the canonical one is taken: selector | 0x20 | m |
// A₀ B₀ C₀ x₀ | A₁ B₁ C₁ x₁ | …, m from 1 to 256.
// Both return true or revert; they never return false. Same interface and same errors as
// ../templates/Groth16Verifier.sol.
//
// Coefficients of a batch: c₀ = 1 and cᵢ = the high 128 bits of keccak256(seed | i), with
//
//   seed = keccak256("zkroll verifyBatch" padded with zeros to 32 | keccak256(−δ₂ | … | −γ₂) | m | A₀ B₀ C₀ x₀ | …)
//
// so that nobody can choose a proof knowing its weight. The left side is Π eᵢ^cᵢ, where eᵢ is what proof i's own
// equation gives. All eᵢ are in a group of order r: if eᵢ is not 1 for some i > 0, at most one of the 2^128
// values of cᵢ makes the product 1; if only e₀ is not, none does. A forger has to try about 2^128
// batches. The mirror is ../../tests/common/batch.rs.
//
// Invariant: memory that a staticcall writes is read in a later statement, because Yul evaluates
// arguments from right to left.
//
// Cost of verifyProof with n inputs: 181,000 + 6,150·n + 100 per precompile call + about 330 + 143·n. Of
// verifyBatch: 146,850 + 6,150·n + 46,150·m + 100 per precompile call, of which there are 3·m + 2·n, + about
// 890 + 210·n + 490·m + 146·n·m + m²/3. To keep it there, the precompiles check the coordinates (EIP-196
// and EIP-197 refuse one ≥ q), and what was wrong is found out only after something was. A precompile that
// refuses a point burns all that it is given, so that a call on a proof's points is given twice its price:
// a refused proof burns at most 362,000, a refused batch at most twice what an accepted one costs.
//
// Does not check the key: the generator refuses bad ones.
object "FixedVerifier" {
    code {
        // The runtime with whatever the deployer appended to this creation code.
        let start := dataoffset("FixedVerifier_deployed")
        let length := sub(codesize(), start)
        codecopy(0, start, length)
        return(0, length)
    }
    object "FixedVerifier_deployed" {
        code {
            // Order of the scalar field.
            let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001

            function fail(selector) {
                mstore(0, selector)
                revert(0x1c, 4)
            }

            // Names what is wrong with the proofs from `at` on, each with its inputs `stride` bytes: the first
            // word that is not in its field, else a point if the pairing was refused, else a proof.
            function refuse(at, stride, paired) {
                let q := 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47
                let order := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
                for { } lt(at, calldatasize()) { at := add(at, stride) } {
                    for { let i := 0 } lt(i, stride) { i := add(i, 0x20) } {
                        let word := calldataload(add(at, i))
                        switch lt(i, 0x100)
                        case 1 { if iszero(lt(word, q)) { fail(0x9c876bd3) } } // CoordinateNotInField()
                        default { if iszero(lt(word, order)) { fail(0xcac0fb36) } } // InputNotInField()
                    }
                }
                if iszero(paired) { fail(0x9052a04e) } // PointInvalid()
                fail(0x7fcdd1f4) // ProofInvalid()
            }

            let key := datasize("FixedVerifier_deployed")

            // 0x000 A | 0x040 B | 0x0c0 C | 0x100 −δ | 0x180 α | 0x1c0 −β | 0x240 L | 0x280 −γ
            // Length and selector come to lie in front of −δ, until the proof takes that place.
            codecopy(0xf8, key, 0x188)
            if or(callvalue(), xor(or(shl(32, calldatasize()), shr(224, calldataload(0))), mload(0xe0))) {
                if callvalue() { revert(0, 0) } // a verifier holds no ether
                // The key's words are read again, so that the other path need not keep them.
                calldatacopy(0x3c, 0, 4)
                codecopy(0x1c, add(key, 4), 4)
                if eq(mload(0), mload(0x20)) { fail(0x34cd12ea) } // CalldataLengthInvalid()
                codecopy(0x1c, sub(codesize(), 4), 4)
                if xor(mload(0), mload(0x20)) { fail(0x95de1892) } // SelectorInvalid()

                // verifyBatch. The bound on m keeps the products below from wrapping around.
                codecopy(0x1c, key, 4)
                let stride := sub(mload(0), 4) // bytes of a proof and its inputs
                let m := calldataload(0x24)
                if lt(calldatasize(), 0x44) { fail(0x34cd12ea) } // CalldataLengthInvalid()
                if xor(calldataload(4), 0x20) { fail(0x4fb68b77) } // CalldataNotCanonical()
                if iszero(lt(sub(m, 1), 256)) { fail(0xcd29cb35) } // ProofCountInvalid()
                if xor(calldatasize(), add(0x44, mul(m, stride))) { fail(0x34cd12ea) }

                // 0x00 seed | 0x20 i | 0x40 c₀ … cₘ₋₁ | A₀ B₀ … Aₘ₋₁ Bₘ₋₁ | Σ cᵢ·Cᵢ, −δ | (Σ cᵢ)·α, −β | L, −γ
                // What is hashed for the seed lies at 0x40 before.
                let pairs := add(0x40, shl(5, m))
                let c := add(pairs, mul(m, 0xc0))
                let l := add(c, 0x180)

                let keyLength := sub(codesize(), add(key, 12))
                codecopy(0x40, add(key, 8), keyLength)
                mstore(0x60, keccak256(0x40, keyLength))
                mstore(0x40, "zkroll verifyBatch")
                calldatacopy(0x80, 0x24, sub(calldatasize(), 0x24))
                mstore(0, keccak256(0x40, add(calldatasize(), 0x1c)))

                let ok := 1
                let sum := 1
                mstore(0x40, 1)
                calldatacopy(pairs, 0x44, 0xc0)
                calldatacopy(c, 0x104, 0x40)
                for { let i := 1 } lt(i, m) { i := add(i, 1) } {
                    mstore(0x20, i)
                    let factor := shr(128, keccak256(0, 0x40))
                    sum := add(sum, factor) // below 2^136
                    mstore(add(0x40, shl(5, i)), factor)
                    let at := add(0x44, mul(i, stride))
                    let pair := add(pairs, mul(i, 0xc0))
                    calldatacopy(pair, at, 0x40)
                    mstore(add(pair, 0x40), factor)
                    calldatacopy(add(c, 0x40), add(at, 0xc0), 0x40)
                    mstore(add(c, 0x80), factor)
                    // From right to left: Aᵢ = cᵢ·Aᵢ; Cᵢ = cᵢ·Cᵢ; the sum so far + Cᵢ. Twice their prices.
                    ok := and(
                        staticcall(300, 6, c, 0x80, c, 0x40),
                        and(
                            staticcall(12000, 7, add(c, 0x40), 0x60, add(c, 0x40), 0x40),
                            and(staticcall(12000, 7, pair, 0x60, pair, 0x40), ok)
                        )
                    )
                    calldatacopy(add(pair, 0x40), add(at, 0x40), 0x80)
                }

                // −δ, α and the factor of α; then −β, IC₀ and the factor of IC₀, which is the same.
                codecopy(add(c, 0x40), add(key, 8), 0xc0)
                mstore(add(c, 0x100), sum)
                ok := and(staticcall(gas(), 7, add(c, 0xc0), 0x60, add(c, 0xc0), 0x40), ok)
                codecopy(add(c, 0x100), add(key, 0xc8), 0xc0)
                mstore(add(l, 0x40), sum)
                ok := and(staticcall(gas(), 7, l, 0x60, l, 0x40), ok)

                // L starts as (Σ cᵢ)·IC₀; ICⱼ and its factor Σ cᵢ·xᵢⱼ come to lie behind it.
                let ic := add(key, 0x188)
                let end := add(0x44, stride)
                for { let input := 0x144 } lt(input, end) { input := add(input, 0x20) } {
                    let factor := 0
                    let at := input
                    for { let coefficient := 0x40 } lt(coefficient, pairs) { coefficient := add(coefficient, 0x20) } {
                        let x := calldataload(at)
                        ok := and(lt(x, r), ok)
                        factor := addmod(factor, mulmod(mload(coefficient), x, r), r)
                        at := add(at, stride)
                    }
                    codecopy(add(l, 0x40), ic, 0x40)
                    mstore(add(l, 0x80), factor)
                    ok := and(
                        staticcall(gas(), 6, l, 0x80, l, 0x40),
                        and(staticcall(gas(), 7, add(l, 0x40), 0x60, add(l, 0x40), 0x40), ok)
                    )
                    ic := add(ic, 0x40)
                }
                codecopy(add(l, 0x40), ic, 0x80)

                // Twice the price of m + 3 pairs, 45,000 + 34,000 for each; nothing after a bad word or point.
                ok := staticcall(mul(ok, add(294000, mul(68000, m))), 8, pairs, add(mul(m, 0xc0), 0x240), 0, 0x20)
                if iszero(and(ok, mload(0))) { refuse(0x44, stride, ok) }
                return(0, 0x20)
            }
            calldatacopy(0, 4, 0x100)

            // L at 0x240 starts as IC₀; ICᵢ at 0x280, xᵢ at 0x2c0.
            let ok := 1
            let ic := add(key, 0x188)
            for { let at := 0x104 } lt(at, calldatasize()) { at := add(at, 0x20) } {
                codecopy(0x280, ic, 0x40)
                let x := calldataload(at)
                mstore(0x2c0, x)
                // From right to left: xᵢ < r; 0x280 = xᵢ·ICᵢ; L = L + 0x280.
                ok := and(
                    staticcall(gas(), 6, 0x240, 0x80, 0x240, 0x40),
                    and(staticcall(gas(), 7, 0x280, 0x60, 0x280, 0x40), and(lt(x, r), ok))
                )
                ic := add(ic, 0x40)
            }
            codecopy(0x280, ic, 0x80)

            // A pairing that refuses a point burns all that it is given. Four pairs cost 181,000; twice
            // that leaves room for a repricing and bounds the loss. After a bad input it is given nothing.
            ok := staticcall(mul(ok, 362000), 8, 0, 0x300, 0, 0x20)
            if iszero(and(ok, mload(0))) { refuse(4, sub(calldatasize(), 4), ok) }
            return(0, 0x20)
        }
    }
}
