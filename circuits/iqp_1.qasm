// IQP encoding: Hadamards, then a phase per input and per pair of inputs.
//
//   U(x) = D(x) H, D(x) = exp(-i/2 sum_i x_i Z_i - i/2 sum_{i<j} x_i x_j Z_i Z_j)
//
// where H stands for a Hadamard on every wire.
// Source: Havlicek et al., arXiv:1804.11326, and Bremner, Montanaro and Shepherd, arXiv:1504.07999, in the form of
// PennyLane's IQPEmbedding with n_repeats=1.
// Inputs: x_0 ... x_3, x_i on wire i.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] x_0;
input float[64] x_1;
input float[64] x_2;
input float[64] x_3;
gate rzz(theta) a, b {
  cx a, b;
  rz(theta) b;
  cx a, b;
}
qubit[4] q;
h q[0];
h q[1];
h q[2];
h q[3];
rz(x_0) q[0];
rz(x_1) q[1];
rz(x_2) q[2];
rz(x_3) q[3];
rzz(x_0*x_1) q[0], q[1];
rzz(x_0*x_2) q[0], q[2];
rzz(x_0*x_3) q[0], q[3];
rzz(x_1*x_2) q[1], q[2];
rzz(x_1*x_3) q[1], q[3];
rzz(x_2*x_3) q[2], q[3];
