// Simplified two-design, one layer: rotations about y, then CZs with rotations about y in a brick wall; real.
// Source: Cerezo et al., Cost function dependent barren plateaus, arXiv:2001.00550, in the form of PennyLane's
// SimplifiedTwoDesign, one layer.
// Parameters: theta_0 ... theta_9, in the order of the gates.
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
qubit[4] q;
ry(theta_0) q[0];
ry(theta_1) q[1];
ry(theta_2) q[2];
ry(theta_3) q[3];
cz q[0], q[1];
ry(theta_4) q[0];
ry(theta_5) q[1];
cz q[2], q[3];
ry(theta_6) q[2];
ry(theta_7) q[3];
cz q[1], q[2];
ry(theta_8) q[1];
ry(theta_9) q[2];
