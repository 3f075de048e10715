"""Pure values and rules: no I/O, no clock, no framework."""

__all__ = [
    "addresses",
    "budget",
    "endpoints",
    "errors",
    "ids",
    "lineage",
    "models",
    "names",
    "ports",
    "redaction",
    "requests",
    "search",
    "times",
    "types",
    "vision",
    "words",
]
