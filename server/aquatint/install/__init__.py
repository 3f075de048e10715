"""Setting up hosts: where each keeps its servers, and one entry put in or taken out."""
