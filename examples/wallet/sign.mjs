// A wallet for zkroll in one file: keys, messages, signatures. It follows docs/protocol.md; the
// section numbers below are that document's.
//
//   node sign.mjs           writes transfers.json beside this file
//   node sign.mjs --check   signs again and compares with the checked-in transfers.json
//
// The file holds a small state (`genesis`), the batch's fee slots and ten signed transfers, ready
// for `cargo run --release --example settle_batch`. Everything in it is deterministic: EdDSA needs
// no randomness, and private key i is SHA-256("zkroll wallet example" ‖ i), i as one byte. Such
// keys guard nothing.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { buildEddsa, buildPoseidon } from "circomlibjs";
import sha3 from "js-sha3";

const eddsa = await buildEddsa();
const poseidon = await buildPoseidon();
const F = eddsa.F; // the scalar field of BN254

// Deployment.

const CHAIN_ID = 31337;
const TIMESTAMP = 1_800_000_000; // the batch's time, Unix seconds
const DEPTH = 11;

// The deployer creates the verifier with nonce 0 and the rollup with nonce 1. The address of a
// contract is the end of keccak256(rlp([deployer, nonce])); the list is 22 bytes long here, so its
// prefix is 0xc0 + 22, that of the 20-byte string 0x80 + 20, and a nonce below 128 is itself.
const DEPLOYER = "7a6b726f6c6c000000000000000000000000d001";
const CONTRACT = "0x" + sha3.keccak256(Buffer.from(`d694${DEPLOYER}01`, "hex")).slice(-40);

// Amounts: section 4.

// exponent 5 | mantissa: the smallest exponent that represents `value` exactly.
function encodeDecimal(value, mantissaBits) {
  for (let exponent = 0n, power = 1n; exponent < 32n; exponent += 1n, power *= 10n) {
    const mantissa = value / power;
    if (mantissa >> mantissaBits === 0n) {
      if (mantissa * power === value && value >> 128n === 0n) return (exponent << mantissaBits) | mantissa;
      break; // a larger exponent would have even fewer digits for it
    }
  }
  throw new Error(`expected a value with an encoding, got ${value}`);
}
const encodeAmount = (value) => encodeDecimal(value, 35n);
const encodeFee = (value) => encodeDecimal(value, 11n);

// Signatures: sections 2 and 5.

const privateKey = (i) => createHash("sha256").update("zkroll wallet example").update(Buffer.of(i)).digest();

// `a | b` of the document: [[bits, value], ...], the most significant field first.
function pack(fields) {
  return fields.reduce((word, [bits, value]) => {
    const field = BigInt(value);
    if (field < 0n || field >> BigInt(bits) !== 0n) throw new Error(`expected ${bits} bits, got ${field}`);
    return (word << BigInt(bits)) | field;
  }, 0n);
}

function message(t) {
  const m0 = pack([[16, 0x7a6b], [8, 1], [64, CHAIN_ID], [160, CONTRACT]]);
  const m1 = pack([
    [40, t.validUntil], [40, t.nonce], [32, t.token],
    [16, encodeFee(BigInt(t.fee))], [40, encodeAmount(BigInt(t.amount))],
    [33, t.to], [33, t.from],
  ]);
  return poseidon([m0, m1, BigInt(t.recipient)]); // a field element, as signPoseidon wants it
}

const publicKey = (key) => eddsa.prv2pub(key).map((coordinate) => F.toString(coordinate));

function sign(key, transfer) {
  const m = message(transfer);
  const { R8, S } = eddsa.signPoseidon(key, m);
  if (!eddsa.verifyPoseidon(m, { R8, S }, eddsa.prv2pub(key))) throw new Error("own signature refused");
  return { ...transfer, signature: { r8: R8.map((c) => F.toString(c)), s: S.toString() } };
}

// The state before the batch: section 3.

const ETHER = 10n ** 18n; // token 0
const COIN = 10n ** 6n; // token 1, an ERC-20 with six decimals
const L1_OWNER = "0x00000000000000000000000000000000ca401001"; // Carol may also leave through L1
const NO_L1_OWNER = "0x" + "0".repeat(40);

