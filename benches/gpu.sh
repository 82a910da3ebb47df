#!/usr/bin/env bash
# Measures backend gpu with a zkroll that is built already; builds nothing and fetches nothing.
#
#   bash benches/gpu.sh                                  # target/release/zkroll of this checkout
#   bash benches/gpu.sh --quick --out figures ./zkroll   # small sizes, with the JSON kept
#
# First correctness: in every layout that the adapter has, small sizes and odd inputs, each result compared
# with that of a CPU backend. Then times, of which each round is compared as well: MSM in G1 of 2^16 to
# 2^22 points, in G2 of 2^16 to 2^20, transforms of 2^16 to 2^24 values, proofs of 2^18 and 2^20 rows, with
# the data on the device (resident), the scalars in the host's memory (from-host), or everything there
# (all-from-host).
#
# Beside a time stands how many field multiplications a second it means, and what part that is of the most
# that the adapter's integer units can do. Counted is what the method needs at least:
#
#   NTT of n values        n/2 * log2(n)
#   MSM of n points in G1  the least over window widths c of W*(10*n + 28*2^(c-1)), W = ceil(254/c):
#                          10 products for adding a point, 14 for adding two sums, two for each bucket
#   the same in G2         2.8 times as many: three products in Fq for one in Fq2, two for a square
#
# so the part is a lower bound of what the units did. A multiplication takes 264 issue slots of a 32-bit
# multiplication in layout 8x32, 333 in 9x29 and 820 in 20x13 (shaders/tests/census.rs), and a GPU has
# (multiprocessors * 64 * clock) slots a second: 132 * 64 * 1.98 GHz for H100 (SXM) and H200, which are
# known here; another's are given as --slots-per-second.
set -euo pipefail
shopt -s inherit_errexit

readonly usage='usage: bash benches/gpu.sh [options] [ZKROLL]

  ZKROLL                   the program; target/release/zkroll of this checkout if absent
  --quick                  small sizes, as for an adapter that computes on the CPU
  --large                  MSM in G1 of 2^24 points too
  --layouts L,..           layouts to measure: 8x32, 9x29, 20x13; all that the adapter has if absent
  --runs R                 runs of each variant (5; 3 with --quick)
  --slots-per-second S     multiprocessors * 64 * clock in Hz, for the ceiling
  --out FOLDER             keep every measurement as one line of JSON in FOLDER/*.jsonl
  --help'

# Of an H100 (SXM) or H200: 132 multiprocessors at 1.98 GHz.
readonly hopper_slots=16727040000000

die() {
  echo "gpu.sh: $1" >&2
  exit 1
}

quick=0
large=0
layouts='8x32,9x29,20x13'
runs=''
slots=''
out=''
zkroll=''
while (($#)); do
  case $1 in
    --quick) quick=1 ;;
    --large) large=1 ;;
    --layouts | --runs | --slots-per-second | --out)
      (($# > 1)) || die "expected a value for $1, got none"
      case $1 in
        --layouts) layouts=$2 ;;
        --runs) runs=$2 ;;
        --slots-per-second) slots=$2 ;;
        --out) out=$2 ;;
      esac
      shift
      ;;
    --help)
      echo "$usage"
      exit 0
      ;;
    -*) die "expected an option, got $1"$'\n\n'"$usage" ;;
    *)
      [[ -z $zkroll ]] || die "expected one program, got $zkroll and $1"
      zkroll=$1
      ;;
  esac
  shift
done
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
zkroll=${zkroll:-$root/target/release/zkroll}
[[ -x $zkroll ]] || die "expected a built program at $zkroll, got none: cargo build --release -p zkroll-cli"
runs=${runs:-$((quick ? 3 : 5))}
[[ $runs =~ ^[1-9][0-9]*$ ]] || die "expected a number of runs, got $runs"
[[ -z $slots || $slots =~ ^[0-9.]+(e[0-9]+)?$ ]] || die "expected slots per second, got $slots"
[[ -z $out ]] || mkdir -p "$out"

# The value of a key of the backend $1 in the JSON of `zkroll info`.
backend() {
  "$zkroll" info --depth 1 --json |
    awk -v name="\"$1\"," -v key="\"$2\":" '
      $1 == "\"name\":" { found = $2 == name }
      found && $1 == key { sub(/^[^:]*: /, ""); sub(/,$/, ""); gsub(/^"|"$/, ""); gsub(/\\"/, "\""); print; exit }'
}

# One line of JSON out of a document of many.
one_line() {
  tr -d '\n' | sed 's/  */ /g'
  echo
}

# Runs a benchmark, keeps its JSON, and prints it.
bench() {
  local name=$1 json
  shift
  json=$("$zkroll" bench --json "$@")
  [[ -z $out ]] || one_line <<<"$json" >>"$out/$layout-$name.jsonl"
  echo "$json"
}

# What the GPU is compared with: the fastest CPU backend.
cpu=cpu
[[ $(backend ifma available) != true ]] || cpu=ifma

