"""One file per outside thing; each imports core only."""
