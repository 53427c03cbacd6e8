// Hardware-efficient encoder: rotations about y, CZs around a ring, and the rotations again; real.
// Source: after the hardware-efficient circuits of Kandala et al., arXiv:1704.05018, with inputs for angles; this form
// is ours.
// Inputs: x_0 ... x_3, x_i on wire i.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] x_0;
input float[64] x_1;
input float[64] x_2;
input float[64] x_3;
qubit[4] q;
ry(x_0) q[0];
ry(x_1) q[1];
ry(x_2) q[2];
ry(x_3) q[3];
cz q[0], q[1];
cz q[1], q[2];
cz q[2], q[3];
cz q[3], q[0];
ry(x_0) q[0];
ry(x_1) q[1];
ry(x_2) q[2];
ry(x_3) q[3];
