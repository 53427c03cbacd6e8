// Pooling: the source wire turns the sink wire about z if it is 1 and about x if it is 0; then only the sink is kept.
//
// This is the coherent form, with no measurement: leaving wire 0 unread afterwards traces it out, which is the same as
// to measure it first and to turn the sink according to the outcome. Wire 0 leaves flipped.
// Source: Hur, Kim and Park, arXiv:2108.00661, pooling with two parameters.
// Parameters: theta_0, about z; theta_1, about x.
// Wires: 0 the source, 1 the sink.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
qubit[2] q;
crz(theta_0) q[0], q[1];
x q[0];
crx(theta_1) q[0], q[1];
