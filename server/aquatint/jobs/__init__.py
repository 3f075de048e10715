"""Running one job to its end, whoever still waits for it."""
