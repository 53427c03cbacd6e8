// Angle encoding about z: Hadamards, then one rotation per wire, by the input in radians.
// Source: PennyLane's AngleEmbedding, after Hadamards with rotation=Z; Schuld and Petruccione, Supervised Learning with
// Quantum Computers (2018).
// Inputs: x_0 ... x_3, x_i on wire i, of period 2 pi up to a sign.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] x_0;
input float[64] x_1;
input float[64] x_2;
input float[64] x_3;
qubit[4] q;
h q[0];
h q[1];
h q[2];
h q[3];
rz(x_0) q[0];
rz(x_1) q[1];
rz(x_2) q[2];
rz(x_3) q[3];
