// Basis encoding: a bit per wire, flipped in by a half turn about x.
//
//   |x> = (x)_i (-i)^{x_i} |x_i>  for x_i in {0, 1}
// Source: the basis encoding of Schuld and Petruccione, Supervised Learning with Quantum Computers (2018), as rotations
// (ours).
// Inputs: x_0 ... x_3, x_i on wire i, 0 or 1; in between, sin(pi x_i/2)^2 is the probability of 1.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] x_0;
input float[64] x_1;
input float[64] x_2;
input float[64] x_3;
qubit[4] q;
rx(pi*x_0) q[0];
rx(pi*x_1) q[1];
rx(pi*x_2) q[2];
rx(pi*x_3) q[3];
