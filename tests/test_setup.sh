#!/bin/sh
# tools/setup.sh: silent where all is there; installs as root or through sudo; says what is
# missing where it cannot. The system's programs are played by small scripts.
. "$(dirname "$0")/shell_checks.sh"
play() { # program, body
    printf '#!/bin/sh\n%s\n' "$2" >"$stage/$1"
    chmod +x "$stage/$1"
}
scene() { # a fresh PATH in which no package is installed and the user is `id -u` = $1
    stage=$work/stage$1$2
    rm -rf "$stage" && mkdir -p "$stage"
    for tool in sh grep mktemp tail rm env cat; do ln -s "$(command -v $tool)" "$stage/$tool"; done
    play dpkg 'exit 1'
    play id "echo $1"
    play apt-get "echo \"\$*\" >>'$stage/asked'"
}
setup() { PATH=$stage "$(command -v sh)" "$HEBB_SOURCE/tools/setup.sh" "$@" >"$work/said" 2>&1; }

scene 0
setup && grep -q '^install .*libopenblas-dev.* libcmocka-dev' "$stage/asked" && ok "root installs what is missing" || bad "root installs what is missing" "$(cat "$work/said")"
scene 1000
if setup; then
    bad "neither root nor sudo" "it succeeded"
elif grep -q 'neither root nor sudo is at hand; please install them:.* libyaml-dev' "$work/said" && [ ! -e "$stage/asked" ]; then
    ok "neither root nor sudo"
else
    bad "neither root nor sudo" "$(cat "$work/said")"
fi
scene 1000 sudo
play sudo "echo sudo >>'$stage/asked'; exec \"\$@\""
setup && grep -q '^sudo' "$stage/asked" && ok "sudo installs" || bad "sudo installs" "$(cat "$work/said")"
scene 0 offline
play apt-get 'echo "E: Could not resolve deb.debian.org"; exit 100'
if setup; then
    bad "apt-get fails" "it succeeded"
else
    grep -q 'Could not resolve' "$work/said" && grep -q 'apt-get could not install' "$work/said" && ok "apt-get fails" || bad "apt-get fails" "$(cat "$work/said")"
fi
scene 0 complete
play dpkg 'echo "Status: install ok installed"'
setup && [ ! -s "$work/said" ] && [ ! -e "$stage/asked" ] && ok "nothing to do, nothing said" || bad "nothing to do, nothing said" "$(cat "$work/said" "$stage/asked" 2>&1)"
scene 0 other
rm "$stage/apt-get"
if setup; then bad "no Debian" "it succeeded"; else grep -q 'no Debian system; please install' "$work/said" && ok "no Debian" || bad "no Debian" "$(cat "$work/said")"; fi
finish
