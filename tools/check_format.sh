#!/bin/sh
# Every C file is laid out as .clang-format asks.
cd "$(dirname "$0")/.." || exit 1
if ! command -v clang-format >/dev/null; then
    echo "clang-format is not installed: not checked"
    exit 0
fi
find src include cli tests tools examples python -name '*.[ch]' 2>/dev/null | xargs clang-format --dry-run -Werror
