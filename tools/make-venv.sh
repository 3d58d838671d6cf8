#!/bin/sh
# Makes the virtual environment in $VENV with the first Python on this machine that is new enough.
set -eu

if "$VENV/bin/python" -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    exit 0
fi

seen=""
for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
    version=$("$name" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || continue
    if ! "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        seen="$seen $name is $version, too old."
    elif ! "$name" -c 'import ensurepip, venv' 2>/dev/null; then
        seen="$seen $name is $version but its venv module is missing; on Debian and Ubuntu: apt install python3-venv."
    else
        echo "Making $VENV with $name ($version)."
        exec "$name" -m venv --clear "$VENV"
    fi
done
echo "Dutyline needs Python 3.11 or newer with its venv module.${seen:- No python3 is on the PATH.}" >&2
echo "Install one, or name it: make install PYTHON=/path/to/python3" >&2
exit 1
