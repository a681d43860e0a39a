# shellcheck shell=sh
# Compresses what is larger than so many bytes (the second argument) in a directory (the first), removes what is empty,
# and prints the checksums of what is left, for sha256sum --check.
cd "$1" || exit
for file in *; do
    if ! [ -s "$file" ]; then
        rm -f "$file"
    elif [ "$(wc -c <"$file")" -gt "$2" ]; then
        gzip -f "$file" || exit
    fi
done
sha256sum -- *
