#!/bin/sh
# Writes docs/results.md and the table of README.md from results/results.jsonl; with --check it
# changes nothing and fails where they are old.
cd "$(dirname "$0")/.." || exit 1
new=$(mktemp -d) || exit 1
trap 'rm -rf "$new"' EXIT
{
    printf '# Results\n\n<!-- made by `make results` from results/results.jsonl -->\n\n'
    printf 'Test accuracy after the last epoch, or of the weights that the file asks for (`training.report`), on the whole\n'
    printf 'test set; where a network without labels is read in several ways, each has its figure. Seconds were taken on a\n'
    printf 'machine that did other work too: upper bounds. MB is the peak of the whole process, its data included.\n'
    printf '`tools/results.sh NAME` trains again and appends its runs, with command, machine and commit, to [results.jsonl](../results/results.jsonl).\n\n'
    sh tools/results_table.sh
} >"$new/results.md"
sh tools/results_table.sh --short >"$new/table"
awk -v table="$new/table" '
/^<!-- results -->$/ { print; while ((getline line < table) > 0) print line; inside = 1; next }
/^<!-- end of results -->$/ { inside = 0 }
!inside' README.md >"$new/README.md"
if [ "${1:-}" = --check ]; then
    diff "$new/results.md" docs/results.md && diff "$new/README.md" README.md
    exit
fi
cp "$new/results.md" docs/results.md && cp "$new/README.md" README.md
