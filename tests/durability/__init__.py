"""What a run survives: kills, damage, signals, full disks, and a second process."""
