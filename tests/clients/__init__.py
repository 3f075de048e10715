"""Other people's clients, linters and suites, on this server: `make clients`."""
