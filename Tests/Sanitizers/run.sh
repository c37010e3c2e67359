#!/usr/bin/env bash
# Runs tests under a sanitizer: Tests/Sanitizers/run.sh thread|address [filter]
#
# Builds what these tests need, apart from the normal build (.build/thread, .build/address). A finding ends it with exit code 1.
set -euo pipefail
cd "$(dirname "$0")/../.."

# Where threads share something: regions with their writers, links and readers, record logs, publishers, event sources, HTTP connections.
# Engines have neither threads nor clocks, so the thread sanitizer has nothing to see in their tests.
readonly thread_tests=RegionTests,RecordLogTests,LogTransportTests,EventSourcesTests,HTTPEndpointTests
# Where pointers are: codecs and parsers over raw bytes, and the C handles of RocksDB and librdkafka. Swift itself checks the rest, arithmetic
# included; there is no C code of our own but one call in a header, so the sanitizer of undefined behaviour has nothing to see.
readonly address_tests=BytesTests,JSONBytesTests,AttributeModelTests,ExpressionsTests,ChangeStreamTests,KeyValueStoreTests,RecordLogTests
# Long runs over many seeds, which take minutes under a sanitizer.
readonly skipped=StorePropertyTests
# What the sanitizers' runtime ends with after a finding; tests that fail end with another code.
readonly exit_finding=66

sanitizer=${1:-}
folder=$PWD/Tests/Sanitizers
build=$PWD/.build/$sanitizer
preload=
case $sanitizer in
thread)
    export TRIBUTARY_ONLY_TESTS=$thread_tests
    export TSAN_OPTIONS="suppressions=$folder/thread-suppressions.txt exitcode=$exit_finding"
    preload=$build/thread_preload.so
    ;;
address)
    export TRIBUTARY_ONLY_TESTS=$address_tests
    # What lives as long as the process is no leak, but Swift keeps some of it where the sanitizer does not look.
    export ASAN_OPTIONS="detect_leaks=0 exitcode=$exit_finding"
    ;;
*)
    echo "usage: Tests/Sanitizers/run.sh thread|address [filter]" >&2
    exit 64
    ;;
esac

options=(--sanitize="$sanitizer" --scratch-path "$build")
swift build --build-tests "${options[@]}"
tests=$(swift build --show-bin-path "${options[@]}")/tributaryPackageTests.xctest
[ -z "$preload" ] || clang -O2 -Wall -Werror -shared -fPIC -o "$preload" "$folder/thread_preload.c"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
status=0
LD_PRELOAD=$preload "$tests" --testing-library swift-testing --filter "${2:-.}" --skip "$skipped" 2>&1 |
    sed -u 's/\x1b\[[0-9;]*m//g' | tee "$log" || status=$?
# A test's own code for failure is 1. Under a sanitizer all is several times slower, so a test that watches the clock may fail. That is for the normal run to judge.
case $status in
0) ;;
1) echo "$(grep -c '^✘ Test .* failed after' "$log") tests failed under the $sanitizer sanitizer, and it found nothing" ;;
*)
    echo "the $sanitizer sanitizer found something, or the tests died (exit code $status)" >&2
    exit 1
    ;;
esac
echo "$sanitizer sanitizer: $(sed -n 's/^[✔✘] Test run with \([0-9]* tests\).*/\1/p' "$log"), nothing found"
