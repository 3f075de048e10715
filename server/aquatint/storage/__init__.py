"""Where images and the catalog are kept."""
