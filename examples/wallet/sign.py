#!/usr/bin/env python3
"""A second wallet for zkroll, in plain Python: no package beyond the standard library.

It signs one transfer and prints it as JSON, in the form of the `transfers` in transfers.json:

    sign.py --key 64-hex-digits --contract 0x... --chain-id 31337 --from 7 --to 4096 \
            --amount 1500000000000000000 --fee 21000000000000 --token 0 --nonce 0 \
            --valid-until 1800003600 [--recipient Ax]

    sign.py --check    signs every transfer of transfers.json and compares

It follows docs/protocol.md (the section numbers below) and, for what that document names but does
not define, the Poseidon paper (eprint 2019/458: constants from the Grain LFSR, Cauchy matrix) and
the BLAKE submission to NIST's SHA-3 competition (BLAKE-512). It is written to be read: it is slow,
and it does not run in constant time, so it is no place for a key that guards something.
"""

import argparse
import hashlib
import json
import sys
from functools import cache
from pathlib import Path

# Field and hash: section 1.

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
FULL_ROUNDS = 8
PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63, 64, 63, 60, 66, 60, 65, 70, 60, 64, 68]  # t = 2..17


def grain_bits(t, partial_rounds):
    """The self-shrinking Grain LFSR that is seeded with the parameters of the permutation."""
    seed = [(1, 2), (0, 4), (R.bit_length(), 12), (t, 12), (FULL_ROUNDS, 10), (partial_rounds, 10), (2**30 - 1, 30)]
    state = [int(bit) for value, width in seed for bit in f"{value:0{width}b}"]

    def step():
        bit = state[62] ^ state[51] ^ state[38] ^ state[23] ^ state[13] ^ state[0]
        state.pop(0)
        state.append(bit)
        return bit

    for _ in range(160):
        step()
    while True:
        keep, bit = step(), step()
        if keep:
            yield bit


@cache
def poseidon_constants(t):
    """Round constants and MDS matrix for width t."""
    rounds = FULL_ROUNDS + PARTIAL_ROUNDS[t - 2]
    bits = grain_bits(t, PARTIAL_ROUNDS[t - 2])

    def integer():
        value = 0
        for _ in range(R.bit_length()):
            value = value << 1 | next(bits)
        return value

    constants = []
    while len(constants) < rounds * t:
        if (candidate := integer()) < R:  # drawn again when too large
            constants.append(candidate)
    points = [integer() % R for _ in range(2 * t)]  # reduced, unlike the constants
    mds = [[pow(x + y, -1, R) for y in points[t:]] for x in points[:t]]
    return constants, mds


def poseidon(inputs):
    t = len(inputs) + 1
    constants, mds = poseidon_constants(t)
    rounds = FULL_ROUNDS + PARTIAL_ROUNDS[t - 2]
    state = [0, *inputs]
    for i in range(rounds):
        state = [(x + c) % R for x, c in zip(state, constants[i * t : (i + 1) * t])]
        full = i < FULL_ROUNDS // 2 or i >= rounds - FULL_ROUNDS // 2
        state = [pow(x, 5, R) if full or k == 0 else x for k, x in enumerate(state)]
        state = [sum(m * x for m, x in zip(row, state)) % R for row in mds]
    return state[0]


# Curve: section 1.

A, D = 168700, 168696
ORDER = 2736030358979909402780800718157159386076813972158567259200215660948447373041
B8 = (
    5299619240641551281634865583518297030282874472190772894086521144482721001553,
    16950150798460657717958625567821834550301663161624707787222815936182638968203,
)


def add(p, q):
    (x1, y1), (x2, y2) = p, q
    k = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + y1 * x2) * pow(1 + k, -1, R) % R,
        (y1 * y2 - A * x1 * x2) * pow(1 - k, -1, R) % R,
    )


def multiply(scalar, point):
    result = (0, 1)
    for bit in f"{scalar:b}":
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


