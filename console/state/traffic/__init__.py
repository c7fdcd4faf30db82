"""What follows from single requests: where their time went, which belong together, filters, and questions about them."""
