#!/bin/sh
# Every C file is laid out as .clang-format asks.
cd "$(dirname "$0")/.." || exit 1
if ! command -v clang-format >/dev/null; then
    echo "clang-format is not installed: not checked"
    exit 0
fi
git ls-files -z -co --exclude-standard -- '*.c' '*.h' | xargs -0 ls -d 2>/dev/null | xargs clang-format --dry-run -Werror
