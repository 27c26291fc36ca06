#!/bin/busybox sh
# The first process of the emulated Pi. Does what an installation does (systemd/README.md), then systemd takes over.
/bin/busybox mkdir -p /newroot
/bin/busybox mount --bind / /newroot
cd /newroot || exit
/bin/busybox mount --move . /
exec /bin/busybox chroot . /bin/bash -c '
    export PATH=/usr/sbin:/usr/bin:/sbin:/bin
    mount -t devtmpfs devtmpfs /dev
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    cp /usr/share/base-passwd/passwd.master /etc/passwd
    cp /usr/share/base-passwd/group.master /etc/group
    echo "g gpio -" > /etc/sysusers.d/a-gpio.conf
    systemd-sysusers 2>/dev/null
    chgrp gpio /dev/gpiochip*
    chmod 660 /dev/gpiochip*
    # As pip does at installation: bytecode, which the service itself may not write. On a pin that matters to nobody.
    echo "door = { pin = 5 }" > /tmp/other-pin.toml
    /opt/lintel/bin/lintel --config /tmp/other-pin.toml door secure
    echo "This machine: $(tr -d "\0" < /proc/device-tree/model), $(. /etc/os-release; echo $PRETTY_NAME)," \
        "Linux $(uname -r), $(/opt/lintel/bin/python3 --version)."
    exec /lib/systemd/systemd
'
