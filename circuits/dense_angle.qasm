// Dense angle encoding: two numbers per wire, one in the polar angle and one in the phase of its Bloch sphere.
//
//   |x> = (x)_i  cos(pi x_{2i}) |0> + e^{2 pi i x_{2i+1}} sin(pi x_{2i}) |1>
//
// Source: LaRose and Coyle, Robust data encodings for quantum classifiers, arXiv:2003.01695 (counting from 1 there).
// Inputs: x_0 ... x_7; x_{2i} and x_{2i+1} on wire i, each of period 1 up to a sign.
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
ry(2*pi*x_0) q[0];
p(2*pi*x_1) q[0];
ry(2*pi*x_2) q[1];
p(2*pi*x_3) q[1];
ry(2*pi*x_4) q[2];
p(2*pi*x_5) q[2];
ry(2*pi*x_6) q[3];
p(2*pi*x_7) q[3];
