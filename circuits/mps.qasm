// Matrix product state: two-wire blocks down a line; wire 3 is read.
// Source: Huggins et al., Towards quantum machine learning with tensor networks, arXiv:1803.11537; Grant et al.,
// Hierarchical quantum classifiers, arXiv:1804.03680, with real blocks; the order of the wires is ours.
// Parameters: theta_0 ... theta_5, two for each block.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
input float[64] theta_4;
input float[64] theta_5;
// Two rotations, then what a knows goes on to b.
gate block(alpha, beta) a, b {
  ry(alpha) a;
  ry(beta) b;
  cx a, b;
}
qubit[4] q;
block(theta_0, theta_1) q[0], q[1];
block(theta_2, theta_3) q[1], q[2];
block(theta_4, theta_5) q[2], q[3];
