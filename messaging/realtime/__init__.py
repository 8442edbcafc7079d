"""The socket: the consumer, its commands and events, and the hub that delivers to it."""
