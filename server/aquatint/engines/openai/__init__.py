"""Every service that speaks OpenAI's Images API."""
