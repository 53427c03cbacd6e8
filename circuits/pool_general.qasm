// Generalised pooling: one rotation of the sink if the source is 1, another if it is 0.
//
// Wire 0 leaves flipped and is traced out by not reading it. With both U about an axis each it is pool_zx.
// Source: Kim, Huh and Park, arXiv:2208.14708, generalised pooling, written from memory.
// Parameters: theta_0 ... theta_2, the U for a source of 1; theta_3 ... theta_5, the U for a source of 0.
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
cu(theta_0, theta_1, theta_2, 0) q[0], q[1];
x q[0];
cu(theta_3, theta_4, theta_5, 0) q[0], q[1];
