// Circuit 10 of Sim et al., one layer: rotations about y, CZs around a ring, rotations about y; real.
// Source: Sim, Johnson and Aspuru-Guzik, arXiv:1905.10876, circuit 10 for four qubits and one layer (8 parameters). The
// figure was not at hand: gates and their order follow MindQuantum's Ansatz10.
// Parameters: theta_0 ... theta_7, in the order of the gates.
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
qubit[4] q;
ry(theta_0) q[0];
ry(theta_1) q[1];
ry(theta_2) q[2];
ry(theta_3) q[3];
cz q[2], q[3];
cz q[1], q[2];
cz q[0], q[1];
cz q[3], q[0];
ry(theta_4) q[0];
ry(theta_5) q[1];
ry(theta_6) q[2];
ry(theta_7) q[3];
