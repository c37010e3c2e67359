#!/usr/bin/env bash
# Fuzzes with libFuzzer: Tests/Fuzzing/run.sh [seconds for each kind] [kind or target…]
#
# The targets of a kind of input share its seconds; a target that is named alone gets them all. Without names all kinds are fuzzed.
#
# Builds apart from the normal build (FUZZ_BUILD, default .build/fuzzing) and runs FUZZ_JOBS targets at a time (default: one a core). A
# crash ends the run with exit code 1 and leaves its input in Tests/Fuzzing/crashes/; new inputs that reach new code are kept in
# FUZZ_BUILD/found/, where the next run begins (FUZZ_MERGE=1 takes the smallest set of them into the corpus).
set -euo pipefail
cd "$(dirname "$0")/../.."

# Kinds of input, each with its targets; those first whose targets run longest, so that all cores end at the same time. (PartiQL is the kind
# that is missing: Tributary does not speak it.)
readonly kinds=(
    'documents: json'
    'keys: keys'
    'signatures: authorization'
    'handlers: handler-file'
    'patterns: filter-pattern filter-match'
    'items: item stored-item'
    'expressions: condition update key-condition projection'
    'records: change-record change-message positions recording'
    'bodies: operation lambda-request cloudwatch fault-injection'
)
readonly exit_usage=64

seconds=${1:-60}
shift || true
build=${FUZZ_BUILD:-$PWD/.build/fuzzing}
jobs=${FUZZ_JOBS:-$(nproc)}
corpus=$PWD/Tests/Fuzzing/corpus
crashes=$PWD/Tests/Fuzzing/crashes
# What libFuzzer takes for loading the corpus and for the end of its last input, beyond the seconds that it is told.
readonly grace_seconds=120

# The targets that are to run, and for how many seconds each.
declare -A seconds_of=()
targets=()

add() {
    local each=$1 target
    shift
    for target in "$@"; do
        if [ -n "${seconds_of[$target]:-}" ]; then continue; fi
        seconds_of[$target]=$each
        targets+=("$target")
    done
}

add_kind() {
    local members
    read -ra members <<<"${1#*: }"
    # Rounded up: the targets together get the kind's seconds at least.
    add $(((seconds + ${#members[@]} - 1) / ${#members[@]})) "${members[@]}"
}

add_named() {
    local kind
    for kind in "${kinds[@]}"; do
        if [ "${kind%%: *}" = "$1" ]; then
            add_kind "$kind"
            return
        fi
    done
    if [ ! -d "$corpus/$1" ]; then
        echo "no kind and no target is called '$1'; kinds and their targets are:" >&2
        printf '  %s\n' "${kinds[@]}" >&2
        exit "$exit_usage"
    fi
    add "$seconds" "$1"
}

if [ $# -gt 0 ]; then
    for name in "$@"; do add_named "$name"; done
else
    for kind in "${kinds[@]}"; do add_kind "$kind"; done
    for target in $(ls "$corpus"); do
        if [ -z "${seconds_of[$target]:-}" ]; then
            echo "the target $target is of no kind: add it to the table in $0" >&2
            exit 1
        fi
    done
fi

# Coverage is compiled into every module; libFuzzer brings main. Only what is to be linked is built, so no executable is linked with it.
# The address sanitizer takes half of the speed and more, and is worth it: an optimised build does not check the bounds of unsafe buffers.
readonly sanitizers=fuzzer,address
swift build -c release --scratch-path "$build" --target FuzzTargets -Xswiftc -sanitize="$sanitizers" -Xswiftc -g >&2
objects=$(find "$build/release/" -name '*.o' -path '*.build/*' ! -path '*/Tests/*')
swiftc -sanitize="$sanitizers" -o "$build/fuzz" $objects 2> >(grep -v 'warning: ' >&2)

# The backtracer can hang a run that crashed.
export SWIFT_BACKTRACE=enable=no
# What lives as long as the process is no leak, but Swift keeps some of it where the sanitizer does not look.
export ASAN_OPTIONS=detect_leaks=0
mkdir -p "$crashes"

# Says in one line how many inputs a target took, and whether it crashed.
fuzz() {
    local target=$1 seconds=${seconds_of[$1]} found="$build/found/$1" log="$build/$1.log" outcome="no crash" executed
    mkdir -p "$found"
    FUZZ_TARGET=$target timeout --kill-after=10 $((seconds + grace_seconds)) \
        "$build/fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$crashes/$target-" "$found" "$corpus/$target" >"$log" 2>&1 </dev/null ||
        outcome="CRASH, see $log"
    executed=$(sed -n 's/stat::number_of_executed_units: *//p' "$log")
    echo "fuzzed $target: ${executed:-?} inputs in $seconds s, $outcome" | tee -a "$outcomes"
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
awk '
    { inputs += $3; seconds += $6; crashes += / CRASH/ }
    END { print "fuzzed " NR " targets, " inputs + 0 " inputs in " seconds " s, " crashes + 0 " crashes"; exit crashes > 0 }
' "$outcomes"
