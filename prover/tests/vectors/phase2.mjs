// Makes phase2.json: what snarkjs draws, hashes and writes in the second phase of a ceremony.
//
//     node phase2.mjs FOLDER > phase2.json
//
// FOLDER/node_modules holds snarkjs 0.7.6 and circom2. All but `ceremony` is the same on every run;
// a ceremony's contributors draw from the operating system.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const modules = join(resolve(process.argv[2]), "node_modules");
const load = (path) => import(pathToFileURL(join(modules, path)).href);
const version = (name) => JSON.parse(readFileSync(join(modules, name, "package.json"))).version;

const snarkjs = await load("snarkjs/main.js");
const { hashToG2 } = await load("snarkjs/src/keypair.js");
const { formatHash, rngFromBeaconParams } = await load("snarkjs/src/misc.js");
const { buildBn128, ChaCha } = await load("ffjavascript/main.js");
const curve = await buildBn128(true);
const { F1, F2, Fr, G1, G2 } = curve;

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const times = (n, draw) => Array.from({ length: n }, draw);
const sha256 = (text) => createHash("sha256").update(text).digest();
const sha512 = (text) => new Uint8Array(createHash("sha512").update(text).digest());
const generator = (seed) => new ChaCha(times(8, (_, i) => seed.readUInt32BE(4 * i)));
const decimal = (field) => (element) => field.toObject(element).toString();
const uncompressed = (group) => (point) => hex(group.toUncompressed(point));

function stream(seed) {
    const drawn = (n, draw) => {
        const rng = generator(seed);
        return times(n, () => draw(rng));
    };
    return {
        seed: hex(seed),
        u32: drawn(36, (rng) => rng.nextU32()),
        u64: drawn(6, (rng) => rng.nextU64().toString()),
        bool: drawn(40, (rng) => rng.nextBool()),
        fr: drawn(12, (rng) => Fr.fromRng(rng)).map(decimal(Fr)),
        fq: drawn(12, (rng) => F1.fromRng(rng)).map(decimal(F1)),
        g1: drawn(8, (rng) => G1.fromRng(rng)).map(uncompressed(G1)),
        g2: drawn(4, (rng) => G2.fromRng(rng)).map(uncompressed(G2)),
    };
}

async function beacon(value, iterationsExp) {
    const rng = await rngFromBeaconParams(new Uint8Array(value), iterationsExp);
    return {
        value: hex(value),
        iterations_exp: iterationsExp,
        secret: decimal(Fr)(Fr.fromRng(rng)),
        s: uncompressed(G1)(G1.fromRng(rng)),
    };
}

// Section `id` of a file in iden3's container: magic, version, number of sections, then id, length
// and content of each.
function section(file, id) {
    const bytes = readFileSync(file);
    for (let at = 12; at < bytes.length; ) {
        const length = Number(bytes.readBigUInt64LE(at + 4));
        const content = bytes.subarray(at + 12, at + 12 + length);
        if (bytes.readUInt32LE(at) === id) return content;
        at += 12 + length;
    }
    throw new Error(`no section ${id}`);
}

async function ceremony() {
    const folder = mkdtempSync(join(tmpdir(), "phase2-"));
    const file = (name) => join(folder, name);
    const names = ["Zoë 🎲", "", "a".repeat(63) + "🎲", "the beacon"];
    try {
        writeFileSync(
            file("square.circom"),
            `pragma circom 2.0.0;
            template Square() { signal input x; signal output y; y <== x * x; }
            component main = Square();`,
        );
        execFileSync(process.execPath, [join(modules, "circom2/cli.js"), "--r1cs", "square.circom"], {
            cwd: folder,
        });
        const { powersOfTau, zKey } = snarkjs;
        await powersOfTau.newAccumulator(curve, 4, file("0.ptau"));
        await powersOfTau.contribute(file("0.ptau"), file("1.ptau"), "first", "some text");
        await powersOfTau.preparePhase2(file("1.ptau"), file("2.ptau"));
        await zKey.newZKey(file("square.r1cs"), file("2.ptau"), file("0.zkey"));
        const hashes = [];
        for (const i of [0, 1, 2]) {
            const [before, after] = [file(`${i}.zkey`), file(`${i + 1}.zkey`)];
            hashes.push(await zKey.contribute(before, after, names[i], "some text"));
        }
        const value = createHash("sha256").update("zkroll beacon").digest("hex");
        hashes.push(await zKey.beacon(file("3.zkey"), file("4.zkey"), names[3], value, 10));
        if (!(await zKey.verifyFromR1cs(file("square.r1cs"), file("2.ptau"), file("4.zkey")))) {
            throw new Error("snarkjs refuses its own key");
        }
        // The header ends with [δ]₁ and [δ]₂, affine and in Montgomery form.
        const header = section(file("4.zkey"), 2);
        const delta = new Uint8Array(header.subarray(header.length - 192));
        return {
            names,
            delta_g1: uncompressed(G1)(delta.slice(0, 64)),
            delta_g2: uncompressed(G2)(delta.slice(64)),
            contribution_hashes: hashes.map(hex),
            initial_section_10: hex(section(file("0.zkey"), 10)),
            section_10: hex(section(file("4.zkey"), 10)),
        };
    } finally {
        rmSync(folder, { recursive: true });
    }
}

const vectors = {
    origin: ["snarkjs", "ffjavascript", "wasmcurves", "circom2"]
        .map((name) => `${name} ${version(name)}`)
        .join(", "),
    generator: "phase2.mjs",
    infinity: { g1: uncompressed(G1)(G1.zero), g2: uncompressed(G2)(G2.zero) },
    streams: [Buffer.alloc(32), Buffer.from(times(32, (_, i) => i)), sha256("zkroll")].map(stream),
    hash_to_g2: times(5, (_, i) => sha512(`zkroll ${i}`)).map((hash) => ({
        hash: hex(hash),
        point: uncompressed(G2)(hashToG2(curve, hash)),
    })),
    format_hash: [sha512("zkroll"), new Uint8Array(times(64, (_, i) => i))].map((hash) => ({
        hash: hex(hash),
        text: formatHash(hash),
    })),
    beacons: [
        await beacon(Buffer.from([0]), 10),
        await beacon(sha256("zkroll beacon"), 10),
        await beacon(sha256("zkroll beacon"), 12),
        await beacon(Buffer.alloc(255, 0xa5), 10),
    ],
    ceremony: await ceremony(),
};
process.stdout.write(JSON.stringify(vectors, null, 1) + "\n");
process.exit(0);
