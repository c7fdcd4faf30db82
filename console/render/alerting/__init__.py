"""What burns and what alerts, as rows of a screen and as evidence about one of them."""
