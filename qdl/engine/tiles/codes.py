"""What a step of a program is to the kernels: twelve integers, and what they mean."""

from __future__ import annotations

WIDEST = 3  # wires of a block: eight amplitudes, real and imaginary, fill half of 32 registers

# A step of a program is twelve integers: what to do, up to three row bits in the order of the matrix's index and the
# same bits ascending, where the matrix and the gradient lie (in vectors), and whether they are those of the group.
STEP = 12
KIND, BITS, SORTED, MATRIX, GRADIENT, OF_GROUP = 0, 1, 4, 7, 8, 9
READ = 0  # kinds: 0 read the words, 1 to 3 a block of so many wires, 4 swap all lane bits, 5 + j swap lane bit j
SWAP_ALL = 4
SWAP_ONE = 5
GROW = 9  # a new highest row bit, in the state that a block on one wire makes of |0>
GROW_IDLE = 10  # the same, in |0>
AT_ONCE = 8  # numbers of a matrix that are summed up at a time
ROW_BITS = 12  # a word's mask is one of the row and, above so many bits, one of the tile's base

# A chain is seven: wires; where features, waves, products and the matrix lie, in vectors; features of a gate; gates.
CHAIN = 7
