#!/usr/bin/env bash
# Measures circom keys and ceremonies, whole processes, with circom and snarkjs beside zkroll.
#
#   bash benches/circom.sh                  # proofs of 2^16 and 2^18, ceremony of 2^17, key of 2^20
#   bash benches/circom.sh --prove 12 --contribute 12 --open 12 --runs 3
#
# Needs `cargo build --release -p zkroll-cli`, and the tools of interop/ (`npm ci --ignore-scripts` there).
#
#   prove       `groth16 prove` from a .zkey and a .wtns of a chain that fills the domain, on backend `ark`
#               and on the fastest CPU backend in turn; one thread; from the start of the process to its end
#   contribute  `setup contribute` and `snarkjs zkey contribute` to the same key, in turn, on all processors;
#               CPU time over the points multiplied, 2^LOG_N of H and as many as the circuit has of L
#   open        `groth16 info` of a key file, which opens it as a proof does; `setup verify --key`, which
#               validates every point; `groth16 convert key`, which writes it from a .zkey
#
# Times are in seconds: the least of all runs, and CPU time of that run.
set -euo pipefail
shopt -s inherit_errexit

readonly usage='usage: bash benches/circom.sh [options]

  --prove L,..        domains to prove in, as log2 (16,18)
  --contribute L,..   domains of the ceremonies (17)
  --open L,..         domains of the keys that are opened and validated (20)
  --runs R            runs of each (3)
  --zkroll PROGRAM    target/release/zkroll of this checkout if absent
  --folder FOLDER     keep the files there; they are made again only where they are missing
  --help'

