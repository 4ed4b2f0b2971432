"""A month of two made-up shops, told to a running server over its public endpoints; it knows kit and HTTP only."""
