// Pyramid of real exchanges: on one excitation any rotation of four dimensions, an orthogonal layer.
// Source: Kerenidis, Landman and Mathur, Classical and quantum algorithms for orthogonal neural networks,
// arXiv:2106.07198, written from memory.
// Parameters: theta_0 ... theta_5, in the order of the gates.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
input float[64] theta_4;
input float[64] theta_5;
// |10> to cos(theta) |10> + sin(theta) |01>.
gate rbs(theta) a, b {
  cx b, a;
  cry(2*theta) a, b;
  cx b, a;
}
qubit[4] q;
rbs(theta_0) q[0], q[1];
rbs(theta_1) q[1], q[2];
rbs(theta_2) q[0], q[1];
rbs(theta_3) q[2], q[3];
rbs(theta_4) q[1], q[2];
rbs(theta_5) q[0], q[1];
