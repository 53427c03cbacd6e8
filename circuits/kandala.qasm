// Hardware-efficient trial state: rotations, cross-resonance gates along a line, any rotation of every wire.
// Source: Kandala et al., Hardware-efficient variational quantum eigensolver, arXiv:1704.05018, at depth d = 1: n (3d +
// 2) = 20 parameters on n = 4 wires, because the first rotations about z would act on |0>; written from memory, the
// line of ZX by pi/2 is ours.
// Parameters: theta_0 ... theta_19, in the order of the gates.
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
input float[64] theta_12;
input float[64] theta_13;
input float[64] theta_14;
input float[64] theta_15;
input float[64] theta_16;
input float[64] theta_17;
input float[64] theta_18;
input float[64] theta_19;
gate rzx(theta) a, b {
  h b;
  cx a, b;
  rz(theta) b;
  cx a, b;
  h b;
}
qubit[4] q;
rx(theta_0) q[0];
rx(theta_1) q[1];
rx(theta_2) q[2];
rx(theta_3) q[3];
rz(theta_4) q[0];
rz(theta_5) q[1];
rz(theta_6) q[2];
rz(theta_7) q[3];
rzx(pi/2) q[0], q[1];
rzx(pi/2) q[1], q[2];
rzx(pi/2) q[2], q[3];
rz(theta_8) q[0];
rz(theta_9) q[1];
rz(theta_10) q[2];
rz(theta_11) q[3];
rx(theta_12) q[0];
rx(theta_13) q[1];
rx(theta_14) q[2];
rx(theta_15) q[3];
rz(theta_16) q[0];
rz(theta_17) q[1];
rz(theta_18) q[2];
rz(theta_19) q[3];
