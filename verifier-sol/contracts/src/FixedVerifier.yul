// Groth16 verifier over BN254 whose runtime is the same for every key.
//
//   e(A, B) · e(C, −δ) · e(α, −β) · e(L, −γ) = 1,   L = IC₀ + Σ xᵢ·ICᵢ
//
// Source: Groth 2016, section 3.2, with β, γ, δ negated in the key, so that no proof point has to be.
// Precompiles: EIP-196 (0x06 add, 0x07 mul), EIP-197 (0x08 pairing), prices of EIP-1108.
//
// The key stands behind the runtime in the contract's code (../../src/fixed.rs writes it, a test runs
// the two together):
//
//   length of the calldata 4 | selector 4 | −δ₂ 128 | α₁ 64 | −β₂ 128 | IC₀ 64 | IC₁ 64 | … | ICₙ 64 | −γ₂ 128
//
// Call: verifyProof(uint256[2],uint256[2][2],uint256[2],uint256[n]), all of it static, so that the
// calldata is selector | A 64 | B 128 | C 64 | x 32·n. With n = 0 the last parameter is absent.
// Returns true or reverts; never returns false. Same interface and same errors as
// ../templates/Groth16Verifier.sol.
//
// Invariant: memory that a staticcall writes is read in a later statement, because Yul evaluates
// arguments from right to left.
//
// Cost with n inputs: 181,000 + 6,150·n + 100 per precompile call + about 330 + 143·n. To keep it there, the
// precompiles check the coordinates (EIP-196 and EIP-197 refuse one ≥ q), and what was wrong is found
// out only after something was. A refused proof burns at most the pairing's allowance.
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
            // Order of the scalar field and modulus of the base field.
            let r := 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001
            let q := 0x30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47

            function fail(selector) {
                mstore(0, selector)
                revert(0x1c, 4)
            }

            let key := datasize("FixedVerifier_deployed")

            // 0x000 A | 0x040 B | 0x0c0 C | 0x100 −δ | 0x180 α | 0x1c0 −β | 0x240 L | 0x280 −γ
            // Length and selector come to lie in front of −δ, until the proof takes that place.
            codecopy(0xf8, key, 0x188)
            if or(callvalue(), xor(or(shl(32, calldatasize()), shr(224, calldataload(0))), mload(0xe0))) {
                if callvalue() { revert(0, 0) } // a verifier holds no ether
                codecopy(0x1c, add(key, 4), 4)
                calldatacopy(0x3c, 0, 4)
                if xor(mload(0), mload(0x20)) { fail(0x95de1892) } // SelectorInvalid()
                fail(0x34cd12ea) // CalldataLengthInvalid()
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
            if iszero(and(ok, mload(0))) {
                for { let at := 4 } lt(at, 0x104) { at := add(at, 0x20) } {
                    if iszero(lt(calldataload(at), q)) { fail(0x9c876bd3) } // CoordinateNotInField()
                }
                for { let at := 0x104 } lt(at, calldatasize()) { at := add(at, 0x20) } {
                    if iszero(lt(calldataload(at), r)) { fail(0xcac0fb36) } // InputNotInField()
                }
                if iszero(ok) { fail(0x9052a04e) } // PointInvalid()
                fail(0x7fcdd1f4) // ProofInvalid()
            }
            return(0, 0x20)
        }
    }
}
