// Hardware-efficient encoder: rotations about x and CNOTs along a line, twice with the same inputs.
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
rx(x_0) q[0];
rx(x_1) q[1];
rx(x_2) q[2];
rx(x_3) q[3];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
rx(x_0) q[0];
rx(x_1) q[1];
rx(x_2) q[2];
rx(x_3) q[3];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
