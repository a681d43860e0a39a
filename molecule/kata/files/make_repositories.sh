#!/bin/sh
# Makes DIRECTORY/repositories.tar of bare repositories kata-containers/{runtime,proxy,…} with the tags 1.11.4, at which
# the proxy does not compile, and 1.11.5. Usage: make_repositories.sh FILES DIRECTORY
set -eu
files=$1 directory=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
export GIT_AUTHOR_NAME=test GIT_AUTHOR_EMAIL=test@localhost GIT_AUTHOR_DATE=2021-01-01T00:00:00Z
export GIT_COMMITTER_NAME=test GIT_COMMITTER_EMAIL=test@localhost GIT_COMMITTER_DATE=2021-01-01T00:00:00Z

commit_as() { # REPOSITORY VERSION
    echo "$2" >"$work/$1/VERSION"
    git -C "$work/$1" add --all
    git -C "$work/$1" commit --quiet --message "Version $2"
    git -C "$work/$1" tag --annotate --message "Version $2" "$2"
}

for repository in runtime proxy shim agent osbuilder packaging; do
    git init --quiet "$work/$repository"
    cp -r "$files/upstream/$repository/." "$work/$repository"
    [ "$repository" != proxy ] || echo 'this is no Go' >"$work/proxy/broken.go"
    commit_as "$repository" 1.11.4
    rm -f "$work/$repository/broken.go"
    commit_as "$repository" 1.11.5
    git clone --quiet --bare "$work/$repository" "$work/kata-containers/$repository"
done
tar --create --file "$directory/repositories.tar" --directory "$work" kata-containers
