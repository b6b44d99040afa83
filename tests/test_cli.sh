#!/bin/sh
# The command: exit codes, typos, help of every verb, JSON, pipe and terminal, Ctrl-C.
. "$(dirname "$0")/shell_checks.sh"
cd "$work" || exit 1
cat >small.yaml <<'YAML'
name: small
network:
  dt: 1.0
  groups:
    input: {encoder: poisson, num: 784}
    layer: {neurons: lif, num: 10}
  connections:
    weights: {from: input, to: layer, link: full}
  decoders:
    output: {target: layer, method: spike_counts}
learner: {algorithm: STCA, optimizer: {name: Adam, lr: 0.01}}
data: {set: strokes, train_limit: 60, test_limit: 20}
training: {time: 10, epochs: 2, batch_size: 20}
YAML

# ---- usage ----
expect "no command is a wrong use" 2 "Usage: hebb COMMAND"
expect "an unknown command names the nearest" 2 "there is no command 'trian'; did you mean 'train'?" trian
expect "an unknown option names the nearest" 2 "there is no option '--epcohs'; did you mean '--epochs'?" train --epcohs 3 small.yaml
expect "an unknown option with a value" 2 "did you mean '--batch-size'?" train --batchsize=3 small.yaml
expect "an unknown letter" 2 "there is no option '-Z'" train -Z small.yaml
expect "an unknown option of the command itself" 2 "there is no option '--verson'; did you mean '--version'?" --verson
expect "an ambiguous option" 2 "'--se' is ambiguous" train --se 3 small.yaml
expect "an option without its value" 2 "needs a value: --epochs N" train --epochs
expect "an option that takes no value" 2 "takes no value" train --json=1 small.yaml
expect "a number that is none" 2 "--epochs takes a whole number from 0 to 1000000, not 'x'" train --epochs x small.yaml
expect "no threads" 2 "--threads takes a whole number from 1 to 256, not '0'" train -j0 small.yaml
expect "a negative learning rate" 2 "--lr takes a number above 0, not '-1'" train --lr -1 small.yaml
expect "a learning rate of nan" 2 "--lr takes a number above 0, not 'nan'" train --lr nan small.yaml
expect "a setting without value" 2 "--set takes KEY=VALUE" train --set abc small.yaml
expect "the file is missing" 2 "FILE.yaml is missing" train
expect "one file too many" 2 "'b.yaml' is one word too many" train a.yaml b.yaml
expect "resume what?" 2 "--resume needs a run" train --resume
expect "an unknown kind" 2 "there is no kind 'neurn' of components; did you mean 'neuron'?" list neurn
expect "an unknown action" 2 "did you mean 'get'?" data gte
expect "an action without name" 2 "NAME of the data set is missing" data get
expect "an unknown text" 2 "did you mean 'man'?" docs mna
expect "help for an unknown command" 2 "did you mean 'eval'?" help evla

# ---- failures ----
expect "a file that is not there" 1 "nothing.yaml" train nothing.yaml
expect "a component that is not there" 1 "did you mean 'lif'?" info liff
expect "a data set that is not there" 1 "did you mean 'strokes'?" data show stroks
expect "a folder that is no run" 1 "holds no checkpoint" eval .
expect "a checkpoint that is not there" 1 "no.safetensors" info no.safetensors
expect "a setting that is not there" 1 "did you mean 'epochs'?" train small.yaml --dry-run --set training.epoch=3
printf 'network: [' >broken.yaml
expect "a file that cannot be read" 1 "broken.yaml:" train broken.yaml
if [ -c /dev/full ]; then
    "$hebb" list >/dev/full 2>err
    rc=$?
    if [ $rc = 1 ] && grep -q 'could not be written' err; then ok "a full disk is a failure"; else bad "a full disk is a failure" "rc $rc" "$(cat err)"; fi
fi

# ---- help and version ----
for verb in train eval info list data plot docs version help; do
    call $verb --help
    if [ "$rc" = 0 ] && grep -q "^Usage: hebb $verb" out && grep -q -- '--help' out && [ ! -s err ]; then ok "help of $verb"; else bad "help of $verb" "rc $rc" "$(cat out err)"; fi
    cp out long
    call help $verb
    check "help $verb is $verb --help" cmp out long
    awk -v verb=$verb 'length > 80 { print verb ": " $0; bad = 1 } END { exit bad }' long >wide || bad "help of $verb fits 80 columns" "$(cat wide)"
