// The canonical two-wire gate with three CNOTs: exp(i (a X X + b Y Y + c Z Z)), up to a global phase.
// Source: Vatan and Williams, Optimal quantum circuits for general two-qubit gates, arXiv:quant-ph/0308006, in the form
// of the convolution of Qiskit Machine Learning's QCNN tutorial, written from memory.
// Parameters: theta_0 = pi/2 - 2c, theta_1 = 2a - pi/2, theta_2 = pi/2 - 2b.
// Wires: 2.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
qubit[2] q;
rz(-pi/2) q[1];
cx q[1], q[0];
rz(theta_0) q[0];
ry(theta_1) q[1];
cx q[0], q[1];
ry(theta_2) q[1];
cx q[1], q[0];
rz(pi/2) q[0];
