"""Speed and memory as ratios to stated rivals, measured in one run: `make bench`."""
