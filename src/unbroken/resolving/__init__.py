"""The resolver library: iteration, forwarding, caches, upstream exchange, and the asyncio driver of the validator."""
