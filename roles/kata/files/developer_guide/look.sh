#!/bin/sh
# Tells what the developer guide's steps find on the host, and, of what has not been cloned yet, in the repositories.
# Usage: look.sh GO BUILDS CLONES BASE_URL VERSION REPOSITORY...
# Prints {go: its path, go_version: what it says of itself, builds: [finished ones], sources: {repository: {commit, here,
# nearest, error}}}. here: cloned from there and checked out. No sources where git is missing, an empty text for what else
# there is not.
set -eu
go=$1 builds=$2 clones=$3 base_url=$4 version=$5
shift 5

quote() { # lines as texts of JSON, with commas between them
    tr '\t' ' ' | tr -d '\001-\010\013-\037' | sed 's/[\\"]/\\&/g; s/.*/"&"/' | paste -s -d ,
}

commit_of_clone() { # prints nothing unless the clone is of this URL and stands at the version
    [ "$(git -C "$1" config remote.origin.url 2>/dev/null)" = "$2" ] || return 0
    tagged=$(git -C "$1" rev-parse --verify --quiet "refs/tags/$version^{commit}") || return 0
    [ "$(git -C "$1" rev-parse --verify --quiet HEAD)" != "$tagged" ] || echo "$tagged"
}

commit_of_tag() { # an annotated tag has a second line, ending in ^{}, with the commit
    printf '%s\n' "$1" | awk -v tag="refs/tags/$version" '
        $2 == tag { plain = $1 }
        $2 == tag "^{}" { peeled = $1 }
        END { print peeled ? peeled : plain }'
}

nearest_tags() { # two below the version and two above it
    {
        echo "$version"
        printf '%s\n' "$1" | sed -n 's|.*\trefs/tags/\([0-9][^^]*\)$|\1|p'
    } | sort --version-sort --unique |
        grep --fixed-strings --line-regexp --before-context 2 --after-context 2 "$version" |
        grep --fixed-strings --line-regexp --invert-match "$version" | quote
}

look_at_source() { # REPOSITORY
    url=$base_url/$1 here=false nearest='' error=''
    commit=$(commit_of_clone "$clones/$1" "$url")
    if [ -n "$commit" ]; then
        here=true
    elif tags=$(git ls-remote --tags "$url" 2>&1); then
        commit=$(commit_of_tag "$tags")
        [ -n "$commit" ] || nearest=$(nearest_tags "$tags")
    else
        error=$tags
    fi
    printf '"%s":{"commit":"%s","here":%s,"nearest":[%s],"error":%s}\n' \
        "$1" "$commit" "$here" "$nearest" "$(echo "$error" | paste -s -d ' ' | quote)"
}

go_path=$(command -v "$go" || true)
go_version=''
[ -z "$go_path" ] || go_version=$("$go_path" version)
printf '{"go":%s,"go_version":%s,"builds":[%s],"sources":{%s}}\n' \
    "$(echo "$go_path" | quote)" "$(echo "$go_version" | quote)" \
    "$(find "$builds" -mindepth 1 -maxdepth 1 ! -name '*.unfinished' 2>/dev/null | quote)" \
    "$(! command -v git >/dev/null || for repository; do look_at_source "$repository"; done | paste -s -d ,)"
