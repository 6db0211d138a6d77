#!/bin/sh
# Make the virtual environment with the first Python that is new enough, or say in one line what to install.
# usage: bootstrap.sh DIRECTORY | bootstrap.sh --compilers
set -eu

fail() {
    echo "make: $1" >&2
    exit 1
}

is_new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

check_compilers() {
    command -v cc >/dev/null 2>&1 || fail "no C compiler (cc): install the Debian package gcc, or build-essential"
    version=$(cargo --version 2>/dev/null | cut -d ' ' -f 2)
    need="install Rust 1.85 or newer with rustup"
    test -n "$version" || fail "cargo is missing: $need"
    major=${version%%.*} rest=${version#*.}
    test "$major" -gt 1 || test "${rest%%.*}" -ge 85 || fail "cargo $version is too old: $need"
}

find_python() {
    for candidate in ${PYTHON3:-} python3 python3.15 python3.14 python3.13 python3.12 python3.11; do
        if is_new_enough "$candidate"; then
            echo "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or newer: install the Debian package python3 (Debian 12 or newer), or name one: make PYTHON3=/path/to/python"
}

make_environment() {
    # An environment that works is kept.
    is_new_enough "$1/bin/python" && "$1/bin/python" -m pip --version >/dev/null 2>&1 && return
    python=$(find_python)
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python can't make virtual environments: install the Debian package python3-venv"
    "$python" -m venv --clear "$1"
}

case "$1" in
    --compilers) check_compilers ;;
    *) make_environment "$1" ;;
esac
