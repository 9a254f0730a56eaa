# Sourced by every script here: finds a Python and hands over to devkit, the package beside this file.
# shellcheck shell=bash
set -euo pipefail
SCRIPTS_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

find_python() {
    local candidate
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
        [ -n "$candidate" ] || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
    echo "smarteros: Python 3.11 or newer is needed: apt install python3 python3-venv" >&2
    return 1
}

# devkit COMMAND [ARG...]: the shell is replaced, so signals reach the command itself.
devkit() {
    local python
    python=$(find_python) || exit 1
    exec "$python" "$SCRIPTS_DIR/devkit/bootstrap.py" "$@"
}
