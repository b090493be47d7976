# SPDX-License-Identifier: Apache-2.0
# cmake --install under any prefix: the program runs, its schemas, manual and engine recipe are there, and
# pkg-config finds the library for a program of somebody else's.
. "${SOURCE:?is set by ctest, as are BUILD, ASRUN and REFSERVER}/tests/e2e/common.bash"

cmake --install "$BUILD" --prefix "$WORK/usr" > "$WORK/log" 2>&1 || fail "$(tail -n 5 "$WORK/log")"
"$WORK/usr/bin/asrun" version | grep '^asrun ' > /dev/null || fail "the installed program"
for f in share/asrun/schema/plan.schema.json share/man/man1/asrun.1 share/asrun/targets/llm/Makefile; do
  [ -s "$WORK/usr/$f" ] || fail "$f is not installed"
done
export PKG_CONFIG_PATH
PKG_CONFIG_PATH=$(dirname "$(find "$WORK/usr" -name asrun.pc)")
cat > "$WORK/user.c" <<'C'
#include <asrun/asrun.h>
#include <asrun/stats.h>
#include <stdio.h>

int main(void)
{
    printf("%s needs %d for a p99\n", asrun_version(), (int)asrun_quantile_need(0.99));
    return 0;
}
C
flags=()
grep -q 'ASRUN_SANITIZE:STRING=$' "$BUILD/CMakeCache.txt" ||
  flags=(-fsanitize="$(sed -n 's/^ASRUN_SANITIZE:STRING=//p' "$BUILD/CMakeCache.txt")")
cc=$(sed -n 's/^CMAKE_C_COMPILER:[A-Z]*=//p' "$BUILD/CMakeCache.txt")
"$cc" "${flags[@]}" "$WORK/user.c" -o "$WORK/user" $(pkg-config --cflags --libs asrun) || fail "pkg-config"
"$WORK/user" | grep 'needs 368 for a p99' > /dev/null || fail "$("$WORK/user")"
echo "ok: $("$WORK/user")"
