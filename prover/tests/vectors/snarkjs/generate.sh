#!/usr/bin/env bash
# Makes the files beside it with the circom2 and the snarkjs of interop/package-lock.json (0.2.23 with
# circom 2.2.3, and 0.7.6):
#
#   npm ci --ignore-scripts --prefix interop && bash prover/tests/vectors/snarkjs/generate.sh
#
# snarkjs mixes its own randomness into every step, so a second run makes other files, of which the
# tests hold all the same.
set -euo pipefail
vectors="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly vectors interop="$vectors/../../../../interop"
work="$(mktemp -d)"
readonly work
trap 'rm -rf "$work"' EXIT
cd "$work"

circom() { node "$interop/node_modules/circom2/cli.js" "$@" >/dev/null; }
snarkjs() { node "$interop/node_modules/snarkjs/build/cli.cjs" "$@"; }
quietly() { snarkjs "$@" >/dev/null; }

quietly powersoftau new bn128 5 new.ptau
quietly powersoftau contribute new.ptau contributed.ptau --name=vectors -e=vectors
quietly powersoftau prepare phase2 contributed.ptau final.ptau

# circuit NAME MAIN INPUTS
circuit() {
  mkdir -p "$vectors/$1"
  cp "$interop/circuits/"*.circom .
  printf 'pragma circom 2.1.0;\n%s\n' "$2" >"$1_main.circom"
  echo "$3" >input.json
  circom "$1_main.circom" --r1cs --wasm
  quietly wtns calculate "$1_main_js/$1_main.wasm" input.json main.wtns
  quietly groth16 setup "$1_main.r1cs" final.ptau initial.zkey
  quietly zkey contribute initial.zkey final.zkey --name=vectors -e=vectors
  quietly groth16 prove final.zkey main.wtns "$vectors/$1/proof.json" "$vectors/$1/public.json"
  quietly zkey export verificationkey final.zkey "$vectors/$1/verification_key.json"
  snarkjs zkey export soliditycalldata "$vectors/$1/public.json" "$vectors/$1/proof.json" \
    >"$vectors/$1/calldata.txt"
  quietly groth16 verify "$vectors/$1/"{verification_key,public,proof}.json
}

circuit secret_square 'include "secret_square.circom"; component main = SecretSquare();' \
  '{"x": "3", "y": "9"}'
circuit chain 'include "chain.circom"; component main {public [c, d]} = Chain(12);' \
  '{"secret": "3", "c": "5", "d": "7"}'
# The key of the last circuit before anybody contributed to its second phase.
quietly zkey export verificationkey initial.zkey "$vectors/uncontributed_verification_key.json"
