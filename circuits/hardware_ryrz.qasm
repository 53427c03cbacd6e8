// Hardware-efficient encoder of two inputs per wire: rotations about y and z, CNOTs along a line, the rotations again.
// Source: after the hardware-efficient circuits of Kandala et al., arXiv:1704.05018, with inputs for angles; this form
// is ours.
// Inputs: x_0 ... x_3, about y on wire i; x_4 ... x_7, about z on wire i - 4.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] x_0;
input float[64] x_1;
input float[64] x_2;
input float[64] x_3;
input float[64] x_4;
input float[64] x_5;
input float[64] x_6;
input float[64] x_7;
qubit[4] q;
ry(x_0) q[0];
ry(x_1) q[1];
ry(x_2) q[2];
ry(x_3) q[3];
rz(x_4) q[0];
rz(x_5) q[1];
rz(x_6) q[2];
rz(x_7) q[3];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
ry(x_0) q[0];
ry(x_1) q[1];
ry(x_2) q[2];
ry(x_3) q[3];
rz(x_4) q[0];
rz(x_5) q[1];
rz(x_6) q[2];
rz(x_7) q[3];
