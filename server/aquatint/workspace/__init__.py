"""The only way to files that are not ours."""
