// Convolution 7 of Hur et al.: rotations about x and z, controlled rotations about z both ways, rotations about x and
// z; two wires of Sim's circuit 5.
// Source: Hur, Kim and Park, arXiv:2108.00661, convolution circuit 7 (10 parameters). The figure was not at hand: gates
// and their order follow U_5 in the authors' repository takh04/QCNN.
// Parameters: theta_0 ... theta_9, in the order of the gates.
// Wires: 2.
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
qubit[2] q;
rx(theta_0) q[0];
rx(theta_1) q[1];
rz(theta_2) q[0];
rz(theta_3) q[1];
crz(theta_4) q[1], q[0];
crz(theta_5) q[0], q[1];
rx(theta_6) q[0];
rx(theta_7) q[1];
rz(theta_8) q[0];
rz(theta_9) q[1];
