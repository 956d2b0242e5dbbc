"""Files of recordings that are folders of images: images, calibration, poses."""
