#!/bin/sh
# The plan of the house (docs/design.md), checked: who includes whom, sizes of files and
# functions, file names that are there once, public symbols from src/api only, no printf, exit or
# abort in the library. Prints one line for each slip.
cd "$(dirname "$0")/.." || exit 1
slips=$(mktemp) || exit 1
trap 'rm -f "$slips"' EXIT
find src include cli tests tools examples bench python -name '*.[ch]' -o -name '*.sh' -o -name '*.py' 2>/dev/null | sort >"$slips.files"
grep -E '\.[ch]$' "$slips.files" >"$slips.c"

# room: the rooms that it may include. optim is open to learning/learner*.[ch] only.
awk '
BEGIN {
    below["base"] = "base"
    below["kernels"] = "base kernels"
    below["neurons"] = "base kernels neurons"
    below["links"] = "base kernels links"
    below["coding"] = "base kernels coding"
    below["network"] = "base kernels neurons links coding network"
    below["learning"] = below["network"] " learning"
    below["optim"] = "base kernels optim"
    below["data"] = "base data"
    below["io"] = "base data io"
    below["plot"] = "base plot"
    below["train"] = below["learning"] " data io plot train"
    below["api"] = below["train"] " optim api"
    for (room in below) {
        n = split(below[room], list, " ")
        for (i = 1; i <= n; i++) may[room, list[i]] = 1
    }
}
/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    target = quoted[2]
    split(FILENAME, from, "/")
    split(target, to, "/")
    if (from[1] == "src") {
        room = from[2]; other = to[1]
        if (target == "hebb/hebb.h") next
        ok = (room, other) in may
        if (room == "learning" && other == "optim") ok = FILENAME ~ /^src\/learning\/learner[^\/]*$/
        if (room == "learning" && other == "learning" && to[2] ~ /^(gradient|plasticity|reward)$/)
            ok = from[3] !~ /^(gradient|plasticity|reward)$/ || from[3] == to[2]
        if (!ok) printf "%s:%d: %s may not include %s\n", FILENAME, FNR, room, target
    } else if (from[1] == "cli") {
        if (target != "cli.h" && to[1] != "hebb") printf "%s:%d: the command may include hebb/ only, not %s\n", FILENAME, FNR, target
    } else if (from[1] == "examples" || from[1] == "bench") {
        if (to[1] != "hebb") printf "%s:%d: only hebb/ may be included, not %s\n", FILENAME, FNR, target
    }
}' $(cat "$slips.c") >>"$slips"

# 800 lines a file, 80 a function.
xargs wc -l <"$slips.files" | awk '$2 != "total" && $1 > 800 { printf "%s: %d lines; at most 800\n", $2, $1 }' >>"$slips"
grep '^\(src\|cli\)/' "$slips.c" | xargs awk '
FNR == 1 { open = 0 }
/^[a-zA-Z_].*\)[ \t]*\{[ \t]*$/ || /^\{[ \t]*$/ { start = FNR; open = 1 }
/^[ \t]+[^ \t].*\)[ \t]*\{[ \t]*$/ && !open && before ~ /^[a-zA-Z_].*\(/ { start = FNR; open = 1 }
/^\}/ { if (open && FNR - start > 80) printf "%s:%d: a function of %d lines; at most 80\n", FILENAME, start, FNR - start; open = 0 }
{ before = $0 }' >>"$slips"

# One file a name; Python's folders must each have an __init__.py.
grep -v '/__init__.py$' "$slips.files" | sed 's,.*/,,' | sort | uniq -d | sed 's/$/: the file name is there more than once/' >>"$slips"

grep '^src/' "$slips.c" | grep -v '^src/api/' | xargs grep -nE '^[a-z].*[ *]hebb_[a-z_0-9]+\(.*\{$' | sed 's/$/   (public symbols are defined in src\/api)/' >>"$slips"
grep '^src/' "$slips.c" | xargs grep -nE '(^|[^a-zA-Z_0-9])(printf|puts|putchar|exit|_exit|abort)[ ]?\(' |
    grep -vE 'format\(printf|^[^:]*:[0-9]*: *(/\*|\*)' | sed 's/$/   (the library neither prints nor ends the process)/' >>"$slips"
rm -f "$slips.files" "$slips.c"
cat "$slips"
[ ! -s "$slips" ]
