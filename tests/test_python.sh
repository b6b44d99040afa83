#!/bin/sh
# The Python package: python/tests, against the library of this build.
. "$(dirname "$0")/shell_checks.sh"
library=$HEBB_BUILD/libhebb.so
python=
for candidate in ${HEBB_PYTHON:-} python3 /usr/bin/python3; do
    command -v "$candidate" >/dev/null && "$candidate" -c 'import numpy' 2>/dev/null && python=$candidate && break
done
if [ -z "$python" ]; then
    skip python "the Python package: there is no python3 with NumPy"
    finish
fi
if [ ! -f "$library" ]; then
    skip python "the Python package: this build has no libhebb.so"
    finish
fi
if grep -q 'C_FLAGS.*fsanitize' "$HEBB_BUILD/CMakeCache.txt" 2>/dev/null; then
    skip python "the Python package: python3 cannot load a library with sanitizers"
    finish
fi
export HEBB_LIBRARY="$library" HEBB_BUILD HEBB_SOURCE PYTHONPATH="$HEBB_SOURCE/python" PYTHONDONTWRITEBYTECODE=1
cd "$HEBB_SOURCE/python/tests" || exit 1
for file in test_*.py; do
    suite=${file%.py}
    # HEBB_FAST leaves out those that take long.
    case ${HEBB_FAST:+fast-}$suite in
        fast-test_package | fast-test_torch | fast-test_plot) ;;
        fast-*) continue ;;
    esac
    "$python" -X faulthandler -m unittest -v "$suite" >"$work/said" 2>&1
    rc=$?
    sed -n -e "s/^\(test_[a-zA-Z_0-9]*\) .* ok$/[       OK ] $suite.\1/p" \
        -e "s/^ok$/[       OK ] $suite/p" \
        -e "s/^\(test_[a-zA-Z_0-9]*\) .* skipped '\(.*\)'$/skipped: $suite.\1: \2/p" "$work/said"
    grep -qE '^(Ran [1-9]|OK)' "$work/said" || rc=1
    grep -q ' skipped ' "$work/said" && echo "[  SKIPPED ] $suite"
    [ "$rc" = 0 ] || bad "$suite" "$(tail -60 "$work/said")"
done
finish
