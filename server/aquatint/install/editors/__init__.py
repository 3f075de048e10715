"""Configuration files changed in place, byte for byte outside our entry."""