# BLAKE-512.

MASK = 2**64 - 1
IV = [
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
]  # fmt: skip
PI = [
    0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89,
    0x452821E638D01377, 0xBE5466CF34E90C6C, 0xC0AC29B7C97C50DD, 0x3F84D5B5B5470917,
    0x9216D5D98979FB1B, 0xD1310BA698DFB5AC, 0x2FFD72DBD01ADFB7, 0xB8E1AFED6A267E96,
    0xBA7C9045F12C7F99, 0x24A19947B3916CF7, 0x0801F2E2858EFC16, 0x636920D871574E69,
]  # fmt: skip
SIGMA = [
    "0123456789abcdef", "ea489fd61c02b753", "b8c052fdae367194", "7931dcbe265a40f8", "905724afe1bc683d",
    "2c6a0b834d75fe19", "c51fed4a0763928b", "db7ec13950f4862a", "6fe9b308c2d714a5", "a2847615fb9e3cd0",
]  # fmt: skip


def blake512(data):
    """One block, hence at most 111 bytes; a wallet hashes 32 and 64."""
    assert len(data) <= 111
    padded = bytearray(data.ljust(112, b"\0"))
    padded[len(data)] |= 0x80
    padded[111] |= 0x01
    bits = 8 * len(data)
    padded += bits.to_bytes(16, "big")
    m = [int.from_bytes(padded[i : i + 8], "big") for i in range(0, 128, 8)]

    v = IV + PI[:8]
    v[12] ^= bits
    v[13] ^= bits

    def mix(a, b, c, d, i, j):
        for first, second, turn_d, turn_b in ((i, j, 32, 25), (j, i, 16, 11)):
            v[a] = (v[a] + v[b] + (m[first] ^ PI[second])) & MASK
            v[d] = rotate(v[d] ^ v[a], turn_d)
            v[c] = (v[c] + v[d]) & MASK
            v[b] = rotate(v[b] ^ v[c], turn_b)

    def rotate(word, count):
        return (word >> count | word << (64 - count)) & MASK

    for number in range(16):
        s = [int(digit, 16) for digit in SIGMA[number % 10]]
        for k in range(4):  # columns
            mix(k, 4 + k, 8 + k, 12 + k, s[2 * k], s[2 * k + 1])
        for k in range(4):  # diagonals
            mix(k, 4 + (k + 1) % 4, 8 + (k + 2) % 4, 12 + (k + 3) % 4, s[8 + 2 * k], s[9 + 2 * k])
    return b"".join((h ^ v[i] ^ v[i + 8]).to_bytes(8, "big") for i, h in enumerate(IV))


# Signature: section 2.


def expand(key):
    """The secret scalar, the public key and the seed of the nonces."""
    b = bytearray(blake512(key))
    b[0] &= 0xF8
    b[31] = b[31] & 0x7F | 0x40
    s = int.from_bytes(b[:32], "little")
    return s, multiply(s >> 3, B8), bytes(b[32:])


def sign(key, message):
    s, public, seed = expand(key)
    n = int.from_bytes(blake512(seed + message.to_bytes(32, "little")), "little") % ORDER
    r8 = multiply(n, B8)
    h = poseidon([*r8, *public, message])
    return r8, (n + h * s) % ORDER


def verify(public, message, r8, s):
    """The three conditions of section 2, in its order."""
    x, y = public
    on_curve = (A * x * x + y * y - 1 - D * x * x * y * y) % R == 0
    eight_public = multiply(8, public)
    if s >= ORDER or not on_curve or eight_public == (0, 1):
        return False
    h = poseidon([*r8, *public, message])
    minus_h_public = multiply(h, (-eight_public[0] % R, eight_public[1]))
    return add(multiply(s, B8), minus_h_public) == r8


# Amounts and message: sections 4 and 5.


