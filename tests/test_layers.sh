#!/bin/sh
# tools/check_layers.sh finds every kind of slip, and nothing in a clean tree.
. "$(dirname "$0")/shell_checks.sh"
house=$work/house
mkdir -p "$house/tools" "$house/src/base" "$house/src/network" "$house/src/optim" \
    "$house/src/learning/gradient" "$house/src/learning/reward" "$house/src/api" "$house/cli"
cp "$HEBB_SOURCE/tools/check_layers.sh" "$house/tools/"
cd "$house" || exit 1
put() { # path, lines...
    path=$1
    shift
    printf '%s\n' "$@" >"$path"
}
put src/base/env.h '#include "hebb/hebb.h"'
put src/network/graph.c '#include "base/env.h"' 'int hb_good(void) {' '}'
put src/learning/learner.c '#include "optim/optim.h"' '#include "learning/gradient/bptt.h"'
put src/optim/optim.h ''
put src/learning/gradient/bptt.h ''
put src/api/hebb_net.c '#include "network/graph.h"' 'int hebb_net(void) {' '}'
put cli/main.c '#include "cli.h"' '#include "hebb/hebb.h"'
check "a clean tree has no slips" sh tools/check_layers.sh

slip() { # name, words, path, lines...
    name=$1 words=$2 path=$3
    shift 3
    had=
    [ -f "$path" ] && had=1 && cp "$path" "$work/had"
    put "$path" "$@"
    if sh tools/check_layers.sh >"$work/out" 2>&1; then
        bad "$name" "no slip was found"
    elif [ "$(grep -c . "$work/out")" != 1 ] || ! grep -q "$words" "$work/out"; then
        bad "$name" "wanted one line with '$words'" "$(cat "$work/out")"
    else
        ok "$name"
    fi
    if [ "$had" ]; then cp "$work/had" "$path"; else rm "$path"; fi
}
many() { i=0; while [ $i -lt "$1" ]; do echo "    x = $i;"; i=$((i + 1)); done; }
slip "a room above is refused" "src/base/env.h:1: base may not include network/graph.h" src/base/env.h '#include "network/graph.h"'
slip "optim is the learner's alone" "network may not include optim" src/network/plan.c '#include "optim/optim.h"'
slip "a rule knows no optimizer" "learning may not include optim" src/learning/gradient/stca.c '#include "optim/optim.h"'
slip "rules do not include one another" "learning may not include learning/gradient/bptt.h" src/learning/reward/rstdp.c '#include "learning/gradient/bptt.h"'
slip "the command sees the public header only" "the command may include hebb/ only" cli/train.c '#include "base/env.h"'
slip "a file of 801 lines" "801 lines" src/base/long.c "$(many 801)"
slip "a function of more than 80 lines" "a function of 82 lines" src/base/deep.c 'int hb_f(void) {' "$(many 81)" '}'
slip "a long function with folded arguments" "a function of 82 lines" src/base/deep.c 'int hb_f(int a,' '         int b) {' "$(many 81)" '}'
slip "a file name twice" "graph.c: the file name" src/base/graph.c ''
slip "a public symbol outside the api" "public symbols are defined" src/base/public.c 'int hebb_thing(int a) {' '}'
slip "the library does not print" "neither prints" src/base/talk.c '    printf("x");'
slip "the library does not exit" "neither prints" src/base/talk.c '    if (x) exit(1);'
finish
