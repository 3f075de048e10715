"""The prompts that people pick in their host."""
