"""What the gateway's own processes are and say: pure facts and sentences."""