const owners = { operator: 0, alice: 1, bob: 2, carol: 3, dave: 4 }; // number of the private key
const account = (owner, token, index, balance, nonce = 0) => ({ owner, token, index, balance, nonce });
const accounts = {
  operatorEth: account("operator", 0, 0, 0n), // the batch's fees go to these two
  operatorCoin: account("operator", 1, 1, 250n * COIN, 9),
  aliceEth: account("alice", 0, 7, 12n * ETHER),
  aliceCoin: account("alice", 1, 8, 5_000n * COIN, 2),
  bobEth: account("bob", 0, 4_096, ETHER / 2n, 17),
  bobCoin: account("bob", 1, 65_537, 0n),
  carolEth: account("carol", 0, 2 ** 32 + 5, 3n * ETHER, 1),
  carolCoin: account("carol", 1, 6_000_000_019, 750n * COIN),
  daveEth: account("dave", 0, 2 ** 33 - 2, 0n, 40),
  daveCoin: account("dave", 1, 2 ** 33 - 1, 1_000_000n * COIN, 2 ** 32), // the last index there is
};

const genesis = Object.values(accounts).map(({ owner, token, index, balance, nonce }) => ({
  index,
  publicKey: publicKey(privateKey(owners[owner])),
  token,
  nonce,
  balance: balance.toString(),
  l1Owner: owner === "carol" ? L1_OWNER : NO_L1_OWNER,
  flags: 0,
}));
const feeSlots = [accounts.operatorEth, accounts.operatorCoin].map(({ token, index }) => ({ token, account: index }));

// The transfers.

const GWEI = 10n ** 9n;
const CENT = 10n ** 4n;
const HOUR = 3600;
const state = new Map(genesis.map((a) => [a.index, { ...a, balance: BigInt(a.balance) }]));

// Fills in token, nonce and receiver, signs, and applies the transfer to `state`. Of the rules of
// section 5 it checks those that a change of this file could break, so that it writes no transfer
// that would be void. Fees are credited after the last transfer, to accounts that send none.
function transfer(from, to, amount, fee, { bound = true, validUntil = TIMESTAMP + HOUR } = {}) {
  const sender = state.get(from.index);
  const receiver = state.get(to.index);
  const signed = sign(privateKey(owners[from.owner]), {
    from: from.index,
    to: to.index,
    recipient: bound ? receiver.publicKey[0] : "0", // 0: whoever owns account `to`
    amount: amount.toString(),
    fee: fee.toString(),
    token: from.token,
    nonce: sender.nonce,
    validUntil,
  });
  if (sender.token !== receiver.token) throw new Error("expected accounts of one token");
  if (amount + fee > sender.balance) throw new Error(`expected at most ${sender.balance}, got ${amount + fee}`);
  if (validUntil < TIMESTAMP) throw new Error("expected a transfer that has not expired");
  sender.balance -= amount + fee;
  sender.nonce += 1;
  receiver.balance += amount;
  return signed;
}

const { aliceEth, aliceCoin, bobEth, bobCoin, carolEth, carolCoin, daveEth, daveCoin } = accounts;
const transfers = [
  transfer(aliceEth, bobEth, (3n * ETHER) / 2n, 21_000n * GWEI),
  transfer(bobEth, carolEth, ETHER, 21_000n * GWEI, { bound: false }), // spends what came in just before
  transfer(aliceCoin, bobCoin, 1_234_560_000n, 5n * CENT),
  transfer(aliceEth, aliceEth, 0n, 30_000n * GWEI), // to oneself: cancels what had this nonce
  transfer(carolEth, daveEth, 2n * ETHER + 1n * GWEI, 21_000n * GWEI, { validUntil: TIMESTAMP }), // last moment
  transfer(daveCoin, carolCoin, 999_999n * COIN, 0n), // without a fee
  transfer(bobCoin, daveCoin, 34_560_000n, 5n * CENT, { bound: false }),
  transfer(daveEth, aliceEth, ETHER / 4n, 21_000n * GWEI, { validUntil: 2 ** 40 - 1 }), // never expires
  transfer(carolCoin, aliceCoin, 1n, 1n * CENT), // the smallest unit
  transfer(aliceEth, bobEth, 34_359_738_367n * 10n ** 8n, 2_047n * GWEI), // both mantissas full
];

// Write or compare.

const file = new URL("transfers.json", import.meta.url);
const text =
  JSON.stringify(
    { chainId: CHAIN_ID, contract: CONTRACT, timestamp: TIMESTAMP, depth: DEPTH, genesis, feeSlots, transfers },
    null,
    2,
  ) + "\n";
if (process.argv[2] === "--check") {
  if (readFileSync(file, "utf8") !== text) {
    console.error("expected transfers.json as sign.mjs writes it, got another: run `node sign.mjs`");
    process.exit(1);
  }
  console.error(`transfers.json: ${transfers.length} transfers, as signed here`);
} else {
  writeFileSync(file, text);
  console.error(`transfers.json: wrote ${transfers.length} transfers`);
}
process.exit(0); // circomlibjs keeps its worker threads alive
