// Pooling with one controlled rotation: if the source is 1 the sink is turned about z, y and z; else nothing is done.
//
// Wire 0 is traced out by not reading it.
// Source: Pooling_ansatz3 in the repository takh04/QCNN of Hur, Kim and Park, arXiv:2108.00661; PennyLane's CRot.
// Parameters: theta_0, theta_1, theta_2, the angles about z, y and z.
// Wires: 2: 0 the source, 1 the sink.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
qubit[2] q;
crz(theta_0) q[0], q[1];
cry(theta_1) q[0], q[1];
crz(theta_2) q[0], q[1];
