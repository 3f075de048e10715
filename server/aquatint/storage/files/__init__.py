"""Images as durable files in a folder."""
