// Exchange gate A: mixes |01> and |10> by an angle and a phase and is its own inverse.
//
//   |01> -> cos(theta) |01> + e^{-i phi} sin(theta) |10>,  |10> -> e^{i phi} sin(theta) |01> - cos(theta) |10>
// Source: Gard et al., Efficient symmetry-preserving state preparation circuits, arXiv:1904.10910, written from memory;
// the circuit is ours.
// Parameters: theta_0, theta; theta_1, phi.
// Wires: 2.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
qubit[2] q;
cx q[1], q[0];
rz(-theta_1) q[1];
ry(theta_0 - pi/2) q[1];
cx q[0], q[1];
ry(pi/2 - theta_0) q[1];
rz(theta_1) q[1];
cx q[1], q[0];
