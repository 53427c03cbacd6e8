// Angle encoding: one number per wire, turned into a polar angle on its Bloch sphere.
//
//   |x> = (x)_i  cos(pi x_i / 2) |0> + sin(pi x_i / 2) |1>
//
// so that x_i in [0, 1] runs from |0> to |1> and <Z_i> = cos(pi x_i). The convention of QuantumConv2d's encoding.
// Source: Schuld and Petruccione, Supervised Learning with Quantum Computers (2018), with pi x / 2 for x.
// Inputs: x_0 ... x_3, x_i on wire i.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] x_0;
input float[64] x_1;
input float[64] x_2;
input float[64] x_3;
qubit[4] q;
ry(pi*x_0) q[0];
ry(pi*x_1) q[1];
ry(pi*x_2) q[2];
ry(pi*x_3) q[3];
