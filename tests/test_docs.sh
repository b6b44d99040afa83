#!/bin/sh
# The made pages are up to date; the README's programs and the tutorial's commands work.
. "$(dirname "$0")/shell_checks.sh"
cd "$work" || exit 1
call docs components pages
check "docs/components is up to date (make docs)" diff -r pages "$HEBB_SOURCE/docs/components"
call docs cli
check "docs/cli.md is up to date (make docs)" diff out "$HEBB_SOURCE/docs/cli.md"

check "docs/results.md and the README's table are up to date (make results)" sh "$HEBB_SOURCE/tools/write_results.sh" --check
before=$failures
for file in "$HEBB_SOURCE"/examples/*.yaml "$HEBB_SOURCE"/bench/*.yaml; do
    small=
    grep -q 'set: .*mnist' "$file" && small="--set data.set=strokes --set data.train_limit=200 --set data.validation=50"
    # shellcheck disable=SC2086
    call train "$file" --dry-run $small
    [ "$rc" = 0 ] || bad "$(basename "$file") can be built" "$(cat err)"
done
[ "$failures" = "$before" ] && ok "every example can be built"

# Links between pages, and to files of the project.
cd "$HEBB_SOURCE" || exit 1
for page in README.md CONTRIBUTING.md CHANGELOG.md docs/*.md docs/components/*.md; do
    grep -o '](\([^)#]*\)' "$page" | sed 's/](//' | grep -v '^https*:' | while read -r link; do
        [ -e "$(dirname "$page")/$link" ] || echo "$page: $link"
    done
done >"$work/broken"
[ -s "$work/broken" ] && bad "links lead somewhere" "$(cat "$work/broken")" || ok "links lead somewhere"

block() { # language, number, file: the nth block of that language
    awk -v lang="$1" -v want="$2" '
        $0 == "```" lang { if (++n == want) { on = 1; next } }
        /^```$/ { on = 0 }
        on' "$3"
}
block c 1 README.md >"$work/readme.c"
check "the README's program is examples/c/first.c" cmp "$work/readme.c" examples/c/first.c
block yaml 1 README.md >"$work/readme.yaml"
check "the README's file is examples/first.yaml" cmp "$work/readme.yaml" examples/first.yaml
for command in 'make demo' 'make test'; do
    grep -q "^$command " README.md && grep -q "^${command#make }:" Makefile && ok "README: $command" || bad "README: $command"
done

cache() { sed -n "s/^$1:[A-Z]*=//p" "$HEBB_BUILD/CMakeCache.txt"; }
library=$HEBB_BUILD/libhebb.a
[ -f "$HEBB_BUILD/libhebb.so" ] && library="$HEBB_BUILD/libhebb.so -Wl,-rpath,$HEBB_BUILD"
cd "$work" || exit 1
compile() { # source, program
    # shellcheck disable=SC2046,SC2086
    "$(cache CMAKE_C_COMPILER)" -std=c11 -Wall -Wextra -Wno-missing-field-initializers -Werror $(cache CMAKE_C_FLAGS) \
        -I"$HEBB_SOURCE/include" "$1" -o "$2" $library $(pkg-config --libs openblas yaml-0.1 libcjson zlib) $(pkg-config --libs cairo 2>/dev/null) -lm -pthread
}
check "the README's program compiles without warnings" compile readme.c readme
./readme >said 2>err
rc=$?
accuracy=$(sed -n 's/^accuracy \([0-9.]*\) %$/\1/p' said)
awk -v a="${accuracy:-0}" 'BEGIN { exit !(a > 50) }' && [ $rc = 0 ] && ok "it learns ($accuracy %)" || bad "it learns" "rc $rc" "$(cat said err)"
call train readme.yaml -o first --json -q
grep -o '"[a-z_]*accuracy": *[0-9.]*' out | head -3 >found
awk -F': *' -v a="${accuracy:-0}" '{ d = 100 * $2 - a; if (d < 0.006 && d > -0.006) same = 1 } END { exit !same }' found &&
    ok "C and YAML learn the same" || bad "C and YAML learn the same" "C: $accuracy" "YAML: $(cat found err)"

block yaml 1 "$HEBB_SOURCE/docs/run-file.md" >run-file.yaml
call train run-file.yaml -o run-file -q --json --set data.train_limit=600
[ "$rc" = 0 ] && ok "the file of docs/run-file.md" || bad "the file of docs/run-file.md" "$(cat err)"

# The tutorial, block by block.
mkdir tutorial && cd tutorial && cp -r "$HEBB_SOURCE/examples" . || exit 1
tutorial=$HEBB_SOURCE/docs/tutorial-first-network.md
count=$(grep -c '^```sh$' "$tutorial")
n=0
while [ $n -lt "$count" ]; do
    n=$((n + 1))
    block sh $n "$tutorial" >block.sh
    if PATH="$HEBB_BUILD:$PATH" sh -e block.sh >said 2>&1; then ok "tutorial: $(head -1 block.sh)"; else bad "tutorial: $(head -1 block.sh)" "$(tail -5 said)"; fi
done
[ "$count" -ge 8 ] || bad "the tutorial has its blocks" "only $count"
finish
