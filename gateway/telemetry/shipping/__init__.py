"""Access lines on their way out of the gateway: bounded queues, batches, and the protocols of those who take them."""
