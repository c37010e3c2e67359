#!/usr/bin/env bash
# Installs what is missing and runs all tests: those of the packages, then the AWS clients against the running server.
set -euo pipefail
cd "$(dirname "$0")/.."
docker/install-packages.sh --tests
swift test
swift build -c release --product tributary
swift build -c release --product audit-log
exec .venv/bin/python -m pytest Tests/Conformance "$@"
