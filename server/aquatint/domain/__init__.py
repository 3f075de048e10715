"""Pure values and rules: no I/O, no clock, no framework."""

__all__ = [
    "addresses",
    "annotations",
    "answers",
    "budget",
    "endpoints",
    "errors",
    "given_names",
    "ids",
    "lineage",
    "models",
    "names",
    "outside",
    "ports",
    "redaction",
    "requests",
    "search",
    "times",
    "types",
    "vision",
    "words",
]
