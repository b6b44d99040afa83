#!/bin/sh
# Measures hebb beside its peers (bench/peers/run.py), in a virtual environment with the peers
# from PyPI that is made once: build/peers-venv. A peer that cannot be installed is named and left
# out. WORKLOADS="w1 w2", THREADS, SECONDS_EACH and ROUNDS choose; AGAIN=1 measures what is there, too.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${1:-build/release}
venv=build/peers-venv
[ -d ../shared/data ] && export HEBB_DATA_DIR="${HEBB_DATA_DIR:-$PWD/../shared/data}"
if [ ! -f "$venv/made" ]; then
    python3 -m venv "$venv" || exit 1
    # A build of torch for the CPU, before the others ask for one with CUDA.
    "$venv/bin/pip" install -q "torch==2.13.0" "numpy<2.4" setuptools 2>/dev/null ||
        echo "torch 2.13.0 could not be installed"
    for peer in snntorch spikingjelly norse brian2 spyx bindsnet SPAIC; do
        said=$("$venv/bin/pip" install -q "$peer" "torch==2.13.0" "numpy<2.4" 2>&1) ||
            echo "$peer could not be installed: $(echo "$said" | grep -i error | tail -1)"
    done
    : >"$venv/made"
fi
again=
[ "${AGAIN:-}" ] && again=--again
# shellcheck disable=SC2086 # words of WORKLOADS are arguments
exec python3 bench/peers/run.py --bench "$build/hebb-bench" --python "$venv/bin/python" \
    --threads "${THREADS:-1}" --seconds "${SECONDS_EACH:-1.5}" --rounds "${ROUNDS:-2}" $again \
    ${WORKLOADS:-}
