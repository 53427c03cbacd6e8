// Strongly entangling layer: any rotation of every wire, then CNOTs around a ring.
// Source: Schuld, Bocharov, Svore and Wiebe, Circuit-centric quantum classifiers, arXiv:1804.00633, in the form of
// PennyLane's StronglyEntanglingLayers, one layer.
// Parameters: theta_0 ... theta_11; theta_{3i}, theta_{3i+1}, theta_{3i+2} about z, y and z on wire i.
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
input float[64] theta_10;
input float[64] theta_11;
qubit[4] q;
rz(theta_0) q[0];
ry(theta_1) q[0];
rz(theta_2) q[0];
rz(theta_3) q[1];
ry(theta_4) q[1];
rz(theta_5) q[1];
rz(theta_6) q[2];
ry(theta_7) q[2];
rz(theta_8) q[2];
rz(theta_9) q[3];
ry(theta_10) q[3];
rz(theta_11) q[3];
cx q[0], q[1];
cx q[1], q[2];
cx q[2], q[3];
cx q[3], q[0];
