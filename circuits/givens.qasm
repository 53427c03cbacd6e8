// Givens rotation: one excitation shared out between two wires with real amplitudes.
//
//   |01> -> cos(theta_0/2) |01> + sin(theta_0/2) |10>,  |10> -> cos(theta_0/2) |10> - sin(theta_0/2) |01>
// Source: Arrazola et al., Universal quantum circuits for quantum chemistry, arXiv:2106.13839; PennyLane's
// SingleExcitation.
// Parameters: theta_0.
// Wires: 2.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
qubit[2] q;
cx q[1], q[0];
cry(-theta_0) q[0], q[1];
cx q[1], q[0];