# Prints the rows of a benchmark's JSON.
table() {
  awk -v slots="${slots:-0}" -v layout="$layout" '
    function multiplications(  c, windows, cost, least, n) {
      n = row["n"]
      if (row["op"] == "ntt") return n / 2 * row["log_n"]
      if (row["op"] !~ /^msm/) return 0
      for (c = 4; c <= 20; c++) {
        windows = int((254 + c - 1) / c)
        cost = windows * (10 * n + 28 * 2 ^ (c - 1))
        if (!least || cost < least) least = cost
      }
      return row["op"] == "msm-g2" ? 2.8 * least : least
    }
    function flush(  done, rate, part) {
      if (!("op" in row)) return
      done = multiplications()
      rate = done ? sprintf("%.3g", done / row["min_ms"] / 1e6) : "-"
      part = "-"
      # The ceiling is the device'"'"'s.
      if (done && slots && row["backend"] == "gpu")
        part = sprintf("%.1f %%", 100 * done / row["min_ms"] * 1e3 * need[layout] / slots)
      printf "%-7s %-7s 2^%-3s %-5s %-14s %12.3f %12.3f %10s %9s\n", layout, row["op"], row["log_n"],
        row["backend"], row["data"] == "null" ? "" : row["data"], row["min_ms"], row["median_ms"], rate, part
      delete row
    }
    BEGIN { need["8x32"] = 264; need["9x29"] = 333; need["20x13"] = 820 }
    # Rows are objects with an operation first; what follows their times has times of its own.
    $1 == "\"op\":" { flush() }
    /^ *"(op|log_n|n|backend|data|min_ms|median_ms)":/ {
      key = $1; gsub(/[":]/, "", key)
      value = $2; gsub(/[",]/, "", value)
      if (key == "op" || ("op" in row && !(key in row))) row[key] = value
    }
    END { flush() }'
}

# The larger sizes of a GPU would take a CPU hours.
if ((quick)); then
  g1=8,12 g2=8,10 ntt=10,14 proof=(--log-n 13 --depth 1 --fee-slots 0)
else
  g1=16,18,20,22 g2=16,18,20 ntt=16,18,20,22,24 proof=(--log-n '18,20')
  ((!large)) || g1+=,24
fi

echo "program   $("$zkroll" --version)"
echo "compared  with backend $cpu, on all processors"

measured=()
for layout in ${layouts//,/ }; do
  # A layout that the adapter lacks is no failure; that there is no adapter for any is.
  export ZKROLL_GPU_LAYOUT=$layout
  detail=$(backend gpu detail)
  if [[ $detail == null ]]; then
    echo "$layout: not measured, because $(backend gpu reason)"
    continue
  fi
  if [[ -z $slots && $detail =~ (H200|H100 80GB HBM3) ]]; then slots=$hopper_slots; fi
  if [[ $detail == *software ]] && ((!quick)); then
    echo 'gpu.sh: this adapter computes on the CPU and will take hours: --quick has sizes for it' >&2
  fi
  echo
  echo "== $detail"
  compare=(--backends "$cpu,gpu" --runs 1)
  bench check-msm --ops msm-g1,msm-g2 --n 1,2,3,255,256,257,1000 --inputs \
    random,equal-points,equal-scalars,zeros,zeros-ones,opposite-points,infinity,half-bucket "${compare[@]}" >/dev/null
  bench check-ntt --ops ntt --log-n 0,1,2,3,8,9,10,11,12 "${compare[@]}" >/dev/null
  json=$(bench check-prove --ops prove --log-n 13 --depth 1 --fee-slots 0 "${compare[@]}")
  awk '$1 == "\"driver\":" { sub(/^[^:]*: "/, ""); sub(/",$/, ""); print "driver    " $0 }' <<<"$json"
  echo "correct   msm-g1, msm-g2, ntt and prove, at small sizes: each result is that of backend $cpu"

  echo
  printf '%-7s %-7s %-5s %-5s %-14s %12s %12s %10s %9s\n' \
    layout op n who data 'min, ms' 'median, ms' 'G mult/s' ceiling
  timed=(--backends "$cpu,gpu" --runs "$runs")
  bench msm-g1 --ops msm-g1 --log-n "$g1" "${timed[@]}" | table
  bench msm-g2 --ops msm-g2 --log-n "$g2" "${timed[@]}" | table
  bench ntt --ops ntt --log-n "$ntt" "${timed[@]}" | table
  bench prove --ops prove "${proof[@]}" "${timed[@]}" | table
  measured+=("$layout")
done

((${#measured[@]})) || die "expected an adapter for one of $layouts, got none"
echo
if [[ -n $slots ]]; then
  awk -v slots="$slots" 'BEGIN {
    printf "ceiling   %.3g slots/s: %.1f G multiplications/s in 8x32, %.1f in 9x29, %.1f in 20x13\n",
      slots, slots / 264 / 1e9, slots / 333 / 1e9, slots / 820 / 1e9 }'
else
  echo 'ceiling   unknown for this adapter: --slots-per-second'
fi
[[ -z $out ]] || echo "JSON      $out"
