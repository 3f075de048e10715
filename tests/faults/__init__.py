"""Faults on real processes: `make faults` injects them all and prints what they cost."""
