#!/usr/bin/env bash
# Installs what is missing and runs all tests: those of the packages, then the AWS clients against the running server.
set -euo pipefail
cd "$(dirname "$0")/.."
docker/install-packages.sh --tests
# Tests with threads and processes, which watch the clock, come after those that keep both cores busy, and apart from each other.
readonly apart=(FunctionsTests EventSourcesTests 'RecordLogTests|LogTransportTests')
# So many processes run conformance tests, a file at a time: these wait more than they compute (one alone uses a quarter of two cores).
readonly conformance_processes=4
# So many seconds for each kind of input that is fuzzed, two targets at a time on two cores: all of CI has an hour.
readonly fuzz_seconds=60
log=$(mktemp)
fuzz_log=$(mktemp)
trap 'rm -f "$log" "$fuzz_log"' EXIT
swift test --skip "$(IFS='|'; printf '%s' "${apart[*]}")" | tee "$log"
for suites in "${apart[@]}"; do swift test --skip-build --filter "$suites"; done
swift build -c release --product tributary
swift build -c release --product audit-log
swift build -c release --product simulator
simulator="$(swift build -c release --show-bin-path)/simulator"
"$simulator" swarm --seeds 1..1000
"$simulator" meta
.venv/bin/python -m pytest Tests/Conformance --numprocesses "$conformance_processes" --dist loadfile --no-loadscope-reorder "$@"
# Races between threads first: little else finds them. Wild pointers can only be where Swift's checks are turned off. The script says which
# tests these are and why; more of them do not fit into an hour.
Tests/Sanitizers/run.sh thread
Tests/Sanitizers/run.sh thread program
Tests/Sanitizers/run.sh address
Tests/Sanitizers/run.sh address program
Tests/Fuzzing/run.sh "$fuzz_seconds" | tee "$fuzz_log"
awk '
    FNR == 1 { file += 1 }
    file == 1 && /^fuzzed / { mutations += $3; targets += 1 }
    file == 2 && /^fuzzed .*: / { inputs += $3 }
    END { print targets + 0 " fuzz targets took " inputs + mutations " inputs, " inputs + 0 " of them with coverage" }
' "$log" "$fuzz_log"
