// Circuit 13 of Sim et al., one layer: rotations about y and a ring of controlled rotations about z, twice, the second
// ring the other way round.
// Source: Sim, Johnson and Aspuru-Guzik, arXiv:1905.10876, circuit 13 for four qubits and one layer (16 parameters).
// The figure was not at hand: gates and their order follow MindQuantum's Ansatz13.
// Parameters: theta_0 ... theta_15, in the order of the gates.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
input float[64] theta_4;
input float[64] theta_5;
input float[64] theta_6;
input float[64] theta_7;
input float[64] theta_8;
input float[64] theta_9;
input float[64] theta_10;
input float[64] theta_11;
input float[64] theta_12;
input float[64] theta_13;
input float[64] theta_14;
input float[64] theta_15;
qubit[4] q;
ry(theta_0) q[0];
ry(theta_1) q[1];
ry(theta_2) q[2];
ry(theta_3) q[3];
crz(theta_4) q[3], q[0];
crz(theta_5) q[2], q[3];
crz(theta_6) q[1], q[2];
crz(theta_7) q[0], q[1];
ry(theta_8) q[0];
ry(theta_9) q[1];
ry(theta_10) q[2];
ry(theta_11) q[3];
crz(theta_12) q[3], q[2];
crz(theta_13) q[0], q[3];
crz(theta_14) q[1], q[0];
crz(theta_15) q[2], q[1];
