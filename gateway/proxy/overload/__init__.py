"""What a worker does when there is not enough for all: whom it turns away, and how it notices that it has to."""
