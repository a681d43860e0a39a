#!/bin/sh
# Assembles an initrd for the virtual machines of Kata 1.x: busybox, which loads the modules of the kernel that are no
# part of it, and the agent with the libraries that it is linked to, which then takes over as the init.
# Environment: AGENT, KERNEL (a bzImage), MODULES (names), DESTDIR, INITRD (path below it), INITRD_LINK (name beside it).
set -eu

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
mkdir -p "$root/bin" "$root/sbin" "$root/modules" "$root/dev" "$root/proc" "$root/sys" "$root/run" "$root/tmp" "$root/etc"

# Linux/x86 boot protocol: "HdrS" at 0x202, and at 0x20e where, less 0x200, the text of the version stands.
if [ "$(dd if="$KERNEL" bs=1 skip=514 count=4 2>/dev/null)" != HdrS ]; then
    echo "$KERNEL is no compressed kernel for x86 (it has no HdrS at 0x202), where one is expected."
    exit 1
fi
place=$(od -A n -j 526 -N 2 -t u2 "$KERNEL")
release=$(dd if="$KERNEL" bs=1 skip=$((place + 512)) count=200 2>/dev/null | tr '\0' '\n' | head -n 1 | cut -d ' ' -f 1)

missing=''
: >"$root/needed"
for module in $MODULES; do
    modprobe --config /dev/null --set-version "$release" --show-depends "$module" >>"$root/needed" || missing="$missing $module"
done
if [ -n "$missing" ]; then
    echo "The kernel $release has no module$missing, nor is it built in; kernels made for clouds often lack 9p."
    echo "Set kata_kernel_path, or kata_kernel_package, to a kernel that has it, or kata_initrd_modules to what it has."
    exit 1
fi
number=100
awk '$1 == "insmod" && !seen[$2]++ { print $2 }' "$root/needed" | while read -r module; do
    number=$((number + 1)) # the order to load them in
    into=$root/modules/$number-${module##*/}
    case $module in
        *.gz) gzip -dc "$module" >"${into%.gz}" ;;
        *.xz) xz -dc "$module" >"${into%.xz}" ;;
        *.zst) zstd -dcq "$module" >"${into%.zst}" ;;
        *) cp "$module" "$into" ;;
    esac
done
rm "$root/needed"

install_with_libraries() {
    install -D -m 0755 "$1" "$root$2"
    ldd "$1" 2>/dev/null | grep -o '/[^ ]*' | while read -r library; do
        install -D -m 0755 "$library" "$root$library"
    done
}
install_with_libraries "$(command -v busybox)" /bin/busybox
install_with_libraries "$AGENT" /sbin/kata-agent

# The agent mounts what it needs, and would not if it were mounted already; so nothing is mounted here.
cat >"$root/init" <<'INIT'
#!/bin/busybox sh
for module in /modules/*; do
    /bin/busybox insmod "$module"
done
exec /sbin/kata-agent
INIT
chmod 0755 "$root/init"

into=$DESTDIR/${INITRD%/*}
mkdir -p "$into"
(cd "$root" && find . | LC_ALL=C sort | cpio --create --quiet --format newc --owner 0:0 --reproducible) |
    gzip -9 -n >"$DESTDIR/$INITRD"
chmod 0640 "$DESTDIR/$INITRD"
ln -s "${INITRD##*/}" "$into/$INITRD_LINK"
