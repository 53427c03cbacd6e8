// Double excitation: two excitations move together from wires 2 and 3 to wires 0 and 1, all else stays.
//
//   |0011> -> cos(theta_0/2) |0011> + sin(theta_0/2) |1100>,  |1100> -> cos(theta_0/2) |1100> - sin(theta_0/2) |0011>
//
// The CNOTs leave the two states different on wire 0 alone, which turns if wires 1, 2, 3 read 010.
// Source: Arrazola et al., Universal quantum circuits for quantum chemistry, arXiv:2106.13839; PennyLane's
// DoubleExcitation. The circuit is ours.
// Parameters: theta_0.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
qubit[4] q;
cx q[0], q[1];
cx q[2], q[3];
cx q[0], q[2];
ry(theta_0/8) q[0];
cx q[3], q[0];
ry(theta_0/8) q[0];
cx q[2], q[0];
ry(-theta_0/8) q[0];
cx q[3], q[0];
ry(-theta_0/8) q[0];
cx q[1], q[0];
ry(-theta_0/8) q[0];
cx q[3], q[0];
ry(-theta_0/8) q[0];
cx q[2], q[0];
ry(theta_0/8) q[0];
cx q[3], q[0];
ry(theta_0/8) q[0];
cx q[1], q[0];
cx q[0], q[2];
cx q[2], q[3];
cx q[0], q[1];
