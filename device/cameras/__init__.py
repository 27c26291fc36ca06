"""Where frames come from: each camera gives fresh frames through the Camera port."""
