"""What a patch and a detector do to each other: the four interactions of a convolution, and how strong they may be.

PHYSICS.md A3.
"""
