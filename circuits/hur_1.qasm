// Convolution 1 of Hur et al.: a rotation about y of each wire, then a CNOT; the block of tree tensor networks.
// Source: Hur, Kim and Park, arXiv:2108.00661, convolution circuit 1 (2 parameters). The figure was not at hand: gates
// and their order follow U_TTN in the authors' repository takh04/QCNN. The block itself is that of Grant et al.,
// arXiv:1804.03680.
// Parameters: theta_0, theta_1, in the order of the gates.
// Wires: 2.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
qubit[2] q;
ry(theta_0) q[0];
ry(theta_1) q[1];
cx q[0], q[1];
