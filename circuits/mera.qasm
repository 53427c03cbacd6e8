// Entanglement renormalisation (MERA): a block across the middle first, then the tree; wire 2 is read.
// Source: Vidal, arXiv:quant-ph/0610099; as a classifier in Grant et al., Hierarchical quantum classifiers,
// arXiv:1804.03680, with real blocks; the order of the wires is ours.
// Parameters: theta_0 ... theta_7, two for each block.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
input float[64] theta_4;
input float[64] theta_5;
input float[64] theta_6;
input float[64] theta_7;
// Two rotations, then what a knows goes on to b.
gate block(alpha, beta) a, b {
  ry(alpha) a;
  ry(beta) b;
  cx a, b;
}
qubit[4] q;
block(theta_0, theta_1) q[2], q[1];
block(theta_2, theta_3) q[0], q[1];
block(theta_4, theta_5) q[3], q[2];
block(theta_6, theta_7) q[1], q[2];
