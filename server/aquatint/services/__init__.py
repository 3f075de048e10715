"""The use cases: making, changing, looking, spending, deleting."""
