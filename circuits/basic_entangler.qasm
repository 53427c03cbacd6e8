// Basic entangling layer: a rotation about x of every wire, then CNOTs around a ring.
// Source: PennyLane's BasicEntanglerLayers, one layer.
// Parameters: theta_0 ... theta_3, theta_i on wire i.
// Wires: 4.
OPENQASM 3.0;
include "stdgates.inc";
input float[64] theta_0;
input float[64] theta_1;
input float[64] theta_2;
input float[64] theta_3;
qubit[4] q;
rx(theta_0) q[0];
rx(theta_1) q[1];
rx(theta_2) q[2];
rx(theta_3) q[3];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
cx q[3], q[0];
