#!/usr/bin/env bash
# Installs the system packages that building, running and testing Tributary need, as far as they are missing.
# Debian 12 is the tested system. Runs as often as you like: when nothing is missing it does nothing, and needs no network.
set -euo pipefail

readonly exit_usage=64

# One entry per need. Where several packages fill it ("wanted|enough"), the first one is installed when none is there.
packages=(
    # Linker, C and C++ headers and start-up files.
    binutils g++ libc6-dev
    # The storage engine.
    librocksdb-dev
    # The Kafka client.
    librdkafka-dev
    # The allocator of the programs.
    libjemalloc-dev
    # Code packages of functions.
    libzip-dev
    # What the Swift toolchain is linked with; the names are those of the official Swift image for Debian 12.
    'libedit-dev|libedit2' 'libncurses-dev|libncurses6' 'libsqlite3-dev|libsqlite3-0' 'libxml2-dev|libxml2'
    'uuid-dev|libuuid1'
    # What a Tributary with the Swift libraries inside (--static-swift-stdlib) is linked with.
    'libcurl4-openssl-dev|libcurl4-gnutls-dev' zlib1g-dev
    # What `swift build` calls to fetch and configure packages.
    ca-certificates git pkg-config tzdata
    # Handlers in Python, and the virtual environment that Lambda's runtime client for them is installed in.
    python3 python3-venv
)
# Functions of the conformance tests speak the Runtime API with it.
test_packages=(curl)

usage() {
    cat <<'END'
Usage: docker/install-packages.sh [--tests] [--load]

Installs the Debian packages that building and running Tributary needs and that are missing, and a virtual environment in .venv with
awslambdaric, which runs handlers in Python. Asks sudo when you are not root.

  --tests  also what the conformance tests need: in .venv boto3, the AWS CLI and pytest
  --load   also what the load tests need (at present nothing more)
  --help   prints this text

The Swift toolchain (6.3) is not among Debian's packages: https://www.swift.org/install/linux/
END
}

fail() {
    printf 'install-packages.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

# Prints the first package of every need that no installed package fills.
missing_packages() {
    local installed need name names
    read -ra names <<<"${packages[*]//|/ }"
    # It fails when it does not know one of the names at all; what it prints is right all the same.
    installed=" $(dpkg-query --show --showformat '${db:Status-Status}=${Package} ' "${names[@]}" 2>/dev/null || true)"
    for need in "${packages[@]}"; do
        for name in ${need//|/ }; do
            [[ $installed == *" installed=$name "* ]] && continue 2
        done
        printf '%s\n' "${need%%|*}"
    done
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "these commands need root, and there is no sudo: $*"
    fi
}

install_packages() {
    local missing
    mapfile -t missing < <(missing_packages)
    ((${#missing[@]} > 0)) || return 0
    printf 'Installing %s\n' "${missing[*]}"
    as_root apt-get -q update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}"
}

# A copy of the requirements in .venv tells what is installed, so that a changed version is noticed.
install_python_packages() {
    local requirements="$1" installed
    installed="$directory/.venv/${requirements//\//.}"
    cmp --silent "$directory/$requirements" "$installed" && return
    printf 'Installing what %s names in %s\n' "$requirements" "$directory/.venv"
    [[ -x $directory/.venv/bin/python ]] || /usr/bin/python3 -m venv "$directory/.venv"
    "$directory/.venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$directory/$requirements" ||
        return 1
    cp "$directory/$requirements" "$installed"
}

directory="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
with_tests=false
for argument in "$@"; do
    case $argument in
    --tests) with_tests=true ;;
    --load) ;;
    --help | -h)
        usage
        exit
        ;;
    *)
        fail "unknown argument '$argument'; --help tells what there is" "$exit_usage"
        ;;
    esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    fail "this system has no apt-get; install what the list at the top of this script names, in its own way"
fi
if $with_tests; then packages+=("${test_packages[@]}"); fi
install_packages
# The image is built without the handlers' folder.
if [[ -e $directory/Handlers/requirements.txt ]] && ! install_python_packages Handlers/requirements.txt; then
    if $with_tests; then fail "PyPI cannot be reached"; fi
    printf 'install-packages.sh: without awslambdaric (PyPI cannot be reached) handlers with a Python runtime will not start\n' >&2
fi
if $with_tests; then install_python_packages Tests/Conformance/requirements.txt; fi
if ! command -v swift >/dev/null; then
    printf 'install-packages.sh: there is no swift in PATH; Tributary needs Swift 6.3: https://www.swift.org/install/linux/\n' >&2
fi
