"""One quantum on a lattice of sites: its place, its momentum, and the Fourier transform between them (A4, A21)."""
