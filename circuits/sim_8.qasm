// Circuit 8 of Sim et al., one layer: rotations about x and z before each row of a brick wall of controlled rotations
// about x.
// Source: Sim, Johnson and Aspuru-Guzik, arXiv:1905.10876, circuit 8 for four qubits and one layer (19 parameters). The
// figure was not at hand: gates and their order follow MindQuantum's Ansatz8.
// Parameters: theta_0 ... theta_18, in the order of the gates.
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
input float[64] theta_16;
input float[64] theta_17;
input float[64] theta_18;
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
rx(theta_10) q[0];
rx(theta_11) q[1];
rx(theta_12) q[2];
rx(theta_13) q[3];
rz(theta_14) q[0];
rz(theta_15) q[1];
rz(theta_16) q[2];
rz(theta_17) q[3];
crx(theta_18) q[2], q[1];
