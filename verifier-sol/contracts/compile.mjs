// Compiles the contracts with the pinned solc and writes bin/.
//
//   node compile.mjs            write bin/
//   node compile.mjs --check    compile again and compare with bin/ byte for byte
//   node compile.mjs --stdin    read Solidity source on standard input, write
//                               {"<contract>": {"creation": hex, "runtime": hex, "abi": […]}} to
//                               standard output (tests of generated verifiers)
//
// Exit status 0 means that all is well; compiler messages and differences go to standard error.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import solc from "solc";

const root = dirname(fileURLToPath(import.meta.url));
const SOLC_VERSION = "0.8.37";

// Solidity contracts whose bytecode and interface are checked in.
const SOLIDITY = [
  "src/Rollup.sol",
  "src/mocks/Token.sol",
  "src/mocks/Erc20.sol",
  "src/mocks/NoReturnToken.sol",
  "src/mocks/FeeToken.sol",
  "src/mocks/FalseToken.sol",
  "src/mocks/Reenterer.sol",
  "src/examples/PaymentChannel.sol",
  "src/examples/DataInbox.sol",
];
// Yul objects; the fixed verifier's runtime is checked in as well, because a key is appended to it.
const YUL = [
  { path: "src/FixedVerifier.yul", runtime: true },
  { path: "src/mocks/AcceptAll.yul", runtime: false },
  { path: "src/mocks/ReturnFalse.yul", runtime: false },
];
// Interfaces whose errors Rust decodes.
const ABIS = ["src/interfaces/IGroth16Verifier.sol"];

const settings = (language) => ({
  evmVersion: "osaka",
  optimizer: { enabled: true, runs: 10_000 },
  ...(language === "Solidity"
    ? { viaIR: true, metadata: { bytecodeHash: "none", appendCBOR: false } }
    : {}),
  outputSelection: {
    "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] },
  },
});

function compile(language, sources) {
  const input = { language, sources, settings: settings(language) };
  const output = JSON.parse(solc.compile(JSON.stringify(input)));
  const messages = (output.errors ?? []).filter(
    // Yul input always draws the remark that its mode is for experts.
    (e) => e.severity !== "info" && !/Yul is still experimental/.test(e.message),
  );
  for (const e of messages) console.error(e.formattedMessage);
  if (messages.length > 0) process.exit(1);
  return output.contracts;
}

const source = (path) => ({ [path]: { content: readFileSync(join(root, path), "utf8") } });
const name = (path) => path.replace(/^.*\//, "").replace(/\.\w+$/, "");

function solFiles() {
  return readdirSync(join(root, "src"), { recursive: true })
    .map((p) => join("src", p))
    .filter((p) => p.endsWith(".sol"));
}

// File name in bin/ → content.
function artefacts() {
  const files = new Map();
  const contracts = compile("Solidity", Object.assign({}, ...solFiles().map(source)));
  const abi = (path) => JSON.stringify(contracts[path][name(path)].abi, null, 1) + "\n";
  for (const path of SOLIDITY) {
    files.set(`${name(path)}.hex`, contracts[path][name(path)].evm.bytecode.object + "\n");
    files.set(`${name(path)}.abi.json`, abi(path));
  }
  for (const path of ABIS) files.set(`${name(path)}.abi.json`, abi(path));
  for (const { path, runtime } of YUL) {
    const { evm } = compile("Yul", source(path))[path][name(path)];
    files.set(`${name(path)}.hex`, evm.bytecode.object + "\n");
    if (runtime) {
      files.set(`${name(path)}.runtime.hex`, evm.deployedBytecode.object + "\n");
    }
  }
  return files;
}

if (!solc.version().startsWith(`${SOLC_VERSION}+`)) {
  console.error(`expected solc ${SOLC_VERSION}, got ${solc.version()}`);
  process.exit(1);
}

const mode = process.argv[2];
if (mode === "--stdin") {
  const path = "input.sol";
  const contracts = compile("Solidity", { [path]: { content: readFileSync(0, "utf8") } })[path];
  const result = {};
  for (const [contract, { abi, evm }] of Object.entries(contracts)) {
    result[contract] = {
      creation: evm.bytecode.object,
      runtime: evm.deployedBytecode.object,
      abi,
    };
  }
  console.log(JSON.stringify(result));
} else if (mode === "--check") {
  const expected = artefacts();
  let differs = false;
  for (const file of new Set([...expected.keys(), ...readdirSync(join(root, "bin"))])) {
    let actual;
    try {
      actual = readFileSync(join(root, "bin", file), "utf8");
    } catch {}
    if (actual !== expected.get(file)) {
      console.error(`bin/${file}: expected what solc ${SOLC_VERSION} makes of src/, got other bytes`);
      differs = true;
    }
  }
  process.exit(differs ? 1 : 0);
} else if (mode === undefined) {
  for (const [file, content] of artefacts()) writeFileSync(join(root, "bin", file), content);
} else {
  console.error(`expected --check, --stdin or nothing, got ${mode}`);
  process.exit(1);
}
