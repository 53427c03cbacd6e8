// Convolution 9 of Hur et al.: any two-wire unitary, up to a global phase; the same circuit as su4.
// Source: Hur, Kim and Park, arXiv:2108.00661, convolution circuit 9 (15 parameters). The figure was not at hand: gates
// and their order follow U_SU4 in the authors' repository takh04/QCNN. Decomposition by Vatan and Williams,
// arXiv:quant-ph/0308006.
// Parameters: theta_0 ... theta_14, in the order of the gates.
// Wires: 2.
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
input float[64] theta_8;
input float[64] theta_9;
input float[64] theta_10;
input float[64] theta_11;
input float[64] theta_12;
input float[64] theta_13;
input float[64] theta_14;
qubit[2] q;
U(theta_0, theta_1, theta_2) q[0];
U(theta_3, theta_4, theta_5) q[1];
cx q[0], q[1];
ry(theta_6) q[0];
rz(theta_7) q[1];
cx q[1], q[0];
ry(theta_8) q[0];
cx q[0], q[1];
U(theta_9, theta_10, theta_11) q[0];
U(theta_12, theta_13, theta_14) q[1];
