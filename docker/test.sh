#!/usr/bin/env bash
# Installs what is missing and runs all tests: those of the packages, then the AWS clients against the running server.
set -euo pipefail
cd "$(dirname "$0")/.."
docker/install-packages.sh --tests
# Tests that start processes and watch the clock come after those that keep both cores busy.
swift test --skip FunctionsTests
swift test --skip-build --filter FunctionsTests
swift build -c release --product tributary
swift build -c release --product audit-log
exec .venv/bin/python -m pytest Tests/Conformance "$@"
