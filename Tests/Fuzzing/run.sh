#!/usr/bin/env bash
# Fuzzes with libFuzzer: Tests/Fuzzing/run.sh [seconds for each target] [target…]
#
# Builds apart from the normal build (FUZZ_BUILD, default .build/fuzzing) and runs FUZZ_JOBS targets at a time (default: one a core). A
# crash ends the run with exit code 1 and leaves its input in Tests/Fuzzing/crashes/; new inputs that reach new code are kept in
# FUZZ_BUILD/found/, where the next run begins (FUZZ_MERGE=1 takes the smallest set of them into the corpus).
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
build=${FUZZ_BUILD:-$PWD/.build/fuzzing}
jobs=${FUZZ_JOBS:-$(nproc)}
corpus=$PWD/Tests/Fuzzing/corpus
crashes=$PWD/Tests/Fuzzing/crashes
# What libFuzzer takes for loading the corpus and for the end of its last input, beyond the seconds that it is told.
readonly grace_seconds=120
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=($(ls "$corpus"))

# Coverage is compiled into every module; libFuzzer brings main. Only what is to be linked is built, so no executable is linked with it.
swift build -c release --scratch-path "$build" --target FuzzTargets -Xswiftc -sanitize=fuzzer -Xswiftc -g >&2
objects=$(find "$build/release/" -name '*.o' -path '*.build/*' ! -path '*/Tests/*')
swiftc -sanitize=fuzzer -o "$build/fuzz" $objects 2> >(grep -v 'warning: ' >&2)

# The backtracer can hang a run that crashed.
export SWIFT_BACKTRACE=enable=no
mkdir -p "$crashes"

# Says in one line how many inputs a target took, and whether it crashed.
fuzz() {
    local target=$1 found="$build/found/$1" log="$build/$1.log" outcome="no crash" executed
    mkdir -p "$found"
    FUZZ_TARGET=$target timeout --kill-after=10 $((seconds + grace_seconds)) \
        "$build/fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$crashes/$target-" "$found" "$corpus/$target" >"$log" 2>&1 </dev/null ||
        outcome="CRASH, see $log"
    executed=$(sed -n 's/stat::number_of_executed_units: *//p' "$log")
    echo "fuzzed $target: ${executed:-?} inputs, $outcome" | tee -a "$outcomes"
    if [ "${FUZZ_MERGE:-}" = 1 ]; then
        FUZZ_TARGET=$target "$build/fuzz" -merge=1 -max_len=512 "$corpus/$target" "$found" >>"$log" 2>&1
    fi
}

outcomes=$(mktemp)
trap 'rm -f "$outcomes"' EXIT
running=0
for target in "${targets[@]}"; do
    if ((running >= jobs)); then
        wait -n
        running=$((running - 1))
    fi
    fuzz "$target" &
    running=$((running + 1))
done
wait
awk -v seconds="$seconds" '
    { inputs += $3; crashes += / CRASH/ }
    END { print "fuzzed " NR " targets, " inputs + 0 " inputs, " seconds " s each, " crashes + 0 " crashes"; exit crashes > 0 }
' "$outcomes"
