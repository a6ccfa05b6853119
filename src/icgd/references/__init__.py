"""What a network is compared with: gradient descent, closed forms, least squares, constructions."""

DEPTHS = (1, 2, 3, 5, 10, 12)  # of K-step methods in optima.csv
