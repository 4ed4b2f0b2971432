"""What customers want to receive: preferences by channel, suppressed addresses, double opt-in."""
