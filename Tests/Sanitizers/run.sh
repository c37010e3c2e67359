#!/usr/bin/env bash
# Runs tests under a sanitizer:
#   Tests/Sanitizers/run.sh thread|address [filter]               tests of the packages
#   Tests/Sanitizers/run.sh thread|address program [arguments…]   the program, with tests of Tests/Conformance: CI's, or what arguments for
#                                                                 pytest say (Tests/Conformance for all)
#
# Builds what these tests need, apart from the normal build (.build/thread, .build/address). A finding ends it with exit code 1.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Where threads share something: regions with their writers, links and readers, record logs, publishers, event sources, functions with their
# processes, HTTP connections. Engines have neither threads nor clocks, so the thread sanitizer has nothing to see in their tests. And the program.
readonly thread_targets=RegionTests,RecordLogTests,LogTransportTests,EventSourcesTests,FunctionsTests,HTTPEndpointTests,tributary
# Where pointers are: codecs and parsers over raw bytes, and the C handles of RocksDB and librdkafka. And the program. Swift itself checks the
# rest, arithmetic included; there is no C code of our own but one call in a header, so the sanitizer of undefined behaviour has nothing to see.
readonly address_targets=BytesTests,JSONBytesTests,AttributeModelTests,ExpressionsTests,ChangeStreamTests,KeyValueStoreTests,RecordLogTests,tributary
# Tests that wait for other threads and processes, each in a run of its own: among those that keep the threads of Swift's tasks busy for minutes
# they would not get their turn in time.
readonly apart=(FunctionsTests EventSourcesTests HTTPEndpointTests 'RecordLogTests|LogTransportTests')
# Long runs over many seeds, which take minutes under a sanitizer.
readonly skipped=StorePropertyTests
# What the program does with most threads at a time: writes to several regions and their conflicts, streams with their readers, event sources
# with functions, transactions, Kafka, expiry, links that go up and down, several processes, kill -9 under load.
readonly thread_conformance_tests=(
    test_conflicts.py test_replication.py test_links.py test_streams.py test_transactions.py test_complete_transactions.py
    test_lambda_delivery.py test_lambda_restart.py test_kafka.py test_kafka_handlers.py test_time_to_live.py test_processes.py
    test_main_job.py test_crashes.py::test_kill_9_again_and_again test_crashes.py::test_kill_9_while_topics_are_published
)
# Where the program takes bytes from outside, and where it hands memory to RocksDB, librdkafka and zlib and gets it back: every kind of request
# and of body, hostile clients, topics and their consumers, replays, a store that fails, kill -9 under load.
readonly address_conformance_tests=(
    test_wire.py test_values.py test_hostile.py test_hostile_clients.py test_items.py test_query_scan.py test_indexes.py test_kafka.py
    test_replay.py test_disk_faults.py test_stream_records.py test_crashes.py::test_kill_9_again_and_again
    test_crashes.py::test_kill_9_while_topics_are_published
)
readonly crash_rounds=3
# The sanitizers keep memory of their own beside each byte, and what was freed for a while.
readonly mebibytes_max=4096
# So many processes run these tests, a file at a time.
readonly processes=2
# What the sanitizers' runtime ends with after a finding; tests that fail end with another code.
readonly exit_finding=66
readonly exit_usage=64

# Sanitizers bring an allocator of their own.
export TRIBUTARY_ALLOCATOR=system

sanitizer=${1:-}
folder=$PWD/Tests/Sanitizers
case $sanitizer in
thread)
    export TRIBUTARY_ONLY_TESTS=$thread_targets
    conformance_tests=("${thread_conformance_tests[@]}")
    ;;
address)
    export TRIBUTARY_ONLY_TESTS=$address_targets
    conformance_tests=("${address_conformance_tests[@]}")
    ;;
*)
    sed -n '2,/^$/s/^# \?//p' "$0" >&2
    exit "$exit_usage"
    ;;
esac
shift

build=$PWD/.build/$sanitizer
preload=
options=(--sanitize="$sanitizer" --scratch-path "$build")
swift build --build-tests "${options[@]}"
products=$(swift build --show-bin-path "${options[@]}")
if [ "$sanitizer" = thread ]; then
    preload=$build/thread_preload.so
    clang -O2 -Wall -Werror -shared -fPIC -o "$preload" "$folder/thread_preload.c"
    export TSAN_OPTIONS="suppressions=$folder/thread-suppressions.txt exitcode=$exit_finding"
    options_variable=TSAN_OPTIONS
else
    # What lives as long as the process is no leak, but Swift keeps some of it where the sanitizer does not look.
    export ASAN_OPTIONS="detect_leaks=0 exitcode=$exit_finding"
    options_variable=ASAN_OPTIONS
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
test_count=0

run_package_tests() {
    local status=0
    LD_PRELOAD=$preload "$products/tributaryPackageTests.xctest" --testing-library swift-testing "$@" 2>&1 |
        sed -u 's/\x1b\[[0-9;]*m//g' | tee "$log" || status=$?
    # A test's own code for failure is 1. Under a sanitizer all is several times slower, so a test that watches the clock may fail. That is for the normal run to judge.
    case $status in
    0) ;;
    1) echo "$(grep '^✘ Test .* failed after' "$log" | grep -vc '^✘ Test run with') tests failed under the $sanitizer sanitizer, and it found nothing" ;;
    *)
        echo "the $sanitizer sanitizer found something, or the tests died (exit code $status)" >&2
        exit 1
        ;;
    esac
    test_count=$((test_count + $(sed -n 's/^[✔✘] Test run with \([0-9]*\) test.*/\1/p' "$log")))
}

# Every process of the program reports into a file of its own, so that what one found is known that was killed.
run_program() {
    local program=$build/tributary reports=$build/reports status=0
    # Tests preload libraries too.
    printf '#!/bin/sh\nLD_PRELOAD="%s $LD_PRELOAD" exec "%s/tributary" "$@"\n' "$preload" "$products" >"$program"
    chmod +x "$program"
    rm -rf "$reports"
    mkdir -p "$reports"
    [ $# -gt 0 ] || set -- "${conformance_tests[@]/#/Tests/Conformance/}"
    export "$options_variable=${!options_variable} log_path=$reports/process"
    TRIBUTARY_BINARY=$program CRASH_ROUNDS=$crash_rounds MEMORY_MEBIBYTES_MAX=$mebibytes_max \
        .venv/bin/python -m pytest --numprocesses "$processes" --dist loadfile --no-loadscope-reorder "$@" || status=$?
    if [ -n "$(ls "$reports")" ]; then
        cat "$reports"/*
        echo "the $sanitizer sanitizer found something in $(ls "$reports" | wc -l) processes of the program" >&2
        exit 1
    fi
    # These tests wait as long as the program takes: one that fails is not slow, it is wrong.
    [ "$status" = 0 ] || exit "$status"
    echo "$sanitizer sanitizer: the program passed its tests, nothing found"
}

if [ "${1:-}" = program ]; then
    shift
    run_program "$@"
    exit
elif [ $# -gt 0 ]; then
    run_package_tests --filter "$1" --skip "$skipped"
elif [ "$sanitizer" = thread ]; then
    run_package_tests --skip "$skipped|$(IFS='|'; printf '%s' "${apart[*]}")"
    for suites in "${apart[@]}"; do run_package_tests --filter "$suites" --skip "$skipped"; done
else
    run_package_tests --skip "$skipped"
fi
echo "$sanitizer sanitizer: $test_count tests, nothing found"
