"""What a network is compared with: gradient descent, closed forms, least squares, constructions."""
