#!/usr/bin/env bash
# Fuzzes with libFuzzer: Tests/Fuzzing/run.sh [seconds for each target] [target…]
#
# Builds apart from the normal build (FUZZ_BUILD, default .build/fuzzing). A crash ends the run with exit code 1 and leaves its input in
# Tests/Fuzzing/crashes/; new inputs that reach new code are kept in FUZZ_BUILD/found/ (FUZZ_MERGE=1 takes the smallest set of them into
# the corpus).
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-60}
shift || true
build=${FUZZ_BUILD:-$PWD/.build/fuzzing}
corpus=$PWD/Tests/Fuzzing/corpus
crashes=$PWD/Tests/Fuzzing/crashes
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=($(ls "$corpus"))

# Coverage is compiled into every module; libFuzzer brings main. Only what is to be linked is built, so no executable is linked with it.
swift build -c release --scratch-path "$build" --target FuzzTargets -Xswiftc -sanitize=fuzzer -Xswiftc -g >&2
objects=$(find "$build/release/" -name '*.o' -path '*.build/*' ! -path '*/Tests/*')
swiftc -sanitize=fuzzer -o "$build/fuzz" $objects 2> >(grep -v 'warning: ' >&2)

# The backtracer can hang a run that crashed.
export SWIFT_BACKTRACE=enable=no
mkdir -p "$crashes"
status=0
runs=0
for target in "${targets[@]}"; do
    found=$build/found/$target
    mkdir -p "$found"
    if FUZZ_TARGET=$target "$build/fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$crashes/$target-" "$found" "$corpus/$target" >"$build/$target.log" 2>&1; then
        outcome="no crash"
    else
        outcome="CRASH, see $build/$target.log"
        status=1
    fi
    executed=$(sed -n 's/stat::number_of_executed_units: *//p' "$build/$target.log")
    runs=$((runs + ${executed:-0}))
    echo "fuzzed $target: ${executed:-?} inputs, $outcome"
    if [ "${FUZZ_MERGE:-}" = 1 ]; then
        FUZZ_TARGET=$target "$build/fuzz" -merge=1 -max_len=512 "$corpus/$target" "$found" >>"$build/$target.log" 2>&1
    fi
done
echo "fuzzed ${#targets[@]} targets, $runs inputs, $seconds s each"
exit $status
