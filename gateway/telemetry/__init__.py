"""The recorder on the data path, and the sinks that project its records."""
