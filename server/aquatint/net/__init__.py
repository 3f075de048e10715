"""The only way to addresses that are not the provider's."""
