// Convolution 2 of Hur et al.: Hadamards, a CZ, then a rotation about x of each wire; two wires of Sim's circuit 9.
// Source: Hur, Kim and Park, arXiv:2108.00661, convolution circuit 2 (2 parameters). The figure was not at hand: gates
// and their order follow U_9 in the authors' repository takh04/QCNN.
// Parameters: theta_0, theta_1, in the order of the gates.
// Wires: 2.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
qubit[2] q;
h q[0];
h q[1];
cz q[0], q[1];
rx(theta_0) q[0];
rx(theta_1) q[1];
