// Circuit 17 of Sim et al., one layer: rotations about x and z, then a brick wall of controlled rotations about x.
// Source: Sim, Johnson and Aspuru-Guzik, arXiv:1905.10876, circuit 17 for four qubits and one layer (11 parameters).
// The figure was not at hand: gates and their order follow MindQuantum's Ansatz17.
// Parameters: theta_0 ... theta_10, in the order of the gates.
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
qubit[4] q;
rx(theta_0) q[0];
rx(theta_1) q[1];
rx(theta_2) q[2];
rx(theta_3) q[3];
rz(theta_4) q[0];
rz(theta_5) q[1];
rz(theta_6) q[2];
rz(theta_7) q[3];
crx(theta_8) q[1], q[0];
crx(theta_9) q[3], q[2];
crx(theta_10) q[2], q[1];
