"""The same server over HTTP."""
