// Amplitude encoding of any real state: a tree of angles, each sharing the weight of a branch out between its halves.
//
//   x_0 = 2 arctan(|amplitudes with wire 0 in 1| / |amplitudes with wire 0 in 0|), and so on down the tree;
//
// the last row's angles carry the signs. A rotation that depends on k wires is 2^k rotations with CNOTs between them.
// Source: Mottonen et al., Transformation of quantum states using uniformly controlled rotations,
// arXiv:quant-ph/0407010.
// Inputs: x_0, the root; x_1, x_2 below it for wire 0 in 0, 1; x_3 ... x_6 for wires 0 and 1; x_7 ... x_14 for wires 0
// to 2.
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
input float[64] x_8;
input float[64] x_9;
input float[64] x_10;
input float[64] x_11;
input float[64] x_12;
input float[64] x_13;
input float[64] x_14;
qubit[4] q;
ry(x_0) q[0];
ry((x_1 + x_2)/2) q[1];
cx q[0], q[1];
ry((x_1 - x_2)/2) q[1];
cx q[0], q[1];
ry((x_3 + x_4 + x_5 + x_6)/4) q[2];
cx q[1], q[2];
ry((x_3 + x_5 - x_4 - x_6)/4) q[2];
cx q[0], q[2];
ry((x_3 + x_6 - x_4 - x_5)/4) q[2];
cx q[1], q[2];
ry((x_3 + x_4 - x_5 - x_6)/4) q[2];
cx q[0], q[2];
ry((x_7 + x_8 + x_9 + x_10 + x_11 + x_12 + x_13 + x_14)/8) q[3];
cx q[2], q[3];
ry((x_7 + x_9 + x_11 + x_13 - x_8 - x_10 - x_12 - x_14)/8) q[3];
cx q[1], q[3];
ry((x_7 + x_10 + x_11 + x_14 - x_8 - x_9 - x_12 - x_13)/8) q[3];
cx q[2], q[3];
ry((x_7 + x_8 + x_11 + x_12 - x_9 - x_10 - x_13 - x_14)/8) q[3];
cx q[0], q[3];
ry((x_7 + x_8 + x_13 + x_14 - x_9 - x_10 - x_11 - x_12)/8) q[3];
cx q[2], q[3];
ry((x_7 + x_10 + x_12 + x_13 - x_8 - x_9 - x_11 - x_14)/8) q[3];
cx q[1], q[3];
ry((x_7 + x_9 + x_12 + x_14 - x_8 - x_10 - x_11 - x_13)/8) q[3];
cx q[2], q[3];
ry((x_7 + x_8 + x_9 + x_10 - x_11 - x_12 - x_13 - x_14)/8) q[3];
cx q[0], q[3];