done
call --help
grep -q '^  train ' out && ok "help of the command" || bad "help of the command" "$(cat out)"
call -V
grep -qx 'hebb [0-9]*\.[0-9]*\.[0-9]*' out && ok "version" || bad "version" "$(cat out)"
expect "options before the command" 0 "" -q list
call docs man
if command -v man >/dev/null; then
    cp out page.1
    man --warnings -l page.1 >man.out 2>man.err
    if [ ! -s man.err ] && grep -q -- '--batch-size' man.out; then ok "the man page"; else bad "the man page" "$(cat man.err)"; fi
else
    skip "the man page" "man is not installed"
fi
call docs completion
cp out completion.bash
complete() { # words of the line; the last is completed
    PATH="$HEBB_BUILD:$PATH" bash -c '. ./completion.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _hebb; echo "${COMPREPLY[*]}"' - "$@"
}
if command -v bash >/dev/null; then
    [ "$(complete hebb tr)" = train ] && ok "a command is completed" || bad "a command is completed" "$(complete hebb tr)"
    [ "$(complete hebb train --batch)" = --batch-size ] && ok "an option is completed" || bad "an option is completed"
    [ "$(complete hebb train sm)" = small.yaml ] && ok "a file is completed" || bad "a file is completed" "$(complete hebb train sm)"
    [ "$(complete hebb info superspi)" = superspike ] && ok "a component is completed" || bad "a component is completed" "$(complete hebb info superspi)"
fi

# ---- results ----
json() { # file: one line that is one JSON value
    [ "$(wc -l <"$1")" = 1 ] || return 1
    if command -v python3 >/dev/null; then python3 -m json.tool "$1" >/dev/null; else grep -q '^{.*}$' "$1"; fi
}
call list --json
check "list --json" json out
call version --json
check "version --json" json out
call list
for kind in neuron connection encoder decoder loss optimizer schedule surrogate learner; do
    grep -q "^$kind " out || bad "kind $kind is listed"
done
for kind in $(grep -o '^[a-z]*' out); do
    call list "$kind"
    [ -s out ] || bad "list $kind"
    awk '{ print $1 }' out >names
    while read -r name; do
        call info "$kind" "$name"
        { [ "$rc" = 0 ] && grep -q "^# $name (" out; } || bad "info $kind $name" "$(cat err)"
    done <names
done
ok "every component has a page"
call data show strokes --index 3
{ [ "$rc" = 0 ] && [ "$(grep -c '^label [0-9]$' out)" = 3 ] && grep -q '@@' out; } && ok "strokes are drawn" || bad "strokes are drawn" "$(cat out err)"

