"""From the operator's file to verdicts per object and an immutable snapshot."""
