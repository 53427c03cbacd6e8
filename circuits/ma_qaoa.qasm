// QAOA step on a ring with an angle of its own for every edge and every wire.
// Source: Herrman et al., Multi-angle quantum approximate optimization algorithm, arXiv:2109.11455; Farhi, Goldstone
// and Gutmann, A quantum approximate optimization algorithm, arXiv:1411.4028.
// Parameters: theta_0 ... theta_3, theta_i for the edge from wire i to i + 1; theta_4 ... theta_7, the mixers of wires
// 0 to 3.
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
gate rzz(theta) a, b {
  cx a, b;
  rz(theta) b;
  cx a, b;
}
qubit[4] q;
rzz(theta_0) q[0], q[1];
rzz(theta_1) q[1], q[2];
rzz(theta_2) q[2], q[3];
rzz(theta_3) q[3], q[0];
rx(theta_4) q[0];
rx(theta_5) q[1];
rx(theta_6) q[2];
rx(theta_7) q[3];
