#!/usr/bin/env bash
# Installs what is missing, builds Tributary and its Swift handlers and runs the server. Arguments go to `tributary serve`.
set -euo pipefail
cd "$(dirname "$0")/.."
docker/install-packages.sh
swift build -c release --product tributary
swift build -c release --product audit-log
# Handlers with a Python runtime find awslambdaric there.
if [[ -x .venv/bin/python ]]; then set -- --python "$PWD/.venv/bin/python" "$@"; fi
exec "$(swift build -c release --show-bin-path)/tributary" serve "$@"
