"""Screens about the gateway itself: its nodes, its workers, its log."""
