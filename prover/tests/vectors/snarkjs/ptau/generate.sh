#!/usr/bin/env bash
# Makes the files beside it with the snarkjs of interop/package-lock.json (0.7.6), or of another folder:
#
#   npm ci --ignore-scripts --prefix interop && bash prover/tests/vectors/snarkjs/ptau/generate.sh
#   bash prover/tests/vectors/snarkjs/ptau/generate.sh path/to/snarkjs
#
# contributed.ptau has two persons and a beacon, prepared.ptau the Lagrange points as well, and
# beacon_alone.ptau nobody but a beacon. snarkjs mixes its own randomness into contributions, so a second
# run makes other files, and the hashes in the tests change with them.
set -euo pipefail
vectors="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
readonly vectors
readonly snarkjs="${1:-$vectors/../../../../../interop/node_modules/snarkjs}"
work="$(mktemp -d)"
readonly work
trap 'rm -rf "$work"' EXIT

ptau() { node "$snarkjs/build/cli.cjs" powersoftau "$@"; }

ptau new bn128 3 "$work/0.ptau"
ptau contribute "$work/0.ptau" "$work/1.ptau" --name="first contributor" -e=one
ptau contribute "$work/1.ptau" "$work/2.ptau" --name="zweite Person" -e=two
ptau beacon "$work/2.ptau" "$vectors/contributed.ptau" \
  0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20 10 --name="a beacon"
ptau prepare phase2 "$vectors/contributed.ptau" "$vectors/prepared.ptau"
ptau beacon "$work/0.ptau" "$vectors/beacon_alone.ptau" 0badc0de 10
ptau verify "$vectors/prepared.ptau"
