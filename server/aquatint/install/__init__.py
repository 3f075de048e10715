"""Setting up hosts: where each keeps its servers, and one entry put in or taken out."""

__all__ = ["difference", "editors", "entry", "files", "host_cli", "hosts", "launch"]
