// Any two-wire unitary, up to a global phase: 15 angles for the 15 dimensions of SU(4).
//
// Source: Vatan and Williams, Optimal quantum circuits for general two-qubit gates, arXiv:quant-ph/0308006; in this
// order of gates in Hur, Kim and Park, Quantum convolutional neural network for classical data classification,
// arXiv:2108.00661.
// Parameters: theta_0 ... theta_2 and theta_3 ... theta_5, the first U of wires 0 and 1; theta_6 ... theta_8 between
// the CNOTs; theta_9 ... theta_11 and theta_12 ... theta_14, the last U of wires 0 and 1.
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
