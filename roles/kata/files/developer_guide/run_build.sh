#!/bin/sh
# Builds into a directory that gets its name when everything in it is there.
# Usage: run_build.sh RESULT LOG SOURCE COMMAND...
# The commands run in SOURCE one after the other, with DESTDIR, where results go, in their environment; the first that
# fails ends the build. What they say goes into LOG; its end is printed when the build fails.
set -eu
result=$1 log=$2 source=$3
shift 3
[ -z "${GO:-}" ] || PATH=${GO%/*}:$PATH
export DESTDIR="$result.unfinished"

rm -rf "$DESTDIR"
mkdir -p "$DESTDIR" "${log%/*}"
: >"$log"
for command; do
    printf '$ %s\n' "$(printf '%s\n' "$command" | grep -v '^#' | head -n 1)" >>"$log"
    if ! (cd "$source" && sh -c "$command") >>"$log" 2>&1 </dev/null; then
        rm -rf "$DESTDIR"
        tail -n 40 "$log"
        exit 1
    fi
done
mv -T "$DESTDIR" "$result"