die() {
  echo "circom.sh: $1" >&2
  exit 1
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
prove=16,18 contribute=17 open=20 runs=3 zkroll=$root/target/release/zkroll folder=''
while (($#)); do
  case $1 in
    --prove | --contribute | --open | --runs | --zkroll | --folder)
      (($# > 1)) || die "expected a value for $1, got none"
      printf -v "${1#--}" %s "$2"
      shift 2
      ;;
    --help)
      echo "$usage"
      exit 0
      ;;
    *) die "expected an option, got $1"$'\n\n'"$usage" ;;
  esac
done
[[ -x $zkroll ]] || die "expected a built program at $zkroll, got none: cargo build --release -p zkroll-cli"
[[ -d $root/interop/node_modules/snarkjs ]] || die 'expected snarkjs, got none: npm ci --ignore-scripts in interop'
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "expected a number of runs, got $runs"
if [[ -z $folder ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)

snarkjs() {
  node "$root/interop/node_modules/snarkjs/build/cli.cjs" "$@" >/dev/null
}

quietly() {
  "$zkroll" "$@" --json >/dev/null 2>&1 || "$zkroll" "$@" >&2
}

# Makes the files of a domain of 2^$1 that are missing.
chain() {
  local at=$folder/$1
  [[ -e $at/main.wtns ]] ||
    cargo run --quiet --release --manifest-path "$root/Cargo.toml" -p zkroll-interop --example chain -- "$1" "$at" >/dev/null
  [[ -e $at/powers.ptau ]] || quietly setup dev-ptau --power $(($1 + 1)) --out "$at/powers.ptau"
  [[ -e $at/initial.zkey ]] ||
    quietly setup init --r1cs "$at/main.r1cs" --ptau "$at/powers.ptau" --out "$at/initial.zkey"
  [[ -e $at/key.zkey ]] ||
    quietly setup contribute --zkey "$at/initial.zkey" --out "$at/key.zkey" --name bench --no-text
}

# Runs a command and prints wall and CPU seconds; its output goes to a file.
timed() {
  local TIMEFORMAT='%R %U %S' times
  times=$({ time "$@" >"$folder/output" 2>"$folder/errors"; } 2>&1) || die "failed: $*"$'\n'"$(<"$folder/errors")"
  awk '{ print $1, $2 + $3 }' <<<"$times"
}

# The least wall time among lines of wall and CPU seconds, with its CPU time.
least() {
  sort -n | head -n 1
}

# A number out of the JSON of the last command.
number() {
  awk -v key="\"$1\":" '$1 == key { sub(/,$/, "", $2); print $2; exit }' "$folder/output"
}

grep -q avx512ifma /proc/cpuinfo && fast=ifma || fast=cpu
echo "program   $("$zkroll" --version), compared with backend ark"
echo "processor $(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) threads, fastest backend $fast"

for log_n in ${prove//,/ }; do
  chain "$log_n"
  at=$folder/$log_n
  declare -A all=()
  for ((run = 0; run < runs; run++)); do
    for backend in ark "$fast"; do
      line=$(RAYON_NUM_THREADS=1 timed "$zkroll" groth16 prove --zkey "$at/key.zkey" --wtns "$at/main.wtns" \
        --proof "$at/proof.json" --public "$at/public.json" --backend "$backend" --json)
      all[$backend]+="$line $(number peak_memory_mib)"$'\n'
      # The stages of the last run of the fast backend remain.
      cp "$folder/output" "$at/$backend.json"
    done
  done
  read -r ark _ ark_peak < <(least <<<"${all[ark]%$'\n'}")
  read -r fast_wall _ fast_peak < <(least <<<"${all[$fast]%$'\n'}")
  awk -v n="$log_n" -v a="$ark" -v ap="$ark_peak" -v b="$fast_wall" -v bp="$fast_peak" -v f="$fast" 'BEGIN {
    printf "prove     2^%s, one thread: ark %.2f s (%.0f MiB), %s %.2f s (%.0f MiB): %.2f times as fast\n", n, a, ap, f, b, bp, a / b }'
  "$zkroll" groth16 prove --zkey "$at/key.zkey" --wtns "$at/main.wtns" --proof "$at/proof.json" \
    --public "$at/public.json" --backend "$fast" 2>/dev/null | sed 's/^/          /'
done

for log_n in ${contribute//,/ }; do
  chain "$log_n"
  at=$folder/$log_n ours='' theirs=''
  for ((run = 0; run < runs; run++)); do
    rm -f "$at/ours.zkey" "$at/theirs.zkey"
    ours+=$(timed "$zkroll" setup contribute --zkey "$at/initial.zkey" --out "$at/ours.zkey" --name bench --no-text)$'\n'
    theirs+=$(timed snarkjs zkey contribute "$at/initial.zkey" "$at/theirs.zkey" --name=bench -e=bench)$'\n'
  done
  read -r our_wall our_cpu < <(least <<<"${ours%$'\n'}")
  read -r their_wall their_cpu < <(least <<<"${theirs%$'\n'}")
  awk -v n="$log_n" -v a="$our_wall" -v ac="$our_cpu" -v b="$their_wall" -v bc="$their_cpu" 'BEGIN {
    points = 2 * 2 ^ n
    printf "contribute 2^%s: snarkjs %.2f s (%.1f CPU-s), zkroll %.2f s (%.1f CPU-s, %.1f CPU-us a point): %.1f times as fast\n",
      n, b, bc, a, ac, ac / points * 1e6, b / a }'
done

for log_n in ${open//,/ }; do
  chain "$log_n"
  at=$folder/$log_n
  rm -f "$at/valid.key"
  read -r wall cpu < <(timed "$zkroll" groth16 convert key --zkey "$at/key.zkey" --key "$at/valid.key" --json)
  echo "convert   2^$log_n: $wall s, $cpu CPU-s to read a .zkey, validate every point and write a key file"
  timed "$zkroll" setup verify --key "$at/valid.key" --json >/dev/null
  read -r wall cpu < <(timed "$zkroll" setup verify --key "$at/valid.key" --json)
  echo "validate  2^$log_n: $wall s, $cpu CPU-s for every byte and point of the key file"
  timed "$zkroll" groth16 info --file "$at/valid.key" --json >/dev/null
  read -r wall _ < <(timed "$zkroll" groth16 info --file "$at/valid.key" --json)
  echo "open      2^$log_n: $(number open_ms) ms to open the key file for proving; the whole process $wall s"
done
