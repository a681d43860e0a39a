#!/bin/sh
# Stands in for osbuilder's: a root file system for the distribution $1 in $ROOTFS_DIR.
set -eu
mkdir -p "$ROOTFS_DIR/etc"
echo "$1 with AGENT_INIT=$AGENT_INIT USE_DOCKER=$USE_DOCKER" >"$ROOTFS_DIR/etc/os-release"
