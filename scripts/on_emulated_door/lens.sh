#!/bin/sh
# Sets up the camera's capture side before udev lets anyone else open it: a driver in use takes no other timings.
set -e
for option in --set-dv-bt-timings=index=0 --set-fmt-video=width=640,height=480,pixelformat=BGR3 \
    --set-ctrl=loop_video=1,osd_text_mode=2,percentage_of_dropped_buffers=92; do
    # Of the 60 frames a second that HDMI has, 92 percent do not come: an emulated processor is slow.
    /usr/bin/v4l2-ctl --device="$1" "$option"
done