call train small.yaml -o run --json
{ [ "$rc" = 0 ] && json out; } && ok "train --json ends with one JSON object" || bad "train --json ends with one JSON object" "rc $rc" "$(cat out err)"
[ "$(grep -c '^epoch [12] of 2: loss .*, accuracy ' err)" = 2 ] && ok "one line an epoch in a pipe" || bad "one line an epoch in a pipe" "$(cat err)"
if tr -d '\n' <err | grep -q "$(printf '[\r\033]')"; then bad "a pipe gets no control characters" "$(cat -v err)"; else ok "a pipe gets no control characters"; fi
call train small.yaml -o quiet -q
{ [ "$rc" = 0 ] && [ ! -s err ] && [ -s out ]; } && ok "quiet" || bad "quiet" "$(cat err)"
cp out first
call train small.yaml -o again -q -j1
sed 's/again/quiet/; /^time /d; s/, [0-9]* threads.*//' out >second
sed '/^time /d; s/, [0-9]* threads.*//' first >first.2
check "same seed, same report, at any number of threads" diff first.2 second
check "... and the same weights" cmp quiet/checkpoints/last.safetensors again/checkpoints/last.safetensors
call train small.yaml -n
{ [ "$rc" = 0 ] && grep -q layer out && [ ! -d runs ]; } && ok "dry run writes nothing" || bad "dry run writes nothing" "$(cat out err)"
call info small.yaml
{ [ "$rc" = 0 ] && grep -q weights out; } && ok "info of a run file" || bad "info of a run file" "$(cat err)"
call train small.yaml -o order -q --set training.epochs=3 -e 1
grep -Eq 'epochs: 1$|epochs: 1,' order/config.yaml && ok "options win over --set" || bad "options win over --set" "$(cat order/config.yaml)"
call train small.yaml -o order2 -q --set training.epochs=1 --set training.epochs=3
grep -Eq 'epochs: 3$|epochs: 3,' order2/config.yaml && ok "--set wins over the file, the last one counts" || bad "--set wins over the file, the last one counts"
call eval run --json
{ [ "$rc" = 0 ] && json out && grep -q accuracy out; } && ok "eval of a run" || bad "eval of a run" "$(cat out err)"
tensors=$(ls run/checkpoints/*.safetensors 2>/dev/null | head -1)
call eval "$tensors"
[ "$rc" = 0 ] && ok "eval of a checkpoint" || bad "eval of a checkpoint" "$(cat err)"
expect "an unknown picture" 2 "there is no picture 'weight'; did you mean 'weights'?" plot weight run
expect "a picture of nothing" 2 "RUN folder or checkpoint is missing" plot curve
expect "a picture of no run" 1 "holds no checkpoint" plot curve .
expect "a picture of no known kind" 1 "must end in" plot weights run -o weights.txt
for what in weights curve confusion; do
    call plot $what run -q
    if grep -q 'has no cairo' err; then
        skip "plot $what" "no cairo in this build"
    elif [ "$rc" = 0 ] && [ "$(head -c 4 $what.png | tail -c 3)" = PNG ]; then
        ok "plot $what"
    else
        bad "plot $what" "$(cat err)"
    fi
done
call plot weights run -c weights -o grid.pgm
{ [ "$rc" = 0 ] && [ "$(head -c 2 grid.pgm)" = P5 ]; } && ok "plot weights as PGM" || bad "plot weights as PGM" "$(cat err)"
call eval small.yaml --checkpoint "$tensors"
[ "$rc" = 0 ] && ok "eval of a file with a checkpoint" || bad "eval of a file with a checkpoint" "$(cat err)"
call info "$tensors"
grep -q '^weights.weight .*\[10, 784\]' out && ok "info of a checkpoint" || bad "info of a checkpoint" "$(cat out err)"

# ---- a terminal ----
if command -v script >/dev/null; then
    on_terminal() { # command line; what the terminal got is in ./screen
        TERM=xterm COLUMNS=70 script -qec "$1" screen >/dev/null 2>&1 </dev/null
    }
    on_terminal "'$hebb' train small.yaml -o tty -e 30"
    if grep -q "$(printf '\r')epoch [0-9]*/30 " screen && grep -q 'ETA [0-9]' screen; then ok "a bar on a terminal"; else bad "a bar on a terminal" "$(cat -v screen | tail -5)"; fi
    tr '\r' '\n' <screen | sed 's/\x1b\[[0-9]*m//g' | grep ETA | awk 'length > 69 { exit 1 }' && ok "the bar keeps within COLUMNS" || bad "the bar keeps within COLUMNS"
    NO_COLOR=1 on_terminal "'$hebb' train small.yaml -o tty2 -e 30"
    grep -q "$(printf '\033')" screen && bad "NO_COLOR" "$(cat -v screen | tail -3)" || ok "NO_COLOR"
else
    skip "a bar on a terminal" "script is not installed"
fi

# ---- Ctrl-C ----
interrupt() { # signal, run folder: trains until the first epoch is told, then sends the signal
    "$hebb" train small.yaml -o "$2" -e 100000 >out 2>err &
    child=$!
    for i in $(seq 300); do
        grep -q '^epoch 1 of' err && break
        sleep 0.1
    done
    kill -"$1" $child
    wait $child
    rc=$?
}
interrupt INT broken-off
{ [ "$rc" = 130 ] && ls broken-off/checkpoints/*.safetensors >/dev/null; } && ok "Ctrl-C saves and ends with 130" || bad "Ctrl-C saves and ends with 130" "rc $rc" "$(cat err)"
grep -q "resume with --resume broken-off" err && ok "it says how to go on" || bad "it says how to go on" "$(cat err)"
at=$(sed -n 's,^epoch \([0-9]*\) of 100000:.*,\1,p' err | tail -1)
call train --resume broken-off --set training.epochs=$((at + 2))
{ [ "$rc" = 0 ] && grep -q "^epoch $((at + 2)) of $((at + 2)):" err && ! grep -q "^epoch 1 of" err; } && ok "resume goes on where it stopped" || bad "resume goes on where it stopped" "stopped in $at, rc $rc" "$(head -5 err)"
interrupt TERM ended
[ "$rc" = 143 ] && ok "SIGTERM saves too" || bad "SIGTERM saves too" "rc $rc"
finish
