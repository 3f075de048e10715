"""Running one job to its end, whoever still waits for it."""

__all__ = [
    "context",
    "execute",
    "exports",
    "failures",
    "postprocess",
    "protocol",
    "recovery",
    "runner",
    "worker_client",
]
