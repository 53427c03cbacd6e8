// ZX pooling: the source turns the sink about z if it is 1 and about x if it is 0; the same circuit as crz_crx.
//
// Wire 0 leaves flipped and is traced out by not reading it.
// Source: Hur, Kim and Park, arXiv:2108.00661, pooling with two parameters; gates as Pooling_ansatz1 in the authors'
// repository takh04/QCNN. The name is that of Kim, Huh and Park, arXiv:2208.14708.
// Parameters: theta_0, about z; theta_1, about x.
// Wires: 2: 0 the source, 1 the sink.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
qubit[2] q;
crz(theta_0) q[0], q[1];
x q[0];
crx(theta_1) q[0], q[1];
