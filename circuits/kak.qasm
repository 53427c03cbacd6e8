// Any two-wire unitary, up to a global phase, in Cartan's form: rotations, the three couplings, rotations.
// Source: Khaneja and Glaser, arXiv:quant-ph/0010100; in the order of the two-qubit unitary of TensorFlow Quantum's
// QCNN tutorial, written from memory, in radians.
// Parameters: theta_0 ... theta_2 and theta_3 ... theta_5, about x, y, z on wires 0 and 1; theta_6 ... theta_8, along Z
// Z, Y Y, X X; theta_9 ... theta_11 and theta_12 ... theta_14, about x, y, z again.
// Wires: 2.
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
gate rxx(theta) a, b {
  h a;
  h b;
  cx a, b;
  rz(theta) b;
  cx a, b;
  h a;
  h b;
}
gate ryy(theta) a, b {
  sdg a;
  h a;
  sdg b;
  h b;
  cx a, b;
  rz(theta) b;
  cx a, b;
  h a;
  s a;
  h b;
  s b;
}
gate rzz(theta) a, b {
  cx a, b;
  rz(theta) b;
  cx a, b;
}
qubit[2] q;
rx(theta_0) q[0];
ry(theta_1) q[0];
rz(theta_2) q[0];
rx(theta_3) q[1];
ry(theta_4) q[1];
rz(theta_5) q[1];
rzz(theta_6) q[0], q[1];
ryy(theta_7) q[0], q[1];
rxx(theta_8) q[0], q[1];
rx(theta_9) q[0];
ry(theta_10) q[0];
rz(theta_11) q[0];
rx(theta_12) q[1];
ry(theta_13) q[1];
rz(theta_14) q[1];
