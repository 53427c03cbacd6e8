// Circuit 9 of Sim et al., one layer: Hadamards, CZs along a line, rotations about x.
// Source: Sim, Johnson and Aspuru-Guzik, arXiv:1905.10876, circuit 9 for four qubits and one layer (4 parameters). The
// figure was not at hand: gates and their order follow MindQuantum's Ansatz9.
// Parameters: theta_0 ... theta_3, in the order of the gates.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
qubit[4] q;
h q[0];
h q[1];
h q[2];
h q[3];
cz q[3], q[2];
cz q[2], q[1];
cz q[1], q[0];
rx(theta_0) q[0];
rx(theta_1) q[1];
rx(theta_2) q[2];
rx(theta_3) q[3];
