"""What supervisor and worker are joined by: messages, descriptors and memory."""
