#!/bin/sh
# An installed hebb: files, symbols, and programs built through pkg-config and find_package.
. "$(dirname "$0")/shell_checks.sh"
if grep -q '^CMAKE_C_FLAGS:.*-fsanitize' "$HEBB_BUILD/CMakeCache.txt"; then
    skip "installing" "test_install: not with sanitizers"
    exit 0
fi
prefix=$work/there
check "cmake --install" cmake --install "$HEBB_BUILD" --prefix "$prefix"
for file in include/hebb/hebb.h lib/libhebb.so lib/libhebb.so.0 lib/libhebb.a lib/pkgconfig/hebb.pc \
    lib/cmake/Hebb/HebbConfig.cmake bin/hebb share/man/man1/hebb.1 share/bash-completion/completions/hebb; do
    [ -e "$prefix/$file" ] || bad "$file is installed"
done
[ "$("$prefix/bin/hebb" -V)" = "hebb $(sed -n 's/#define HEBB_VERSION_STRING "\(.*\)"/\1/p' "$prefix/include/hebb/hebb.h")" ] &&
    ok "the installed command runs" || bad "the installed command runs"
readelf -d "$prefix/lib/libhebb.so" | grep -q 'soname: \[libhebb.so.0\]' && ok "soname" || bad "soname"
check "it installs below DESTDIR" env DESTDIR="$work/root" cmake --install "$HEBB_BUILD" --prefix /usr
grep -q '^prefix=/usr$' "$work/root/usr/lib/pkgconfig/hebb.pc" && ok "DESTDIR stays out of hebb.pc" || bad "DESTDIR stays out of hebb.pc"

# What the library shows is what the header declares.
nm -D --defined-only "$prefix/lib/libhebb.so" | awk '{ print $3 }' | sort >"$work/shown"
grep -v '^#' "$prefix/include/hebb/hebb.h" | tr '\n' ' ' | grep -o 'HEBB_API [^;(]*(' | sed 's/.*[ *]\(hebb_[a-z0-9_]*\)($/\1/' | sort >"$work/declared"
check "symbols are those of the header" diff "$work/declared" "$work/shown"

cd "$work" || exit 1
cat >tiny.c <<'C'
#include <hebb/hebb.h>
#include <stdio.h>
int main(void) {
    hebb_ctx *ctx;
    if (hebb_ctx_create(NULL, &ctx) < 0) return 1;
    printf("%s\n", hebb_component_name("neuron", 0));
    hebb_ctx_free(ctx);
    return 0;
}
C
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
cc=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$HEBB_BUILD/CMakeCache.txt")
# shellcheck disable=SC2046
check "pkg-config, shared" "$cc" tiny.c -o tiny $(pkg-config --cflags --libs hebb)
[ "$(LD_LIBRARY_PATH=$prefix/lib ./tiny)" = lif ] && ok "it runs with libhebb.so" || bad "it runs with libhebb.so"
# shellcheck disable=SC2046
check "pkg-config, static" "$cc" tiny.c -o tiny_static $(pkg-config --cflags hebb) $(pkg-config --static --libs hebb | sed 's,-lhebb,-l:libhebb.a,')
[ "$(./tiny_static)" = lif ] && ! readelf -d tiny_static | grep -q libhebb && ok "it runs with libhebb.a" || bad "it runs with libhebb.a"
printf '#include <hebb/hebb.h>\nint main() { return hebb_version()[0] == 0; }\n' >tiny.cc
if command -v c++ >/dev/null; then
    # shellcheck disable=SC2046
    check "the header is C++ too" c++ -Wall -Wextra -Werror tiny.cc -o tiny_cc $(pkg-config --cflags --libs hebb)
fi
for kind in hebb hebb_static; do
    mkdir -p "user_$kind" && cp tiny.c "user_$kind/"
    need=
    [ $kind = hebb_static ] && need="COMPONENTS static"
    cat >"user_$kind/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.25)
project(user C)
find_package(Hebb 0.1 REQUIRED $need)
add_executable(tiny tiny.c)
target_link_libraries(tiny PRIVATE Hebb::$kind)
CMAKE
    if cmake -S "user_$kind" -B "user_$kind/build" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$cc" >log 2>&1 &&
        cmake --build "user_$kind/build" >>log 2>&1 && [ "$("user_$kind/build/tiny")" = lif ]; then
        ok "find_package: Hebb::$kind"
    else
        bad "find_package: Hebb::$kind" "$(tail -20 log)"
    fi
done
if cmake -S user_hebb -B user_hebb/later -DCMAKE_PREFIX_PATH="$prefix" >log 2>&1 && sed -i 's/Hebb 0.1/Hebb 9.0/' user_hebb/CMakeLists.txt &&
    ! cmake -S user_hebb -B user_hebb/later >log 2>&1; then ok "another version is refused"; else bad "another version is refused" "$(tail -5 log)"; fi
finish
