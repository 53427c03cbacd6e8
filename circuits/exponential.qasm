// Exponential encoding of one number: wire i turns 3^i times as fast, so that all 81 frequencies from -40 to 40 occur.
// Source: Shin, Teo and Jeong, Exponential data encoding for quantum supervised learning, arXiv:2206.12105, written
// from memory.
// Inputs: x_0, on every wire.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] x_0;
qubit[4] q;
h q[0];
h q[1];
h q[2];
h q[3];
rz(x_0) q[0];
rz(3*x_0) q[1];
rz(9*x_0) q[2];
rz(27*x_0) q[3];
