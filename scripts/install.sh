#!/bin/sh
# Installs the lock and this project into a virtual environment: with uv where it is there, else with pip. Of another lock
# that is named, only the packages.
# Usage: install.sh FOLDER [LOCK]
set -eu

venv=$1
lock=${2:-requirements.txt}

suits() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null
}

# A name on the PATH may be a shim without a Python behind it, so each is tried.
python=
for candidate in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
    if suits "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Python 3.11, 3.12 or 3.13 is needed and was not found. PYTHON=/path/to/python3.12 names one." >&2
    exit 1
fi

if [ -x "$venv/bin/python" ] && ! suits "$venv/bin/python"; then
    rm -rf "$venv"
fi

echo "Installing the locked packages into $venv …" >&2
if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
    [ -x "$venv/bin/python" ] || uv venv --quiet --python "$(command -v "$python")" "$venv"
    export VIRTUAL_ENV="$venv"
    uv pip sync --quiet --require-hashes --compile-bytecode "$lock"
    [ $# -gt 1 ] || uv pip install --quiet --no-deps --no-build-isolation --editable .
else
    if [ ! -x "$venv/bin/pip" ]; then
        rm -rf "$venv"
        "$python" -m venv "$venv" || {
            rm -rf "$venv"
            echo "$python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv" >&2
            exit 1
        }
    fi
    "$venv/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement "$lock"
    [ $# -gt 1 ] || "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
fi
