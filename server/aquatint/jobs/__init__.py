"""Running one job to its end, whoever still waits for it."""

__all__ = [
    "context",
    "execute",
    "exports",
    "postprocess",
    "protocol",
    "recovery",
    "runner",
    "worker_client",
]
