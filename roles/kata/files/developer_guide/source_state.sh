#!/bin/sh
# Tells which commit a version is in each repository, asking the network only for what has not been cloned.
# Usage: source_state.sh CLONES BASE_URL VERSION REPOSITORY...
# Prints {repository: {commit, here, nearest, error}}; {} where git is missing. here: cloned from there and checked out.
set -eu
clones=$1 base_url=$2 version=$3
shift 3

command -v git >/dev/null || {
    echo '{}'
    exit
}

escape() { # any text as the inside of a JSON string
    tr -s '[:cntrl:]' ' ' | sed 's/[\\"]/\\&/g; s/ *$//'
}

commit_of_clone() { # prints nothing unless the clone is of this URL and stands at the version
    [ "$(git -C "$1" config remote.origin.url 2>/dev/null)" = "$2" ] || return 0
    tagged=$(git -C "$1" rev-parse --verify --quiet "refs/tags/$version^{commit}") || return 0
    [ "$(git -C "$1" rev-parse --verify --quiet HEAD)" != "$tagged" ] || echo "$tagged"
}

commit_of_tag() { # an annotated tag has a second line, ending in ^{}, with the commit
    printf '%s\n' "$1" | awk -v tag="refs/tags/$version" '$2 == tag "^{}" { peeled = $1 } $2 == tag { plain = $1 }
        END { print peeled ? peeled : plain }'
}

nearest_tags() { # two below the version and two above it, as the inside of a JSON list
    { echo "$version"; printf '%s\n' "$1" | sed -n 's|.*\trefs/tags/\([0-9][^^]*\)$|\1|p'; } |
        sort --version-sort --unique | grep --fixed-strings --line-regexp --before-context 2 --after-context 2 "$version" |
        grep --fixed-strings --line-regexp --invert-match "$version" | escape_lines
}

escape_lines() {
    sed 's/[\\"]/\\&/g; s/.*/"&"/' | paste -s -d ,
}

separator='{'
for repository; do
    url=$base_url/$repository here=false nearest='' error=''
    commit=$(commit_of_clone "$clones/$repository" "$url")
    if [ -n "$commit" ]; then
        here=true
    elif tags=$(git ls-remote --tags "$url" 2>&1); then
        commit=$(commit_of_tag "$tags")
        [ -n "$commit" ] || nearest=$(nearest_tags "$tags")
    else
        error=$(printf '%s' "$tags" | escape)
    fi
    printf '%s"%s":{"commit":"%s","here":%s,"nearest":[%s],"error":"%s"}' \
        "$separator" "$repository" "$commit" "$here" "$nearest" "$error"
    separator=,
done
echo '}'