def encode(value, mantissa_bits):
    """exponent 5 | mantissa, with the smallest exponent that represents the value exactly."""
    for exponent in range(32):
        mantissa, rest = divmod(value, 10**exponent)
        if rest == 0 and mantissa < 1 << mantissa_bits and value < 1 << 128:
            return exponent << mantissa_bits | mantissa
    raise ValueError(f"expected a value with an encoding, got {value}")


def pack(*fields):
    word = 0
    for bits, value in fields:
        if not 0 <= value < 1 << bits:
            raise ValueError(f"expected {bits} bits, got {value}")
        word = word << bits | value
    return word


def message(chain_id, contract, t):
    m0 = pack((16, 0x7A6B), (8, 1), (64, chain_id), (160, int(contract, 16)))
    m1 = pack(
        (40, t["validUntil"]), (40, t["nonce"]), (32, t["token"]),
        (16, encode(int(t["fee"]), 11)), (40, encode(int(t["amount"]), 35)),
        (33, t["to"]), (33, t["from"]),
    )  # fmt: skip
    recipient = int(t["recipient"])
    if not 0 <= recipient < R:
        raise ValueError(f"expected a recipient below the field's order, got {recipient}")
    return poseidon([m0, m1, recipient])


def signed_transfer(key, chain_id, contract, transfer):
    m = message(chain_id, contract, transfer)
    r8, s = sign(key, m)
    assert verify(expand(key)[1], m, r8, s)
    return transfer | {"signature": {"r8": [str(c) for c in r8], "s": str(s)}}


# Commands.


def check():
    """Signs the transfers of transfers.json again, with the keys that sign.mjs derives."""
    book = json.loads(Path(__file__).with_name("transfers.json").read_text())
    keys = {}
    for number in range(5):
        key = hashlib.sha256(b"zkroll wallet example" + bytes([number])).digest()
        keys[tuple(str(c) for c in expand(key)[1])] = key
    owners = {account["index"]: keys[tuple(account["publicKey"])] for account in book["genesis"]}
    for i, expected in enumerate(book["transfers"]):
        unsigned = {name: value for name, value in expected.items() if name != "signature"}
        got = signed_transfer(owners[expected["from"]], book["chainId"], book["contract"], unsigned)
        if got != expected:
            sys.exit(f"transfer {i}: expected {expected['signature']}, got {got['signature']}")
    print(f"transfers.json: {len(book['transfers'])} transfers, as signed here", file=sys.stderr)


def main():
    parser = argparse.ArgumentParser(description="Sign one zkroll transfer.")
    parser.add_argument("--check", action="store_true", help="sign transfers.json again and compare")
    if "--check" in sys.argv[1:]:
        parser.parse_args()
        return check()
    parser.add_argument("--key", type=bytes.fromhex, required=True, help="private key, 32 bytes in hexadecimal")
    parser.add_argument("--chain-id", type=int, required=True)
    parser.add_argument("--contract", required=True, help="address of Rollup.sol, 0x and 40 hexadecimal digits")
    for name in ("from", "to", "token", "nonce", "valid-until"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--amount", type=int, required=True, help="in the token's smallest unit")
    parser.add_argument("--fee", type=int, required=True, help="in the token's smallest unit")
    parser.add_argument("--recipient", type=int, default=0, help="the receiver's Ax; 0 for whoever owns account `to`")
    a = vars(parser.parse_args())
    if len(a["key"]) != 32:
        parser.error(f"expected a key of 32 bytes, got {len(a['key'])}")
    transfer = {
        "from": a["from"],
        "to": a["to"],
        "recipient": str(a["recipient"]),
        "amount": str(a["amount"]),
        "fee": str(a["fee"]),
        "token": a["token"],
        "nonce": a["nonce"],
        "validUntil": a["valid_until"],
    }
    try:
        print(json.dumps(signed_transfer(a["key"], a["chain_id"], a["contract"], transfer), indent=2))
    except ValueError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
