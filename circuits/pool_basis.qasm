// Pooling in chosen bases: both wires are turned, a CNOT tells the sink, and the sink is turned back.
//
// What the source would show if measured in its basis flips the sink in the sink's basis. Wire 0 is traced out by
// not reading it.
// Source: the two-qubit pool of TensorFlow Quantum's QCNN tutorial, after Cong, Choi and Lukin, arXiv:1810.03787;
// written from memory, in radians.
// Parameters: theta_0 ... theta_2, the sink about x, y, z; theta_3 ... theta_5, the source about x, y, z.
// Wires: 2: 0 the source, 1 the sink.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
input float[64] theta_4;
input float[64] theta_5;
qubit[2] q;
rx(theta_0) q[1];
ry(theta_1) q[1];
rz(theta_2) q[1];
rx(theta_3) q[0];
ry(theta_4) q[0];
rz(theta_5) q[0];
cx q[0], q[1];
rz(-theta_2) q[1];
ry(-theta_1) q[1];
rx(-theta_0) q[1];
