#!/usr/bin/env bash
# Installs what is missing, builds Tributary and runs the server. Arguments go to `tributary serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
docker/install-packages.sh
exec swift run -c release tributary serve "$@"
