"""The catalog of jobs and images, in one SQLite file."""
