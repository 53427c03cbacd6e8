// Pooling by the canonical gate cut short: the convolution vatan without what the source alone would feel at its end.
// Source: Vatan and Williams, Optimal quantum circuits for general two-qubit gates, arXiv:quant-ph/0308006, in the form
// of the pooling of Qiskit Machine Learning's QCNN tutorial, written from memory.
// Parameters: theta_0, theta_1, theta_2, in the order of the gates.
// Wires: 2: 0 the source, 1 the sink.
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
