#!/bin/busybox sh
# Until the disk is there: the modules it needs, then its own systemd.
b=/bin/busybox
$b mount -t devtmpfs devtmpfs /dev
$b mount -t proc proc /proc
$b mount -t sysfs sysfs /sys
while read -r name; do $b insmod "/modules/$name"; done < /modules/order
until [ -b /dev/vda ]; do $b sleep 0.1; done
$b mount -t ext4 /dev/vda /disk
for name in dev proc sys; do $b mount --move /$name /disk/$name; done
exec $b switch_root /disk /lib/systemd/systemd
