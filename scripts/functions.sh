# shellcheck shell=sh
# What the set-up scripts share.

fail() {
    echo "${0##*/}: $1" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "'$*' needs root: run as root, or install sudo and grant $(id -un) the right to use it."
    fi
}

install_packages() {
    command -v apt-get >/dev/null 2>&1 || fail "$* is missing: install your distribution's package for it."
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" </dev/null
}
