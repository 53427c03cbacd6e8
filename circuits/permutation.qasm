// Permutation-equivariant layer: common rotations about x and y, the same coupling for every pair.
//
// It commutes with every exchange of wires.
// Source: Schatzki et al., Theoretical guarantees for permutation-equivariant quantum neural networks,
// arXiv:2210.09974.
// Parameters: theta_0, about x; theta_1, about y; theta_2, the couplings.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
gate rzz(theta) a, b {
  cx a, b;
  rz(theta) b;
  cx a, b;
}
qubit[4] q;
rx(theta_0) q;
ry(theta_1) q;
rzz(theta_2) q[0], q[1];
rzz(theta_2) q[0], q[2];
rzz(theta_2) q[0], q[3];
rzz(theta_2) q[1], q[2];
rzz(theta_2) q[1], q[3];
rzz(theta_2) q[2], q[3];
