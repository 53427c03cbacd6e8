// Convolution 3 of Hur et al.: rotations about y and a CNOT, twice, the CNOTs in both directions; real; two wires of
// Sim's circuit 15.
// Source: Hur, Kim and Park, arXiv:2108.00661, convolution circuit 3 (4 parameters). The figure was not at hand: gates
// and their order follow U_15 in the authors' repository takh04/QCNN.
// Parameters: theta_0 ... theta_3, in the order of the gates.
// Wires: 2.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
qubit[2] q;
ry(theta_0) q[0];
ry(theta_1) q[1];
cx q[1], q[0];
ry(theta_2) q[0];
ry(theta_3) q[1];
cx q[0], q[1];
